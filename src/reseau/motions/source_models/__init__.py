"""Models of what a source does: straight motion, acceleration, orbit, lens."""
