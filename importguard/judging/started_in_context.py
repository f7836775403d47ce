"""What fails on its own, and a start command imports well. Pure functions.

Dash registers its pages when the application is made, and imports them then: each of them raises on its own
"dash.register_page() must be called after app instantiation".
"""

from __future__ import annotations

from importguard.evidence.inspection import Evidence
from importguard.failures.circular_words import says_circular
from importguard.judging.softening import Softening
from importguard.model import Finding
from importguard.rules.imports import IMPORT_RAISES


def started_in_context_softening(evidence: Evidence) -> Softening:
    """Soften what raises on its own alone, where the process of a start command imports all that fails by it.

    What a start that was imported has loaded is in ``sys.modules`` to its end: nothing of it is missing in
    the image. Other modules were imported there when it had made the application. Of members of a circle that
    is no comfort: which one comes first may change with any import.
    """
    imported = {name for entry in evidence.entrypoints if entry.outcome == "ok" for name in entry.reaches}
    imported.update(evidence.in_context)
    return Softening(
        lambda finding: _raises_on_its_own(finding) and imported.issuperset(finding.affected),
        "Only warned of: on their own they raise, and the process of the start command, which prepares what "
        "they ask for, imports them: {modules}.",
    )


def _raises_on_its_own(finding: Finding) -> bool:
    is_own = finding.rule is IMPORT_RAISES and finding.breaks_startup is False and bool(finding.affected)
    return is_own and not says_circular(finding.message)
