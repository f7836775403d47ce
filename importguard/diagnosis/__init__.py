"""The cause of each finding, and the line to change. ``causes`` is the way in."""
