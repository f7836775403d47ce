"""Gather what an image is judged with: its source tree, and what the history has of missing modules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from importguard.checks import run_checks
from importguard.checks.listening import is_loopback, listener_elsewhere
from importguard.config import Config
from importguard.diagnosis.not_generated import proto_file_of
from importguard.evidence.inspection import Evidence
from importguard.failures.file_errors import DENIED, NO_FILE, path_of_error
from importguard.failures.logged import ending_failure
from importguard.failures.root_cause import exception_chain
from importguard.model import Finding, RuleFamily
from importguard.rules.imports import MISSING_MODULE, MISSING_NAME
from importguard.source.data_files import with_data_files
from importguard.source.environment_examples import with_environment_examples
from importguard.source.git import with_history
from importguard.source.locating.source_choice import choose_source
from importguard.source.model import Source
from importguard.source.packaging_lines import with_packaging
from importguard.source.project_scripts import with_project_scripts
from importguard.source.serving_lines import with_serving_lines

_MOST_MODULES = 100


@dataclass(frozen=True)
class Material:
    """The source that an image is compared with, None without one; ``note`` says why it is this one."""

    source: Optional[Source]
    note: str


def gather_material(config: Config, evidence: Evidence) -> Material:
    """Read the source of the image, and ask git for the modules that it lacks.

    Raises UsageError for a source that is named and not there.
    """
    chosen = choose_source(config, evidence)
    if chosen.source is None:
        return Material(None, chosen.note)
    missing = _missing_names(evidence)
    wanted = [*_refused_files(evidence), *filter(None, map(proto_file_of, missing))]
    source = with_packaging(with_data_files(chosen.source, wanted))
    source = with_environment_examples(source, config.env)
    listener = listener_elsewhere(evidence.start) if evidence.start else None
    if evidence.start and listener:
        words = evidence.start.command.replace("'", " ").split()
        source = with_serving_lines(source, listener[1], words, is_loopback(listener[0]))
    if evidence.problem is not None:
        source = with_project_scripts(source)
    return Material(with_history(source, missing), chosen.note)


def _refused_files(evidence: Evidence) -> list[str]:
    """The paths that modules could not open when they were imported, that a service's log names, and that of
    the container's program."""
    failures = [item.failure for item in (*evidence.modules, evidence.preparation) if item and item.failure]
    logged = ending_failure(evidence.start, evidence) if evidence.start else None
    failures += [logged] if logged else []
    messages = [cause.message for failure in failures for cause in exception_chain(failure)]
    program = [evidence.problem.path] if evidence.problem and evidence.problem.path else []
    errors = (NO_FILE, DENIED)
    return program + [
        path for message in messages for number in errors if (path := path_of_error(message, number))
    ]


def _missing_names(evidence: Evidence) -> list[str]:
    """The modules and names that the image lacks; the first hundred, since each is a question to git."""
    findings = run_checks(evidence)
    missing = [finding.missing for finding in findings if finding.missing and _is_of_source(finding)]
    return missing[:_MOST_MODULES]


def _is_of_source(finding: Finding) -> bool:
    """Whether what is missing may have been in the source: a module or a name, also by a service's log."""
    return finding.rule in (MISSING_MODULE, MISSING_NAME) or finding.rule.family is RuleFamily.START
