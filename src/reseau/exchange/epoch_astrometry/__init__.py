"""Epoch astrometry as missions and programs write it, one file a dialect."""
