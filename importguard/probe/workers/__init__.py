"""What runs in the processes that import the application; see ``processes`` for how it gets there."""
