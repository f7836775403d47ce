"""All kinds of errors that are only warned of, in the order in which they are tried."""

from __future__ import annotations

from typing import Optional

from importguard.evidence.inspection import Evidence
from importguard.judging.asking_main import ASKING_MAIN
from importguard.judging.helpers_of_tests import TEST_HELPERS
from importguard.judging.idle_scripts import script_softenings
from importguard.judging.other_images import other_images_softening
from importguard.judging.other_systems import other_systems_softening
from importguard.judging.released_libraries import released_libraries_softening
from importguard.judging.softening import Softening
from importguard.judging.started_in_context import started_in_context_softening
from importguard.source.model import Source


def kinds_of_softening(evidence: Evidence, source: Optional[Source]) -> tuple[Softening, ...]:
    """Every kind, with what the evidence and the source say of it."""
    return (
        *script_softenings(evidence, source),
        TEST_HELPERS,
        ASKING_MAIN,
        started_in_context_softening(evidence),
        released_libraries_softening(evidence, source),
        other_systems_softening(evidence, source),
        other_images_softening(evidence, source),
    )
