"""Frozen facts and the state folded from them; standard library only."""
