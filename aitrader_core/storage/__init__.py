"""Where finished model-days are kept: PostgreSQL, given by a URL or started from here."""
