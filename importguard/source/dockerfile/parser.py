"""A Dockerfile as a value: its stages as they end, its COPY lines, its installs, each with its line.

Source: the Dockerfile reference. Nothing is run: what a RUN does to files is not known here.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Optional

from importguard.source.dockerfile.installs import Surroundings, read_installs
from importguard.source.dockerfile.lines import Line, read_lines
from importguard.source.dockerfile.shell_lines import shell_commands
from importguard.source.dockerfile.variables import Words, split_words
from importguard.source.dockerfile_model import BaseImage, Copy, Dockerfile, Install, Instruction, Stage

# What the builder sets itself (Dockerfile reference, "Automatic platform ARGs"): not known here.
_PLATFORM = tuple(
    f"{side}{part}" for side in ("TARGET", "BUILD") for part in ("PLATFORM", "OS", "ARCH", "VARIANT")
)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://|git@")
_ARCHIVE = re.compile(r"\.(tar|tgz|tbz2?|txz|tar\.\w+)$")


# AWS's base images for Lambda: https://docs.aws.amazon.com/lambda/latest/dg/python-image.html
_LAMBDA = re.compile(r"(^|/)(lambda/python|aws-lambda-python|lambda-python)\b")
_LAMBDA_ENV = ("LAMBDA_TASK_ROOT=/var/task", "LAMBDA_RUNTIME_DIR=/var/runtime")


def _known_base(name: str) -> BaseImage:
    if _LAMBDA.search(name):
        return BaseImage(name, "/var/task", _LAMBDA_ENV)
    return BaseImage(name)


class DockerfileError(ValueError):
    """The text is no Dockerfile that could be built; the message says why."""


@dataclass
class _State:
    """A stage as far as it is read. ``variables`` are what its ENV and ARG lines and those of the stages that
    it is FROM have set, the last line of a name first; None where a value can't be told.
    """

    stage: Stage
    variables: dict[str, Optional[str]] = field(default_factory=dict)


def parse_dockerfile(
    text: str,
    path: str,
    target: Optional[str] = None,
    build_args: Sequence[str] = (),
    base: Optional[BaseImage] = None,
) -> Dockerfile:
    """Read ``text``; ``path`` is what the value is to say, ``base`` what is known of a base image.

    Raises DockerfileError for one without a stage.
    """
    lines, escape = read_lines(text)
    given = dict(arg.partition("=")[::2] for arg in build_args if "=" in arg)
    reading = _Reading(escape, given, base)
    for line in lines:
        reading.read_instructions(line)
    if not reading.states:
        raise DockerfileError(f"{path} has no FROM")
    return Dockerfile(
        path,
        tuple(state.stage for state in reading.states),
        reading.stage_index(target, path),
        tuple(reading.instructions),
        tuple(reading.copies),
        tuple(reading.installs),
    )


class _Reading:
    """The instructions one after the other."""

    def __init__(self, escape: str, given: Mapping[str, str], base: Optional[BaseImage] = None) -> None:
        self.escape = escape
        self.given = given
        self.base = base
        self.states: list[_State] = []
        self.instructions: list[Instruction] = []
        self.copies: list[Copy] = []
        self.installs: list[Install] = []
        self.before: dict[str, Optional[str]] = dict.fromkeys(_PLATFORM)

    def read_instructions(self, line: Line) -> None:
        if line.keyword == "FROM":
            self._from(line)
        stage = len(self.states) - 1
        heredoc = "\n".join(heredoc.text for heredoc in line.heredocs)
        commands = shell_commands(line) if line.keyword == "RUN" else ()
        texts = tuple(command.one_line_text for command in commands)
        self.instructions.append(Instruction(line.keyword, line.text, line.line, stage, heredoc, texts))
        if line.keyword == "ARG":
            self._arg(line)
        elif self.states:
            reader = _READERS.get(line.keyword)
            if reader is not None:
                reader(self, line, self.states[-1])

    def stage_index(self, target: Optional[str], path: str) -> int:
        """The stage that ``--target`` names, the last one without it."""
        if target is None:
            return len(self.states) - 1
        found = self._stage(target)
        if found is None:
            raise DockerfileError(f"{path} has no stage {target}")
        return found

    def _stage(self, name: str) -> Optional[int]:
        for state in reversed(self.states):
            if state.stage.name is not None and state.stage.name.lower() == name.lower():
                return state.stage.index
        return int(name) if name.isdecimal() and int(name) < len(self.states) else None

    def _from(self, line: Line) -> None:
        words = split_words(line.value, self.escape)
        base = Words(self.before, self.escape).expand_word(words[0]) if words else ""
        name = words[2] if len(words) > 2 and words[1].lower() == "as" else None
        parent = None if base.isdecimal() else self._stage(base)
        stage = Stage(len(self.states), name, base, parent, line.line)
        if parent is not None:
            origin = self.states[parent]
            # With its ARG, too: https://docs.docker.com/build/building/variables/#scoping
            state = _State(_inheriting_stage(stage, origin.stage), dict(origin.variables))
        else:
            known = self.base if self.base and self.base.name == base else _known_base(base)
            # As what stands outside of the Dockerfile: no line of it sets them.
            variables = {name: value for name, _, value in (item.partition("=") for item in known.env)}
            stage = replace(stage, workdir=known.workdir, base_workdir=known.workdir)
            state = _State(stage, dict(variables))
        self.states.append(state)

    def _arg(self, line: Line) -> None:
        values = self.states[-1].variables if self.states else self.before
        for word in split_words(line.value, self.escape):
            name, equals, default = word.partition("=")
            if name in self.given:
                values[name] = self.given[name]
            elif equals:
                words = Words(values, self.escape)
                value = words.expand_word(default)
                values[name] = None if words.unknown else value
            elif name in self.before:
                values[name] = self.before[name]
            else:
                values.setdefault(name, "")  # what an earlier line has set stays

    def _env(self, line: Line, state: _State) -> None:
        pairs = split_words(line.value, self.escape)
        if pairs and "=" not in pairs[0]:  # the old form: ENV name value with spaces
            name, _, value = line.value.partition(" ")
            pairs = [f"{name}={value.strip()}"]
        values, env, lines = dict(state.variables), dict(state.stage.env), dict(state.stage.env_lines)
        for pair in pairs:
            name, _, written = pair.partition("=")
            words = Words(values, self.escape)
            env[name], lines[name] = words.expand_word(written), line.line
            state.variables[name] = None if words.unknown else env[name]
        state.stage = replace(state.stage, env=env, env_lines=lines)

    def _workdir(self, line: Line, state: _State) -> None:
        written = Words(state.variables, self.escape).expand_word(line.value)
        joined = posixpath.normpath(posixpath.join(state.stage.workdir, written))
        workdir = "/" + joined.lstrip("/")
        state.stage = replace(state.stage, workdir=workdir, workdir_line=line.line)

    def _user(self, line: Line, state: _State) -> None:
        user = Words(state.variables, self.escape).expand_word(line.value)
        state.stage = replace(state.stage, user=user, user_line=line.line)

    def _copy(self, line: Line, state: _State) -> None:
        words = line.json_words() or split_words(line.value, self.escape)
        expander = Words(state.variables, self.escape)
        paths = [expander.expand_word(word) for word in words]
        if len(paths) < 2:
            return
        origin = line.flag_value("from")
        # "--from=0" and a name; what is no stage is an image or a named context.
        stage = self._stage(origin) if origin else None
        unread = line.heredocs or any(_URL.match(path) for path in paths[:-1])
        packed = line.keyword == "ADD" and any(_ARCHIVE.search(path) for path in paths[:-1])
        self.copies.append(
            Copy(
                line.line,
                state.stage.index,
                line.text,
                tuple(paths[:-1]),
                _destination(paths[-1], state.stage.workdir, many=len(paths) > 2),
                stage if stage != state.stage.index else None,
                origin if origin and (stage is None or stage == state.stage.index) else None,
                resolved=not (expander.unknown or unread or packed),
                excludes=tuple(line.flag_values("exclude")),
                parents=line.flag_value("parents") in ("", "true"),
                link=line.flag_value("link") in ("", "true"),
            )
        )

    def _run(self, line: Line, state: _State) -> None:
        surroundings = Surroundings(
            state.stage.index, state.stage.workdir, dict(state.stage.env), dict(state.variables)
        )
        self.installs.extend(read_installs(line, surroundings))


def _inheriting_stage(stage: Stage, origin: Stage) -> Stage:
    """A stage as it begins that is FROM another one."""
    begun = replace(origin, index=stage.index, name=stage.name, base=stage.base, parent=stage.parent)
    return replace(begun, line=stage.line, base_workdir=origin.workdir)


def _destination(path: str, workdir: str, many: bool) -> str:
    """Absolute; with a slash at the end where it says itself that it is a folder."""
    folder = many or path.endswith(("/", "/.")) or path in ("", ".")
    joined = posixpath.normpath(posixpath.join(workdir, path))
    joined = joined[1:] if joined.startswith("//") else joined
    return joined + "/" if folder and joined != "/" else joined


_READERS = {
    "ENV": _Reading._env,
    "WORKDIR": _Reading._workdir,
    "USER": _Reading._user,
    "COPY": _Reading._copy,
    "ADD": _Reading._copy,
    "RUN": _Reading._run,
}
