"""The verbs of the command as functions."""
