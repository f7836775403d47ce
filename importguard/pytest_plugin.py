"""The pytest plugin: the modules of an image as tests, and the services of the configuration as a fixture.

Nothing of importguard is loaded before it is asked for: pytest loads this module in every run of an
environment that has importguard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional

import pytest

from importguard.model import Outcome

if TYPE_CHECKING:
    import click

    from importguard.inspectors.start import RunningService
    from importguard.model import Finding
    from importguard.report import ImageReport, ModuleVerdict


_Checked = dict[str, list[tuple[str, str, str]]]
"""By image, of each item: its name, why it fails, why it is skipped. Plain data, to be sent to a worker."""

_CHECKED = pytest.StashKey[_Checked]()


class StartedService:
    """A started service. ``url`` and ``ws_url`` are its address on this machine."""

    def __init__(self, address: str, begun: RunningService) -> None:
        self.url = f"http://{address}"
        self.ws_url = f"ws://{address}"
        self._begun = begun

    def logs(self) -> str:
        """What it has printed so far: the beginning and the end, where it is long."""
        service = self._begun.service
        return service.log().decode("utf-8", "backslashreplace") if service else ""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the one option, which turns the plugin on."""
    parser.getgroup("importguard").addoption(
        "--importguard",
        metavar="IMAGE",
        action="append",
        default=[],
        help="Make every module of the container image a test: does it import there? Repeatable.",
    )


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Check the images, and add what was found of each module."""
    for image in config.getoption("--importguard"):
        items.extend(_ImageCollector.from_parent(session, name=image).collect())


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Check the images once for all workers of pytest-xdist, whose hook this is."""
    images, stash = node.config.getoption("--importguard"), node.config.stash
    if images and _CHECKED not in stash:
        stash[_CHECKED] = _check_images(images)
    node.workerinput["importguard"] = stash.get(_CHECKED, {})


@pytest.fixture(scope="session")
def importguard_services() -> Iterator[Mapping[str, StartedService]]:
    """The services that the configuration file describes, started as by ``importguard check --all --start``.

    Each has ``url``, ``ws_url`` and ``logs()``. Fails where one of them does not get ready.
    """
    from importguard.cli.settings import make_configs
    from importguard.progress import QuietProgress
    from importguard.validation import started_services

    with _command_line("--all", "--start") as ctx:
        configs = make_configs(ctx, ctx.params)
    with started_services(configs, QuietProgress()) as (run, lost):
        if lost:
            why = f"not ready: {', '.join(lost)}; 'importguard check --all --start' says why"
            pytest.fail(why, pytrace=False)
        addresses = run.addresses
        yield {name: StartedService(addresses.get(name, ""), begun) for name, begun in run.by_name.items()}


@dataclass(frozen=True)
class _Verdict:
    """What an item says: ``failed`` or ``skipped`` hold why; both empty where it passes."""

    failed: str = ""
    skipped: str = ""


class _Failed(Exception):
    """The finding that a module fails by; its text is all that is shown."""


class _ModuleItem(pytest.Item):
    """One module of an image, or one finding that is no module's."""

    def __init__(self, *, verdict: _Verdict, **more: Any) -> None:
        super().__init__(**more)
        self._verdict = verdict

    def runtest(self) -> None:
        """Pass, skip or fail as the check found."""
        if self._verdict.skipped:
            pytest.skip(self._verdict.skipped)
        if self._verdict.failed:
            raise _Failed(self._verdict.failed)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        """The finding's own words, without a traceback of this plugin."""
        return str(excinfo.value)

    def reportinfo(self) -> tuple[Any, Optional[int], str]:
        """What heads a failure. Were it the end of the node's id, pytest would write its dots as colons."""
        return self.path, None, f"{self.parent.name if self.parent else ''}: {self.name}"


class _ImageCollector(pytest.Collector):
    """One image: its items are its modules."""

    def collect(self) -> Iterable[_ModuleItem]:
        """Check the image, or take what was found of it for all workers of pytest-xdist."""
        checked = getattr(self.config, "workerinput", None) or {"importguard": _check_images([self.name])}
        for name, failed, skipped in checked["importguard"][self.name]:
            yield _ModuleItem.from_parent(self, name=name, verdict=_Verdict(failed, skipped))


def _command_line(*arguments: str) -> click.Context:
    """The settings, as the command line reads them."""
    from importguard.cli.check import check

    return check.make_context("importguard check", list(arguments))


def _check_images(names: Sequence[str]) -> _Checked:
    """What ``importguard check`` finds of each image. Raises pytest.UsageError for wrong settings."""
    from importguard.cli.check import make_report
    from importguard.errors import ImportguardError
    from importguard.progress import QuietProgress
    from importguard.validation import load_judging_code

    # pytest rewrites what a plugin's distribution holds, with ast.parse, which CPython 3.11 cannot do in two
    # threads at once: the one that loads beside the check finds it loaded.
    load_judging_code()
    checked: _Checked = {}
    for name in names:
        try:
            with _command_line(name) as ctx:
                (image,) = make_report(ctx, ctx.params, QuietProgress()).images
        except ImportguardError as error:
            raise pytest.UsageError(f"--importguard {name}: {error}") from error
        verdicts = _verdicts(image, ctx.params["fail_on"])
        checked[name] = [(item, verdict.failed, verdict.skipped) for item, verdict in verdicts]
    return checked


def _verdicts(image: ImageReport, fail_on: str) -> Iterator[tuple[str, _Verdict]]:
    """(name, verdict) of each module, then of what no module stands for."""
    everything = (*image.findings, *image.suppressed)
    # Where a module fails by both, what is shown wins.
    causes = {name: one for one in reversed(everything) if one.reached for name in one.affected}
    for module in image.modules:
        yield module.name, _of_module(module, causes.get(module.name), fail_on)
    told = {id(causes.get(module.name)) for module in image.modules}
    for finding in image.findings:
        if id(finding) not in told:
            yield f"{finding.rule.id} {finding.missing or finding.module}", _of_finding(finding, fail_on)
    if image.error:
        yield "the check is complete", _Verdict(failed=image.error)


def _of_module(module: ModuleVerdict, cause: Optional[Finding], fail_on: str) -> _Verdict:
    if module.outcome == Outcome.SKIPPED:
        return _Verdict(skipped="left out")
    if module.outcome == Outcome.IMPORTED:
        return _Verdict()
    if module.outcome == Outcome.UNCHECKED:
        return _Verdict(failed="not checked")
    return _of_finding(cause, fail_on) if cause else _Verdict(failed=module.outcome)


def _of_finding(finding: Finding, fail_on: str) -> _Verdict:
    from importguard.judging.exit_codes import is_failure
    from importguard.reporters.wording.sentences import finding_story

    if finding.suppression:
        return _Verdict(skipped=f"{finding.rule.id} {finding.rule.name}: {finding.suppression.reason}")
    title = f"{finding.rule.id} {finding.rule.name}: {finding.missing or finding.module}"
    text = "\n".join([title, *finding_story(finding)])
    return _Verdict(failed=text) if is_failure(finding, fail_on) else _Verdict(skipped=text)
