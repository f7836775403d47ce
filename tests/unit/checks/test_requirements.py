"""IG301 to IG303: what is declared, and what distributions require of one another, against the image."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional

import pytest
from unit.builders import evidence, failed, imported, no_module, site
from unit.diagnosis.world import MARKERS, SITE, clues

from importguard.checks.requirements import check_installed_requirements
from importguard.evidence.imports import Preparation
from importguard.evidence.surroundings import Distribution
from importguard.model import Severity
from importguard.source.dockerfile.parser import parse_dockerfile
from importguard.source.dockerfile_model import Dockerfile
from importguard.source.model import Imported, Place, Requirement, Source
from importguard.source.requirements.requirement_text import parse_requirement


def declared(text: str, path: str = "requirements.txt", line: int = 1, **more: Any) -> Requirement:
    found = parse_requirement(text, Place(path, line, text), **more)
    assert found is not None
    return found


def installed(name: str, version: str = "1.0", *requires: str, **more: Any) -> Distribution:
    return Distribution(
        name, version, SITE, provides=(name.lower().replace("-", "_"),), requires=requires, **more
    )


def dockerfile(*lines: str) -> Dockerfile:
    return parse_dockerfile("\n".join(lines), "Dockerfile")


def findings(
    requirements: list[Requirement],
    distributions: list[Distribution],
    imports: tuple[str, ...] = (),
    file: Optional[Dockerfile] = None,
    **more: Any,
) -> list[tuple[str, str, str]]:
    """Rule, distribution and severity of each."""
    source = Source(
        "/src",
        requirements=tuple(requirements),
        dockerfile=file,
        imported=tuple(Imported(name, Place("shop/main.py", 1), "module") for name in imports),
    )
    known = clues(distributions=tuple(distributions))
    return [
        (one.rule.id, one.module, one.severity.value)
        for one in check_installed_requirements(evidence(imported("shop"), clues=known, **more), source)
    ]


OTHER = installed("other")


def test_nothing_without_a_source_or_the_image_s_distributions():
    source = Source("/src", requirements=(declared("a"),))
    assert check_installed_requirements(evidence(clues=clues(distributions=(OTHER,))), None) == []
    assert check_installed_requirements(evidence(), source) == []
    assert check_installed_requirements(evidence(clues=clues()), source) == []
    assert (
        check_installed_requirements(evidence(clues=clues(distributions=(OTHER,), markers={})), source) == []
    )


def test_a_requirement_that_is_not_installed():
    source = Source("/src", requirements=(declared("Flask-Login>=1", line=7),))
    (found,) = check_installed_requirements(evidence(clues=clues(distributions=(OTHER,))), source)
    assert (found.rule.id, found.severity, found.module) == ("IG301", Severity.WARNING, "flask-login")
    assert found.message == (
        "requirements.txt:7 declares 'Flask-Login>=1', and flask-login is not installed in the image"
    )
    assert found.location is not None
    assert (found.location.path, found.location.line) == ("requirements.txt", 7)
    assert found.diagnosis is not None
    assert found.diagnosis.cause == "declared-not-installed"


def test_names_are_compared_as_installers_do():
    assert (
        findings(
            [declared("Flask_Login"), declared("zope.interface")],
            [installed("flask-login"), installed("zope-interface")],
        )
        == []
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a; python_version < '3.9'", []),
        ("a; python_version >= '3.9'", [("IG301", "a", "warning")]),
        ("a; sys_platform == 'win32'", []),
        ("a; extra == 'web'", []),
        ("a; platform_release > '1'", []),
    ],
)
def test_markers_are_judged_for_the_image(text, expected):
    assert "platform_release" not in MARKERS
    assert findings([declared(text)], [OTHER]) == expected


def test_what_is_imported_is_an_error_and_what_an_import_missed_has_a_finding_already():
    assert findings([declared("a")], [OTHER], imports=("a",)) == [("IG301", "a", "error")]
    missed = failed("shop.main", no_module("yaml"))
    assert findings([declared("PyYAML")], [OTHER], modules=(missed,)) == []
    unreached = (site("shop.main", "a.b"),)
    assert findings([declared("a")], [OTHER], sites=unreached) == []


@pytest.mark.parametrize("kind", ["extra", "group", "constraint", "lock"])
def test_what_may_be_meant_to_be_absent_is_no_finding(kind):
    assert findings([declared("a", kind=kind, group="dev")], [OTHER]) == []


@pytest.mark.parametrize(
    ("text", "version", "expected"),
    [
        ("a>=2", "1.0", [("IG302", "a", "warning")]),
        ("a>=2", "2.0rc1", [("IG302", "a", "warning")]),
        ("a>=1", "2.0rc1", []),
        ("a==1.*", "1.5", []),
        ("a", "not-a-version", []),
        ("a==1", "not-a-version", []),
        ("a @ https://example.org/a.whl", "9", []),
    ],
)
def test_versions(text, version, expected):
    assert findings([declared(text)], [installed("a", version)]) == expected


def test_the_version_of_what_the_application_imports():
    assert findings([declared("a<1")], [installed("a")], imports=("a",)) == [("IG302", "a", "error")]
    assert findings([declared("a==0.9")], [installed("a")], imports=("a",)) == [("IG302", "a", "warning")]


def test_the_first_distribution_on_the_import_path_counts():
    assert findings([declared("a>=2")], [installed("a", "2"), installed("a", "1")]) == []


def test_what_pip_check_says():
    distributions = [
        installed(
            "a", "1.0", "b<2", "c", "d; extra == 'x'", "e; sys_platform == 'win32'", "no requirement ["
        ),
        installed("f", "1.0", "B<3"),
        installed("B", "2.5"),
    ]
    source = Source("/src", imported=(Imported("f", Place("shop/main.py", 1), "function"),))
    found = check_installed_requirements(evidence(clues=clues(distributions=tuple(distributions))), source)
    assert [(one.rule.id, one.module, one.severity, one.message) for one in found] == [
        ("IG303", "B", Severity.WARNING, "B 2.5 is installed, and a 1.0 requires b<2"),
        ("IG303", "c", Severity.WARNING, "c is not installed, and a 1.0 requires c"),
    ]


def test_a_conflict_of_what_the_application_imports_is_an_error():
    assert findings([], [installed("a", "1", "b")], imports=("a",)) == [("IG303", "b", "error")]


def test_one_distribution_has_one_finding():
    found = findings([declared("b>=3"), declared("b>=4")], [installed("a", "1", "b>=2"), installed("b", "1")])
    assert found == [("IG302", "b", "warning")]


def test_only_what_the_build_installs_is_promised():
    everything = [
        declared("a", "requirements.txt"),
        declared("b", "other/requirements.txt"),
        declared("c", "base.txt", via=(Place("requirements.txt", 1),)),
        declared("d", "pyproject.toml"),
    ]
    assert [one[1] for one in findings(everything, [OTHER])] == ["a", "c", "d"]
    file = dockerfile("FROM x", "COPY . /app", "RUN pip install -r /app/requirements.txt")
    (install,) = file.installs
    assert install.files == ("/app/requirements.txt",)
    file = replace(file, installs=(replace(install, files=("requirements.txt",)),))
    assert [one[1] for one in findings(everything, [OTHER], file=file)] == ["a", "c"]
    file = dockerfile("FROM x", "WORKDIR /app", "RUN pip install .")
    assert [one[1] for one in findings(everything, [OTHER], file=file)] == ["d"]
    file = dockerfile("FROM x AS unused", "RUN pip install .", "FROM x", "RUN pip install a")
    assert [one[1] for one in findings(everything, [OTHER], file=file)] == ["a", "c", "d"]


def test_where_the_dockerfile_does_not_tell_a_file_for_some_installations_is_none_for_all():
    wanted = [declared("a"), declared("b", "requirements_extra.txt")]
    untold = dockerfile("FROM python", "RUN script/setup")
    assert [one[1] for one in findings(wanted, [OTHER], file=untold)] == ["a"]
    assert [one[1] for one in findings(wanted[1:], [OTHER], file=untold)] == ["b"]
    file = dockerfile("FROM x", "RUN pip install -r requirements_extra.txt")
    told = replace(file, installs=(replace(file.installs[0], files=("requirements_extra.txt",)),))
    assert [one[1] for one in findings(wanted, [OTHER], file=told)] == ["b"]


def test_what_a_failed_setup_missed_is_said_once():
    """The import that failed has a finding of its own."""
    celery = installed("celery", "5", "kombu")
    failing = Preparation("django.setup()", "failed", no_module("kombu"))
    assert findings([], [celery]) == [("IG303", "kombu", "warning")]
    assert findings([], [celery], preparation=failing) == []
