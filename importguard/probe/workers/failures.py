"""An exception as plain data: its chain, the module that it says is missing, and the frames that led there.

Runs in the process that imports the application, so it uses nothing that the application could replace:
no module is imported, and every value that comes out of an exception may lie, raise or be enormous.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Callable

    PlainFrame = tuple[str, int, str, str]  # path, line, function, module
    PlainCause = tuple[str, str, "str | None"]  # type, message, name
    Failure = tuple[str, str, "str | None", list[PlainFrame], list[PlainCause]]
    RawFrame = tuple["FrameType | None", str, int, str, object]

LONGEST_TEXT = 2000
MOST_LINKS = 50
MOST_FRAMES = 60
PROBE_FILE = "<importguard>"
UNKNOWN_LINE = 0
# What the interpreter keeps, whatever the exception's class says of attributes of these names.
_cause_of = vars(BaseException)["__cause__"].__get__
_context_of = vars(BaseException)["__context__"].__get__
_traceback_of = vars(BaseException)["__traceback__"].__get__


def safe_text(value: object, convert: Callable[[Any], str] = str) -> str:
    """``convert(value)``, cut to ``LONGEST_TEXT``; never raises an Exception."""
    try:
        text = convert(value)
        if type(text) is not str:
            text = str.__str__(text)
    except BaseException as error:
        return "<unprintable: {}>".format(type(error).__name__)
    if len(text) > LONGEST_TEXT:
        return "{} [... {} characters]".format(text[:LONGEST_TEXT], len(text))
    return text


def chain(error: BaseException) -> list[BaseException]:
    """The exceptions behind ``error``, itself first: causes before contexts, then the members of a group."""
    found: list[BaseException] = []
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting and len(found) < MOST_LINKS:
        current = waiting.pop(0)
        if id(current) in seen or not _is(current, BaseException):
            continue
        seen.add(id(current))
        found.append(current)
        inner = [_cause_of(current), _context_of(current)]
        members = _attribute(current, "exceptions")
        if type(members) in (tuple, list):
            inner.extend(members[:MOST_LINKS])
        waiting[:0] = inner
    return _without_outlived(found)


def _without_outlived(links: list[BaseException]) -> list[BaseException]:
    """Without the modules that were missing at first, and ran when they were imported again.

    huey's consumer, mod_wsgi's scripts and much else catch the ImportError, add a folder to ``sys.path`` and
    import the same again. What that raises is the failure.
    """
    kept: list[BaseException] = []
    for link in links:
        name = _import_name(link) if kept and _is(link, ModuleNotFoundError) else None
        if name is None or not any(_ran_in(outer, name) for outer in kept):
            kept.append(link)
    return kept


def _ran_in(error: BaseException, module: str) -> bool:
    """Whether it was raised from code of the module, or of one below it."""
    names = [frame[4] for frame in _frames(error)]
    return any(type(name) is str and (name + ".").startswith(module + ".") for name in names)


def deciding(links: list[BaseException]) -> BaseException:
    """The exception that names the cause: the first ModuleNotFoundError, else ImportError, else the first.

    An exit decides by itself, whatever was being handled: nothing but the module's own code asked for it.
    """
    if _is(links[0], SystemExit):
        return links[0]
    for kind in (ModuleNotFoundError, ImportError):
        for link in links:
            if _is(link, kind) and (kind is ImportError or _import_name(link)):
                return link
    return links[0]


def unread(error: BaseException) -> str:
    """In place of a message, while it is not known whether asking for it ever returns."""
    return "<its message could not be read>"


def describe(error: BaseException, message: Callable[[BaseException], str] = safe_text) -> Failure:
    """(type, message, missing, frames, causes), as ``evidence.ImportFailure`` has them; plain values only."""
    links = chain(error)
    decider = deciding(links)
    missing = _import_name(decider) if _is(decider, ModuleNotFoundError) else None
    causes = [(_type_name(link), message(link), _import_name(link)) for link in links[:10]]
    frames = _lead(_frames(error), _frames(decider))
    if _is(decider, SyntaxError):
        path, line = _attribute(decider, "filename"), _attribute(decider, "lineno")
        if type(path) is str and type(line) is int:
            frames = [frame for frame in frames if frame[1:3] != (path, UNKNOWN_LINE)]
            frames.append((None, path, line, "<module>", ""))
    if len(frames) > MOST_FRAMES:
        frames = frames[: MOST_FRAMES // 2] + frames[-MOST_FRAMES // 2 :]
    plain = [
        (safe_text(path), line, safe_text(function), safe_text(module))
        for _, path, line, function, module in frames
    ]
    return _type_name(error), message(error), missing, plain, causes


def _is(value: object, kind: type) -> bool:
    """``isinstance``, without asking the value for its ``__class__``."""
    return issubclass(type(value), kind)


def _attribute(value: object, name: str) -> Any:
    try:
        return getattr(value, name, None)
    except BaseException:
        return None


def _import_name(error: BaseException) -> str | None:
    name = _attribute(error, "name") if _is(error, ImportError) else None
    return name[:LONGEST_TEXT] if type(name) is str and name else None


def _type_name(error: BaseException) -> str:
    kind = type(error)
    module = _attribute(kind, "__module__")
    name = safe_text(_attribute(kind, "__qualname__"))
    return name if module in ("builtins", None) else "{}.{}".format(safe_text(module), name)


def _frames(error: BaseException) -> list[RawFrame]:
    """(frame, path, line, function, module) of each frame of its traceback, the import system's left out."""
    frames: list[RawFrame] = []
    step = _traceback_of(error)
    while step is not None and len(frames) < 3000:
        code = step.tb_frame.f_code
        path = code.co_filename
        if path.startswith("<frozen importlib"):
            frames.extend(_file_being_read(step.tb_frame))
        elif path != PROBE_FILE:
            module = dict.get(step.tb_frame.f_globals, "__name__", "")
            frames.append((step.tb_frame, path, step.tb_lineno or UNKNOWN_LINE, code.co_name, module))
        step = step.tb_next
    return frames


def lines_to(frame: FrameType | None) -> list[PlainFrame]:
    """The frames that lead from the probe to ``frame``, as ``describe`` gives those of a traceback."""
    found: list[PlainFrame] = []
    while frame is not None and frame.f_code.co_filename != PROBE_FILE and len(found) < MOST_FRAMES:
        path, function = frame.f_code.co_filename, frame.f_code.co_name
        if not path.startswith("<frozen importlib"):
            module = safe_text(dict.get(frame.f_globals, "__name__", ""))
            found.append((safe_text(path), frame.f_lineno or UNKNOWN_LINE, safe_text(function), module))
        frame = frame.f_back
    return found[::-1]


def _file_being_read(frame: FrameType) -> list[RawFrame]:
    """A module whose file the import system was reading (``importlib.abc.InspectLoader.get_code``).

    That file is the place, not the statement that imported it.
    """
    if frame.f_code.co_name != "get_code":
        return []
    names = frame.f_locals
    path, module = names.get("source_path", names.get("path")), names.get("fullname")
    if type(path) is not str or type(module) is not str:
        return []
    return [(frame, path, UNKNOWN_LINE, "<module>", module)]


def _lead(outer: list[RawFrame], inner: list[RawFrame]) -> list[RawFrame]:
    """The frames from the start of ``outer`` to the end of ``inner``, which began inside one of them."""
    if not inner:
        return outer
    for index, frame in enumerate(outer):
        if frame[0] is inner[0][0]:
            return outer[:index] + inner
    return inner if inner is not outer else outer
