"""The dashboard: pages rendered on the server, a router for each subject."""
