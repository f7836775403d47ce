"""The commands of the command line, one file each. Everything heavy loads late."""
