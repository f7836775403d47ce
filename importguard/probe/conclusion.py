"""What is told when all verdicts are known: the entry points, and where else imports would fail."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Optional

    from importguard.probe.select.scene import Scene
    from importguard.probe.values import Discovered, FailureValues, Request

# Of a discovery, what stays in the image: it has values of variables, or is told later.
PRIVATE = ("setup", "environ", "entrypoints", "start")


def entrypoint_events(
    found: Discovered,
    outcomes: Mapping[str, str],
    loaded: Mapping[str, list[str]],
    lost: Mapping[str, list[str]],
) -> Iterator[dict[str, Any]]:
    """What became of each entry point that discovery ``found``, and which modules it reaches.

    ``loaded`` are the modules that importing an entry point's module loads, ``lost`` the attributes that it
    was to have and has not.
    """
    for entry in found["entrypoints"]:
        module = entry["module"] or ""
        outcome = outcomes.get(module)
        if outcome == "imported":
            outcome = "missing_attribute" if entry["attribute"] in lost.get(module, ()) else "ok"
        reaches = set(loaded.get(module, ())) & set(outcomes)
        if module in outcomes and outcome not in ("ok", "missing_attribute"):
            from importguard.probe.code.sites import static_reach

            reaches |= static_reach(module, dict(found["modules"]))  # what it did not get to
        told = {key: value for key, value in entry.items() if key not in PRIVATE}
        yield dict(told, outcome=outcome, reaches=sorted(reaches))


def has_trouble(
    found: Discovered, failures: Sequence[object], lost: Mapping[str, list[str]], unreached: Sequence[str]
) -> bool:
    """Whether anything failed, an entry point lacks an attribute, an import was not reached, or what the
    image names cannot be started."""
    return bool(failures or unreached or any(lost.values()) or found["problem"])


def clues_of_failures(
    found: Discovered,
    scene: Scene,
    request: Request,
    seconds: float,
    failures: Sequence[Optional[FailureValues]],
    lost: dict[str, list[str]],
    unreached: Sequence[str],
) -> Iterator[tuple[str, Any]]:
    """What lies around failures, as (kind, values); of a sound image what a source is compared with, if any.

    Where nothing failed, a library that an extension module needs may be missing all the same.
    """
    failed = has_trouble(found, failures, lost, unreached)
    if not failed and scene.has_extensions():
        from importguard.probe.surroundings.unloaded import lacks_libraries

        failed = lacks_libraries(scene, seconds)
    if not failed and not request["source"]:
        return
    from importguard.probe.surroundings.clues import gather_clues
    from importguard.probe.surroundings.questions import Questions

    # What is installed for other Pythons may have the program that is not in PATH.
    problem = found["problem"]
    program = problem["program"] if problem and problem["why"] == "absent" and not problem["path"] else ""
    questions = Questions.questions_of(failures, lost, [*unreached, program.replace("-", "_")])
    yield from gather_clues(scene, questions, failed, seconds, request["files"])


def notes_for_reader(only_read: Sequence[str], stumbled: Sequence[str]) -> Iterator[str]:
    """What whoever reads the report has to know of how the verdicts were found."""
    if only_read:
        text = (
            "{} in a large circle of imports pass by their import statements; trying each as the first of the"
        )
        text += " circle would take too long (--exact does): {}"
        more = ["and {} more".format(len(only_read) - 3)] if len(only_read) > 3 else []
        modules = "1 module" if len(only_read) == 1 else "{} modules".format(len(only_read))
        yield text.format(modules, ", ".join([*only_read[:3], *more]))
    if stumbled:
        text = "the probe failed {} times (a bug of importguard's): those modules were asked again; {}"
        yield text.format(len(stumbled), stumbled[0])
