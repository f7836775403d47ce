"""Why a distribution is not installed that something asks for: the causes in the order of their trial."""

from __future__ import annotations

from collections.abc import Callable
from typing import Optional

from importguard.diagnosis.extras import dev_only, extra_of_library
from importguard.diagnosis.library_requirements import requirement_of_library
from importguard.diagnosis.requirements import declared_not_installed, marker_excluded, wrong_stage
from importguard.diagnosis.situation import Situation
from importguard.model import Diagnosis

NOT_INSTALLED: tuple[Callable[[Situation], Optional[Diagnosis]], ...] = (
    marker_excluded,
    dev_only,
    wrong_stage,
    declared_not_installed,
    extra_of_library,
    requirement_of_library,
)
