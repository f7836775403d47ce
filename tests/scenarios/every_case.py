"""All cases, by how much of an image each one needs for itself."""

from __future__ import annotations

from scenarios.cycle_cases import CYCLES
from scenarios.failure_cases import GUARDED, HALF_FAILED, SUBMODULES
from scenarios.hostile_cases import HOSTILE as DOING
from scenarios.replacement_cases import REPLACEMENTS, SHADOWS, SITES
from scenarios.state_cases import STATE

HOSTILE = [*DOING, *REPLACEMENTS, *SHADOWS, *SITES]
"""Each is checked alone."""

PEACEFUL = [*STATE, *SUBMODULES, *HALF_FAILED, *CYCLES, *GUARDED]
"""These may lie side by side in one application, and each verdict must stay what it is."""

ALL = [*HOSTILE, *PEACEFUL]
