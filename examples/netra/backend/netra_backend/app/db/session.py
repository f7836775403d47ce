"""The store: a dictionary stands in for the database."""

from typing import Any

store: dict[str, dict[str, Any]] = {"threads": {}}
