"""Container engines: each turns a reference into an image, and an image into the output of a container."""
