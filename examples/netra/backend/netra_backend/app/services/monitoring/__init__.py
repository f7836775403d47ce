"""Errors and figures for operations."""
