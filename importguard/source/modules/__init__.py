"""The Python modules of a source tree: their names, and what they import."""
