"""Many epochs to the parameters of sources: motion, parallax, and what is beyond."""
