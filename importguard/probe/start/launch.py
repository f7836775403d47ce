"""How the container is started: by which commands, and by which Python, which is asked what it is.

That Python takes its time to start. What does not need its answer is loaded meanwhile, so this is small.
"""

from __future__ import annotations

import os

from importguard.probe.files import printable_path
from importguard.probe.start.command import parse_arguments, parse_text
from importguard.probe.start.interpreter import NoInterpreter, ask_interpreter
from importguard.probe.worker import Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from importguard.probe.start.interpreter import Asked, Interpreter
    from importguard.probe.start.start_command import StartCommand
    from importguard.probe.values import Request, StartProblemValues

_SIGNS = frozenset("|&;<>(){}$`\\\n#=")
"""Of the shell: a text with one of these is more than the words of one command."""


class Launch:
    """The start commands of an image. ``environ`` and ``directory`` are the container's.

    The command that starts the container decides; those that run before it come after it here.
    """

    def __init__(self, request: Request, environ: dict[str, str]) -> None:
        self.environ = environ
        self.words: list[str] = []
        self.directory: str = os.path.normpath(request.get("workdir") or "/")
        self.directory_note = ""
        folder, place = request.get("production_workdir") or ("", "")
        # The file that says so may mean another image: then the folder is not there.
        if folder and os.path.isdir(folder):
            self.directory = os.path.normpath(folder)
            self.directory_note = "the working directory is %s, as %s says" % (folder, place)
        self._is_plain = False  # whether there is one command, given as words without a sign of the shell's
        self.commands = self._parse(request)
        self.commands.sort(key=lambda command: command.secondary)
        self._asked: Asked | NoInterpreter
        self._first: Worker | None = None
        try:
            self._asked = ask_interpreter(self.commands, request.get("python"), environ, self.directory)
        except NoInterpreter as problem:
            self._asked = problem
        else:
            self._first = self._asked.worker

    @property
    def place(self) -> tuple[str, dict[str, str]]:
        """The (directory, environment) of the main command, as far as they are known by now."""
        main = self.commands[0] if self.commands else self
        return main.directory, main.environ

    def _parse(self, request: Request) -> list[StartCommand]:
        texts = request.get("commands") or []
        self.words = list(request.get("entrypoint") or ())  # of another CMD, these are all that is known
        if texts:
            # A line of shell may define what it calls, or make it.
            self._is_plain = len(texts) == 1 and _SIGNS.isdisjoint(texts[0])
            return [item for text in texts for item in parse_text(text, self.environ, self.directory)]
        self.words += request.get("cmd") or ()
        return parse_arguments(self.words, self.environ, self.directory)

    def find_problem(self) -> StartProblemValues | None:
        """Why what the image names cannot be started at all, or what a line of shell starts."""
        from importguard.probe.start.executables import find_start_problem, missing_part

        problem = find_start_problem(self.words, self.environ, self.directory)
        return problem or (missing_part(self.commands[0], self._is_plain) if self.commands else None)

    def notes_on_start(self, problem: StartProblemValues | None) -> Iterator[str]:
        """Where it starts, if not in the image's WORKDIR, and which programs of the start commands are not in
        the image, but for that of ``problem``."""
        if self.directory_note:
            yield printable_path(self.directory_note)
        known = problem["program"] if problem else None
        for command in self.commands:
            programs = [] if command.secondary else [command.missing_program, *command.missing_wrappers]
            for name in programs:
                if name and printable_path(name) != known:
                    yield (
                        "%s of the start command was not found: the container would not start"
                        % printable_path(name)
                    )

    def find_interpreter(self) -> Interpreter:
        """The Python that runs the application, once it has started. Raises NoInterpreter."""
        if isinstance(self._asked, NoInterpreter):
            raise self._asked
        return self._asked.wait_for_interpreter()

    def start_worker(self, interpreter: list[str], place: tuple[str, dict[str, str]]) -> Worker:
        """Start ``interpreter`` in ``place``, or give the one that was asked if it was started so."""
        asked, self._first = self._first, None
        if asked is not None:
            if (asked.interpreter, asked.place, asked.status) == (interpreter, place, None):
                return asked
            asked.end_unasked()
        return Worker(interpreter, place)

    def end_asked_worker(self) -> None:
        """End the one that was asked, where it was not needed."""
        if self._first is not None:
            self._first.end_unasked()
            self._first = None
