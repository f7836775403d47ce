"""The files of the application that run as ``__main__``: they are read, never imported."""

from __future__ import annotations

from importguard.probe.files import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.code.main_code import Loaded
    from importguard.probe.select.application_path import ApplicationPath
    from importguard.probe.start.start_command import StartCommand

_MOST_FILES, _MOST_FUNCTIONS = 60, 20


class MainFiles:
    """Reads what start commands run as ``__main__``, on the application's import path."""

    def __init__(self, path: ApplicationPath) -> None:
        self.path = path

    def imports_of_main(
        self, command: StartCommand, calls: list[tuple[str, str]]
    ) -> list[tuple[Loaded, str]]:
        """What ``MainCode`` says is loaded, each with the file that loads it ("" of a command's own code)."""
        text, path, package, whole = command.code, "", "", True
        if text is None:
            path, package, whole = self._main_of(command)
            text = read_text(path) if path else None
        loaded, called = _run_by(text, package, whole)
        found = [(load, path) for load in loaded]
        waiting = [*calls, *called]
        seen: set[tuple[str, str]] = set()
        while waiting and len(seen) < _MOST_FUNCTIONS:
            call = module, function = waiting.pop(0)
            located = self.path.finder.locate_module(module)
            if call in seen or not located or not (located.path or "").endswith(".py"):
                continue
            seen.add(call)
            if not self.path.is_third_party(located, module) and not self.path.is_standard(located):
                package = module if located.package else module.rpartition(".")[0]
                loaded, called = _run_by(read_text(located.path), package, False, function)
                found += [(load, located.path or "") for load in loaded]
                waiting += called
        return found

    def _main_of(self, command: StartCommand) -> tuple[str, str, bool]:
        """(own file that runs as ``__main__`` or "", its package, whether no import runs it)."""
        if command.main_file:
            return command.main_file, "", True
        if command.is_read or command.console:
            return "", "", False
        name = command.runs or ""
        located = self.path.finder.locate_module(name) if name else None
        if located and (located.package or located.portions):
            inner = self.path.finder.locate_module(name + ".__main__")
            runs = inner is not None and inner.path.endswith(".py") and not self.path.is_standard(inner)
            return (inner.path, name, True) if inner and runs else ("", "", False)
        path = located.path if located else command.script
        if not path or not path.endswith(".py") or (located and self.path.is_standard(located)):
            return "", "", False
        return path, name.rpartition(".")[0], False

    def main_file(self, command: StartCommand) -> str:
        """The file of the application's that runs as ``__main__``, or nothing."""
        return self._main_of(command)[0]

    def files_that_run(self, module: str, path: str) -> list[str]:
        """The files that run when a module is imported: packages above it, what it imports itself, and it."""
        parts = module.split(".")
        names = [".".join(parts[:count]) for count in range(1, len(parts))]
        text = read_text(path, 1 << 19) or ""
        if "sys.path" not in text and path.endswith(".py"):
            from importguard.probe.code.quick_scan import mentioned_modules

            names += mentioned_modules(module, path)
        modules = [self.path.finder.locate_module(name) for name in names[:_MOST_FILES]]
        own = [
            module.path
            for module in modules
            if module and not self.path.is_third_party(module, "") and not self.path.is_standard(module)
        ]
        return [*filter(None, own), path]


def _run_by(
    text: str | None, package: str, whole: bool, function: str = ""
) -> tuple[list[Loaded], list[tuple[str, str]]]:
    """See ``MainCode``: what is loaded, and which functions of other files are called."""
    if not text or ("import" not in text and ".run(" not in text):
        return [], []
    from importguard.probe.code.main_code import MainCode

    code = MainCode(text, package, whole, function)
    return code.loaded, code.calls
