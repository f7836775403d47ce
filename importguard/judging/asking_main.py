"""What asks the program that imports it, ``__main__``, and that a start command loads. Pure functions."""

from __future__ import annotations

from importguard.judging.softening import Softening
from importguard.model import Finding

_MAIN = "__main__"


def _is_of_main(finding: Finding) -> bool:
    """Whether what fails on its own asks for a name of ``__main__``, and no start fails by it.

    Every command has another ``__main__``: only of what a start loads is it known.
    """
    asks = (finding.missing or "").startswith(f"{_MAIN}.") or f"module '{_MAIN}' has no attribute" in (
        finding.message
    )
    return asks and finding.loaded_at_startup is True and finding.breaks_startup is False


ASKING_MAIN = Softening(
    _is_of_main,
    "Only warned of: they ask the program that imports them for a name, and the start command loads them: "
    "{modules}.",
)
