"""The module is a file of the source, or of the image: causes from the disk to the import path."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.builders import entry, failed, frame, no_module, raised
from unit.diagnosis.world import (
    BUILDER,
    FILES,
    SITE,
    candidate,
    clues,
    dist,
    dockerfile_of,
    in_image,
    lacking,
    needs,
    observed,
    on_disk,
    only,
    pip,
    raising,
    resolves,
    source,
    where,
)

from importguard.evidence.imports import Frame, ModuleImport
from importguard.evidence.inspection import Evidence, ImageFacts
from importguard.evidence.surroundings import Distribution
from importguard.source.dockerfile_model import Copy, Install, Instruction, Stage
from importguard.source.model import Git, GitIgnored, Ignored, Mount, Place, Placement, Removed, Source

MONITORING = "shop/monitoring/__init__.py"
PATTERN = (22, "**/monitoring/", "!shop/monitoring/")
LATE = "shop/late.py"


def test_ignored_names_the_line_and_the_exception() -> None:
    docker = dockerfile_of([Copy(4, 0, "COPY shop shop", ("shop",), "/app/shop")])
    tree = source(MONITORING, ignored={MONITORING: PATTERN}, dockerfile=docker)
    found = only(lacking("shop.monitoring"), tree)
    assert where(found) == ("ignored", (".dockerignore", 22))
    assert found.change == "!shop/monitoring/"
    assert "'**/monitoring/' at .dockerignore:22" in found.explanation
    assert "'!shop/monitoring/'" in found.remedy
    assert found.confidence == "certain"
    assert "No COPY line" not in found.remedy


def test_ignored_says_when_no_copy_would_take_it_either() -> None:
    tree = source("lib/extra/__init__.py", ignored={"lib/extra/__init__.py": (3, "lib", "!lib/extra/")})
    assert "No COPY line takes it either" in only(lacking("extra"), tree).remedy


def test_a_missing_submodule_that_is_asked_for_as_a_name_is_ignored_too() -> None:
    message = "cannot import name 'monitoring' from 'shop' (/app/shop/__init__.py)"
    seen = raising("ImportError", message, name="shop")
    found = only(seen, source(MONITORING, ignored={MONITORING: PATTERN}))
    assert where(found) == ("ignored", (".dockerignore", 22))


def test_a_package_whose_init_is_ignored() -> None:
    seen = raising(
        "ImportError",
        "cannot import name 'helper' from 'shop.kit' (unknown location)",
        name="shop.kit",
        clues=clues(resolutions=(resolves("shop.kit", "namespace", "/app/shop/kit"),)),
    )
    init = "shop/kit/__init__.py"
    found = only(seen, source(init, "shop/kit/a.py", ignored={init: (5, "**/__init__.py", f"!{init}")}))
    assert where(found) == ("ignored", (".dockerignore", 5))


def test_a_pattern_that_leaves_out_another_module_is_not_to_blame() -> None:
    other = {"shop/other/__init__.py": (9, "**/other", "!shop/other/")}
    found = only(lacking("shop.monitoring"), source("shop/other/__init__.py", ignored=other))
    assert found.cause == "not-in-source"


def test_not_copied_names_the_nearest_copy_and_the_line_to_add() -> None:
    copies = [
        Copy(3, 0, "COPY requirements.txt .", ("requirements.txt",), "/app/"),
        Copy(4, 0, "COPY shop/*.py shop/", ("shop/*.py",), "/app/shop/"),
        Copy(5, 0, "COPY static static", ("static",), "/app/static"),
    ]
    tree = source("shop/db/session.py", dockerfile=dockerfile_of(copies))
    found = only(lacking("shop.db"), tree)
    assert where(found) == ("not-copied", ("Dockerfile", 4))
    assert found.change == "COPY shop/db /app/shop/db"
    assert "COPY shop/db /app/shop/db" in found.remedy
    assert found.confidence == "certain"


@pytest.mark.parametrize(
    ("origin", "target", "changes", "mentioned"),
    [
        (".", "/app", {}, True),
        ("shop", "/app/shop", {"build": "."}, True),
        (".", "/code", {}, False),
        ("shop", "/app", {}, False),
        ("static", "/app/static", {}, False),
        (".", "/app", {"build": "web"}, False),
        ("/srv/code", "/app", {}, False),
        ("code", "/app", {"kind": "volume"}, False),
    ],
)
def test_code_that_a_compose_file_mounts_is_mentioned(origin, target, changes, mentioned) -> None:
    mount = replace(Mount(Place("compose.yaml", 9, "- .:/app"), "bind", target, origin), **changes)
    tree = replace(source("shop/db/session.py"), mounts=(mount,))
    found = only(lacking("shop.db", import_path=("/app",)), tree)
    assert found.cause == "not-copied"
    assert (f"compose.yaml:9 mounts {origin} over {target}" in found.explanation) is mentioned


def test_of_copies_that_are_as_near_the_one_that_brings_the_importer_is_named() -> None:
    copies = [
        Copy(3, 0, "COPY lib/shop shop", ("lib/shop",), "/app/shop"),
        Copy(4, 0, "COPY lib/scripts scripts", ("lib/scripts",), "/app/scripts"),
        Copy(5, 0, "COPY web web", ("web",), "/app/web"),
    ]
    copied = {"lib/shop/main.py": "/app/shop/main.py"}
    tree = source(
        "lib/shop/main.py", "lib/worker/__init__.py", copied=copied, dockerfile=dockerfile_of(copies)
    )
    assert where(only(lacking("worker", "shop.main"), tree)) == ("not-copied", ("Dockerfile", 3))
    # No line brings the other importer.
    assert where(only(lacking("worker", "other.main"), tree)) == ("not-copied", ("Dockerfile", 4))


API = "api/main.py"
CORE = "core/db.py"


def of_backend_api(**changes: Any) -> tuple[Evidence, Source]:
    """``backend.api`` of the image, which ``COPY api /backend/api`` brings, imports ``backend.core``."""
    seen = lacking("backend.core", "backend.api.main", import_path=("/",), **changes)
    copy = Copy(4, 0, "COPY api /backend/api", ("api",), "/backend/api")
    tree = source(API, CORE, copied={API: "/backend/api/main.py"}, dockerfile=dockerfile_of([copy]))
    return seen, tree


def test_what_copy_would_bring_to_its_neighbours_is_not_copied() -> None:
    found = only(*of_backend_api())
    assert where(found) == ("not-copied", ("Dockerfile", 4))
    assert found.change == "COPY core /backend/core"


def test_what_copy_would_bring_to_its_neighbours_is_ignored() -> None:
    seen, tree = of_backend_api()
    rule = Ignored(CORE, Place(".dockerignore", 1, "**/core"), "!core/")
    tree = replace(tree, ignored=(rule,), context_files=tree.context_files - {CORE})
    assert where(only(seen, tree)) == ("ignored", (".dockerignore", 1))


def test_not_copied_when_an_earlier_stage_alone_has_it() -> None:
    docker = dockerfile_of(stages=BUILDER)
    tree = source(LATE, dockerfile=docker)
    tree = replace(tree, placements=(*tree.placements, Placement(LATE, "/build/shop/late.py", 0, 3)))
    found = only(lacking("shop.late"), tree)
    assert found.cause == "not-copied"
    assert "Dockerfile:3 brings it into stage builder only" in found.explanation


def test_what_an_earlier_stage_has_is_copied_from_there() -> None:
    copies = [
        Copy(3, 0, "COPY libs libs", ("libs",), "/app/libs"),
        Copy(8, 1, "COPY --from=builder /app/.venv /app/.venv", ("/app/.venv",), "/app/.venv", from_stage=0),
    ]
    name = "libs/log/src/acme_log/__init__.py"
    tree = source(name, dockerfile=dockerfile_of(copies, stages=BUILDER))
    tree = replace(tree, placements=(*tree.placements, Placement(name, f"/app/{name}", 0, 3)))
    seen = lacking("acme_log", clues=clues(sys_path=("/app", "/app/libs/log/src", SITE)))
    found = only(seen, tree)
    assert where(found) == ("not-copied", ("Dockerfile", 8))
    assert found.change == "COPY --from=builder /app/libs/log/src/acme_log /app/libs/log/src/acme_log"


def test_what_is_copied_goes_to_the_entry_of_the_import_path_that_is_there_for_it() -> None:
    copy = Copy(4, 0, "COPY shop shop", ("shop",), "/app/shop")
    tree = source("libs/log/src/acme_log/__init__.py", dockerfile=dockerfile_of([copy]))
    seen = lacking("acme_log", clues=clues(sys_path=("/app", "/app/libs/log/src", SITE)))
    assert only(seen, tree).change == "COPY libs/log/src/acme_log /app/libs/log/src/acme_log"


@pytest.mark.parametrize("with_source", [True, False])
def test_an_environment_without_the_folder_that_its_editable_install_leads_to(with_source: bool) -> None:
    folder, name = "/app/services/api", "services/api/src/acme_api/__init__.py"
    installed = dist(
        "acme-api", "0.1", editable=True, source=folder, location="/app/.venv/lib/python3.13/site-packages"
    )
    log = dist("acme-log", "0.1", editable=True, source="/app/libs/log", location=installed.location)
    seen = lacking(
        "acme_api",
        clues=clues(distributions=(replace(installed, provides=()), replace(log, provides=()))),
    )
    copies = [
        Copy(3, 0, "COPY services services", ("services",), "/app/services"),
        Copy(8, 1, "COPY --from=builder /app/.venv /app/.venv", ("/app/.venv",), "/app/.venv", from_stage=0),
    ]
    sync = Install(4, 0, "uv", "uv sync --frozen", locals=("/app",), editable=("/app",))
    tree = source(name, dockerfile=dockerfile_of(copies, [sync], BUILDER))
    tree = replace(tree, placements=(*tree.placements, Placement(name, f"/app/{name}", 0, 3)))
    found = only(seen, tree if with_source else None)
    assert found.cause == "wrong-stage"
    assert f"leads to {folder}" in found.explanation
    assert "/app/libs/log" in found.remedy
    if with_source:
        assert where(found) == ("wrong-stage", ("Dockerfile", 8))
        assert found.change == f"COPY --from=builder {folder} {folder}"
        assert "--no-editable at line 4" in found.remedy


def test_not_copied_when_it_lies_outside_of_the_context() -> None:
    tree = source("../common/tools/__init__.py", outside=["../common/tools/__init__.py"])
    found = only(lacking("tools"), tree)
    assert found.cause == "not-copied"
    assert "outside of the build context" in found.explanation


def test_a_copy_that_cannot_be_resolved_makes_not_copied_less_sure() -> None:
    docker = dockerfile_of([Copy(4, 0, "COPY ${WHAT} .", ("${WHAT}",), "/app/", resolved=False)])
    assert only(lacking("shop.late"), source(LATE, dockerfile=docker)).confidence == "likely"


def test_a_file_that_no_import_root_holds_proves_nothing_for_a_bare_name() -> None:
    found = only(lacking("redis"), source("tools/demo/redis.py", "tests/redis/__init__.py"))
    assert found.cause == "not-declared"


def test_copied_elsewhere_by_its_placement() -> None:
    tree = source("src/kit/__init__.py", copied={"src/kit/__init__.py": "/app/src/kit/__init__.py"})
    seen = lacking("kit", clues=clues(candidates=(candidate("kit", "/app/src/kit", "/app/src"),)))
    found = only(seen, tree)
    assert where(found) == ("copied-elsewhere", ("Dockerfile", 2))
    assert found.change == "ENV PYTHONPATH=/app/src"
    assert "/app/src/kit" in found.explanation
    assert found.confidence == "certain"


def test_copied_elsewhere_names_the_line_that_sets_pythonpath() -> None:
    stage = Stage(0, None, "x", None, 1, "/app", 2, env={"PYTHONPATH": "/lib"}, env_lines={"PYTHONPATH": 3})
    tree = source(
        "src/kit/__init__.py",
        copied={"src/kit/__init__.py": "/app/src/kit/__init__.py"},
        dockerfile=dockerfile_of(stages=[stage]),
    )
    seen = lacking(
        "kit",
        clues=clues(candidates=(candidate("kit", "/app/src/kit", "/app/src"),)),
        image=ImageFacts(workdir="/app", python_path="/lib"),
    )
    found = only(seen, tree)
    assert where(found) == ("copied-elsewhere", ("Dockerfile", 3))
    assert found.change == "ENV PYTHONPATH=/lib:/app/src"


def test_copied_elsewhere_without_a_source() -> None:
    seen = lacking("kit", clues=clues(candidates=(candidate("kit", "/app/src/kit", "/app/src"),)))
    found = only(seen)
    assert (found.cause, found.confidence, found.location) == ("copied-elsewhere", "likely", None)
    # With that WORKDIR /app/shop would be lost.
    assert found.remedy == "add 'ENV PYTHONPATH=/app/src'"


def with_kit_in(root: str, workdir: str, path: str, **changes: Any) -> Evidence:
    """``kit`` lies in the folder ``root`` of the image, and the import path has ``path`` alone."""
    known = clues(candidates=(candidate("kit", f"{root}/kit", root),), sys_path=(path, SITE))
    facts = ImageFacts(workdir=workdir)
    seen = lacking("kit", "lib.main", clues=known, image=facts, import_path=(path,), **changes)
    return replace(seen, modules=tuple(one for one in seen.modules if one.failure))


def test_another_workdir_is_a_remedy_where_it_loses_nothing() -> None:
    """It stands below what is copied: relative paths of a COPY or RUN after it would move along."""
    seen = with_kit_in("/srv/src", "/srv", "/srv")
    assert only(seen).remedy == (
        "add 'ENV PYTHONPATH=/srv/src', or 'WORKDIR /srv/src' below the last COPY and RUN (it is /srv)"
    )


@pytest.mark.parametrize(
    "seen",
    [
        with_kit_in("/srv", "/srv", "/srv/src"),
        with_kit_in("/srv/lib", "/srv", "/srv/src"),
        with_kit_in("/app/lib", "/app", "/app", entrypoints=(entry("lib.main", "failed"),)),
    ],
    ids=["it is that", "the command runs a script", "the command names the module from above"],
)
def test_no_other_workdir_is_a_remedy_where_it_changes_nothing_or_breaks_the_start(seen: Evidence) -> None:
    assert "WORKDIR" not in only(seen).remedy


def test_a_workdir_that_is_not_on_the_import_path_is_no_remedy() -> None:
    """``python3 src/main.py``: Python puts the script's folder there, and no WORKDIR changes it."""
    lies = candidate("src", "/app/src", "/app")
    known = clues(candidates=(lies,), sys_path=("/app/src", SITE))
    seen = lacking("src", clues=known, import_path=("/app/src",))
    seen = replace(seen, modules=tuple(replace(one, path=None) for one in seen.modules))
    assert only(seen).remedy == "add 'ENV PYTHONPATH=/app'"


@pytest.mark.parametrize(
    "other",
    [
        candidate("redis", "/usr/share/doc/x/redis.py", "/usr/share/doc/x"),
        candidate("redis", "/app/redis.py", "/app"),
        candidate("redis", "/app/vendor/Redis.py", "/app/vendor", exact=False),
        candidate("other", "/app/src/other", "/app/src"),
    ],
    ids=["far away", "on the path", "another case", "another module"],
)
def test_what_lies_somewhere_in_the_image_proves_nothing(other: object) -> None:
    assert only(lacking("redis", clues=clues(candidates=(other,)))).cause != "copied-elsewhere"


@pytest.mark.parametrize(("volumes", "cause"), [(("/data",), "copied-elsewhere"), (("/dat",), "unknown")])
def test_what_lies_in_a_volume_of_the_image_may_be_meant(volumes: tuple[str, ...], cause: str) -> None:
    known = clues(candidates=(candidate("kit", "/data/lib/kit.py", "/data/lib"),))
    found = only(lacking("kit", clues=known, image=ImageFacts(workdir="/app", volumes=volumes)))
    assert (found.cause, found.confidence) == (cause, "possible")
    assert ("/data is a VOLUME" in found.explanation) == (cause == "copied-elsewhere")


def test_a_declared_requirement_is_no_file_that_lies_about() -> None:
    seen = lacking("redis", clues=clues(candidates=(candidate("redis", "/app/vendor/redis", "/app/vendor"),)))
    tree = source(requirements=[needs("redis", 2)], dockerfile=dockerfile_of(installs=[pip()]))
    assert only(seen, tree).cause == "declared-not-installed"


def test_a_folder_that_is_called_like_a_requirement_is_not_what_is_meant() -> None:
    """``import alembic`` in backend/alembic/env.py means the distribution."""
    seen, tree = of_backend("alembic", "backend/alembic/env.py")
    assert only(seen, tree).cause == "copied-elsewhere"
    declared = replace(tree, requirements=(needs("alembic", 2),))
    assert only(seen, declared).cause == "declared-not-installed"


@pytest.mark.parametrize(
    ("missing", "importer", "cause"),
    [
        ("redis", "shop.clients.redis", "not-declared"),
        ("redis", "shop.clients.cache", "not-declared"),
        ("redis", "shop.main", "not-declared"),
        ("kit", "shop.clients.kit", "not-declared"),
        ("kit", "shop.clients.cache", "copied-elsewhere"),
    ],
)
def test_a_module_that_is_called_like_a_distribution_is_not_what_is_meant(
    missing: str, importer: str, cause: str
) -> None:
    """``import redis`` means redis from PyPI, and not ``shop.clients.redis``; no file imports itself."""
    names = ("shop.main", "shop.clients", "shop.clients.cache", f"shop.clients.{missing}")
    paths = [f"{name.replace('.', '/')}.py" for name in names if name != "shop.clients"]
    paths.append("shop/clients/__init__.py")
    place = Frame(f"/app/{importer.replace('.', '/')}.py", 1, "<module>", importer)
    item = ModuleImport(importer, place.path, "failed", no_module(missing, place), culprit=importer)
    lies = candidate(missing, f"/app/shop/clients/{missing}.py", "/app/shop/clients")
    seen = observed(item, clues=clues(files=in_image(*FILES, *paths), candidates=(lies,)))
    tree = source(*paths, copied={path: f"/app/{path}" for path in paths})
    assert only(seen, tree).cause == cause
    if cause == "not-declared":
        assert only(seen).cause != "copied-elsewhere"


def test_copied_after_install() -> None:
    install = pip(3, locals=("/app",), files=())
    tree = source(
        "src/kit/__init__.py",
        copied={"src/kit/__init__.py": "/app/src/kit/__init__.py"},
        dockerfile=dockerfile_of(installs=[install]),
    )
    seen = lacking("kit", clues=clues(candidates=(candidate("kit", "/app/src/kit", "/app/src"),)))
    found = only(seen, tree)
    assert where(found) == ("copied-after-install", ("Dockerfile", 4))
    assert "Dockerfile:3 installs the project" in found.explanation


@pytest.mark.parametrize("install", [pip(3), pip(9, locals=("/app",)), pip(3, locals=("/other",))])
def test_other_installs_are_not_too_early(
    install: object,
) -> None:
    tree = source(
        "src/kit/__init__.py",
        copied={"src/kit/__init__.py": "/app/src/kit/__init__.py"},
        dockerfile=dockerfile_of(installs=[install]),
    )
    seen = lacking("kit", clues=clues(candidates=(candidate("kit", "/app/src/kit", "/app/src"),)))
    assert only(seen, tree).cause == "copied-elsewhere"


def test_an_editable_install_knows_only_what_lay_there() -> None:
    """The working directory is on the path of the other commands, and not on a console script's."""
    install = pip(3, locals=("/app",), editable=("/app",), files=())
    tree = source("jobs/__init__.py", copied={"jobs/__init__.py": "/app/jobs/__init__.py"})
    tree = replace(tree, dockerfile=dockerfile_of(installs=[install]))
    found = only(lacking("jobs", clues=clues(files=in_image("jobs/__init__.py"))), tree)
    assert where(found) == ("copied-after-install", ("Dockerfile", 4))
    assert "maps what lies there when it runs" in found.explanation
    assert "move the COPY of line 4 above line 3" in found.remedy


@pytest.mark.parametrize(
    ("installed", "cause"),
    [
        (dist("rich"), "copied-elsewhere"),
        (dist("bot", source="/app", editable=True), "copied-after-install"),
        (dist("bot", source="/app"), "copied-after-install"),
    ],
)
def test_a_project_that_is_no_package_is_never_installed(installed: Distribution, cause: str) -> None:
    """``poetry install`` with ``package-mode = false``, ``uv sync`` without a build system."""
    install = pip(3, tool="poetry", locals=("/app",), editable=("/app",), files=("pyproject.toml",))
    tree = source("src/kit/__init__.py", copied={"src/kit/__init__.py": "/app/src/kit/__init__.py"})
    tree = replace(tree, dockerfile=dockerfile_of(installs=[install]))
    lies = candidate("kit", "/app/src/kit", "/app/src")
    seen = lacking("kit", clues=clues(candidates=(lies,), distributions=(installed,)))
    assert only(seen, tree).cause == cause


def test_what_was_copied_without_its_folder_is_not_found_by_an_earlier_copy_either() -> None:
    """``COPY src /app`` behind ``poetry install``: no order of the lines makes a package 'src'."""
    install = pip(3, tool="poetry", locals=("/app",), editable=("/app",), files=("pyproject.toml",))
    tree = source("src/__init__.py", copied={"src/__init__.py": "/app/__init__.py"})
    tree = replace(tree, dockerfile=dockerfile_of(installs=[install]))
    found = only(lacking("src", clues=clues(files=in_image("__init__.py"))), tree)
    assert where(found) == ("copied-elsewhere", ("Dockerfile", 4))
    assert found.change == "COPY src /app/src"


def test_the_copy_of_what_an_editable_install_maps_stands_before_it() -> None:
    install = pip(3, tool="uv", locals=("/app",), editable=("/app",), files=("pyproject.toml",))
    copies = [
        Copy(2, 0, "COPY web web", ("web",), "/app/web"),
        Copy(4, 0, "COPY run run", ("run",), "/app/run"),
    ]
    tree = source("shop/jobs/__init__.py", dockerfile=dockerfile_of(copies, installs=[install]))
    found = only(lacking("shop.jobs"), tree)
    assert where(found) == ("not-copied", ("Dockerfile", 2))
    assert "Put it above line 3: the editable install there maps what lies there then." in found.remedy


def test_what_lies_in_a_folder_was_copied_and_not_the_folder() -> None:
    """``COPY src/service /app``: 'python -m service' finds no package of that name."""
    tree = source("src/service/__init__.py", copied={"src/service/__init__.py": "/app/__init__.py"})
    found = only(lacking("service", clues=clues(files=in_image("__init__.py"))), tree)
    assert where(found) == ("copied-elsewhere", ("Dockerfile", 4))
    assert found.change == "COPY src/service /app/service"


def test_what_lies_in_a_folder_of_another_stage_was_copied_and_not_the_folder() -> None:
    """``COPY --from=builder /b/service /app``: that line is to change, and takes it from the stage still."""
    text = "COPY --from=builder --chown=app /b/service /app"
    copies = [
        Copy(2, 0, "COPY src /b", ("src",), "/b"),
        Copy(5, 1, text, ("/b/service",), "/app", from_stage=0),
    ]
    placed = (
        Placement("src/service/__init__.py", "/b/service/__init__.py", 0, 2),
        Placement("src/service/__init__.py", "/app/__init__.py", 1, 5, 2),
    )
    tree = source("src/service/__init__.py", dockerfile=dockerfile_of(copies, stages=BUILDER))
    seen = lacking("service", clues=clues(files=in_image("__init__.py")))
    found = only(seen, replace(tree, placements=placed))
    assert where(found) == ("copied-elsewhere", ("Dockerfile", 5))
    assert found.change == "COPY --from=builder --chown=app /b/service /app/service"
    assert "copies what lies in /b/service/ into /app, and not the folder" in found.explanation


BACKEND_MAIN = ModuleImport("backend.main", "/app/backend/main.py", "failed")


def of_backend(missing: str, *files: str, **changes: Any) -> tuple[Evidence, Source]:
    """``backend/main.py`` imports what lies beside it under its bare name."""
    failure = no_module(missing, Frame("/app/backend/main.py", 2, "<module>", "backend.main"))
    paths = ("backend/main.py", *files)
    modules = [
        ModuleImport(path[:-3].replace("/", ".").replace(".__init__", ""), f"/app/{path}", "imported")
        for path in files
    ]
    main = replace(BACKEND_MAIN, failure=failure, culprit="backend.main")
    seen = observed(main, *modules, clues=clues(files=in_image(*paths)))
    return seen, source(*paths, copied={path: f"/app/{path}" for path in paths}, **changes)


def test_an_earlier_stage_installs_what_lies_in_a_folder_and_not_the_folder() -> None:
    """``COPY cogs /src`` before ``pip install /src`` of the stage that the final one takes packages from."""
    copies = [Copy(3, 0, "COPY cogs /src", ("cogs",), "/src")]
    docker = dockerfile_of(copies, installs=[pip(4, locals=("/src",), stage=0)], stages=BUILDER)
    tree = source("cogs/__init__.py", "cogs/draw.py", dockerfile=docker)
    early = tuple(Placement(f"cogs/{name}", f"/src/{name}", 0, 3) for name in ("__init__.py", "draw.py"))
    found = only(lacking("cogs"), replace(tree, placements=early))
    assert where(found) == ("copied-elsewhere", ("Dockerfile", 3))
    assert found.change == "COPY cogs /src/cogs"
    # COPY cogs/voice/*.py /src copies no such folder.
    other = tuple(Placement(f"cogs/voice/{name}", f"/src/{name}", 0, 3) for name in ("a.py", "b.py"))
    part = source("cogs/__init__.py", "cogs/voice/a.py", "cogs/voice/b.py", dockerfile=docker)
    assert only(lacking("cogs"), replace(part, placements=other)).cause == "not-copied"
    # The __init__.py of the next folder that is copied there takes the place of this one's.
    assert only(lacking("cogs"), replace(tree, placements=early[1:])).cause == "copied-elsewhere"
    # COPY cogs/draw.py /src takes a file.
    one = [Copy(3, 0, "COPY cogs/draw.py /src", ("cogs/draw.py",), "/src")]
    named = replace(tree, placements=early[1:], dockerfile=replace(docker, copies=tuple(one)))
    assert only(lacking("cogs"), named).cause == "not-copied"
    whole = tuple(replace(one, destination=f"/src/{one.path}") for one in early)
    assert only(lacking("cogs"), replace(tree, placements=whole)).cause == "not-copied"


@pytest.mark.parametrize("file", ["backend/routes/__init__.py", "backend/routes/r.py"])
def test_a_local_name_is_no_distribution(file: str) -> None:
    """Also of a folder without __init__.py: never "add routes to requirements.txt"."""
    found = only(*of_backend("routes", file))
    assert where(found) == ("copied-elsewhere", ("Dockerfile", 2))
    assert "lacks" not in found.explanation
    assert "requirements" not in found.remedy
    assert "or import it as 'backend.routes' at backend.main (backend/main.py:2)" in found.remedy


def test_a_module_that_is_one_file_is_imported_under_its_whole_longer_name() -> None:
    """``import manage`` of /app/backend/manage.py: it is 'backend.manage', not 'backend'."""
    known = clues(candidates=(candidate("manage", "/app/backend/manage.py", "/app/backend"),))
    manage = ModuleImport("backend.manage", "/app/backend/manage.py", "imported")
    seen = observed(failed("shop.main", no_module("manage", frame("shop.main", 3))), manage, clues=known)
    assert "or import it as 'backend.manage' at shop.main" in only(seen).remedy


def test_what_an_installed_library_imports_is_not_looked_for_beside_it() -> None:
    """The library's file is no file of the source: its path is absolute, and has no end upward."""
    library = Frame("/usr/lib/python3/dist-packages/kit/__init__.py", 2, "<module>", "kit")
    seen = observed(failed("shop.main", no_module("routes", library)))
    assert only(seen, source("kit/routes.py")).cause == "not-declared"


def test_a_file_that_is_called_like_what_it_imports_is_not_what_it_means() -> None:
    """``vendored/matplotlib.py``, which imports matplotlib: never "correct the import"."""
    name = "shop.vendored.matplotlib"
    frame = Frame("/app/shop/vendored/matplotlib.py", 1, "<module>", name)
    item = ModuleImport(name, frame.path, "failed", no_module("matplotlib", frame), culprit=name)
    paths = ("shop/__init__.py", "shop/vendored/__init__.py", "shop/vendored/matplotlib.py")
    tree = source(*paths, copied={path: f"/app/{path}" for path in paths})
    found = only(observed(item, clues=clues(files=in_image(*paths))), tree)
    assert found.cause == "not-declared"
    assert "has it at" not in found.explanation


def test_what_the_image_has_is_not_called_lacking() -> None:
    seen, tree = of_backend("infra", "backend/infra/__init__.py")
    nowhere = replace(tree, placements=tuple(one for one in tree.placements if "infra" in one.path))
    found = only(seen, nowhere)
    assert "lacks" not in found.explanation


def stale(*differing: str) -> object:
    tree = source(LATE, copied={LATE: "/app/shop/late.py"})
    files = (*on_disk(*(f for f in (*FILES, LATE) if f not in differing)), *on_disk(*differing, digest="new"))
    return replace(tree, files=files)


def test_a_stale_image_is_told_by_other_files_that_differ() -> None:
    seen = lacking("shop.late", clues=clues(files=in_image(*FILES)))
    found = only(seen, stale("shop/util.py"))
    assert where(found) == ("stale-image", ("Dockerfile", 4))
    assert "shop/util.py" in found.explanation
    assert "docker build -f Dockerfile ." in found.remedy
    assert found.confidence == "likely"


def test_no_stale_image_where_nothing_differs_or_where_it_was_just_built() -> None:
    seen = lacking("shop.late", clues=clues(files=in_image(*FILES)))
    same = only(seen, stale())
    assert same.cause == "unknown"
    assert "Dockerfile:4 copies it" in same.explanation
    assert only(seen, stale("shop/util.py"), built=True).cause == "unknown"


def test_a_name_that_is_missing_in_a_file_that_differs() -> None:
    seen = raising(
        "ImportError",
        "cannot import name 'fresh' from 'shop.util' (/app/shop/util.py)",
        name="shop.util",
        clues=clues(files=in_image(*FILES)),
    )
    assert only(seen, stale("shop/util.py")).cause == "stale-image"
    assert only(seen, stale("shop/__init__.py")).cause != "stale-image"


def test_not_committed() -> None:
    rule = Place(".gitignore", 7, "local*.py")
    git = Git("abc", ignored=(GitIgnored("shop/late.py", rule),))
    tree = replace(source(LATE, copied={LATE: "/app/shop/late.py"}), git=git)
    found = only(lacking("shop.late"), tree)
    assert where(found) == ("not-committed", (".gitignore", 7))
    assert "git add --force shop/late.py" in found.remedy
    assert found.change == "!/shop/late.py"
    untracked = only(lacking("shop.late"), replace(tree, git=Git("abc", untracked=(LATE,))))
    assert where(untracked) == ("not-committed", (LATE, None))
    assert only(lacking("shop.late"), replace(tree, git=Git("abc"))).cause == "unknown"
    assert only(lacking("shop.late"), tree, built=True).cause == "unknown"


def test_what_is_ignored_by_docker_and_by_git_is_dockers_doing() -> None:
    git = Git("abc", ignored=(GitIgnored(MONITORING, Place(".gitignore", 1, "monitoring")),))
    tree = replace(source(MONITORING, ignored={MONITORING: PATTERN}), git=git)
    assert only(lacking("shop.monitoring"), tree).cause == "ignored"


def test_case_mismatch_by_the_source_and_by_the_image() -> None:
    found = only(lacking("shop.late"), source("shop/Late.py"))
    assert where(found) == ("case-mismatch", ("shop/main.py", 3))
    assert "shop/Late.py" in found.explanation
    assert "'Late' instead of 'late'" in found.remedy
    other = candidate("shop.late", "/app/shop/Late.py", "/app", exact=False)
    assert only(lacking("shop.late", clues=clues(candidates=(other,)))).cause == "case-mismatch"
    assert only(lacking("shop.lately"), source("shop/Late.py")).cause != "case-mismatch"


def test_removed_or_renamed() -> None:
    commit = "0123456789abcdef0123"
    gone = Removed(LATE, commit, "2026-05-06T07:08:09Z", "Tidy up")
    found = only(lacking("shop.late"), replace(source(), git=Git("head", removed=(gone,))))
    assert where(found) == ("removed-or-renamed", ("shop/main.py", 3))
    assert "commit 0123456789ab (2026-05-06, 'Tidy up') removed it" in found.explanation
    assert "git checkout 0123456789ab^ -- shop/late.py" in found.remedy
    renamed = replace(gone, renamed_to="shop/later.py")
    found = only(lacking("shop.late"), replace(source("shop/later.py"), git=Git("head", removed=(renamed,))))
    assert "renamed it to shop/later.py" in found.explanation
    assert "import it by its new name: shop.later" in found.remedy


def test_a_module_that_an_install_of_the_project_put_there_is_named_by_its_file_in_the_source() -> None:
    """Nobody changes /usr/local/lib/python3.13/site-packages/shop/service.py."""
    place = Frame(f"{SITE}/shop/service.py", 6, "<module>", "shop.service")
    seen = observed(failed("shop.service", no_module("shop.late", place)))
    modules = (replace(seen.modules[-1], path=place.path), *seen.modules[:-1])
    gone = Removed(LATE, "0123", "2026-05-06T07:08:09Z", "Tidy up")
    tree = replace(source("lib/shop/service.py"), git=Git("head", removed=(gone,)))
    found = only(replace(seen, modules=modules), tree)
    assert where(found) == ("removed-or-renamed", ("lib/shop/service.py", 6))


def test_a_package_that_was_removed_is_brought_back_whole() -> None:
    """Its ``__init__.py`` alone would not have the submodule that the import asks for next."""
    gone = Removed("shop/filters/__init__.py", "0123", "2026-05-06T07:08:09Z", "Tidy up")
    git = Git("head", removed=(gone,))
    found = only(lacking("shop.filters"), replace(source(), git=git))
    assert found.remedy.endswith("git checkout 0123^ -- shop/filters/")
    assert "The source had shop/filters/;" in found.explanation


def test_another_modules_removal_is_not_to_blame() -> None:
    gone = Removed("other/late.py", "0123", "2026-05-06T07:08:09Z", "Tidy up")
    assert only(lacking("late"), replace(source(), git=Git("h", removed=(gone,)))).cause == "not-declared"
    assert (
        only(lacking("shop.late"), replace(source(), git=Git("h", removed=(gone,)))).cause == "not-in-source"
    )


def test_not_in_source_suggests_the_only_file_of_that_name_before_those_that_are_written_nearly_so() -> None:
    tree = source("shop/security/__init__.py", "shop/security/utils.py", "shop/tests/utils.py")
    found = only(lacking("shop.utils"), tree)
    assert found.cause == "not-in-source"
    assert "did you mean shop.security.utils?" in found.remedy
    two = source("shop/security/utils.py", "shop/late/utils.py")
    assert "did you mean shop.util?" in only(lacking("shop.utils"), two).remedy


def test_a_package_within_a_package_is_no_top_level_one() -> None:
    inner = ("auth/__init__.py", "auth/framework/__init__.py")
    assert only(lacking("framework"), source(*inner, outside=inner)).cause == "not-declared"
    loose = ("libs/framework/__init__.py",)
    assert only(lacking("framework"), source(*loose, outside=loose)).cause == "not-copied"


def test_not_in_source_names_the_import_and_close_names() -> None:
    found = only(lacking("shop.utils", line=12), source())
    assert where(found) == ("not-in-source", ("shop/main.py", 12))
    assert "did you mean shop.util?" in found.remedy
    assert "shop/main.py:12" in found.remedy


def test_a_name_that_a_library_was_given_is_not_said_to_be_imported_by_it() -> None:
    """As celery's ``imports`` and luigi's ``--module``: the library is right."""
    outside = raised(
        ("ModuleNotFoundError", "No module named 'shop.utils'", "shop.utils"),
        frames=[Frame("/opt/lib/celery/loaders/base.py", 88, "load", "celery.loaders.base")],
        missing="shop.utils",
    )
    found = only(observed(failed("shop.main", outside)), source())
    words = "Correct the name where the start command or the application's settings give it."
    assert found.remedy == f"did you mean shop.util? {words}"


def test_a_module_that_only_the_start_command_names_does_not_import_itself() -> None:
    failure = raised(("ModuleNotFoundError", "No module named 'runtime'", "runtime"), missing="runtime")
    absent = replace(failed("runtime", failure), path=None)
    seen = observed(absent, entrypoints=(entry("runtime", "failed"),))
    found = only(seen, source(dockerfile=dockerfile_of(installs=[pip()])))
    assert "No requirement provides 'runtime', which the start command imports." in found.explanation


@pytest.mark.parametrize(
    ("asked", "files", "meant"),
    [
        ("config.wsgi", ("site/wsgi.py",), "site.wsgi"),
        ("config.wsgi", ("site/wsgi.py", "other/wsgi.py"), ""),
        ("config.wsgi", ("site/asgi.py",), ""),
        # A file of that name is not what is meant by a distribution's module.
        ("celery.bin", ("site/bin.py",), ""),
    ],
)
def test_the_start_command_names_a_package_that_is_not_there(asked, files, meant) -> None:
    top = asked.partition(".")[0]
    failure = raised(("ModuleNotFoundError", f"No module named '{top}'", top), missing=top)
    absent = replace(failed(asked, failure), path=None)
    command = Instruction("CMD", f'CMD ["gunicorn", "{asked}:application"]', 9, 0)
    docker = replace(dockerfile_of(installs=[pip()]), instructions=(command,))
    tree = source(*files, copied={path: f"/app/{path}" for path in files}, dockerfile=docker)
    found = only(observed(absent, entrypoints=(entry(asked, "failed"),)), tree)
    assert (found.cause == "not-in-source") is bool(meant)
    if meant:
        assert where(found)[1] == ("Dockerfile", 9)
        assert found.remedy == f"did you mean {meant}? Correct the start command at Dockerfile:9."


def test_a_bare_name_that_is_nearly_one_of_the_applications() -> None:
    found = only(lacking("settngs"), source("settings.py", copied={"settings.py": "/app/settings.py"}))
    assert found.cause == "not-in-source"
    assert "did you mean settings?" in found.remedy
    # A requirement of that name is meant, whatever lies beside it.
    declared = source("radis.py", requirements=[needs("redis")], dockerfile=dockerfile_of(installs=[pip()]))
    assert only(lacking("redis"), declared).cause == "declared-not-installed"


def test_without_a_source_nothing_is_claimed_of_the_applications_own_module() -> None:
    seen = lacking(
        "shop.utils", clues=clues(resolutions=(resolves("shop.utils", siblings=("util", "main")),))
    )
    found = only(seen)
    assert (found.cause, found.location) == ("unknown", None)
    assert "application's own package" in found.explanation
    assert "did you mean shop.util?" in found.remedy
    assert ".dockerignore" in found.remedy


def test_a_source_that_lies_in_a_folder_of_the_repository() -> None:
    there = {f"backend/{path}": f"/app/{path}" for path in FILES}
    ignored = {"backend/" + MONITORING: (4, "**/monitoring/", "!backend/shop/monitoring/")}
    tree = source(*there, "backend/" + MONITORING, ignored=ignored, copied=there)
    tree = replace(
        tree,
        files=tuple(file for file in tree.files if file.path.startswith("backend/")),
        placements=tuple(one for one in tree.placements if one.path.startswith("backend/")),
    )
    assert where(only(lacking("shop.monitoring"), tree)) == ("ignored", (".dockerignore", 4))
    found = only(lacking("shop.utils", line=7), tree)
    assert where(found) == ("not-in-source", ("backend/shop/main.py", 7))


def test_an_error_that_was_raised_from_the_import_has_the_same_cause() -> None:
    failure = raised(
        ("RuntimeError", "cannot set up the middleware", None),
        ("ModuleNotFoundError", "No module named 'shop.monitoring'", "shop.monitoring"),
        frames=[frame("shop.main", 3)],
        missing="shop.monitoring",
    )
    tree = source(MONITORING, ignored={MONITORING: PATTERN})
    assert where(only(observed(failed("shop.main", failure)), tree)) == ("ignored", (".dockerignore", 22))
