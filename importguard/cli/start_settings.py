"""``[start]`` and ``[image.start]`` of the configuration file: how a service is started and asked."""

from __future__ import annotations

import difflib
import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable, Optional

import click

from importguard.cli.options import parse_duration, parse_memory, read_environment
from importguard.errors import UsageError
from importguard.evidence.starts import Handshake, HttpRequest, NeededService, StartSettings

if TYPE_CHECKING:
    from importguard.policy.configuration import Configuration, ImageSettings

PLATFORMS = ("container", "cloud-run")
Blame = Callable[[str, str], UsageError]
Reader = Callable[[str, Any, Blame], Any]


def read_start(file: Configuration, image: Optional[ImageSettings] = None) -> StartSettings:
    """The settings of one image: its own over those of the file. Raises UsageError for what is not one."""
    name = f"image {image.name!r}: start" if image else "start"

    def blame(key: str, text: str) -> UsageError:
        return UsageError(f"{file.path}: {name}.{key}: {text}")

    values = {**file.start, **(image.start if image else {})}
    return _settings(values, _READERS, blame)


def read_services(file: Configuration) -> tuple[NeededService, ...]:
    """What the file's images need besides one another: its ``[[service]]``. Raises UsageError.

    It is one, too, that an image needs what is not described, or needs itself through others.
    """
    services = tuple(_service(file, number, dict(item)) for number, item in enumerate(file.services, 1))
    needs = {image.name: read_start(file, image).needs for image in file.images}
    known = {*needs, *(service.name for service in services)}
    for name in needs:
        for needed in needs[name]:
            if needed not in known:
                what = f"{needed!r}, which is not described{_near(needed, known)}"
                raise UsageError(f"{file.path}: image {name!r} needs {what}")
        circle = _circle(name, needs)
        if circle:
            raise UsageError(f"{file.path}: {' needs '.join(circle)}: none of them can be started first")
    return services


def _service(file: Configuration, number: int, values: dict[str, Any]) -> NeededService:
    def blame(key: str, text: str) -> UsageError:
        return UsageError(f"{file.path}: service {number}.{key}: {text}")

    folder = file.path.parent
    own = {key: values.pop(key, kind()) for key, kind in _SERVICE.items()}
    for key, value in own.items():
        is_list = isinstance(value, list) and all(isinstance(item, str) for item in value)
        if not (is_list if _SERVICE[key] is list else isinstance(value, str)):
            raise blame(key, f"this must be a {'list of strings' if _SERVICE[key] is list else 'string'}")
        if key in ("name", "image") and not value:
            raise blame(key, "this is required")
    return NeededService(
        name=own["name"],
        image=own["image"],
        env=read_environment(own["env"], (str(folder / path) for path in own["env-file"]), os.environ),
        command=_words("command", own["command"], blame),
        ready=_words("ready", own["ready"], blame),
        settings=_settings(values, _OF_SERVICE, blame),
    )


def _words(key: str, value: str, blame: Blame) -> tuple[str, ...]:
    """The words of a command, as a shell divides them."""
    try:
        return tuple(shlex.split(value))
    except ValueError as error:
        raise blame(key, f"{value!r} is no command: {error}") from None


def _circle(name: str, needs: Mapping[str, Sequence[str]], way: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The way from ``name`` back to itself, where there is one."""
    if name in way:
        return (*way[way.index(name) :], name)
    ways = (_circle(needed, needs, (*way, name)) for needed in needs.get(name, ()))
    return next(filter(None, ways), ())


def _settings(values: Mapping[str, Any], known: Mapping[str, Reader], blame: Blame) -> StartSettings:
    read = {}
    for key, value in values.items():
        if key not in known:
            raise blame(key, f"there is no such setting{_near(key, known)}")
        read[key.replace("-", "_")] = known[key](key, value, blame)
    return StartSettings(**read)


def _near(wrong: str, right: Iterable[str]) -> str:
    near = difflib.get_close_matches(wrong, list(right), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _names(key: str, value: Any, blame: Blame) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise blame(key, f"this must be a list of names, not {value!r}")
    return tuple(value)


def _platform(key: str, value: Any, blame: Blame) -> str:
    if value not in PLATFORMS:
        raise blame(key, f"this must be one of {', '.join(PLATFORMS)}, not {value!r}")
    return str(value)


def _port(key: str, value: Any, blame: Blame) -> str:
    is_port = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536
    if not is_port and value != "none":
        raise blame(key, f'this must be a port\'s number, or "none" for a worker, not {value!r}')
    return str(value)


def _boolean(key: str, value: Any, blame: Blame) -> bool:
    if not isinstance(value, bool):
        raise blame(key, f"this must be true or false, not {value!r}")
    return value


def _seconds(key: str, value: Any, blame: Blame) -> float:
    return float(_quantity(parse_duration, key, value, blame))


def _bytes(key: str, value: Any, blame: Blame) -> int:
    return int(_quantity(parse_memory, key, value, blame))


def _quantity(read: Callable[[str], float], key: str, value: Any, blame: Blame) -> float:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise blame(key, f'this must be a number, or a string such as "90s" or "512m", not {value!r}')
    try:
        return read(str(value))
    except click.BadParameter as error:
        raise blame(key, error.message) from None


def _requests(key: str, value: Any, blame: Blame) -> tuple[HttpRequest, ...]:
    kinds = {"path": str, "status": int, "body": str, "assets": bool}
    return tuple(HttpRequest(**table) for table in _tables(key, value, kinds, blame))


def _handshakes(key: str, value: Any, blame: Blame) -> tuple[Handshake, ...]:
    kinds = {"path": str, "protocol": str, "status": int}
    return tuple(Handshake(**table) for table in _tables(key, value, kinds, blame))


def _tables(key: str, value: Any, kinds: Mapping[str, type], blame: Blame) -> Sequence[dict[str, Any]]:
    """Paths, or tables with a path, as tables."""
    if not isinstance(value, list):
        raise blame(key, f"this must be a list, not {value!r}")
    tables = [{"path": item} if isinstance(item, str) else item for item in value]
    for table in tables:
        if not isinstance(table, dict) or not str(table.get("path", "")).startswith("/"):
            raise blame(key, 'each must be a path such as "/health", or a table with a path')
        for name, item in table.items():
            if name not in kinds or type(item) is not kinds[name]:
                known = ", ".join(f"{one} ({kind.__name__})" for one, kind in kinds.items())
                raise blame(key, f"{name} = {item!r} is none of {known}")
    return tables


_READERS: dict[str, Reader] = {
    "platform": _platform,
    "port": _port,
    "http": _requests,
    "websocket": _handshakes,
    "grpc": _boolean,
    "timeout": _seconds,
    "settle": _seconds,
    "max-start-time": _seconds,
    "memory": _bytes,
    "needs": _names,
}
_OF_SERVICE = {key: _READERS[key] for key in ("port", "timeout", "memory")}
_SERVICE: dict[str, type] = {
    "name": str,
    "image": str,
    "env": list,
    "env-file": list,
    "command": str,
    "ready": str,
}
