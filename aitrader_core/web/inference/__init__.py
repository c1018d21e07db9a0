"""Networks over HTTP: beside the rest of the site, and alone."""
