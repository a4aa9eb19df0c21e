"""What moves the images of stars over a field, term by term."""
