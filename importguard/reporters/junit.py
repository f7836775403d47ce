"""JUnit's XML, as GitLab, Jenkins and others read it: a test case for each module.

There is no standard; elements and attributes are those that https://github.com/testmoapp/junitxml lists.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Optional
from xml.etree import ElementTree

from importguard.model import FAILURES, Finding, Outcome, Severity
from importguard.report import ImageReport, ModuleVerdict, Report
from importguard.reporters.wording.places import repository_line
from importguard.reporters.wording.sentences import finding_story
from importguard.terminal import escape_lines, escape_text

# What XML 1.0 (production 2, Char) can't hold, and ``escape_text`` leaves.
_NO_XML = re.compile("[\ufffe\uffff]")


def render(report: Report) -> str:
    """The report as an XML document with a newline at its end: one test suite an image."""
    root = ElementTree.Element("testsuites", name="importguard")
    for image in report.images:
        root.append(_suite(image))
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    root.set("time", f"{sum(image.seconds for image in report.images):.3f}")
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _suite(image: ImageReport) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", name=_attribute(image.image.display_name))
    suite.extend(_cases(image))
    outcomes = Counter(child.tag for case in suite for child in case)
    counts = {"tests": len(suite), "failures": outcomes["failure"], "errors": outcomes["error"]}
    for key, number in {**counts, "skipped": outcomes["skipped"]}.items():
        suite.set(key, str(number))
    suite.set("time", f"{image.seconds:.3f}")
    return suite


def _cases(image: ImageReport) -> Iterator[ElementTree.Element]:
    """The modules, then what no module of them stands for: other findings, and that the check broke off."""
    everything = (*image.findings, *image.suppressed)
    # Where a module fails by both, what is shown wins.
    causes = {name: one for one in reversed(everything) if one.reached for name in one.affected}
    told = set()
    for module in image.modules:
        cause = causes.get(module.name) if module.outcome in FAILURES else None
        told.add(id(cause))
        yield _module_case(module, cause, image)
    for finding in everything:
        if id(finding) not in told:
            case = _case(f"{finding.rule.id} {finding.missing or finding.module}", finding.rule.name, 0.0)
            case.set("file", _attribute(repository_line(finding, image).path))
            case.append(_verdict(finding))
            yield case
    if image.start and image.start.ready is not None:
        yield _case("the image starts", "importguard.start", image.start.ready)
    if image.error:
        case = _case("the check is complete", "importguard", image.seconds)
        case.append(_detail("error", "the image could not be wholly checked", image.error))
        yield case


def _module_case(module: ModuleVerdict, cause: Optional[Finding], image: ImageReport) -> ElementTree.Element:
    case = _case(module.name, module.name.rpartition(".")[0] or module.name, module.seconds)
    if cause is not None:
        case.set("file", _attribute(repository_line(cause, image).path))
        case.append(_verdict(cause))
    elif module.outcome == Outcome.SKIPPED:
        case.append(_detail("skipped", "left out"))
    elif module.outcome == Outcome.UNCHECKED:
        case.append(_detail("error", "not checked"))
    elif module.outcome in FAILURES:
        case.append(_detail("failure", module.outcome))
    return case


def _verdict(finding: Finding) -> ElementTree.Element:
    """A failure; what is a warning or suppressed is skipped, since JUnit knows nothing in between."""
    title = f"{finding.rule.id} {finding.rule.name}: {finding.missing or finding.module}"
    if finding.suppression:
        return _detail(
            "skipped", f"{title} ({finding.suppression.reason})", "\n".join(finding_story(finding))
        )
    failed = finding.severity is Severity.ERROR
    element = _detail("failure" if failed else "skipped", title, "\n".join(finding_story(finding)))
    if failed:
        element.set("type", finding.rule.id)
    return element


def _case(name: str, classname: str, seconds: float) -> ElementTree.Element:
    attributes = {"name": _attribute(name), "classname": _attribute(classname), "time": f"{seconds:.3f}"}
    return ElementTree.Element("testcase", attributes)


def _detail(tag: str, message: str, text: str = "") -> ElementTree.Element:
    element = ElementTree.Element(tag, message=_attribute(message))
    element.text = _NO_XML.sub("\ufffd", escape_lines(text)) or None
    return element


def _attribute(text: str) -> str:
    return _NO_XML.sub("\ufffd", escape_text(text))
