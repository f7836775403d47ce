"""The embedded engine: an image archive is unpacked into a cache, and its Python runs under bubblewrap."""
