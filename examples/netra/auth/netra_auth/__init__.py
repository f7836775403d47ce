"""The service that people log in to."""
