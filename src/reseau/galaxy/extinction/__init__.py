"""Interstellar extinction: laws, bands, maps, its growth with distance, measuring it."""
