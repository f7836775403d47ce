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
    """Soften what raises on its own alone, where all that fails by it was imported by a start command.

    What a start that was imported has loaded is in ``sys.modules`` to its end: nothing of it is missing in
    the image. Of members of a circle that is no comfort: which one comes first may change with any import.
    """
    imported = {name for entry in evidence.entrypoints if entry.outcome == "ok" for name in entry.reaches}
    return Softening(
        lambda finding: _raises_on_its_own(finding) and imported.issuperset(finding.affected),
        "Only warned of: on their own they raise, and the start command, which prepares what they ask for, "
        "imports them: {modules}.",
    )


def _raises_on_its_own(finding: Finding) -> bool:
    is_started = finding.loaded_at_startup is True and finding.breaks_startup is False
    return finding.rule is IMPORT_RAISES and is_started and not says_circular(finding.message)
