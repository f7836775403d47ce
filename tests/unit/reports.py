"""Reports written by hand, for the tests of the formats."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from importguard.model import Diagnosis, Finding, ImportStep, Location, Severity
from importguard.report import EntryPointVerdict, ImageInfo, ImageReport, Interpreter, ModuleVerdict, Report
from importguard.rules import RULES

INFO = ImageInfo("gcr.io/shop/web:1.4", "sha256:" + "0123456789abcdef" * 4, "linux/amd64")
DIAGNOSIS = Diagnosis(
    cause="ignored",
    explanation="The line '**/monitoring/' keeps it out of the build context.",
    remedy="add !shop/monitoring/ below it.",
    location=Location(".dockerignore", 7),
    confidence="certain",
)


def finding(rule: str = "IG101", **changes: Any) -> Finding:
    whole = Finding(
        rule=RULES[rule],
        severity=Severity.ERROR,
        module="shop.main",
        message="No module named 'shop.monitoring'",
        missing="shop.monitoring",
        location=Location("shop/setup.py", 10),
        chain=(
            ImportStep("shop.main", "shop.setup", Location("shop/main.py", 3)),
            ImportStep("shop.setup", "shop.monitoring", Location("shop/setup.py", 10)),
        ),
        affected=("shop.main", "shop.setup"),
        breaks_startup=True,
    )
    return replace(whole, **changes)


def verdict(name: str, outcome: str = "imported", rule: str | None = None) -> ModuleVerdict:
    return ModuleVerdict(name, f"/app/{name.replace('.', '/')}.py", outcome, rule, 0.25)


def image(*findings: Finding, **changes: Any) -> ImageReport:
    failed = sorted({name for one in findings if one.reached for name in one.affected})
    whole = ImageReport(
        image=INFO,
        interpreter=Interpreter("/usr/bin/python3", "3.13.5", "CPython"),
        import_path=("/app",),
        entrypoints=(EntryPointVerdict("uvicorn shop.main:app", "shop.main:app", "failed"),),
        complete=True,
        error=None,
        modules=(verdict("shop"), *(verdict(name, "failed", "IG101") for name in failed)),
        findings=findings,
        seconds=1.5,
        places={"shop/setup.py": "backend/shop/setup.py", ".dockerignore": "backend/.dockerignore"},
        dockerfile="backend/Dockerfile",
    )
    return replace(whole, **changes)


def lost(**changes: Any) -> ImageReport:
    """An image that could not be judged."""
    nothing: dict[str, Any] = {"interpreter": None, "import_path": (), "entrypoints": (), "modules": ()}
    return image(**{**nothing, "complete": False, "error": "lost: no such image", "exit_code": 3, **changes})


def report(*images: ImageReport) -> Report:
    return Report(images)
