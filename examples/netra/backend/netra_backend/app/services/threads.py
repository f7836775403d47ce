"""Conversations."""

from netra_backend.app.core.errors import NotFoundError
from netra_backend.app.db.repositories import ThreadRepository
from netra_backend.app.models.thread import Thread


class ThreadService:
    def __init__(self, repository: ThreadRepository) -> None:
        self._repository = repository

    def get(self, identifier: str) -> Thread:
        thread = self._repository.find(identifier)
        if thread is None:
            raise NotFoundError(f"no thread {identifier}")
        return thread
