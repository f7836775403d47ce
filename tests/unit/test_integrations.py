"""The files of the integrations against the schemas of the services that read them."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
FILES = {
    "github-actions": "action.yml",
    "github-workflows": "examples/github-actions.yml",
    "cloudbuild": "examples/cloudbuild.yaml",
    "gitlab-ci": "examples/gitlab-ci.yml",
}


@pytest.mark.parametrize("schema", FILES)
def test_it_is_what_its_service_reads(schema: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run([*command, str(ROOT / FILES[schema])], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_its_image_installs_pinned_versions_of_all_that_is_needed() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    needed, following = set(), ["importguard"]
    while following:
        for line in distribution(following.pop()).requires or ():
            wanted = Requirement(line)
            name = canonicalize_name(wanted.name)
            if name not in needed and (
                wanted.marker is None or wanted.marker.evaluate({"python_version": "3.13"})
            ):
                needed.add(name)
                following.append(name)
                assert name in pinned, f"renew constraints.txt, as it says: {name} is not in it"
                assert wanted.specifier.contains(pinned[name], prereleases=True)
    assert set(pinned) == needed
    assert all(re.fullmatch(r"[\d.]+(post\d+)?", version) for version in pinned.values())
