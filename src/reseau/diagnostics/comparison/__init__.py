"""Solutions against truth and against each other."""
