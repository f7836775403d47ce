"""A registry as the source of an image: names, credentials, requests, and layers side by side."""
