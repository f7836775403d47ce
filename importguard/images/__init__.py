"""How a candidate becomes an image of the engine."""
