"""What the pytest plugin makes of a report."""

from __future__ import annotations

from unit.reports import finding, image, verdict

from importguard.model import Suppression
from importguard.pytest_plugin import _verdicts


def test_a_module_that_fails_by_what_is_ignored_is_skipped_with_the_reason() -> None:
    ignored = finding(suppression=Suppression("ignore", "the agent brings it"))
    modules = (verdict("shop"), verdict("shop.main", "failed", "IG101"))
    found = dict(_verdicts(image(modules=modules, suppressed=(ignored,)), "error"))
    assert list(found) == ["shop", "shop.main"]
    assert (found["shop"].failed, found["shop"].skipped) == ("", "")
    assert (found["shop.main"].failed, found["shop.main"].skipped) == (
        "",
        "IG101 missing-module: the agent brings it",
    )
    shown = dict(_verdicts(image(finding(), modules=modules), "error"))
    assert shown["shop.main"].failed.startswith("IG101 missing-module: shop.monitoring")
