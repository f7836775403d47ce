"""The standard library's names: the interpreter's own list, and what stands in for it on Python 3.9."""

from __future__ import annotations

import sys

import pytest

from importguard.source.modules.standard_library import STANDARD, _listed


def test_what_every_program_imports_is_among_them() -> None:
    assert {"sys", "os", "json", "ast", "email", "zlib", "_thread"} <= STANDARD
    assert "yaml" not in STANDARD


@pytest.mark.skipif(sys.version_info < (3, 10), reason="there is nothing to compare with")
def test_the_listing_is_like_the_interpreters_own_list() -> None:
    assert len(STANDARD - _listed()) < 20, "modules of other systems"
    assert {"json", "zlib", "sys"} <= _listed()
