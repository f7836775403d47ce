"""The measure of readability can fail; ``make test`` takes it of the code."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
import readability


def test_what_is_within_its_limits_and_what_is_worse(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("from typing import Any\ndef go(a: Any) -> None: ...\ndef _private(): ...\n")
    found = readability.measure([module])
    assert (found.names, found.one_word, found.mean_length) == (1, 1.0, 2.0)
    assert (found.longest_function, found.longest_file) == (1, 3)
    assert len(readability.exceeded_limits("host", found)) == 3
    long = found._replace(longest_function=41, longest_file=1000)
    assert len(readability.exceeded_limits("host", long)) == 5
    assert readability.exceeded_limits("host", readability.LIMITS["host"]) == []
