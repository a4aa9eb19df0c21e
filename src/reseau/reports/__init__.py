"""The figures of a solution."""
