"""One image on its way through a check."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

from importguard.config import Config
from importguard.engines.base import Image
from importguard.errors import ImportguardError

if TYPE_CHECKING:
    from importguard.evidence.inspection import Evidence


class Inspected(NamedTuple):
    """What was asked for, and what is known of it; ``error`` says why there is no image or no evidence."""

    reference: str
    config: Config
    image: Optional[Image] = None
    evidence: Optional[Evidence] = None
    error: Optional[ImportguardError] = None

    @property
    def label(self) -> str:
        """What it is called: its name of the configuration, or its reference."""
        return self.config.name or self.reference
