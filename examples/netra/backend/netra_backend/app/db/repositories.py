"""Finds and keeps records."""

from typing import Optional

from netra_backend.app.db.session import store
from netra_backend.app.models.thread import Thread


class ThreadRepository:
    def find(self, identifier: str) -> Optional[Thread]:
        return store["threads"].get(identifier)

    def add(self, thread: Thread) -> None:
        store["threads"][thread.id] = thread
