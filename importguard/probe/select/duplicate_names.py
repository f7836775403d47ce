"""One file, one name: where folders of the import path lie in one another, a file could have several."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Modules = dict[str, "str | None"]


def other_names(modules: Modules, starts: Iterable[str], settings: str | None = None) -> dict[str, str]:
    """The names (each with the one that is kept) of files that production imports by another.

    What the modules ``starts`` import, by their statements, keeps its names: that may be two. So does what
    Django's ``settings`` module names: ``INSTALLED_APPS``, ``ROOT_URLCONF`` and the like. A file that
    none of them reaches is judged under the name that its neighbours have, else under the shortest.
    """
    by_path: dict[str, list[str]] = {}
    for name, path in modules.items():
        if path:
            by_path.setdefault(path, []).append(name)
    doubles = {path: names for path, names in by_path.items() if len(names) > 1}
    if not doubles:
        return {}
    from importguard.probe.select.django import modules_named_in_settings

    named = modules_named_in_settings(settings, modules) if settings else []
    reached = _reached(modules, [*starts, *named])
    found: dict[str, str] = {}
    for names in doubles.values():
        kept = [name for name in names if name in reached] or [_best(names, reached)]
        found.update((name, kept[0]) for name in names if name not in kept)
    return found


def _reached(modules: Modules, starts: Iterable[str]) -> set[str]:
    from importguard.probe.code.sites import static_reach

    reached: set[str] = set()
    for start in starts:
        reached |= static_reach(start, modules)
    return reached


def _best(names: list[str], reached: set[str]) -> str:
    """The name whose nearest package above is reached; of several the shortest."""
    ordered = sorted(names, key=lambda name: (name.count("."), name))
    for levels in range(1, max(name.count(".") for name in names) + 1):
        for name in ordered:
            above = name.rsplit(".", levels)[0] + "."
            if name.count(".") >= levels and any(item.startswith(above) for item in reached):
                return name
    return ordered[0]
