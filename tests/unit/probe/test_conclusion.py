"""What became of the entry points."""

from __future__ import annotations

from typing import Any, Optional

from importguard.probe.conclusion import entrypoint_events


def entry(attribute: Optional[str]) -> dict[str, Any]:
    return {"command": "uvicorn shop.main:app", "target": "", "module": "shop.main", "attribute": attribute}


def test_an_attribute_is_missing_only_for_the_command_that_names_it() -> None:
    """A second entry point of the same module, by which it is only imported, lacks nothing."""
    found: Any = {"entrypoints": [entry("app"), entry(None), entry("api.app")], "modules": []}
    events = entrypoint_events(found, {"shop.main": "imported"}, {}, {"shop.main": ["app"]})
    assert [event["outcome"] for event in events] == ["missing_attribute", "ok", "ok"]
