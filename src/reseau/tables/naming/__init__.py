"""Which column of a user's table is which."""
