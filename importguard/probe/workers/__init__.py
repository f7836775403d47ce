"""What runs in the processes that import the application; see ``worker_program`` for how it gets there."""
