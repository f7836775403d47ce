"""What else a failed module would not find."""

from __future__ import annotations

from dataclasses import replace

from unit.builders import evidence, failed, imported, no_module, site
from unit.diagnosis.world import resolves

from importguard.checks.unreached import check_late_imports, check_unreached_imports
from importguard.evidence.surroundings import Clues, System
from importguard.model import Location, Severity


def test_targets_behind_a_failure_are_findings_that_were_not_reached() -> None:
    found = check_unreached_imports(
        evidence(
            failed("shop.a", no_module("redis")),
            failed("shop.b", no_module("redis")),
            sites=(site("shop.b", "stripe", 9), site("shop.a", "stripe", 4), site("shop.a", "redis", 1)),
        )
    )
    assert [(one.rule.id, one.missing, one.module, one.affected, one.reached) for one in found] == [
        ("IG101", "stripe", "shop.a", ("shop.a", "shop.b"), False)
    ]
    assert found[0].location == Location("shop/a.py", 4)


def test_a_parent_that_is_missing_covers_its_children() -> None:
    sites = (
        *(site("shop.a", "redis.asyncio"), site("shop.a", "boto.s3"), site("shop.a", "boto.ec2")),
        *(site("shop.a", "shop.x.y"), site("shop.a", "shop.x"), site("shop.a", "shop.z")),
    )
    found = check_unreached_imports(evidence(failed("shop.a", no_module("redis")), sites=sites))
    assert [one.missing for one in found] == ["boto", "shop.x", "shop.z"]


def test_the_package_that_is_absent_is_named_and_not_the_module_in_it() -> None:
    known = (resolves("shop", "package", "/app/shop/__init__.py"), resolves("shop.x"))
    clues = Clues(System(), {}, (), resolutions=known)
    sites = (site("shop.a", "shop.x.deep.y"), site("shop.a", "shop.x.z"))
    found = check_unreached_imports(evidence(failed("shop.a", no_module("shop.b")), sites=sites, clues=clues))
    assert [one.missing for one in found] == ["shop.x"]


def test_only_unguarded_imports_of_failed_modules_count() -> None:
    sites = (
        site("shop.ok", "stripe"),
        site("shop.a", "boto", scope="guarded"),
        site("shop.a", "celery", resolves=None),
        site("shop.a", "kombu", resolves=True),
    )
    assert (
        check_unreached_imports(
            evidence(imported("shop.ok"), failed("shop.a", no_module("redis")), sites=sites)
        )
        == []
    )


def test_what_functions_import_is_a_warning_that_makes_no_module_fail() -> None:
    sites = (
        site("shop.a", "stripe", 9, scope="function"),
        site("shop.b", "stripe.api", 4, scope="lazy"),
        site("shop.b", "redis", 5, scope="function"),  # it is missing anyway
        site("shop.b", "boto", 6, scope="function"),
        site("shop.b", "boto", 1),
        site("shop.a", "winreg", 7, scope="function"),  # Windows' Python has it
        site("shop.tests", "faker", 1, scope="function"),
        site("shop.a", "json", 8, scope="function", resolves=True),
    )
    modules = (
        imported("shop.a"),
        failed("shop.b", no_module("redis")),
        replace(imported("shop.tests"), selected=False),
    )
    (found,) = check_late_imports(evidence(*modules, sites=sites))
    assert (found.missing, found.module, found.severity) == ("stripe", "shop.a", Severity.WARNING)
    assert (found.affected, found.reached, found.late) == ((), False, True)
    assert found.location == Location("shop/a.py", 9)


def test_a_name_that_a_function_imports_in_vain_is_a_warning() -> None:
    sites = (
        site("shop.a", "shop.orders", 9, scope="function", names=("gone",)),
        site("shop.b", "shop.orders", 4, scope="function", names=("gone",)),
        site(
            "shop.b", "datetime", 5, scope="function", names=("UTC",)
        ),  # it was tried under this very Python
        site("shop.b", "redis", 6, scope="function", names=("Redis",)),  # all of it is missing anyway
    )
    modules = (imported("shop.a"), failed("shop.b", no_module("redis")))
    orders, utc = check_late_imports(evidence(*modules, sites=sites))
    assert orders.message == "cannot import name 'gone' from 'shop.orders'"
    assert (orders.rule.id, orders.missing, orders.severity) == (
        "IG102",
        "shop.orders.gone",
        Severity.WARNING,
    )
    assert (orders.affected, orders.reached, orders.late) == ((), False, True)
    assert orders.location == Location("shop/a.py", 9)
    assert utc.missing == "datetime.UTC"


def test_a_submodule_that_a_library_lacks_is_named_in_full() -> None:
    sites = (site("shop.a", "requests.gone.deep", 9, scope="function"),)
    known = (resolves("requests", "package"), resolves("requests.gone"))
    clues = Clues(System(), {}, (), resolutions=known)
    (found,) = check_late_imports(evidence(imported("shop.a"), sites=sites, clues=clues))
    assert found.missing == "requests.gone"
