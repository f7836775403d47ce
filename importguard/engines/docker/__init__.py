"""The Docker engine: ``engine`` is the way in."""
