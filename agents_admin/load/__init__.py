"""Many simulated conversations at once, and what was heard in them."""
