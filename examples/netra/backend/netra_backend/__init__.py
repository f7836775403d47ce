"""The backend of Netra, an invented product."""
