"""Asks a service that runs in the container next door: what it listens on, and how it answers."""
