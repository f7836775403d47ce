"""Reports errors together with the context of the request that met them."""

from contextvars import ContextVar
from typing import Any

_context: ContextVar[dict[str, Any]] = ContextVar("error_context")


def set_context(**values: Any) -> None:
    _context.set(values)


def clear_context() -> None:
    _context.set({})


def report(error: BaseException) -> dict[str, Any]:
    return {"error": repr(error), **_context.get({})}
