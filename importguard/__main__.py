"""``python -m importguard`` is the same as ``importguard``."""

from __future__ import annotations

from importguard.cli.main import program

if __name__ == "__main__":
    program()
