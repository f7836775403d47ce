"""A third-party module that is not installed, and one whose version is not the required one."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import pytest
from unit.builders import entry, failed, frame, imported, no_module, raised, site
from unit.diagnosis.world import (
    BUILDER,
    SITE,
    candidate,
    clues,
    dist,
    dockerfile_of,
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

from importguard.checks import run_checks
from importguard.diagnosis.causes import diagnose_findings
from importguard.diagnosis.repeated import without_repeated
from importguard.evidence.imports import Frame
from importguard.evidence.surroundings import Distribution, OtherInterpreter
from importguard.source.dockerfile.parser import parse_dockerfile
from importguard.source.dockerfile_model import Copy, Install, Instruction, Stage
from importguard.source.model import Place, Project, Requirement

INSTALLS = dockerfile_of(installs=[pip()])


def tree(*requirements, dockerfile=INSTALLS, **changes):
    return source(requirements=requirements, dockerfile=dockerfile, **changes)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("yaml", "PyYAML"),
        ("PIL", "pillow"),
        ("sklearn.svm", "scikit-learn"),
        ("google.protobuf", "protobuf"),
        ("pptx", "python-pptx"),
        ("aiosqlite", "aiosqlite"),
        ("grpc_health", "grpcio-health-checking"),
        ("google.cloud.storage", "google-cloud-storage"),
    ],
)
def test_not_declared_names_the_distribution_of_the_table(module: str, name: str) -> None:
    found = only(lacking(module), tree(needs("fastapi", 1), needs("redis", 2), dockerfile=INSTALLS))
    assert where(found) == ("not-declared", ("requirements.txt", 2)), found
    assert f"add {name} to requirements.txt" in found.remedy
    assert (found.change, found.confidence) == (name, "likely")


def test_of_several_files_the_requirement_is_added_to_the_one_around_the_importing_file() -> None:
    """Each service has its requirements, and the library that they share has its own."""
    api = [needs(name, line, "api/requirements.txt") for line, name in enumerate(("fastapi", "redis"), 1)]
    library = needs("attrs", 4, "shop/requirements.txt")
    installs = [pip(3, files=(one.place.path,)) for one in (api[0], library)]
    found = only(lacking("yaml"), tree(*api, library, dockerfile=dockerfile_of(installs=installs)))
    assert where(found) == ("not-declared", ("shop/requirements.txt", 4))
    elsewhere = replace(library, place=replace(library.place, path="jobs/requirements.txt"))
    found = only(lacking("yaml"), tree(*api, elsewhere))
    assert where(found) == ("not-declared", ("api/requirements.txt", 2))


def test_a_shared_namespace_is_told_by_what_the_import_asks_of_it() -> None:
    asking = site("shop.main", "google.cloud", 3, names=("bigquery",))
    found = only(lacking("google", sites=(asking,)), tree(needs("fastapi")))
    assert "add google-cloud-bigquery to requirements.txt" in found.remedy


def test_not_declared_prefers_what_metadata_says() -> None:
    other = OtherInterpreter(
        "/opt/x/bin/python", "3.12", ("/opt/x/site",), (dist("Fancy-YAML", "1", "yaml"),)
    )
    found = only(lacking("yaml", clues=clues(interpreters=(other,))), tree(needs("fastapi")))
    assert "add Fancy-YAML" in found.remedy
    required = clues(distributions=(dist("kombu", "5", requires=("Async-Timeout>=4",)),))
    assert (
        "add Async-Timeout to" in only(lacking("async_timeout", clues=required), tree(needs("kombu"))).remedy
    )


def test_not_declared_guesses_no_name_for_sure() -> None:
    found = only(lacking("frobnicate"), tree(needs("fastapi", 3), dockerfile=INSTALLS))
    # fastapi is not installed either, and might be what provides it, for all that is known.
    assert found.cause == "unknown"
    installed = clues(distributions=(dist("fastapi"),))
    found = only(lacking("frobnicate", clues=installed), tree(needs("fastapi", 3)))
    assert where(found) == ("not-declared", ("requirements.txt", 3))
    assert (found.confidence, found.change) == ("possible", None)
    assert "if that is the distribution that provides 'frobnicate'" in found.remedy


def test_a_constraint_or_a_lock_declares_nothing() -> None:
    for kind, words in (("constraint", "only constrains its version"), ("lock", "locks it")):
        found = only(lacking("yaml"), tree(needs("PyYAML", 4, "c.txt", kind=kind), needs("fastapi")))
        assert found.cause == "not-declared"
        assert f"c.txt:4 {words}" in found.explanation


def test_declared_not_installed_names_both_lines() -> None:
    found = only(lacking("yaml"), tree(needs("PyYAML", 7)))
    assert where(found) == ("declared-not-installed", ("requirements.txt", 7))
    assert "Dockerfile:3 should have installed it" in found.explanation


def test_declared_in_a_file_that_nothing_reads() -> None:
    found = only(lacking("yaml"), tree(needs("PyYAML", 7, "requirements/extra.txt"), needs("fastapi")))
    assert where(found) == ("declared-not-installed", ("Dockerfile", 3))
    assert "requirements/extra.txt:7 declares PyYAML" in found.explanation
    assert "no RUN line installs it for the final stage (there is Dockerfile:3)" in found.explanation
    assert (
        "let line 3 install what requirements/extra.txt declares (-r requirements/extra.txt)" in found.remedy
    )


def test_what_is_declared_as_a_folder_is_not_to_be_taken_from_an_index() -> None:
    ours = needs("billing", 7, "pyproject.toml", url="libs/billing")
    found = only(lacking("billing"), tree(ours, needs("fastapi")))
    assert where(found) == ("declared-not-installed", ("Dockerfile", 3))
    assert found.remedy == "let line 3 install what pyproject.toml declares (billing from libs/billing)"
    secret = replace(ours, url="https://me:secret@example.org/billing")
    assert "secret" not in only(lacking("billing"), tree(secret, needs("fastapi"))).remedy
    held = clues(distributions=(dist("billing", "0.1"),))
    other = replace(ours, specifier=">=2")
    seen = raising("ImportError", "cannot import name 'x' from 'billing' (/x)", name="billing", clues=held)
    assert only(seen, tree(other)).cause == "missing-name"


def test_declared_where_the_image_installs_nothing() -> None:
    docker = dockerfile_of(installs=[])
    found = only(lacking("yaml"), tree(needs("PyYAML", 7), dockerfile=docker))
    assert where(found) == ("declared-not-installed", ("requirements.txt", 7))
    assert "RUN pip install -r requirements.txt" in found.remedy


def test_declared_by_the_run_line_alone() -> None:
    found = only(lacking("yaml"), tree(dockerfile=dockerfile_of(installs=[pip(5, packages=("PyYAML>=6",))])))
    assert where(found) == ("declared-not-installed", ("Dockerfile", 5))


def test_declared_with_a_file_that_includes_another() -> None:
    nested = needs("PyYAML", 2, "base.txt", via=(Place("requirements.txt", 1),))
    found = only(lacking("yaml"), tree(nested))
    assert "Dockerfile:3 should have installed it" in found.explanation


@pytest.mark.parametrize(("kind", "words"), [("group", "group 'dev'"), ("extra", "extra 'dev'")])
def test_dev_only(kind: str, words: str) -> None:
    declared = needs("PyYAML", 12, "pyproject.toml", kind=kind, group="dev")
    docker = dockerfile_of(installs=[pip(locals=("/app",), files=())])
    found = only(lacking("yaml"), tree(declared, dockerfile=docker))
    assert where(found) == ("dev-only", ("pyproject.toml", 12))
    assert words in found.explanation
    assert words in found.remedy


@pytest.mark.parametrize(
    ("declared", "install", "cause"),
    [
        ({"kind": "group"}, {"tool": "poetry", "files": (), "main_only": True}, "dev-only"),
        ({"kind": "group"}, {"tool": "poetry", "files": (), "without": ("dev",)}, "dev-only"),
        ({"kind": "group"}, {"tool": "poetry", "files": ()}, "declared-not-installed"),
        ({"kind": "extra"}, {"locals": ("/app",), "files": (), "groups": ("dev",)}, "declared-not-installed"),
        ({"kind": "extra"}, {"locals": ("/app",), "files": (), "groups": ("web",)}, "dev-only"),
    ],
)
def test_a_group_that_the_image_asks_for_is_not_dev_only(declared, install, cause) -> None:
    one = needs("PyYAML", 12, "pyproject.toml", group="dev", **declared)
    found = only(lacking("yaml"), tree(one, dockerfile=dockerfile_of(installs=[pip(**install)])))
    assert found.cause == cause


def test_a_module_that_is_called_like_its_distribution_without_the_hyphens() -> None:
    one = needs("wagtail-font-awesome-svg", 4, "requirements/development.txt", kind="group", group="dev")
    found = only(lacking("wagtailfontawesomesvg"), tree(one))
    assert where(found) == ("dev-only", ("requirements/development.txt", 4))


def test_requirements_dev_txt() -> None:
    one = needs("PyYAML", 2, "requirements-dev.txt", kind="group", group="dev")
    assert only(lacking("yaml"), tree(one)).cause == "dev-only"
    both = tree(one, needs("PyYAML", 5))
    assert where(only(lacking("yaml"), both)) == ("declared-not-installed", ("requirements.txt", 5))
    read = dockerfile_of(installs=[pip(files=("requirements-dev.txt",))])
    assert only(lacking("yaml"), tree(one, dockerfile=read)).cause == "declared-not-installed"


def test_marker_excluded() -> None:
    one = needs("PyYAML", 4, marker="python_version < '3.12'")
    found = only(lacking("yaml"), tree(one))
    assert where(found) == ("marker-excluded", ("requirements.txt", 4))
    assert "python_version < '3.12'" in found.explanation
    assert "python_version '3.13'" in found.explanation


def test_a_marker_that_holds_or_another_line_without_one_excludes_nothing() -> None:
    held = needs("PyYAML", 4, marker="python_version >= '3.12'")
    assert only(lacking("yaml"), tree(held)).cause == "declared-not-installed"
    two = tree(needs("PyYAML", 4, marker="python_version < '3.12'"), needs("PyYAML", 5))
    assert where(only(lacking("yaml"), two)) == ("declared-not-installed", ("requirements.txt", 5))


def test_wrong_stage_names_both_lines() -> None:
    copy = Copy(8, 1, "COPY --from=builder /build/dist /app", ("/build/dist",), "/app", from_stage=0)
    docker = dockerfile_of([copy], [pip(3, 0)], BUILDER)
    found = only(lacking("yaml"), tree(needs("PyYAML", 7), dockerfile=docker))
    assert where(found) == ("wrong-stage", ("Dockerfile", 8))
    assert "Dockerfile:3 installs PyYAML in stage builder" in found.explanation
    assert "takes only /build/dist from it (Dockerfile:8)" in found.explanation
    nothing = only(
        lacking("yaml"), tree(needs("PyYAML", 7), dockerfile=dockerfile_of([], [pip(3, 0)], BUILDER))
    )
    assert where(nothing) == ("wrong-stage", ("Dockerfile", 6))


@pytest.mark.parametrize(
    ("install", "taken"),
    [
        ({"interpreter": "/opt/venv"}, "/opt/venv"),
        ({"target": "/install"}, "/install"),
        ({}, "/usr/local/lib/python3.13/site-packages"),
    ],
)
def test_what_the_final_stage_takes_is_not_in_the_wrong_stage(install, taken) -> None:
    copy = Copy(8, 1, f"COPY --from=builder {taken} {taken}", (taken,), taken, from_stage=0)
    docker = dockerfile_of([copy], [pip(3, 0, files=("requirements.txt",), **install)], BUILDER)
    found = only(lacking("yaml"), tree(needs("PyYAML", 7), dockerfile=docker))
    assert where(found) == ("declared-not-installed", ("requirements.txt", 7))


@pytest.mark.parametrize("environment", ["/usr/local", "/app/.venv"])
def test_the_programs_of_an_environment_are_not_its_modules(environment: str) -> None:
    """``COPY --from=builder /usr/local/bin /usr/local/bin`` leaves site-packages behind."""
    taken = f"{environment}/bin"
    copy = Copy(8, 1, f"COPY --from=builder {taken} {taken}", (taken,), taken, from_stage=0)
    install = pip(3, 0, tool="uv", files=("requirements.txt",), interpreter=environment)
    found = only(
        lacking("yaml"), tree(needs("PyYAML", 7), dockerfile=dockerfile_of([copy], [install], BUILDER))
    )
    assert where(found) == ("wrong-stage", ("Dockerfile", 8))
    assert f"takes only {taken} from it" in found.explanation


def test_what_a_line_of_an_earlier_stage_leaves_out_is_to_be_added_there() -> None:
    copy = Copy(8, 1, "COPY --from=builder /opt/venv /opt/venv", ("/opt/venv",), "/opt/venv", from_stage=0)
    by_hand = pip(3, 0, packages=("fastapi",), interpreter="/opt/venv")
    held = needs("PyYAML", 7, "pyproject.toml")
    found = only(lacking("yaml"), tree(held, dockerfile=dockerfile_of([copy], [by_hand], BUILDER)))
    assert where(found) == ("declared-not-installed", ("Dockerfile", 3))
    assert "no RUN line installs it for the final stage (there is Dockerfile:3)" in found.explanation


@pytest.mark.parametrize(
    ("own", "line"),
    [
        ({"locals": ("/wheels/*",)}, 3),
        ({"locals": ("/wheels/*", "/app")}, 9),
        ({"packages": ("gunicorn",)}, 9),
    ],
)
def test_the_line_that_builds_the_wheels_says_what_is_installed(own, line) -> None:
    """``pip install /wheels/*`` installs what ``pip wheel -r requirements.txt`` of another stage made."""
    copy = Copy(8, 1, "COPY --from=builder /w /wheels", ("/w",), "/wheels", from_stage=0)
    wheel = pip(3, 0, files=("requirements.txt",), target="/w")
    docker = dockerfile_of([copy], [wheel, pip(9, 1, **own)], BUILDER)
    found = only(lacking("yaml"), tree(needs("PyYAML", 7, "production.txt"), dockerfile=docker))
    assert where(found) == ("declared-not-installed", ("Dockerfile", line))


def test_an_install_in_the_stage_that_the_final_one_is_from_counts() -> None:
    stages = (Stage(0, "base", "python", None, 1, "/app"), Stage(1, None, "base", 0, 5, "/app"))
    docker = dockerfile_of(installs=[pip(3, 0)], stages=stages)
    assert only(lacking("yaml"), tree(needs("PyYAML"), dockerfile=docker)).cause == "declared-not-installed"


def test_wrong_interpreter_names_both() -> None:
    other = candidate(
        "yaml", "/opt/venv/lib/python3.12/site-packages/yaml", "/opt/venv/lib/python3.12/site-packages"
    )
    other = replace(other, site=True, interpreter="/opt/venv/bin/python")
    docker = dockerfile_of(installs=[pip(3), pip(5, packages=("x",), interpreter="/opt/venv")])
    found = only(lacking("yaml", clues=clues(candidates=(other,))), tree(needs("PyYAML"), dockerfile=docker))
    assert where(found) == ("wrong-interpreter", ("Dockerfile", 5))
    assert "/opt/venv/bin/python" in found.explanation
    assert "/usr/local/bin/python3" in found.explanation


@pytest.mark.parametrize(
    ("command", "home", "remedy"),
    [
        ("uvicorn shop.main:app", "/app/.venv", "add 'ENV PATH=\"/app/.venv/bin:$PATH\"' to the final stage"),
        # Neither a command that names its Python nor one of the system is found by another PATH.
        ("/usr/bin/python3 -m shop", "/app/.venv", "install it with '/usr/local/bin/python3 -m pip'"),
        ("uvicorn shop.main:app", "/usr", "install it with '/usr/local/bin/python3 -m pip'"),
    ],
)
def test_the_environment_of_another_stage_is_not_in_path(command: str, home: str, remedy: str) -> None:
    site = f"{home}/lib/python3.13/site-packages"
    other = replace(candidate("yaml", f"{site}/yaml", site), site=True, interpreter=f"{home}/bin/python")
    copy = Copy(9, 1, f"COPY --from=builder {home} {home}", (home,), home, 0)
    docker = dockerfile_of([copy], installs=[pip(3, 0, interpreter=home)], stages=BUILDER)
    started = replace(entry("shop.main", "failed"), command=command)
    seen = lacking("yaml", clues=clues(candidates=(other,)), entrypoints=(started,))
    found = only(seen, tree(needs("PyYAML"), dockerfile=docker))
    assert found.remedy == f"{remedy}, or start the application with {home}/bin/python"
    assert where(found)[1] == (("Dockerfile", 9) if remedy.startswith("add") else None)


def test_an_environment_whose_python_stayed_in_another_stage() -> None:
    other = candidate("yaml", "/app/.venv/lib/python3.13/site-packages/yaml", "/app/.venv/lib/python3.13")
    link = ("/app/.venv/bin/python", "/root/uv/bin/python3.13")
    other = replace(other, site=True, broken_link=link)
    copy = Copy(9, 0, "COPY --from=builder /app/.venv /app/.venv", ("/app/.venv",), "/app/.venv", 1)
    docker = dockerfile_of(installs=[pip(3)], copies=[copy])
    found = only(lacking("yaml", clues=clues(candidates=(other,))), tree(needs("PyYAML"), dockerfile=docker))
    assert where(found) == ("wrong-interpreter", ("Dockerfile", 9))
    assert "whose python leads to /root/uv/bin/python3.13, which is not in the image" in found.explanation


def test_what_the_applications_own_python_has_is_no_other_interpreters() -> None:
    own = replace(candidate("yaml", f"{SITE}/yaml", SITE), site=True, interpreter="/usr/local/bin/python3")
    assert only(lacking("yaml", clues=clues(candidates=(own,))), tree(needs("PyYAML"))).cause == (
        "declared-not-installed"
    )


def test_version_conflict_with_the_declaration() -> None:
    held = clues(distributions=(dist("pydantic", "1.10.2"),))
    seen = raising(
        "ImportError",
        "cannot import name 'field_validator' from 'pydantic' (/x)",
        name="pydantic",
        clues=held,
    )
    found = only(seen, tree(needs("pydantic", 6, specifier=">=2")))
    assert where(found) == ("version-conflict", ("requirements.txt", 6))
    assert "pydantic 1.10.2 is installed, and requirements.txt:6 requires pydantic>=2" in found.explanation
    assert only(seen, tree(needs("pydantic", 6, specifier=">=1"))).cause == "missing-name"


def test_version_conflict_with_another_distribution() -> None:
    held = clues(
        distributions=(
            dist("werkzeug", "3.0"),
            dist("flask", "2.0", requires=("Werkzeug<3,>=2", "ghost; extra == 'x'")),
            dist("other", "1", requires=("werkzeug<2",)),
        )
    )
    seen = raising(
        "ImportError",
        "cannot import name 'url_quote' from 'werkzeug.urls' (/x)",
        name="werkzeug.urls",
        frames=[frame("shop.main", 3), frame("flask.app", 9)],
        clues=held,
    )
    found = only(seen, tree(needs("flask")))
    assert found.cause == "version-conflict"
    assert "werkzeug 3.0 is installed, and flask 2.0 requires werkzeug<3,>=2" in found.explanation


def test_a_submodule_that_the_installed_version_has_not() -> None:
    held = clues(
        distributions=(dist("redis", "2.0"),),
        resolutions=(resolves("redis", "package", f"{SITE}/redis/__init__.py"),),
    )
    found = only(lacking("redis.asyncio", clues=held), tree(needs("redis", 3, specifier=">=4.2")))
    assert where(found) == ("version-conflict", ("requirements.txt", 3))
    fine = only(lacking("redis.asyncio", clues=held), tree(needs("redis", 3)))
    assert fine.cause == "missing-name"
    assert "redis 2.0 is installed" in fine.explanation


def test_a_system_package_installs_too() -> None:
    apt = Install(3, 0, "apt", "apt-get install python3-yaml", packages=("python3-yaml", "python3-pyyaml"))
    found = only(lacking("yaml"), tree(dockerfile=dockerfile_of(installs=[apt])))
    assert where(found) == ("declared-not-installed", ("Dockerfile", 3))


def test_without_a_source_the_distribution_is_named_all_the_same() -> None:
    found = only(lacking("yaml"))
    assert (found.cause, found.location) == ("unknown", None)
    assert "install PyYAML" in found.remedy


def test_what_was_not_reached_gets_its_cause_too() -> None:
    seen = observed(
        failed("shop.main", no_module("redis", frame("shop.main", 3))), sites=(site("shop.main", "yaml", 9),)
    )
    found = diagnose_findings(run_checks(seen), seen, tree(needs("redis", 1), needs("fastapi", 2)))
    assert {one.missing: one.diagnosis.cause for one in found if one.diagnosis} == {
        "redis": "declared-not-installed",
        "yaml": "not-declared",
    }


def test_a_name_that_many_distributions_share_is_not_guessed():
    seen = lacking("google", clues=clues(distributions=(dist("fastapi"),)))
    found = only(seen, source(requirements=[needs("fastapi")]))
    assert found.cause == "not-declared"
    assert found.remedy.startswith("add the distribution that provides 'google' to requirements.txt")
    assert found.change is None


@pytest.mark.parametrize(
    ("kind", "install", "ask"),
    [
        ("extra", {"locals": ("/app",), "files": ()}, "'.[worker]'"),
        ("extra", {"tool": "uv", "files": ("pyproject.toml",)}, "--extra worker"),
        ("group", {"tool": "uv", "files": ()}, "--group worker"),
        ("extra", {"tool": "poetry", "files": ()}, "--extras worker"),
        ("group", {"tool": "poetry", "files": (), "main_only": True}, "--only main,worker"),
        ("extra", {"tool": "pdm", "files": ()}, "--group worker"),
        ("group", {"tool": "pipenv", "files": ()}, "--categories 'packages worker'"),
    ],
)
def test_an_extra_that_no_line_asks_for(kind, install, ask) -> None:
    one = needs("celery", 12, "pyproject.toml", group="worker", kind=kind)
    found = only(lacking("celery"), tree(one, dockerfile=dockerfile_of(installs=[pip(**install)])))
    assert where(found) == ("extra-not-installed", ("pyproject.toml", 12))
    assert f"ask for the {kind} at Dockerfile:3 ({ask})" in found.remedy
    asked = dockerfile_of(installs=[pip(**{**install, "groups": ("worker",)})])
    assert only(lacking("celery"), tree(one, dockerfile=asked)).cause == "declared-not-installed"


@pytest.mark.parametrize(
    ("module", "installed", "requires", "told"),
    [
        ("pkg_resources", dist("setuptools", "84.2.1"), "setuptools<82", "version 82 left it out"),
        ("socks", dist("PySocks", "9", "pysocks"), "a version of PySocks that has it", "it has pysocks"),
    ],
)
def test_a_module_that_the_installed_version_of_its_distribution_has_not(
    module: str, installed: Distribution, requires: str, told: str
) -> None:
    """It is never told to install what is installed."""
    seen = lacking(module, clues=clues(distributions=(installed,)))
    found = only(seen, tree(needs(installed.name, 7)))
    assert where(found) == ("version-conflict", ("requirements.txt", 7))
    assert f"{installed.name} {installed.version} is installed" in found.explanation
    assert f"has no module '{module}': {told}." in found.explanation
    assert found.remedy.startswith(f"require {requires} at requirements.txt:7, or change the import at")
    # Its metadata has the module: the file was removed, which no other version mends.
    whole = clues(distributions=(replace(installed, provides=(module,)),))
    assert only(lacking(module, clues=whole), tree(needs(installed.name, 7))).cause == "unknown"


def test_an_extra_that_a_developer_s_tool_needs_too() -> None:
    """kombu's transport of redis needs packaging, and so does pytest-sugar: the extra is what lacks."""
    kombu = dist("kombu", "5.7", requires=('packaging; extra == "redis"',), extras=("redis",))
    way = [frame("shop.main", 3), Frame(f"{SITE}/kombu/redis.py", 9, "<module>", "kombu.redis")]
    failure = raised(
        ("ModuleNotFoundError", "No module named 'packaging'", "packaging"), frames=way, missing="packaging"
    )
    seen = observed(failed("shop.main", failure), clues=clues(distributions=(kombu,)))
    world = tree(
        needs("pytest-sugar", 32, "pyproject.toml", kind="group", group="dev"),
        needs("pytest-sugar", 20, "poetry.lock", kind="lock", requires=frozenset({"packaging"})),
        needs("packaging", 30, "poetry.lock", kind="lock"),
    )
    found = only(seen, world)
    assert (found.cause, found.remedy) == ("extra-not-installed", "require kombu[redis]")
    own = only(lacking("packaging", clues=clues(distributions=(kombu,))), world)
    assert own.cause == "dev-only"


def test_an_extra_of_an_installed_distribution() -> None:
    requires = ("annotated-types", 'email-validator>=2; extra == "email"', 'tzdata; extra == "timezone"')
    pydantic = dist("pydantic", "2.11", requires=requires, extras=("email", "timezone"))
    known = clues(distributions=(pydantic, dist("fastapi")))
    way = [frame("shop.main", 3), Frame(f"{SITE}/pydantic/networks.py", 9, "check", "pydantic.networks")]
    failure = raised(
        ("ImportError", "email-validator is not installed", None),
        ("ModuleNotFoundError", "No module named 'email_validator'", "email_validator"),
        frames=way,
        missing="email_validator",
    )
    seen = observed(failed("shop.main", failure), clues=known)
    found = only(seen, tree(needs("pydantic", 4, specifier=">=2"), needs("fastapi")))
    assert where(found) == ("extra-not-installed", ("requirements.txt", 4))
    assert (found.change, found.remedy) == (
        "pydantic[email]>=2",
        "require pydantic[email] at requirements.txt:4",
    )
    # What the application imports itself is its own requirement.
    own = only(lacking("email_validator", clues=known), tree(needs("pydantic", 4), needs("fastapi")))
    assert own.cause == "not-declared"


def test_an_extra_that_is_asked_for_was_left_out() -> None:
    """``pip wheel --no-deps -r requirements.txt`` with ``django-allauth[socialaccount]`` leaves PyJWT out."""
    requires = ('pyjwt>=2; extra == "headless"', 'pyjwt>=2; extra == "socialaccount"', 'x; extra == "mfa"')
    allauth = dist("django-allauth", "65", requires=requires, extras=("headless", "mfa", "socialaccount"))
    run = Instruction("RUN", "RUN pip install --no-deps -r requirements.txt", 3, 0)
    docker = replace(INSTALLS, instructions=(run,))
    way = [frame("shop.main", 3), Frame(f"{SITE}/allauth/jwtkit.py", 6, "<module>", "allauth.jwtkit")]
    allauth = replace(allauth, provides=("allauth",))
    seen = observed(
        failed("shop.main", no_module("jwt", *way)), clues=clues(distributions=(allauth, dist("fastapi")))
    )
    asked = needs("django-allauth", 3, specifier="==65", text="django-allauth[socialaccount]==65")
    found = only(seen, tree(asked, needs("fastapi"), dockerfile=docker))
    assert where(found) == ("declared-not-installed", ("Dockerfile", 3))
    # Another extra than the one that is asked for: both are to be required then.
    other = needs("django-allauth", 3, specifier="==65", text="django-allauth[mfa]==65")
    found = only(seen, tree(other, needs("fastapi")))
    assert (found.cause, found.change) == ("extra-not-installed", "django-allauth[mfa,headless]==65")


def test_what_an_installed_distribution_requires_was_left_out() -> None:
    """``pip install --no-deps -r requirements.txt``: nobody declares kombu, and celery requires it."""
    requires = ('kombu<5.7,>=5.6; extra == "fast"', "kombu<5.7,>=5.6", 'pytest; extra == "test"')
    known = clues(distributions=(dist("celery", "5.6.0", requires=requires), dist("fastapi")))
    run = Instruction("RUN", "RUN pip install --no-deps -r requirements.txt", 3, 0)
    docker = replace(INSTALLS, instructions=(run,))
    declared = needs("celery"), needs("fastapi")
    found = only(lacking("kombu", clues=known), tree(*declared, dockerfile=docker))
    assert where(found) == ("declared-not-installed", ("Dockerfile", 3))
    assert "celery 5.6.0 requires kombu<5.7,>=5.6, and the image has it not" in found.explanation
    way = [frame("shop.main", 3), Frame(f"{SITE}/celery/app.py", 9, "<module>", "celery.app")]
    seen = observed(failed("shop.main", no_module("kombu", *way)), clues=known)
    untold = only(seen, tree(*declared))
    assert where(untold) == ("declared-not-installed", None)
    assert "install kombu<5.7,>=5.6 together with celery" in untold.remedy
    # What the application imports itself, it has to declare.
    assert only(lacking("kombu", clues=known), tree(*declared)).cause == "not-declared"
    # An extra requires nothing of those who do not ask for it.
    assert only(lacking("pytest", clues=known), tree(*declared)).cause == "not-declared"


def test_an_extra_that_another_extra_asks_for() -> None:
    """``pandas[plot]; extra == "all"`` of pandas itself requires nothing of who does not ask for ``all``."""
    requires = ('matplotlib>=3; extra == "plot"', 'pandas[plot]; extra == "all"')
    known = clues(distributions=(dist("pandas", "3.1", requires=requires, extras=("all", "plot")),))
    way = [frame("shop.main", 3), Frame(f"{SITE}/pandas/plot.py", 9, "<module>", "pandas.plot")]
    known = replace(known, distributions=(replace(known.distributions[0], provides=("pandas",)),))
    seen = observed(failed("shop.main", no_module("matplotlib", *way)), clues=known)
    plain = only(seen, tree(needs("pandas", 3)))
    assert where(plain) == ("extra-not-installed", ("requirements.txt", 3))
    whole = only(seen, tree(needs("pandas", 3, text="pandas[all]")))
    assert (whole.cause, whole.location) == ("declared-not-installed", None)


def test_version_conflict_of_what_an_error_names() -> None:
    held = clues(distributions=(dist("honcho-ai", "2.7.0", "honcho"),))
    message = "'Honcho' object has no attribute 'apps'"
    seen = raising("AttributeError", message, clues=held, named_from="honcho")
    locked = needs("honcho-ai", 395, "uv.lock", specifier="==0.0.17", kind="lock")
    brought = dockerfile_of(installs=[pip(9, tool="uv", files=("pyproject.toml", "uv.lock"))])
    found = only(seen, tree(locked, dockerfile=brought))
    assert where(found) == ("version-conflict", ("uv.lock", 395))
    absent = dockerfile_of(installs=[pip(9, tool="uv", files=("pyproject.toml", "/app/uv.lock"))])
    found = only(seen, tree(locked, dockerfile=absent))
    assert where(found) == ("version-conflict", ("Dockerfile", 9))
    assert "uv.lock:395 locks 0.0.17: no COPY brings uv.lock to where Dockerfile:9" in found.explanation


SHOP, BOT = (Project(name, f"{name}/pyproject.toml") for name in ("shop", "bot"))


@pytest.mark.parametrize(
    ("declaring", "told"),
    [
        (SHOP, ("declared-not-installed", ("Dockerfile", 9))),
        # What another member declares is nothing that this one may import.
        (BOT, ("not-declared", ("shop/pyproject.toml", 3))),
    ],
)
def test_a_member_of_a_workspace(declaring: Project, told: tuple[str, tuple[str, int]]) -> None:
    sync = pip(9, tool="uv", files=("pyproject.toml",), members=("api",))
    world = tree(
        needs("py-cord", 11, declaring.path, projects=(declaring,)),
        needs("fastapi", 3, SHOP.path, projects=(SHOP,)),
        needs("py-cord", 780, "uv.lock", specifier="==2.6", kind="lock"),
        dockerfile=dockerfile_of(installs=[sync]),
    )
    held = clues(distributions=(dist("fastapi"),))
    assert where(only(lacking("discord", clues=held), world)) == told


PLOTLY = "Plotly Express requires numpy to be installed. You can use pip:\n$ pip install numpy"
PYDANTIC = "email-validator is not installed, run `pip install 'pydantic[email]'`"


@pytest.mark.parametrize(
    ("message", "requirements", "told"),
    [
        (PLOTLY, [needs("plotly", 4)], ("not-declared", ("requirements.txt", 4))),
        (PLOTLY, [needs("numpy", 5)], ("declared-not-installed", ("requirements.txt", 5))),
        (
            PYDANTIC,
            [needs("pydantic", 2), needs("flask", 9)],
            ("extra-not-installed", ("requirements.txt", 2)),
        ),
        (
            PYDANTIC,
            [needs("email-validator", 47, kind="group", group="dev")],
            ("dev-only", ("requirements.txt", 47)),
        ),
        ("no advice: numpy is not installed", [needs("numpy", 5)], None),
    ],
)
def test_an_import_error_that_says_what_to_install(
    message: str, requirements: list[Requirement], told: Optional[tuple[str, tuple[str, int]]]
) -> None:
    seen = raising("ImportError", message)
    (found,) = diagnose_findings(run_checks(seen), seen, tree(*requirements))
    assert (where(found.diagnosis) if found.diagnosis else None) == told


@pytest.mark.parametrize(
    ("module", "function", "told"),
    [
        ("kombu.transport.redis", "<module>", ("not-declared", ("requirements.txt", 4))),
        ("kombu.transport.redis", "connect", None),
        ("kombu.transport.virtual", "<module>", None),
        ("redis", "<module>", None),
        ("shop.clients.redis", "<module>", None),
    ],
)
def test_a_module_of_a_library_that_is_named_for_another_one(
    module: str, function: str, told: Optional[tuple[str, tuple[str, int]]]
) -> None:
    frames = [frame("shop.main"), Frame(f"{SITE}/{module.replace('.', '/')}.py", 387, function, module)]
    seen = raising("AttributeError", "'NoneType' object has no attribute 'Redis'", frames=frames)
    seen = replace(seen, clues=clues(distributions=(dist("kombu"),)))
    (found,) = diagnose_findings(run_checks(seen), seen, tree(needs("celery", 4)))
    assert (where(found.diagnosis) if found.diagnosis else None) == told


def test_what_a_library_is_named_for_may_be_declared_or_installed() -> None:
    frames = [Frame(f"{SITE}/kombu/transport/redis.py", 387, "<module>", "kombu.transport.redis")]
    seen = raising("AttributeError", "'NoneType' object has no attribute 'Redis'", frames=frames)
    lacking_it = replace(seen, clues=clues(distributions=(dist("kombu"),)))
    declared = only(lacking_it, tree(needs("redis", 9, kind="group", group="dev")))
    assert where(declared) == ("dev-only", ("requirements.txt", 9))
    with_it = replace(seen, clues=clues(distributions=(dist("redis"),)))
    (found,) = diagnose_findings(run_checks(with_it), with_it, tree(needs("celery", 4)))
    assert found.diagnosis is None


FOLDER = resolves("alembic", "namespace", "/app/alembic")
OF_FOLDER = {
    "a name": raising(
        "ImportError", "cannot import name 'op' from 'alembic' (unknown location)", name="alembic"
    ),
    "a submodule": lacking("alembic.config", "alembic.env"),
    "an attribute": raising("AttributeError", "module 'alembic' has no attribute 'context'"),
}


@pytest.mark.parametrize("asks", OF_FOLDER)
def test_a_folder_of_the_name_of_a_distribution_that_is_not_installed(asks: str) -> None:
    """It is a namespace, which any installed package of its name comes before."""
    seen = replace(OF_FOLDER[asks], clues=clues(resolutions=(FOLDER,)))
    here = on_disk("alembic/env.py", "alembic/versions/0001_first.py")
    undeclared = only(seen, tree(needs("fastapi", 2), files=here))
    assert where(undeclared) == ("not-declared", ("requirements.txt", 2)), undeclared
    assert undeclared.change == "alembic"
    assert "only the folder alembic" in undeclared.explanation
    declared = only(seen, tree(needs("alembic", 7), files=here))
    assert where(declared) == ("declared-not-installed", ("requirements.txt", 7)), declared


def test_what_a_folder_lacks_of_its_own_is_no_distributions() -> None:
    own = [imported("alembic.seeding"), imported("alembic")]
    lack = failed("shop.main", no_module("alembic.seedng", frame("shop.main")))
    seen = observed(*own, lack, clues=clues(resolutions=(FOLDER,)))
    assert only(seen, tree(needs("fastapi"), files=on_disk("alembic/seeding.py"))).cause == "not-in-source"
    folder = resolves("jobs", "namespace", "/app/jobs")
    seen = lacking("jobs.nightly", clues=clues(resolutions=(folder,)))
    assert only(seen, tree(needs("fastapi"), files=on_disk("jobs/hourly.py"))).cause == "unknown"
    installed = clues(resolutions=(FOLDER,), distributions=(dist("alembic"),))
    assert only(replace(OF_FOLDER["a submodule"], clues=installed), tree()).cause != "not-declared"


def test_several_names_of_a_folder_are_one_finding() -> None:
    name = failed(
        "shop.a",
        raised(
            ("ImportError", "cannot import name 'op' from 'alembic' (unknown location)", "alembic"),
            frames=[frame("shop.a")],
        ),
    )
    module = failed("shop.b", no_module("alembic.config", frame("shop.b")))
    seen = observed(name, module, clues=clues(resolutions=(FOLDER,)))
    found = diagnose_findings(run_checks(seen), seen, tree(needs("fastapi"), files=on_disk("alembic/env.py")))
    told = without_repeated(found)
    assert [(one.missing, one.affected) for one in told] == [("alembic.config", ("shop.a", "shop.b"))]


def test_a_library_that_was_written_for_an_older_version_of_another() -> None:
    """Flask 2.2 requires Werkzeug>=2.2 alone, and asks it for what version 3 has no more."""
    flask = dist("Flask", "2.2.1", requires=("Werkzeug>=2.2.0",))
    held = clues(distributions=(flask, dist("Werkzeug", "3.1.9")))
    frames = [frame("shop.main", 3), Frame(f"{SITE}/flask/app.py", 2, "<module>", "flask.app")]
    message = "cannot import name 'url_quote' from 'werkzeug.urls'"
    seen = raising("ImportError", message, name="werkzeug.urls", frames=frames, clues=held)
    found = only(seen, tree(needs("Flask", 1), needs("Werkzeug", 2)))
    assert where(found) == ("version-conflict", ("requirements.txt", 2)), found
    assert found.change == "Werkzeug<3"


def test_a_group_of_the_workspace_is_installed_beside_the_members_that_are_developed() -> None:
    root = Project("", "pyproject.toml")
    world = tree(
        needs("boto3", 26, root.path, kind="group", group="dev", projects=(root,)),
        needs("fastapi", 3, SHOP.path, projects=(SHOP,)),
        dockerfile=dockerfile_of(installs=[pip(9, tool="uv", files=("pyproject.toml",), members=("shop",))]),
    )
    found = only(lacking("boto3", clues=clues(distributions=(dist("fastapi"),))), world)
    assert where(found) == ("dev-only", ("pyproject.toml", 26))


def test_what_another_member_declares_is_named() -> None:
    world = tree(
        needs("boto3", 7, BOT.path, projects=(BOT,)),
        needs("fastapi", 3, SHOP.path, projects=(SHOP,)),
        needs("boto3", 80, "uv.lock", kind="lock"),
    )
    found = only(lacking("boto3", clues=clues(distributions=(dist("fastapi"),))), world)
    assert found.cause == "not-declared"
    assert "bot/pyproject.toml:7 declares it for another project of the workspace" in found.explanation


SYNC = dockerfile_of(
    installs=[pip(9, tool="uv", text="uv sync --frozen", files=("pyproject.toml", "uv.lock"))]
)


@pytest.mark.parametrize(
    ("asked", "locked"),
    [
        ("orjson", {"shop": {"boto3"}, "boto3": {"botocore"}}),
        # Another member of the workspace has it locked.
        ("orjson", {"shop": {"boto3"}, "boto3": {"botocore"}, "orjson": set()}),
    ],
)
def test_a_lock_file_that_is_older_than_the_declaration(asked: str, locked: dict[str, set[str]]) -> None:
    entries = [
        needs(name, 10 + at, "uv.lock", kind="lock", editable=name == "shop", requires=frozenset(names))
        for at, (name, names) in enumerate(locked.items())
    ]
    found = only(lacking(asked), tree(needs(asked, 7, "pyproject.toml"), *entries, dockerfile=SYNC))
    assert where(found) == ("declared-not-installed", ("pyproject.toml", 7))
    assert "uv.lock was locked without it" in found.explanation
    assert found.remedy.startswith("run 'uv lock'")
    current = [replace(one, requires=frozenset({asked})) if one.editable else one for one in entries]
    current += [] if asked in locked else [needs(asked, 90, "uv.lock", kind="lock")]
    found = only(lacking(asked), tree(needs(asked, 7, "pyproject.toml"), *current, dockerfile=SYNC))
    assert "locked without" not in found.explanation


SECOND_SYNC = "FROM python AS b\nWORKDIR /app\nRUN uv sync --frozen --extra worker\nCOPY . .\n"


@pytest.mark.parametrize(
    ("lines", "blamed"),
    [
        ("RUN uv sync --frozen\n", "'uv sync --frozen' at Dockerfile:5 does not ask for it"),
        ("FROM b\nRUN uv sync --frozen\n", "at Dockerfile:6 does not ask for it"),
        # These keep what is there, go elsewhere, or need not run.
        ("RUN uv sync --frozen --inexact\n", ""),
        ("RUN uv pip install -e .\n", ""),
        ("WORKDIR /tool\nRUN uv sync --frozen\n", ""),
        ('RUN if [ -n "$LEAN" ]; then uv sync --frozen; fi\n', ""),
        ("FROM python\nWORKDIR /app\nRUN uv sync --frozen\n", ""),
    ],
)
def test_the_second_of_two_lines_that_sync_an_environment_says_what_is_in_it(lines: str, blamed: str) -> None:
    needed = needs("celery", 12, "pyproject.toml", group="worker", kind="extra")
    dockerfile = parse_dockerfile(SECOND_SYNC + lines, "Dockerfile")
    found = only(lacking("celery"), tree(needed, dockerfile=dockerfile))
    assert (found.cause == "extra-not-installed") is bool(blamed)
    assert blamed in found.explanation


def test_of_two_branches_that_sync_an_environment_one_runs() -> None:
    needed = needs("celery", 12, "pyproject.toml", group="worker", kind="extra")
    lines = (
        'FROM python\nRUN if [ -n "$FULL" ]; then \\\n    uv sync --extra worker; else \\\n    uv sync; fi\n'
    )
    found = only(lacking("celery"), tree(needed, dockerfile=parse_dockerfile(lines, "Dockerfile")))
    assert found.cause == "declared-not-installed"


def test_what_a_declared_distribution_brings_has_its_cause() -> None:
    """botocore comes with boto3, which is not installed: nobody has to declare it."""
    world = tree(
        needs("boto3", 8, "pyproject.toml"),
        needs("boto3", 20, "uv.lock", kind="lock", requires=frozenset({"botocore"})),
        needs("botocore", 30, "uv.lock", kind="lock"),
        dockerfile=dockerfile_of(installs=[pip(3, packages=("uv",))]),
    )
    found = only(lacking("botocore.exceptions"), world)
    assert where(found) == ("declared-not-installed", ("Dockerfile", 3))
    assert "pyproject.toml:8 declares boto3" in found.explanation
    assert found.explanation.endswith("It requires botocore.")
    # With boto3 installed, the application has to declare what it imports itself.
    held = clues(distributions=(dist("boto3"),))
    assert only(lacking("botocore.exceptions", clues=held), world).cause == "not-declared"
