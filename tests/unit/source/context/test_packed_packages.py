"""Which packages the distribution of a project has, by the lists of its pyproject.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from importguard.source.context.packed_packages import may_be_packed

HATCH = '[build-system]\nbuild-backend = "hatchling.build"\n[tool.hatch.build.targets.wheel]\n'
POETRY = '[build-system]\nbuild-backend = "poetry.core.masonry.api"\n[tool.poetry]\n'
SETUPTOOLS = '[build-system]\nbuild-backend = "setuptools.build_meta"\n[tool.setuptools]\n'


@pytest.mark.parametrize(
    ("text", "packed"),
    [
        (HATCH + 'packages = ["src/kit"]', False),
        (HATCH + 'packages = ["src/kit", "src/service/"]', True),
        (HATCH + 'only-include = ["src/kit"]', False),
        (HATCH + 'packages = ["src/kit"]\nforce-include = {"src/service" = "service"}', True),
        (HATCH + 'packages = ["src/kit"]\nsources = {"src/kit" = "service"}', True),
        (HATCH, True),
        (POETRY + 'packages = [{include = "kit", from = "src"}]', False),
        (POETRY + 'packages = [{include = "kit", to = "service"}]', True),
        (POETRY + 'packages = [{include = "**/*.py"}]', True),
        (POETRY, True),
        (SETUPTOOLS + 'packages = ["kit", "kit.api"]', False),
        (SETUPTOOLS + 'packages = ["kit", "service.api"]', True),
        (SETUPTOOLS + 'py-modules = ["kit"]\n[tool.setuptools.packages.find]\nwhere = ["src"]', True),
        (SETUPTOOLS + 'packages = ["kit"]\npackage-dir = {kit = "src"}', True),
        ('[build-system]\nbuild-backend = "flit_core.buildapi"\n', True),
        ("[build-system", True),
    ],
)
def test_a_list_of_packages_says_what_is_packed(tmp_path: Path, text: str, packed: bool) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert may_be_packed(str(tmp_path), "src/service/__main__.py", "service") is packed


def test_every_project_around_the_file_counts(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    assert may_be_packed(str(tmp_path), "src/service/__main__.py", "service")
    (tmp_path / "src/pyproject.toml").write_text(HATCH + 'packages = ["kit"]')
    assert not may_be_packed(str(tmp_path), "src/service/__main__.py", "service")
    (tmp_path / "setup.py").touch()
    assert may_be_packed(str(tmp_path), "src/service/__main__.py", "service")
