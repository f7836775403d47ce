"""What the probe says around the application becomes Clues; what is not as it should be is left out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

from importguard.evidence.surroundings import (
    Candidate,
    Clues,
    Distribution,
    Extension,
    ImageFile,
    OtherInterpreter,
    System,
)
from importguard.inspectors.surroundings import Gathered

SYSTEM = {
    "distribution": "debian",
    "version": "13",
    "like": "",
    "libc": "glibc",
    "libc_version": "2.41",
    "machine": "x86_64",
    "uid": 0,
    "user": "root",
}
YAML = {"name": "PyYAML", "version": "6.0", "location": "/site", "provides": ["yaml", "_yaml"]}


def gathered(**pieces: list[Any]) -> Clues:
    got = Gathered()
    got.take_clue_values("system", [SYSTEM])
    for kind, values in pieces.items():
        got.take_clue_values(kind, values)
    clues = got.build_clues()
    assert clues is not None
    return clues


def test_every_kind_of_value() -> None:
    clues = gathered(
        markers=[{"python_version": "3.13"}],
        sys_path=["/app", "/site"],
        files=[{"path": "/app/a.py", "size": 3, "text_digest": "ab", "modified": 7}],
        distributions=[YAML],
        interpreters=[
            {"executable": "/usr/bin/python3", "version": "3.11", "sites": ["/x"], "distributions": [YAML]}
        ],
        candidates=[{"module": "yaml", "path": "/x/yaml", "root": "/x", "site": True, "interpreter": None}],
        extensions=[{"module": "m", "path": "/m.so", "not_found": ["libc.so.6"], "libc": "glibc"}],
        notes=["cut"],
    )
    assert clues.system == System("debian", "13", "", "glibc", "2.41", "x86_64", 0, "root")
    assert clues.markers == {"python_version": "3.13"}
    assert clues.sys_path == ("/app", "/site")
    assert clues.files == (ImageFile("/app/a.py", size=3, text_digest="ab", modified=7.0),)
    yaml = Distribution("PyYAML", "6.0", "/site", ("yaml", "_yaml"))
    assert clues.distributions == (yaml,)
    assert clues.interpreters == (OtherInterpreter("/usr/bin/python3", "3.11", ("/x",), (yaml,)),)
    assert clues.candidates == (Candidate("yaml", "/x/yaml", "/x", True),)
    assert clues.extensions == (Extension("m", "/m.so", libc="glibc", not_found=("libc.so.6",)),)
    assert clues.notes == ("cut",)


def test_pieces_of_one_kind_add_up() -> None:
    got = Gathered()
    got.take_clue_values("system", [SYSTEM])
    got.take_clue_values("sys_path", ["/app"])
    got.take_clue_values("sys_path", ["/site"])
    clues = got.build_clues()
    assert clues is not None
    assert clues.sys_path == ("/app", "/site")


def test_nothing_told_is_no_clues() -> None:
    got = Gathered()
    got.take_clue_values("sys_path", ["/app"])
    assert got.build_clues() is None


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        "PyYAML",
        {},
        {**YAML, "name": 3},
        {**YAML, "version": None},
        {**YAML, "provides": "yaml"},
        {**YAML, "provides": [["yaml"]]},
        {**YAML, "editable": 1},
        {**YAML, "editable": "yes"},
    ],
)
def test_a_value_of_another_shape_is_left_out_and_counted(wrong: Any) -> None:
    clues = gathered(distributions=[wrong, YAML])
    assert [one.name for one in clues.distributions] == ["PyYAML"]
    assert clues.notes == ("1 values were not understood",)


@pytest.mark.parametrize("size", [True, 1.5, "3"])
def test_a_number_is_a_number(size: Any) -> None:
    assert gathered(files=[{"path": "/a", "size": size}]).files == ()


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(LookupError):
        Gathered().take_clue_values("no_such_field", [])


def sample(kind: Any) -> Any:
    """A value of the type ``kind``, with every field of a record given."""
    arguments = get_args(kind)
    if get_origin(kind) is Union:
        return sample(arguments[0])
    if get_origin(kind) is tuple:
        return tuple(sample(argument) for argument in arguments if argument is not ...)
    if get_origin(kind) is Mapping:
        return {"name": "value"}
    if not is_dataclass(kind):
        return {str: "text", int: 3, float: 1.5, bool: True}[kind]
    return kind(**{name: sample(hint) for name, hint in get_type_hints(kind).items()})


def test_every_field_arrives_as_it_was_told() -> None:
    clues = sample(Clues)
    told = json.loads(json.dumps(asdict(clues)))
    got = Gathered()
    for name, values in told.items():
        got.take_clue_values(name, values if isinstance(values, list) else [values])
    assert (got.build_clues(), got.left_out) == (clues, 0)
