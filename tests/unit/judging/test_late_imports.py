"""Which late imports are no fault of the image."""

from __future__ import annotations

from dataclasses import replace

from unit.builders import evidence, imported, site
from unit.diagnosis.world import SITE, clues, source

from importguard.evidence.surroundings import Distribution
from importguard.judging.late_imports import without_optional_late_imports
from importguard.source.model import SourceFile

DAV = Distribution("WsgiDAV", "4.3", SITE, ("wsgidav",), ("PyYAML", "pamela ; extra == 'pam'"), ("pam",))
OTHERS = source(files=(SourceFile("deploy/settings.py", 1, 1.0),))


def test_a_published_program_imports_what_it_does_not_require_inside_functions() -> None:
    modules = (replace(imported("wsgidav.fs"), path=f"{SITE}/wsgidav/fs.py"), imported("shop.main"))
    kept = (
        site("wsgidav.fs", "yaml", scope="function"),
        site("wsgidav.fs", "wsgidav.gone", scope="function"),
        site("wsgidav.fs", "pymongo"),  # not late
        site("shop.main", "pymongo", scope="function"),
        site("wsgidav.fs", "yaml.gone", scope="function", names=("name",)),
    )
    optional = (
        site("wsgidav.fs", "pymongo.errors", scope="function"),
        site("wsgidav.fs", "pamela", scope="lazy"),
        site("shop.main", "win32api", scope="function"),
        site("wsgidav.fs", "wsgidav.util", scope="function", names=("gone",)),
    )
    observed = replace(evidence(*modules, sites=(*optional, *kept)), clues=clues(distributions=(DAV,)))
    assert without_optional_late_imports(observed, OTHERS).sites == kept
