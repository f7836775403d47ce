"""What the routes and the workers do their work with."""
