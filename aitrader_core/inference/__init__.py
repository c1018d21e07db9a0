"""Neural networks: which runtime and device runs them, and what of it is worth knowing later."""
