"""Gather what an image is judged with: its source tree, and what the history has of missing modules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from importguard.checks import run_checks
from importguard.config import Config
from importguard.evidence.inspection import Evidence
from importguard.failures.file_errors import DENIED, NO_FILE, path_of_error
from importguard.failures.root_cause import exception_chain
from importguard.model import Finding, RuleFamily
from importguard.rules.imports import MISSING_MODULE, MISSING_NAME
from importguard.source.locating.source_choice import choose_source
from importguard.source.model import Source

if TYPE_CHECKING:
    from importguard.evidence.starts import ServiceStart

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
    return Material(_with_wanted_files(chosen.source, config, evidence), chosen.note)


def _with_wanted_files(source: Source, config: Config, evidence: Evidence) -> Source:
    """The source with what else is read of it for what the image lacks. Its code loads only for a source."""
    from importguard.diagnosis.not_generated import proto_file_of, written_modules_of
    from importguard.source.data_files import with_data_files
    from importguard.source.environment_examples import with_environment_examples
    from importguard.source.git import with_history
    from importguard.source.packaging_lines import with_packaging
    from importguard.source.project_scripts import with_project_scripts

    missing = _missing_names(evidence)
    written = [name for package in missing for name in written_modules_of(package, source.imported)]
    wanted = [*_refused_files(evidence), *filter(None, map(proto_file_of, [*missing, *written]))]
    source = with_packaging(with_data_files(source, wanted))
    source = with_environment_examples(source, config.env)
    if evidence.start is not None:
        source = _with_serving_lines(source, evidence.start)
    if evidence.problem is not None:
        source = with_project_scripts(source)
    return with_history(source, missing)


def _with_serving_lines(source: Source, start: ServiceStart) -> Source:
    """The source with the lines that fix where the service listens, if that is not where it should."""
    from importguard.checks.listening import is_loopback, listener_elsewhere
    from importguard.source.serving_lines import with_serving_lines

    listener = listener_elsewhere(start)
    if listener is None:
        return source
    address, port = listener
    words = start.command.replace("'", " ").split()
    return with_serving_lines(source, port, words, is_loopback(address))


def _refused_files(evidence: Evidence) -> list[str]:
    """The paths that modules could not open when they were imported, that a service's log names, and that of
    the container's program."""
    from importguard.failures.logged import ending_failure

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
