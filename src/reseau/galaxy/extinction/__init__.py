"""Interstellar extinction: laws, bands, maps, growth with distance, measurement."""
