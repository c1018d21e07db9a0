"""What came of it: standings, curves and their picture, computed from stored model-days."""
