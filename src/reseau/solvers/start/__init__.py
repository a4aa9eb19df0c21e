"""Where a solution starts."""
