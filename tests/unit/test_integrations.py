"""The files of the integrations against the schemas of the services that read them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = {
    "github-actions": "action.yml",
    "github-workflows": "examples/github-actions.yml",
}


@pytest.mark.parametrize("schema", FILES)
def test_it_is_what_its_service_reads(schema: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run([*command, str(ROOT / FILES[schema])], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
