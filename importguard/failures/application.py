"""Tell the application's own code from the rest: looked up often, so worked out once."""

from __future__ import annotations

from dataclasses import dataclass

from importguard.evidence.inspection import Evidence


@dataclass(frozen=True)
class Application:
    """``names`` and ``packages`` (top-level names) of the selected modules; ``files`` of all: name → path.

    ``modules``: path → name.
    """

    roots: tuple[str, ...]
    names: frozenset[str]
    packages: frozenset[str]
    files: dict[str, str]
    modules: dict[str, str]

    def path_below_import_root(self, path: str) -> str:
        """``path`` relative to the longest import root that holds it, else as it is."""
        holding = [root.rstrip("/") for root in self.roots if path.startswith(root.rstrip("/") + "/")]
        return path[len(max(holding, key=len)) + 1 :] if holding else path


def application_code(evidence: Evidence) -> Application:
    """The application that ``evidence`` is of."""
    names = frozenset(module.name for module in evidence.modules if module.selected)
    return Application(
        roots=evidence.import_path,
        names=names,
        packages=frozenset(name.partition(".")[0] for name in names),
        files={module.name: module.path for module in evidence.modules if module.path},
        modules={module.path: module.name for module in evidence.modules if module.path},
    )
