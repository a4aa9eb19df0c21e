"""The catalogue of many plates: what its figures show, in numbers."""
