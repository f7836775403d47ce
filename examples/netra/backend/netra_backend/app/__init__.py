"""The web application and its workers."""
