"""Draws by the No-U-Turn sampler."""
