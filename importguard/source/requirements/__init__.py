"""Read what the source declares: requirement files, project files and lock files."""
