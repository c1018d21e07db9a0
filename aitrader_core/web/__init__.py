"""What people and programs see over HTTP: the REST service and the dashboard."""
