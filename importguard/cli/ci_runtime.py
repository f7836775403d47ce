"""The pipelines that importguard knows to run in, by the variables that they set, and what each can show."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import NamedTuple, Optional

from importguard.terminal import without_pipeline_commands

_BRACKET = r"(?i)(##(?:vso)?)\["


class CiRuntime(NamedTuple):
    """A CI system that runs this process, and what it does with the log and with files.

    ``annotates``: it shows GitHub's workflow commands as annotations. ``obeys``: it takes lines of the log
    for commands. ``summary`` is the file that it shows, if any.
    """

    annotates: bool = False
    obeys: bool = False
    summary: Optional[str] = None


def detect_ci_runtime(environ: Mapping[str, str]) -> Optional[CiRuntime]:
    """Detect the CI system that runs this process; None outside of any.

    GitHub: https://docs.github.com/actions/reference/variables-reference. Cloud Build keeps what a step
    writes to $BUILDER_OUTPUT/output with the build, ``buildStepOutputs`` in
    https://cloud.google.com/build/docs/api/reference/rest/v1/projects.builds. Azure Pipelines sets TF_BUILD:
    https://learn.microsoft.com/azure/devops/pipelines/build/variables. Others set CI.
    """
    if environ.get("GITHUB_ACTIONS") == "true":
        return CiRuntime(annotates=True, obeys=True, summary=environ.get("GITHUB_STEP_SUMMARY") or None)
    if environ.get("BUILDER_OUTPUT"):
        return CiRuntime(summary=os.path.join(environ["BUILDER_OUTPUT"], "output"))
    if environ.get("TF_BUILD"):
        return CiRuntime(obeys=True)
    return CiRuntime() if environ.get("CI") else None


def neutralise_workflow_commands(shown: str, format_: str) -> str:
    """The report with nothing that a pipeline takes for a command; a parser reads the same as before."""
    if format_ in ("json", "sarif", "gitlab"):
        return re.sub(_BRACKET, r"\1\\u005b", shown)
    if format_ == "junit":
        return re.sub(r"(?m)^(\s*):(?=:)", r"\1&#58;", re.sub(_BRACKET, r"\1&#91;", shown))
    return shown if format_ == "github" else without_pipeline_commands(shown)
