"""What those who look wait for: a ledger of 100 models over ten years, read by SQL and by REST."""
