"""What a build would leave out → the report on the image that it would make. Pure functions."""

from __future__ import annotations

from importguard.model import Diagnosis, Finding, Location, Outcome, Severity
from importguard.report import BuildVerdict, ImageInfo, ImageReport, ModuleVerdict
from importguard.rules.imports import MISSING_MODULE
from importguard.source.context.omissions import ExaminedBuild, Omission, lines_to_change
from importguard.source.model import Source


def judge_build(examined: ExaminedBuild) -> ImageReport:
    """Report the modules that the build leaves out as ``check`` would: each is missing for who imports it.

    So a rule's severity, an ignore and a baseline mean the same before and after the build.
    """
    build, source = examined.build, examined.source
    findings = tuple(
        _finding(omission, source) for omission in build.omissions if omission.severity is not None
    )
    failing = {name: finding.rule.id for finding in findings for name in finding.affected}
    names = [examined.context, f"({examined.dockerfile_path})" if examined.dockerfile_path else ""]
    return ImageReport(
        image=ImageInfo(" ".join(filter(None, names)), "", ""),
        interpreter=None,
        import_path=(),
        entrypoints=(),
        complete=True,
        error=None,
        modules=tuple(ModuleVerdict(name, None, Outcome.FAILED, rule, 0.0) for name, rule in failing.items()),
        findings=findings,
        seconds=examined.seconds,
        notes=build.notes,
        build=BuildVerdict(build.files, build.going_in),
    )


def _finding(omission: Omission, source: Source) -> Finding:
    """The first import is where it is shown; an import inside a function makes no module fail."""
    assert omission.severity is not None
    first = omission.imports[0]
    immediate = [one for one in omission.imports if one.is_immediate]
    importers = dict.fromkeys(one.importer for one in immediate if one.importer)
    return Finding(
        rule=MISSING_MODULE,
        severity=Severity(omission.severity),
        module=first.importer or omission.module,
        message=f"No module named '{omission.module}'",
        missing=omission.module,
        location=Location(first.path, first.line),
        affected=tuple(importers),
        reached=bool(immediate),
        late=not immediate,
        breaks_startup=True if any(one.scope == "start" for one in immediate) else None,
        diagnosis=_diagnosis(omission, source),
    )


def _diagnosis(omission: Omission, source: Source) -> Diagnosis:
    out, place = omission.left_out, omission.left_out.place
    if out.install is not None and place is not None:
        why = (
            f"{out.install.path}:{out.install.line} installs the project as an editable one before line "
            f"{place.line} copies it, and maps what lies there then: its console script does not find it"
        )
    elif out.renaming is not None:
        why = out.renaming.explanation(omission.module, out.destination)
    elif out.cause == "ignored" and place is not None:
        why = f"'{place.text}' at {place.path}:{place.line} keeps it out of the build context"
    else:
        why = "no COPY brings it into the final stage"
    return Diagnosis(
        cause=out.cause,
        explanation=f"The source has {out.path}, and {why}.",
        remedy=lines_to_change(omission, source),
        location=Location(place.path, place.line) if place else None,
        confidence="certain",
        quote=place.text if place else None,
        change="\n".join(out.ignored.lines_to_add) if out.ignored else omission.copy,
    )
