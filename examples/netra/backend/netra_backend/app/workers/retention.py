"""Removes conversations that are older than the contract allows."""

from netra_backend.app.db.session import store
from netra_backend.app.services.monitoring import metrics


def run(expired: list[str]) -> None:
    for identifier in expired:
        store["threads"].pop(identifier, None)
        metrics.count("retention.removed")
