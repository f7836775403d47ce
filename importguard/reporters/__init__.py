"""Reporters turn a report into text and return it; only the command line writes. One module a format."""
