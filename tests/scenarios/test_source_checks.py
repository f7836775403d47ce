"""IG3xx and IG4xx in a real image: what its source declares and holds, against what is in it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from scenarios.support import BASE, SITE, Result, docker, importguard

IMAGE = "importguard-test-source-checks"
METADATA = "Metadata-Version: 2.1\\nName: alpha\\nVersion: 1.0\\nRequires-Dist: delta>=1\\n"
DOCKERFILE = f"""\
FROM {BASE}
WORKDIR /app
COPY requirements.txt .
RUN site={SITE}; mkdir -p $site/alpha-1.0.dist-info; echo > $site/alpha.py; \\
    printf '{METADATA}' > $site/alpha-1.0.dist-info/METADATA; \\
    printf 'alpha.py,,\\nalpha-1.0.dist-info/METADATA,,\\n' > $site/alpha-1.0.dist-info/RECORD
COPY shop shop
CMD ["python3", "-m", "shop.main"]
"""
FILES = {
    "Dockerfile": DOCKERFILE,
    "requirements.txt": 'alpha>=2\nbeta\ngamma; python_version < "3"\n',
    "shop/__init__.py": "",
    "shop/main.py": "import alpha\nimport shop.api\n",
    "shop/api.py": "x = 1\n",
    "shop/same.py": "x = 1\n",
    "shop/old.py": "x = 1\n",
    # What no import can write, and what a package of its name goes before, is in the image all the same.
    "shop/my-tool/x.py": "x = 1\n",
    "shop/memory/__init__.py": "",
    "shop/memory.py": "x = 1\n",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    # An image from the builder's cache would be as old as the run before.
    write(folder, {**FILES, "shop/built.txt": str(time.time())})
    return folder


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())


def said(result: Result) -> list[tuple[str, str, str]]:
    return sorted((one["rule"], one["severity"], one["message"]) for one in result.findings)


REQUIREMENTS = [
    ("IG301", "warning", "requirements.txt:2 declares 'beta', and beta is not installed in the image"),
    ("IG302", "error", "requirements.txt:1 declares 'alpha>=2', and alpha 1.0 is installed"),
    ("IG303", "error", "delta is not installed, and alpha 1.0 requires delta>=1"),
]


def test_an_image_and_its_own_source_and_then_a_newer_one(shop):
    result = importguard("check", "--build", str(shop), "--tag", IMAGE, "--format", "json")
    assert said(result) == REQUIREMENTS
    assert result.code == 1

    (shop / "shop/old.py").unlink()
    write(shop, {"shop/api.py": "x = 2\n", "shop/new.py": "", "shop/same.py": "x = 1\r\n"})
    changed = time.time() + 3 * 3600 + 60
    os.utime(shop / "shop/api.py", (changed, changed))
    options = ("--pull", "never", "--source", str(shop), "--format", "json")
    result = importguard("check", IMAGE, *options)
    assert said(result) == [
        *REQUIREMENTS,
        ("IG401", "warning", "1 module of the source is not in the image: shop/new.py"),
        (
            "IG402",
            "warning",
            "1 module differs from the source: shop/api.py; "
            "the newest was changed 3 hours after the image was built",
        ),
        ("IG403", "warning", "1 module of the image is not in the source: /app/shop/old.py"),
    ]
    assert {one["breaks_startup"] for one in result.findings} == {False}
    assert {module["outcome"] for module in result.image["modules"]} == {"imported"}
    docker("image", "rm", IMAGE)
