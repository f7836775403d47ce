"""The command line: options → Config → validate → report → exit code. One module a command."""
