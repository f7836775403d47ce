"""Environment variables that note which of them the application looks up."""

from __future__ import annotations

from importguard.probe.workers.namespaces import _MISSING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Variables = dict[Any, Any]  # of the environment, as ``os.environ`` holds them

_get, _get_item, _iterate = dict.get, dict.__getitem__, dict.__iter__


class RecordedVariables(dict):  # type: ignore[type-arg]  # Python 3.7 knows no dict[Any, Any] here
    """The variables behind ``os.environ``, which note what is looked up while it is as in the baseline.

    What has been changed before is no news: the same import changes it again.
    """

    def __init__(self, variables: Variables) -> None:
        super().__init__(variables)
        self.base = variables
        self.read: set[object] = set()  # the names that were looked up; None where all were

    def __getitem__(self, name: object) -> object:
        if _get(self, name, _MISSING) == _get(self.base, name, _MISSING):
            self.read.add(name)
        return _get_item(self, name)

    def __iter__(self) -> Iterator[object]:
        self.read.add(None)
        return _iterate(self)
