"""Where COPY puts the files of a context: the reader against the real builder, file for file."""

from __future__ import annotations

import pytest
from scenarios.copy_cases import Layout, build, layouts

from importguard.source.dockerfile.parser import parse_dockerfile
from importguard.source.dockerfile.placement import place_files

pytestmark = pytest.mark.usefixtures("docker_engine")

AT_ONCE = 20


def placed(case: Layout) -> set[str]:
    dockerfile = parse_dockerfile(case.text, "Dockerfile")
    found = place_files(dockerfile, case.files)
    return {item.destination.lstrip("/") for item in found if item.stage == dockerfile.final}


@pytest.mark.parametrize("seed", range(3))
def test_the_same_places_as_the_builder(tmp_path, seed):
    generated = layouts(AT_ONCE, seed)
    different = [
        (case.text, sorted(placed(case) - found), sorted(found - placed(case)))
        for case, found in zip(generated, build(tmp_path, generated))
        if placed(case) != found
    ]
    assert different == []
