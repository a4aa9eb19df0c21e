"""The Galaxy as model and mock: surveys merged, the model, stars drawn from it."""
