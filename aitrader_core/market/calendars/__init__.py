"""The committed calendars, one JSON file per exchange, and the script that writes them."""
