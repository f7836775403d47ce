"""The database; where none is configured, a dictionary stands in for it."""

from contextlib import closing
from typing import Any, Optional
from urllib.parse import urlsplit

from pg8000.native import Connection, Error

from netra_backend.app.core.config import load_settings

store: dict[str, dict[str, Any]] = {"threads": {}}


def connect() -> Optional[Connection]:
    """A connection; None where no PostgreSQL is configured. Raises OSError where it does not answer."""
    url = urlsplit(load_settings().database_url)
    if url.scheme != "postgresql":
        return None
    return Connection(url.username or "postgres", host=url.hostname or "", database=url.path[1:], timeout=5)


def is_reachable() -> bool:
    """Whether what is configured answers."""
    try:
        connection = connect()
    except (OSError, Error):
        return False
    if connection is not None:
        connection.close()
    return True


def remember(user: str, text: str) -> None:
    """Keep what somebody said."""
    connection = connect()
    if connection is None:
        store.setdefault("messages", {})[user] = text
        return
    with closing(connection):
        connection.run("CREATE TABLE IF NOT EXISTS messages (author text, body text)")
        connection.run("INSERT INTO messages VALUES (:author, :body)", author=user, body=text)
