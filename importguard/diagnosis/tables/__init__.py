"""Tables of names that the causes look up: distributions, system packages, the standard library."""
