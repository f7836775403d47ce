"""Modules whose verdict may be another's doing are asked again, each in a container of its own.

All modules of a check share one file system and the few privileges that a check grants. So a lock file that
one module made fails the next one, a folder that one made lets another pass, and a start script that drops
root's privileges is refused. What a module does in a container of its own, as production would start it,
counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Optional

from importguard.evidence.imports import EntryPoint, ModuleImport
from importguard.evidence.inspection import Evidence
from importguard.model import Outcome

MOST_QUESTIONS = 8
"""Containers that are started at most for failures, each about a second. As many are for left files."""

_SETTLED = frozenset({Outcome.IMPORTED, Outcome.FAILED, Outcome.EXITED, Outcome.CRASHED})
_REFUSED = frozenset({"PermissionError"})
_OF_FILES = frozenset({"FileExistsError", "FileNotFoundError", "OSError", "BlockingIOError"})

Ask = Callable[[Sequence[str], bool], Optional[Evidence]]
"""Imports the named modules in a container of its own, with Docker's usual privileges where that is True."""


@dataclass(frozen=True)
class Question:
    """``dependents`` failed by the failure of ``module``: they are asked where it passes."""

    module: str
    privileged: bool = False
    dependents: tuple[str, ...] = ()


def judge_apart(evidence: Evidence, gives_privileges: bool, ask: Ask, jobs: int = 1) -> Evidence:
    """The evidence with the verdicts of those that were asked again, ``jobs`` of them side by side.

    ``gives_privileges``: the image's USER has some in such a container, as root.
    """
    if not evidence.complete:
        return evidence
    questions = [*_of_failures(evidence, gives_privileges), *_of_left_files(evidence)]
    for question, answer in zip(questions, _answers(questions, ask, jobs)):
        evidence, changed = corrected_by(answer, evidence, [question.module])
        passing = [module.name for module in changed if module.outcome == Outcome.IMPORTED]
        if question.module in passing and question.dependents:
            answer = ask(question.dependents, question.privileged)
            evidence, _ = corrected_by(answer, evidence, question.dependents)
    return evidence


def _answers(questions: Sequence[Question], ask: Ask, jobs: int) -> Iterator[Optional[Evidence]]:
    """The answers in the order of the questions. Where this is interrupted, no more are asked."""
    if jobs < 2 or len(questions) < 2:
        yield from (ask([question.module], question.privileged) for question in questions)
        return
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(jobs)
    try:
        yield from pool.map(lambda question: ask([question.module], question.privileged), questions)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _of_failures(evidence: Evidence, gives_privileges: bool) -> Sequence[Question]:
    """One question a module that fails by the file system or a privilege; start commands' modules first."""
    groups: dict[tuple[str, bool], list[str]] = {}
    for module in evidence.modules:
        if not module.selected or module.failure is None or module.failure.missing is not None:
            continue
        types = {cause.type for cause in module.failure.causes} | {module.failure.type}
        refused = not types.isdisjoint(_REFUSED)
        if (refused and gives_privileges) or (not refused and not types.isdisjoint(_OF_FILES)):
            groups.setdefault((module.culprit or module.name, refused), []).append(module.name)
    starts = {entry.module for entry in evidence.entrypoints}
    weighted = []
    for (culprit, refused), names in groups.items():
        first = culprit if culprit in names else names[0]
        rest = tuple(name for name in names if name != first)
        weight = (starts.isdisjoint(names), -len(names), first)
        weighted.append((weight, Question(first, refused, rest)))
    return [question for _, question in sorted(weighted, key=lambda pair: pair[0])][:MOST_QUESTIONS]


def _of_left_files(evidence: Evidence) -> Iterator[Question]:
    """Modules that name a file which an import left, and the start commands that load one of them.

    Where only one names it, that one made it.
    """
    readers = set(evidence.readers)
    if len(readers) < 2:
        return
    starts = [entry.module for entry in evidence.entrypoints if not readers.isdisjoint(entry.reaches)]
    names = [name for name in (*starts, *evidence.readers) if name]
    passed = {module.name for module in evidence.modules if module.outcome == Outcome.IMPORTED}
    for name in list(dict.fromkeys(name for name in names if name in passed))[:MOST_QUESTIONS]:
        yield Question(name)


def corrected_by(
    answer: Optional[Evidence],
    evidence: Evidence,
    names: Sequence[str],
    where: str = "in a container of its own",
) -> tuple[Evidence, list[ModuleImport]]:
    """The evidence with the answer's verdicts on ``names``, and those of them that are other than before."""
    if answer is None:
        return evidence, []
    told = {
        module.name: module
        for module in answer.modules
        if module.name in names and module.outcome in _SETTLED
    }
    changed = [told[module.name] for module in evidence.modules if _differs(module, told.get(module.name))]
    if not changed:
        return evidence, []
    new = {module.name: module for module in changed}
    entries = {entry.command: entry for entry in answer.entrypoints if entry.module in new}
    details = [f"{module.name}: {module.outcome} {where}" for module in changed]
    corrected = replace(
        evidence,
        modules=tuple(new.get(module.name, module) for module in evidence.modules),
        entrypoints=tuple(_entry(entry, entries) for entry in evidence.entrypoints),
        details=(*evidence.details, *details),
    )
    return corrected, changed


def _differs(old: ModuleImport, new: Optional[ModuleImport]) -> bool:
    if new is None or not old.selected:
        return False
    return old.outcome != new.outcome or _words(old) != _words(new)


def _words(module: ModuleImport) -> Optional[tuple[str, str]]:
    return (module.failure.type, module.failure.message) if module.failure else None


def _entry(entry: EntryPoint, answers: dict[str, EntryPoint]) -> EntryPoint:
    answer = answers.get(entry.command)
    return answer if answer is not None and answer.target == entry.target else entry
