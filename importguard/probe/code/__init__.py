"""What Python source says of itself, read without running it: imports, lookups, changes of the path."""
