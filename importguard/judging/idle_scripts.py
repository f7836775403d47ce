"""What fails only in scripts that nothing imports is a warning: it stops no service. Pure functions."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Optional

from importguard.evidence.inspection import Evidence
from importguard.evidence.surroundings import Script
from importguard.judging.softening import Softening, is_needed_by_no_start
from importguard.judging.startup_impact import is_of_environment
from importguard.model import Finding, RuleFamily, Severity
from importguard.rules.imports import IMPORT_EXITS, IMPORT_RAISES, MISSING_MODULE
from importguard.source.model import Source

_RUN_FILE = re.compile(r"\bpython[\d.]*\s+(?:-\w+\s+)*([\w./-]+\.py)\b")


def script_softenings(evidence: Evidence, source: Optional[Source] = None) -> tuple[Softening, ...]:
    """Soften what fails only in scripts that no start command imports.

    Those that lie aside (``scripts/``, ``tools/``, ``vendor/``), and those anywhere whose import ends the
    process, as ``parse_args()`` does: what comes before that has been imported then. What is but a piece of
    work, such as to generate code, may raise in another folder than its own. So are modules of a
    copied library (``_vendor``) that lack another library. Those that only lack their environment are notes,
    as a HEALTHCHECK's that asks the service at import. What a RUN line runs has done its work in the build.
    """
    scripts = _idle_scripts(evidence, source)
    return (
        Softening(
            lambda finding: _concerns_only(finding, scripts) and is_of_environment(finding),
            note="",
            severity=Severity.NOTE,
        ),
        Softening(
            lambda finding: _concerns_only(finding, scripts) and _stops_no_service(finding, scripts),
            "Only warned of, since no start command imports them: {modules}. Where production runs one, "
            "name its command: --command CMD.",
        ),
    )


def _idle_scripts(evidence: Evidence, source: Optional[Source]) -> dict[str, Script]:
    """The scripts that no start command reaches, by name."""
    scripts = {script.module: script for script in (evidence.clues.scripts if evidence.clues else ())}
    for name in _run_by_build(evidence, source):
        if name in scripts:
            scripts[name] = replace(scripts[name], aside=True, marked=True)
    started = {name for entry in evidence.entrypoints for name in (entry.module, *entry.reaches)}
    return {name: script for name, script in scripts.items() if script.marked and name not in started}


def _run_by_build(evidence: Evidence, source: Optional[Source]) -> Iterable[str]:
    """The modules whose file a RUN line of the Dockerfile runs: ``RUN python src/version.py``.

    Another file of the same name is none: the module's own path has to end so, too.
    """
    dockerfile = source.dockerfile if source else None
    if dockerfile is None:
        return
    texts = [instruction.text for instruction in dockerfile.instructions if instruction.keyword == "RUN"]
    files = {posixpath.normpath(file) for text in texts for file in _RUN_FILE.findall(text)}
    for module in evidence.modules:
        file = module.name.replace(".", "/") + ".py"
        ends = [f"/{run.lstrip('/')}" for run in files if f"/{run}".endswith(f"/{file}")]
        if module.path is not None and module.path.endswith(tuple(ends)):
            yield module.name


def _stops_no_service(finding: Finding, scripts: dict[str, Script]) -> bool:
    """Whether only a script's own work ends, or no service misses any of the scripts."""
    is_beside = all(_is_beside(scripts[name], finding) for name in finding.affected)
    is_ended = finding.rule is IMPORT_EXITS
    if finding.rule is IMPORT_RAISES:
        is_ended = all(scripts[name].works for name in finding.affected)
    return finding.rule.family is RuleFamily.IMPORTS and (is_ended or is_beside)


def _is_beside(script: Script, finding: Finding) -> bool:
    """Whether no service misses it: it lies aside, or a copied library lacks one that it can do without.

    A copy that lacks a part of itself was not copied whole.
    """
    top = (finding.missing or "").partition(".")[0]
    is_optional = finding.rule is MISSING_MODULE and top not in ("", *script.module.split(".")[:-1])
    return script.aside or (script.vendored and is_optional)


def _concerns_only(finding: Finding, scripts: dict[str, Script]) -> bool:
    """Whether only scripts fail by it, and it is known that no start needs them.

    Where no start command was understood, a script that is not understood may be what starts it.
    """
    return is_needed_by_no_start(finding) and scripts.keys() >= set(finding.affected)
