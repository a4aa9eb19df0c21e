"""Which distortion a plate needs."""
