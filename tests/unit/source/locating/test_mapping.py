"""The files of an image against those of a tree."""

from __future__ import annotations

from typing import Optional

from importguard.evidence.surroundings import ImageFile
from importguard.source.locating.mapping import FolderMapping, TreeMatch, application_files, match_tree


def match(
    image: dict[str, Optional[str]], tree: dict[str, str], roots: tuple[str, ...] = ("/app",)
) -> TreeMatch:
    """Contents by path; None where the image's file was not read."""
    files = [
        ImageFile(path, size=len(text or ""), text_digest=None if text is None else f"digest {text}")
        for path, text in image.items()
    ]
    sizes = {path: len(text) for path, text in tree.items()}
    return match_tree(files, sizes, lambda path: f"digest {tree[path]}", roots)


def test_a_folder_that_became_another():
    image = {"/app/shop/main.py": "a", "/app/shop/__init__.py": "", "/app/run.py": "b"}
    tree = {
        "backend/shop/main.py": "a",
        "backend/shop/__init__.py": "",
        "backend/run.py": "b",
        "web/run.py": "c",
    }
    found = match(image, tree)
    assert found.is_source
    assert (found.total, found.comparable, found.same) == (3, 2, 2)
    assert found.mappings == (FolderMapping("backend", "/app"),)
    assert found.origins["/app/run.py"] == "backend/run.py"


def test_a_few_files_that_differ_are_drift():
    image: dict[str, Optional[str]] = {f"/app/shop/m{number}.py": f"text {number}" for number in range(10)}
    tree = {f"shop/m{number}.py": f"text {number % 4}" for number in range(10)}
    found = match(image, tree)
    assert found.is_source
    assert found.same == 4


def test_another_application_with_the_same_names():
    image: dict[str, Optional[str]] = {
        f"/app/app/{name}.py": "x" for name in ("main", "db", "api", "auth", "jobs")
    }
    assert not match(image, {path[5:]: "y" for path in image}).is_source
    assert match(image, {path[5:]: "x" for path in image}).is_source


def test_content_decides_between_files_of_one_name():
    image: dict[str, Optional[str]] = {
        "/app/app/main.py": "b",
        "/app/app/db.py": "same",
        "/app/app/__init__.py": "",
    }
    tree = {f"services/{one}/app/{name}.py": one for one in "ab" for name in ("main", "db", "__init__")}
    tree.update({"services/a/app/db.py": "same", "services/b/app/db.py": "same"})
    assert match(image, tree).mappings == (FolderMapping("services/b", "/app"),)


def test_without_contents_names_are_compared_and_a_bare_name_counts_on_the_import_path_alone():
    assert match(
        {"/app/shop/main.py": None, "/app/run.py": None}, {"shop/main.py": "", "run.py": ""}
    ).is_source
    assert not match(
        {"/app/store/main.py": None, "/app/store/db.py": None}, {"shop/main.py": "", "db.py": ""}
    ).is_source
    assert not match({}, {"a.py": ""}).is_source


def test_what_was_installed_or_built_tells_less_than_the_applications_own_files():
    own, built = ImageFile("/app/shop/a.py"), ImageFile("/app/build/lib/shop/a.py")
    installed = ImageFile("/usr/lib/python3/site-packages/shop/a.py")
    assert application_files([own, built, installed]) == [own]
    assert application_files([built, installed]) == [installed]
