"""Weekly momentum over many symbols, by our engine and by those that quants know."""
