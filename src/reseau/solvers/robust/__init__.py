"""Heavy-tailed likelihoods and references that may be wrong."""
