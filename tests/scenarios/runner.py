"""What GitHub's runner does with a composite action: its steps in order, with the variables that it sets.

https://docs.github.com/actions/reference/metadata-syntax-for-github-actions and, for ``shell: bash``,
https://docs.github.com/actions/reference/workflow-syntax-for-github-actions#jobsjob_idstepsshell.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from scenarios.support import environment

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
_EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")


@dataclass
class Job:
    """One job: its temporary folder, its cache, and what its last run of the action came to."""

    temp: Path
    cache: Path
    workspace: Path
    code: int = 0
    log: str = ""
    steps: dict[str, dict[str, str]] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)

    def run(self, *, only: str = "", **inputs: str) -> dict[str, str]:
        """Run the action (or its step ``only``) and give its outputs. Inputs are written with ``_``."""
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        assert set(given) <= set(ACTION["inputs"])
        values = {name: given.get(name, spec["default"]) for name, spec in ACTION["inputs"].items()}
        self.code, self.log, self.steps = 0, "", {}
        for step in ACTION["runs"]["steps"]:
            if "uses" in step:
                self._cache(step, values)
            elif not only or step.get("id") == only:
                self._shell(step, values)
            if self.code:
                break
        return {name: self._value(spec["value"], values) for name, spec in ACTION["outputs"].items()}

    @property
    def summary(self) -> str:
        """What the job's summary has got."""
        return (self.temp / "summary.md").read_text("utf-8")

    def _value(self, text: str, inputs: Mapping[str, str]) -> str:
        return _EXPRESSION.sub(lambda match: self._lookup(match.group(1).split("."), inputs), text)

    def _lookup(self, names: list[str], inputs: Mapping[str, str]) -> str:
        if names[0] == "inputs":
            return inputs[names[1]]
        if names[0] == "steps":
            return self.steps.get(names[1], {}).get(names[3], "")
        return {"server_url": f"file://{self.temp}", "action_repository": "owner/importguard"}[names[1]]

    def _shell(self, step: Mapping[str, Any], inputs: Mapping[str, str]) -> None:
        assert step["shell"] == "bash"
        output, script = self.temp / "output", self.temp / "script.sh"
        output.write_text("")
        script.write_text(step["run"])
        runner = {
            "GITHUB_ACTIONS": "true",
            "CI": "true",
            "RUNNER_OS": "Linux",
            "RUNNER_ARCH": "X64",
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(self.temp / "summary.md"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        variables = {name: self._value(value, inputs) for name, value in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.workspace,
            env={**environment(runner), **variables, **self.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=300,
            check=False,
        )
        self.code = done.returncode
        self.log += done.stdout.decode()
        pairs = [line.split("=", 1) for line in output.read_text().splitlines()]
        self.steps[step.get("id", "")] = dict(pairs)

    def _cache(self, step: Mapping[str, Any], inputs: Mapping[str, str]) -> None:
        """``actions/cache``, which at the end of the job keeps what it did not find; here ``keep`` does."""
        assert step["uses"].startswith("actions/cache@")
        path, key = (Path(self._value(step["with"][name], inputs)) for name in ("path", "key"))
        kept = self.cache / key
        if kept.exists() and not path.exists():
            shutil.copytree(kept, path)

    def keep(self) -> None:
        """What ``actions/cache`` does at the end of a job."""
        found = self.steps["importguard"]
        shutil.copytree(found["wheels"], self.cache / found["key"])
