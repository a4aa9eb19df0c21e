"""Posteriors, evidence and the noise of measurements."""
