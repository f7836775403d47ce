"""The error that ended an import, recorded so that it can be raised again for the next importer."""

from __future__ import annotations

from importguard.probe.workers.failures import chain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from importguard.probe.workers.memo import Link, Memo


def record_error(error: BaseException, handled: Optional[BaseException]) -> list[Link]:
    """Return the exceptions of the chain of ``error``, with what raising it again would change of them.

    ``handled`` is what the importer was handling: Python adds it when a body fails, and it is cut off here.
    """
    for link in chain(error) if handled is not None else ():
        if link.__context__ is handled:
            link.__context__ = None
    return [
        (link, link.__cause__, link.__context__, link.__suppress_context__, link.__traceback__)
        for link in chain(error)
    ]


def _is_absent(error: BaseException, name: str) -> bool:
    """Whether ``error`` says that the module ``name`` itself is not there."""
    return type(error) is ModuleNotFoundError and error.name == name


def raise_again(memo: Memo, error: BaseException, handled: Optional[BaseException]) -> None:
    """Raise the error as if the body had run: the same chain, ending in what is being handled now."""
    for link, cause, context, suppress, traceback in memo.links:
        link.__cause__, link.__context__, link.__traceback__ = cause, context, traceback
        link.__suppress_context__ = suppress
    context = error.__context__
    try:
        raise error
    except BaseException:
        error.__context__ = context
        known = {id(link[0]) for link in memo.links}
        last: Any = error
        while id(last.__context__) in known:
            known.discard(id(last))
            last = last.__context__
        if handled is not None and id(handled) not in known and last.__context__ is None:
            last.__context__ = handled
        raise
