"""In words, what a solution is worth."""
