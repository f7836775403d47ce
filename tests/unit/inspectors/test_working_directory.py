"""In which directory production's files start an image."""

from __future__ import annotations

from pathlib import Path

import pytest

from importguard.config import Build, Config
from importguard.inspectors.working_directory import production_workdir

WEB = "services:\n  web:\n    build: .\n    working_dir: /app/backend\n    command: python3 manage.py\n"
BESIDE = "  beat:\n    build: .\n"
PROXY = "  proxy:\n    build: ./proxy\n"


def folder_of(root: Path, text: str, reference: str = "any:1", **settings: object) -> str | None:
    (root / "compose.yaml").write_text(text)
    found = production_workdir(reference, Config(source=str(root), **settings))  # type: ignore[arg-type]
    return found.folder if found else None


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        (WEB, "/app/backend"),
        (WEB + PROXY, "/app/backend"),
        (WEB + BESIDE, None),
        (WEB + PROXY + "    working_dir: /etc/proxy\n", None),
        (WEB.replace("/app/backend", "$WHERE"), None),
        (WEB.replace("    working_dir: /app/backend\n", ""), None),
    ],
)
def test_all_containers_of_the_image_have_to_agree(tmp_path: Path, text: str, folder: str | None) -> None:
    assert folder_of(tmp_path, text) == folder


def test_the_name_or_the_build_context_tells_which_containers_are_the_image(tmp_path: Path) -> None:
    text = WEB + PROXY + "    working_dir: /etc/proxy\n"
    assert folder_of(tmp_path, text, name="web") == "/app/backend"
    assert folder_of(tmp_path, text, "registry.example/proxy:3") == "/etc/proxy"
    (tmp_path / "proxy").mkdir()
    assert folder_of(tmp_path, text, build=Build(str(tmp_path / "proxy"))) == "/etc/proxy"


def test_a_manifest_of_kubernetes(tmp_path: Path) -> None:
    container = "{name: web, image: shop:1, workingDir: /srv/backend}"
    (tmp_path / "pod.yaml").write_text(f"kind: Pod\nspec:\n  containers:\n  - {container}\n")
    assert production_workdir("shop:2", Config(source=str(tmp_path))) == ("/srv/backend", "pod.yaml:4")
    assert production_workdir("other:2", Config(source=str(tmp_path))) is None


def test_a_command_of_the_settings_is_written_for_the_image(tmp_path: Path) -> None:
    assert folder_of(tmp_path, WEB, commands=("python3 backend/manage.py",)) is None
