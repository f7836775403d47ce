"""An inspector turns an image into Evidence. ``run`` does so by running it."""
