"""What was observed in an image, with no opinion: inspectors make it, checks judge it."""
