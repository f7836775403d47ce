"""Choose the Dockerfile, stage and build context that an image was built by."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Callable, Optional

from importguard.evidence.inspection import ImageFacts
from importguard.source.dockerfile.placement import place_files
from importguard.source.dockerfile_model import BaseImage, Dockerfile
from importguard.source.locating.contexts import ContextFiles, possible_contexts, sources_found
from importguard.source.locating.history import (
    Step,
    arguments_of,
    dockerfile_steps,
    history_agreement,
    history_steps,
)
from importguard.source.locating.mapping import TreeMatch
from importguard.source.locating.model import BuildChoice, RepositoryFiles

_COMPARED_FILES = 8  # of the best choices it is looked where their COPY lines put files
_MARGIN = 0.4
Reader = Callable[[str, Sequence[str], Optional[BaseImage]], Optional[Dockerfile]]
_CONFIGURED = ("CMD", "ENTRYPOINT", "WORKDIR", "USER", "VOLUME")


@dataclass(frozen=True)
class Choices:
    """The choices, the likeliest first, at most one for a Dockerfile."""

    ranked: tuple[BuildChoice, ...]

    @property
    def likeliest_build(self) -> Optional[BuildChoice]:
        """The likeliest one, where the image speaks for it."""
        return self.ranked[0] if self.ranked and self.ranked[0].is_convincing else None

    @property
    def rival_builds(self) -> tuple[BuildChoice, ...]:
        """Those that are about as likely as the best."""
        if not self.ranked:
            return ()
        least = self.ranked[0].likelihood_score - _MARGIN
        return tuple(one for one in self.ranked[1:] if one.likelihood_score > least and one.is_convincing)


def rank_builds(
    repository: RepositoryFiles,
    facts: ImageFacts,
    match: TreeMatch,
    read: Reader,
    dockerfiles: Optional[Mapping[str, Dockerfile]] = None,
) -> Choices:
    """Compare the Dockerfiles of a repository with an image, or ``dockerfiles`` alone where given.

    ``read`` reads a Dockerfile again with the build arguments that the image's history shows.
    """
    history = history_steps(facts.history)
    paths = ContextFiles({*repository.others, *repository.python})
    asked = repository.dockerfiles if dockerfiles is None else dockerfiles
    found = [
        choice
        for path, dockerfile in asked.items()
        for choice in _of_dockerfile(path, dockerfile, repository, history, facts, paths)
    ]
    found.sort(key=_order)
    compared = [
        replace(one, files=_placed(_built(asked, one, read), one, repository, match))
        for one in found[:_COMPARED_FILES]
    ]
    best: dict[str, BuildChoice] = {}
    for one in sorted([*compared, *found[_COMPARED_FILES:]], key=_order):
        best.setdefault(one.dockerfile, one)
    return Choices(tuple(best.values()))


def _built(
    dockerfiles: Mapping[str, Dockerfile],
    choice: BuildChoice,
    read: Reader,
) -> Dockerfile:
    """The Dockerfile with the choice's build arguments, and what is known of its base."""
    if not choice.build_args and choice.base is None:
        return dockerfiles[choice.dockerfile]
    again = read(choice.dockerfile, choice.build_args, choice.base)
    return again or dockerfiles[choice.dockerfile]


def _base_image(
    dockerfile: Dockerfile, stage: int, arguments: tuple[str, ...], facts: ImageFacts
) -> Optional[BaseImage]:
    """The WORKDIR (where no line sets another) and variables that the base of a stage has by the image."""
    lineage = dockerfile.lineage(stage)
    root = dockerfile.stages[lineage[-1]]
    own = dockerfile.stages[stage].workdir_line is not None
    base = BaseImage(root.base, root.workdir if own else facts.workdir, arguments)
    return base if arguments or base.workdir != root.workdir else None


def _order(choice: BuildChoice) -> tuple[float, int, int, str]:
    return -round(choice.likelihood_score, 6), choice.dockerfile.count("/"), -choice.stage, choice.dockerfile


def _of_dockerfile(
    path: str,
    dockerfile: Dockerfile,
    repository: RepositoryFiles,
    history: Sequence[Step],
    facts: ImageFacts,
    paths: ContextFiles,
) -> Iterator[BuildChoice]:
    """The stages of one Dockerfile with the contexts in which most of their COPY sources exist."""
    builds = [build for build in repository.builds if build.dockerfile == path]
    for stage in range(len(dockerfile.stages)):
        if stage != dockerfile.final and not history:
            continue
        steps = dockerfile_steps(dockerfile, stage)
        said = history_agreement(steps, history) if history else None
        arguments = arguments_of(steps, history)
        base = _base_image(dockerfile, stage, arguments, facts)
        configured = _configured(steps, facts)
        contexts = possible_contexts(path, builds)
        parts = {context: sources_found(dockerfile, stage, context, paths) for context in contexts}
        most = max(parts.values())
        for context in contexts:
            if parts[context] == most:
                named = next((build.place for build in builds if build.context == context), None)
                usual = posixpath.basename(path) == path == "Dockerfile" and stage == dockerfile.final
                is_usual = usual and context == ""
                yield BuildChoice(
                    path, stage, context, said, configured, None, most, named, is_usual, arguments, base
                )


def _configured(steps: Sequence[Step], facts: ImageFacts) -> float:
    """The part of what a stage sets that the image has set: of the command and so on the last one counts."""
    last = {step.keyword: step for step in steps if step.keyword in _CONFIGURED}
    names = {
        pair.partition("=")[0]
        for step in steps
        if step.keyword == "ENV"
        for pair in step.text.split()
        if "=" in pair
    }
    there = {step.keyword: step for step in history_steps(configuration_entries(facts))}
    total = len(last) + len(names)
    if not total:
        return 0.0
    agreeing = sum(1 for key, step in last.items() if key in there and step.agrees_with_step(there[key]))
    return (agreeing + len(names & set(facts.environment))) / total


def configuration_entries(facts: ImageFacts) -> list[str]:
    """The entries of the image's configuration, written as a history would have them."""
    quoted = {"CMD": facts.cmd, "ENTRYPOINT": facts.entrypoint, "VOLUME": facts.volumes}
    lists = [f"{key} [{' '.join(words)}]" for key, words in quoted.items() if words]
    plain = {"WORKDIR": facts.workdir, "USER": facts.user}
    return lists + [f"{key} {value}" for key, value in plain.items() if value]


def _placed(
    dockerfile: Dockerfile, choice: BuildChoice, repository: RepositoryFiles, match: TreeMatch
) -> Optional[float]:
    """The part of the application's files that the COPY lines put where the image has them."""
    if not match.origins:
        return None
    start = f"{choice.context}/" if choice.context else ""
    files = [path[len(start) :] for path in repository.python if path.startswith(start)]
    chosen = replace(dockerfile, final=choice.stage)
    placed = {
        file.destination: start + file.path
        for file in place_files(chosen, files)
        if file.stage == choice.stage
    }
    agreeing = sum(1 for there, paths in match.candidates.items() if placed.get(there) in paths)
    return agreeing / len(match.candidates)
