"""Diagnosis: one pure function a cause, tried in a fixed order, the most specific first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Callable, Optional

from importguard.diagnosis.circles import one_a_circle
from importguard.diagnosis.code_mistakes import circular_import, missing_name, not_a_package, shadowed_module
from importguard.diagnosis.data_files import missing_data_file
from importguard.diagnosis.editable_installs import editable_left_behind
from importguard.diagnosis.environment_files import with_environment_file
from importguard.diagnosis.files_elsewhere import (
    contents_copied_early,
    copied_after_install,
    copied_elsewhere,
)
from importguard.diagnosis.files_left_out import ignored_file, not_committed, not_copied, stale_image
from importguard.diagnosis.folder_of_a_name import distribution_behind_folder
from importguard.diagnosis.interpreter import (
    stdlib_name_removed,
    stdlib_not_built,
    stdlib_removed,
    wrong_interpreter,
)
from importguard.diagnosis.libraries import abi_mismatch, foreign_symbols, missing_shared_library
from importguard.diagnosis.missing_folder import missing_database_folder, missing_folder
from importguard.diagnosis.mounted_code import with_mounted_code
from importguard.diagnosis.names_in_source import case_mismatch, not_in_source, removed_or_renamed
from importguard.diagnosis.newer import newer_behaviour, newer_library, newer_syntax
from importguard.diagnosis.not_declared import not_declared
from importguard.diagnosis.not_generated import not_generated
from importguard.diagnosis.not_installed import NOT_INSTALLED
from importguard.diagnosis.not_packaged import module_not_packaged
from importguard.diagnosis.permissions import forbidden_path, read_only_path
from importguard.diagnosis.project_programs import program_of_project
from importguard.diagnosis.situation import NO_CLUES, Situation
from importguard.diagnosis.source_index import SourceIndex
from importguard.diagnosis.start_program import program_left_behind, program_outside_path, unusable_program
from importguard.diagnosis.start_target import missing_instance
from importguard.diagnosis.told_to_install import lacks_what_it_is_named_for, told_to_install
from importguard.diagnosis.unknown import unknown_cause
from importguard.diagnosis.unusable_files import broken_file, unreadable_file
from importguard.diagnosis.versions import (
    library_for_another_version,
    module_of_another_version,
    version_conflict,
)
from importguard.evidence.inspection import Evidence
from importguard.failures.application import application_code
from importguard.model import Diagnosis, Finding
from importguard.source.model import Source

CAUSES: tuple[Callable[[Situation], Optional[Diagnosis]], ...] = (
    # What is seen in the image itself proves more than what a file of the source says.
    unreadable_file,
    forbidden_path,
    read_only_path,
    abi_mismatch,
    missing_shared_library,
    distribution_behind_folder,
    # An empty file may be one that hides another, which says more.
    shadowed_module,
    broken_file,
    foreign_symbols,
    newer_syntax,
    newer_behaviour,
    not_a_package,
    circular_import,
    unusable_program,
    # What is missing is a file of the source: from the disk towards the image.
    missing_data_file,
    missing_folder,
    missing_database_folder,
    program_outside_path,
    program_of_project,
    program_left_behind,
    ignored_file,
    module_not_packaged,
    contents_copied_early,
    editable_left_behind,
    not_copied,
    copied_after_install,
    copied_elsewhere,
    not_committed,
    stale_image,
    # It is not, under this name.
    case_mismatch,
    not_generated,
    removed_or_renamed,
    # It is not the source's: the interpreter's, or a distribution's.
    stdlib_name_removed,
    stdlib_removed,
    newer_library,
    wrong_interpreter,
    stdlib_not_built,
    *NOT_INSTALLED,
    version_conflict,
    module_of_another_version,
    library_for_another_version,
    missing_instance,
    missing_name,
    not_in_source,
    not_declared,
    told_to_install,
    lacks_what_it_is_named_for,
    unknown_cause,
)


def diagnose_findings(
    findings: Sequence[Finding], evidence: Evidence, source: Optional[Source], built: bool = False
) -> list[Finding]:
    """The findings with their causes, one a cause; one that has a cause already keeps it.

    ``source`` is None where there is none to look at. ``built`` says that the image was just built from it,
    so that it can't be an old one.
    """
    clues = evidence.clues or NO_CLUES
    code = application_code(evidence)
    index = SourceIndex(source, evidence, clues) if source is not None else None
    cases = [Situation(finding, evidence, clues, code, index, built) for finding in findings]
    return one_a_circle([_diagnosed(case) for case in cases], cases)


def _diagnosed(case: Situation) -> Finding:
    cause = case.finding.diagnosis or first_proven_cause(case)
    if cause is not None:
        cause = with_mounted_code(with_environment_file(cause, case.source), case)
    return replace(case.finding, diagnosis=cause)


def first_proven_cause(case: Situation) -> Optional[Diagnosis]:
    """The first cause that the evidence proves."""
    return next((found for find in CAUSES if (found := find(case)) is not None), None)
