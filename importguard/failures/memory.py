"""What a process that is killed for memory had, and how to give it more."""

from __future__ import annotations

from typing import Optional

from importguard.evidence.imports import ModuleImport
from importguard.model import Diagnosis, Outcome

OUT_OF_MEMORY = "out-of-memory"
_MEBIBYTE, _GIBIBYTE = 1024**2, 1024**3


def memory_in_words(size: int) -> str:
    """``512 MiB``."""
    return f"{size / _MEBIBYTE:.0f} MiB"


def doubled_memory(size: int) -> str:
    """Twice as much, as ``--memory`` and the configuration take it: ``1g``."""
    size *= 2
    return f"{size // _GIBIBYTE}g" if size % _GIBIBYTE == 0 else f"{size // _MEBIBYTE}m"


def killed_import_diagnosis(item: ModuleImport, limit: int) -> Optional[Diagnosis]:
    """Memory as the cause where SIGKILL ended an import: hardly anybody else than the kernel sends that.

    ``limit`` are the bytes that the check may use; 0 where that is not known.
    """
    if item.outcome != Outcome.CRASHED or not item.detail.endswith("SIGKILL") or not limit:
        return None
    more = doubled_memory(limit)
    return Diagnosis(
        OUT_OF_MEMORY,
        f"The check has {memory_in_words(limit)} (--memory), and what uses more is killed by SIGKILL.",
        f'give it as much as production has (--memory {more}, or memory = "{more}" in importguard.toml), or '
        "load less while it is imported",
        None,
        "likely",
    )
