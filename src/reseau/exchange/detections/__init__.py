"""A single table of detections as a dataset."""
