"""Turn what the probe says of the application's surroundings into Clues; the image is not to be trusted."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields
from functools import cache
from typing import Any, Optional, Union, get_args, get_origin, get_type_hints

from importguard.evidence.surroundings import Clues

MOST_VALUES = 200_000


class Gathered:
    """The pieces that have arrived. A value that is not what ``clues`` says of its kind is left out."""

    def __init__(self) -> None:
        self.pieces: dict[str, list[Any]] = {}
        self.left_out = 0

    def take_clue_values(self, kind: str, values: list[Any]) -> None:
        """Take in one piece: ``values`` of a field of ``Clues``; raises LookupError where there is none."""
        wanted = _hints(Clues)[kind]
        item = get_args(wanted)[0] if get_origin(wanted) is tuple else wanted
        kept = self.pieces.setdefault(kind, [])
        for value in values:
            try:
                if len(kept) >= MOST_VALUES:
                    raise ValueError("too many")
                kept.append(_typed(item, value))
            except (TypeError, ValueError, LookupError):
                self.left_out += 1

    def build_clues(self) -> Optional[Clues]:
        """Make Clues of all pieces; None where none arrived."""
        single = {name: self.pieces[name][0] for name in ("system", "markers") if self.pieces.get(name)}
        if "system" not in single:
            return None
        lists = {name: tuple(items) for name, items in self.pieces.items() if name not in single}
        notes = lists.pop("notes", ())
        if self.left_out:
            notes = (*notes, f"{self.left_out} values were not understood")
        return Clues(**{"markers": {}, "sys_path": (), **single, **lists, "notes": notes})


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _typed(wanted: Any, value: Any) -> Any:
    """``value``, of JSON, as the type ``wanted``. Raises TypeError or ValueError where it is another."""
    origin = get_origin(wanted)
    if origin in (Union, getattr(types, "UnionType", Union)):
        return None if value is None else _typed(get_args(wanted)[0], value)
    if origin is tuple:
        return tuple(_typed(get_args(wanted)[0], item) for item in _plain(list, value))
    if origin in (Mapping, dict):
        return {_plain(str, key): _plain(str, item) for key, item in _plain(dict, value).items()}
    if wanted in (str, int, bool):
        return _plain(wanted, value)
    if wanted is float:
        return float(_plain((int, float), value))
    return _record(wanted, _plain(dict, value))


def _record(wanted: type, value: dict[str, Any]) -> Any:
    hints = _hints(wanted)
    known = [field for field in fields(wanted) if field.name in value or field.default is MISSING]
    return wanted(**{field.name: _typed(hints[field.name], value[field.name]) for field in known})


def _plain(wanted: Any, value: Any) -> Any:
    if isinstance(value, bool) and wanted is not bool:
        raise TypeError("a truth value")
    if not isinstance(value, wanted):
        raise TypeError(f"not of {wanted}")
    return value
