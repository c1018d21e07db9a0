"""What aitrader takes, beside what others take for the same work in the same run."""
