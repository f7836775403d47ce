"""Reading a failure: its root cause, its place, and whether it is the environment's doing. Pure functions."""
