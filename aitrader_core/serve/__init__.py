"""What `aitrader up` and `demo` start, watch and stop: the database, Dagster, imports, the demo."""
