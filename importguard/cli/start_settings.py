"""``[start]`` and ``[image.start]`` of the configuration file: how a service is started and asked."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable, Optional

import click

from importguard.cli.options import duration, size
from importguard.errors import UsageError
from importguard.evidence.starts import Handshake, HttpRequest, StartSettings

if TYPE_CHECKING:
    from importguard.policy.configuration import Configuration, ImageSettings

PLATFORMS = ("container", "cloud-run")
Blame = Callable[[str, str], UsageError]


def read_start(file: Optional[Configuration], image: Optional[ImageSettings] = None) -> StartSettings:
    """The settings of one image: its own over those of the file. Raises UsageError for what is not one."""
    if file is None:
        return StartSettings()
    name = f"image {image.name!r}: start" if image else "start"

    def blame(key: str, text: str) -> UsageError:
        return UsageError(f"{file.path}: {name}.{key}: {text}")

    values = {**file.start, **(image.start if image else {})}
    return StartSettings(
        **{_field(key, blame): _READERS[key](key, value, blame) for key, value in values.items()}
    )


def _field(key: str, blame: Blame) -> str:
    if key not in _READERS:
        near = difflib.get_close_matches(key, _READERS, n=1)
        raise blame(key, "there is no such setting" + (f"; did you mean {near[0]}?" if near else ""))
    return key.replace("-", "_")


def _platform(key: str, value: Any, blame: Blame) -> str:
    if value not in PLATFORMS:
        raise blame(key, f"this must be one of {', '.join(PLATFORMS)}, not {value!r}")
    return str(value)


def _port(key: str, value: Any, blame: Blame) -> str:
    is_port = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536
    if not is_port and value != "none":
        raise blame(key, f'this must be a port\'s number, or "none" for a worker, not {value!r}')
    return str(value)


def _seconds(key: str, value: Any, blame: Blame) -> float:
    return float(_quantity(duration, key, value, blame))


def _bytes(key: str, value: Any, blame: Blame) -> int:
    return int(_quantity(size, key, value, blame))


def _quantity(read: Callable[[str], float], key: str, value: Any, blame: Blame) -> float:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise blame(key, f'this must be a number, or a string such as "90s" or "512m", not {value!r}')
    try:
        return read(str(value))
    except click.BadParameter as error:
        raise blame(key, error.message) from None


def _requests(key: str, value: Any, blame: Blame) -> tuple[HttpRequest, ...]:
    kinds = {"path": str, "status": int, "body": str}
    return tuple(HttpRequest(**item) for item in _tables(key, value, kinds, blame))


def _handshakes(key: str, value: Any, blame: Blame) -> tuple[Handshake, ...]:
    kinds = {"path": str, "protocol": str, "status": int}
    return tuple(Handshake(**item) for item in _tables(key, value, kinds, blame))


def _tables(key: str, value: Any, kinds: Mapping[str, type], blame: Blame) -> Sequence[dict[str, Any]]:
    """Paths, or tables with a path, as tables."""
    if not isinstance(value, list):
        raise blame(key, f"this must be a list, not {value!r}")
    tables = [{"path": item} if isinstance(item, str) else item for item in value]
    for table in tables:
        if not isinstance(table, dict) or not str(table.get("path", "")).startswith("/"):
            raise blame(key, 'each must be a path such as "/health", or a table with a path')
        for name, item in table.items():
            if name not in kinds or isinstance(item, bool) or not isinstance(item, kinds[name]):
                known = ", ".join(f"{one} ({kind.__name__})" for one, kind in kinds.items())
                raise blame(key, f"{name} = {item!r} is none of {known}")
    return tables


_READERS: dict[str, Callable[[str, Any, Blame], Any]] = {
    "platform": _platform,
    "port": _port,
    "http": _requests,
    "websocket": _handshakes,
    "timeout": _seconds,
    "settle": _seconds,
    "max-start-time": _seconds,
    "memory": _bytes,
}
