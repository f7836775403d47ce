"""Late imports that are no fault of the image: of optional parts, of another system. Pure functions."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from importguard.diagnosis.tables.distribution_names import from_table
from importguard.diagnosis.tables.removed_stdlib import WINDOWS_ONLY
from importguard.evidence.imports import ImportSite
from importguard.evidence.inspection import Evidence
from importguard.evidence.surroundings import Distribution
from importguard.judging.released_libraries import can_do_without, released_modules
from importguard.source.model import Source


def without_optional_late_imports(evidence: Evidence, source: Optional[Source]) -> Evidence:
    """Leave out the late imports of what another system has, and of what a released library does without.

    A program of others imports clients of databases and clouds inside functions: whoever uses none of them
    does not install them. A name that it asks of itself in vain is for its authors to mend.
    """
    released = released_modules(evidence, source)

    def is_optional(site: ImportSite) -> bool:
        library = released.get(site.module)
        is_of_windows = site.target.partition(".")[0] in WINDOWS_ONLY or "pywin32" in from_table(site.target)
        is_spared = library is not None and (
            _asks_itself(site, library) or can_do_without(site.target, library)
        )
        return site.is_late and (is_of_windows or is_spared)

    return replace(evidence, sites=tuple(site for site in evidence.sites if not is_optional(site)))


def _asks_itself(site: ImportSite, library: Distribution) -> bool:
    """Whether it asks one of the library's own modules, which is there, for a name."""
    own = {name.partition(".")[0] for name in library.provides}
    return bool(site.names) and site.target.partition(".")[0] in own
