"""What the sweep says of each module: the verdict, and why a fresh interpreter may have to be asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from unit.probe.workers.applications import run_beside

PROGRAM = """
from importguard.probe.workers.sweep import Sweep


class Channel:
    said = []
    def send(self, *message): self.said.append(message)


names = list(FILES)
request = {"files": FILES, "modules": names, "selected": names, "attributes": ATTRIBUTES, "limit": 60.0}
sweep = Sweep(dict(request, fatal=FATAL, patched=[], asking={}), Channel())
sweep.judge_modules(names)
answer = {
    "ran": RAN,
    "said": [message[0] for message in Channel.said],
    "order": [message[1] for message in Channel.said if message[0] == "done"],
    "verdicts": {
        message[1]: dict(message[6], outcome=message[2], missing=message[3] and message[3][2])
        for message in Channel.said if message[0] == "done"
    },
}
"""

GUARDED = "try:\n    import a\nexcept ValueError:\n    pass\n"


@pytest.fixture
def sweep(tmp_path: Path) -> Any:
    """Sweep an application, its modules in the order that they are given in."""

    def run(
        application: Mapping[str, str],
        fatal: Mapping[str, str] | None = None,
        attributes: Mapping[str, list[str]] | None = None,
    ) -> Any:
        files = {
            path[:-3].replace("/", ".").replace(".__init__", ""): str(tmp_path / path) for path in application
        }
        asked = f"FILES, FATAL, ATTRIBUTES = {files!r}, {dict(fatal or {})!r}, {dict(attributes or {})!r}\n"
        return run_beside(tmp_path, application, asked + PROGRAM)

    return run


def told(answer: Any, what: str) -> dict[str, object]:
    return {name: verdict[what] for name, verdict in answer["verdicts"].items()}


def test_each_module_has_one_verdict_and_dependencies_come_first(sweep: Any) -> None:
    answer = sweep({"a.py": "import b\n", "b.py": "import c\n", "c.py": ""})
    assert answer["order"] == ["c", "b", "a"]
    assert told(answer, "outcome") == {"a": "imported", "b": "imported", "c": "imported"}
    assert answer["said"].count("begin") == 3, "what was announced last is at fault when the process dies"


def test_a_missing_module_needs_no_second_opinion(sweep: Any) -> None:
    """No state of the process brings back what is absent."""
    answer = sweep({"a.py": "import b\n", "b.py": "import absent\n"})
    assert told(answer, "outcome") == {"a": "failed", "b": "failed"}
    assert told(answer, "missing") == {"a": "absent", "b": "absent"}
    assert told(answer, "doubt") == {"a": None, "b": None}


def test_a_name_that_nothing_binds_needs_none_either(sweep: Any) -> None:
    assert told(sweep({"a.py": "from b import absent\n", "b.py": "VALUE = 1\n"}), "doubt")["a"] is None


def test_any_other_error_could_come_from_the_state_of_the_process(sweep: Any) -> None:
    answer = sweep({"a.py": "raise ValueError('no')\n"})
    assert told(answer, "doubt") == {"a": "error"}


def test_an_exit_is_a_verdict_and_the_sweep_goes_on(sweep: Any) -> None:
    answer = sweep({"a.py": "raise SystemExit(0)\n", "b.py": ""})
    assert told(answer, "outcome") == {"a": "exited", "b": "imported"}


def test_who_reaches_a_module_that_ends_the_process_is_its_heir(sweep: Any) -> None:
    application = {"a.py": "import leaves\n", "b.py": "", "leaves.py": "import os\nos._exit(0)\n"}
    answer = sweep(application, fatal={"leaves": "exited"})
    assert answer["verdicts"]["a"]["heir"] == "leaves"
    assert answer["verdicts"]["leaves"]["heir"] == "leaves"
    assert "leaves" not in answer["ran"]
    assert answer["verdicts"]["b"]["outcome"] == "imported"


def test_each_member_of_a_cycle_is_tried_as_the_entry(sweep: Any) -> None:
    """Entered by ``a`` it passes; entered by ``b``, ``a`` meets a ``b`` that has bound nothing."""
    answer = sweep({"a.py": "VALUE = 1\nfrom b import OTHER\n", "b.py": "from a import VALUE\nOTHER = 2\n"})
    assert told(answer, "outcome") == {"a": "imported", "b": "failed"}
    assert answer["verdicts"]["b"]["doubt"] is None, "it was run as the entry"


def test_a_cycle_that_passes_from_everywhere_is_in_no_doubt(sweep: Any) -> None:
    answer = sweep({"a.py": "import b\n", "b.py": "import a\n"})
    assert told(answer, "outcome") == {"a": "imported", "b": "imported"}
    assert told(answer, "doubt") == {"a": None, "b": None}
    assert answer["ran"] == ["a", "b"], "the trial was a fork's"


def test_a_verdict_rests_on_the_doubtful_ones_that_it_has_met(sweep: Any) -> None:
    """Where a fresh interpreter refutes the one, the other is asked about too."""
    answer = sweep({"a.py": "raise ValueError('no')\n", "b.py": GUARDED})
    assert answer["verdicts"]["b"]["outcome"] == "imported"
    assert answer["verdicts"]["b"]["rests"] == ["a"]


def test_who_has_loaded_a_member_does_not_rest_on_its_failure_as_the_entry(sweep: Any) -> None:
    answer = sweep(
        {
            "a.py": "import b\n",
            "b.py": "import a\nfrom r import SEEN\nif SEEN:\n    raise ValueError('twice')\nSEEN.append(1)\n",
            "c.py": "import a\n",
            "r.py": "SEEN = []\n",
        }
    )
    assert told(answer, "outcome") == {"a": "imported", "b": "failed", "c": "imported", "r": "imported"}
    assert answer["verdicts"]["b"]["doubt"], "its body ran twice"
    assert answer["verdicts"]["c"]["rests"] == []


def test_an_entry_point_says_what_it_lacks_and_what_it_loads(sweep: Any) -> None:
    answer = sweep({"web.py": "import jobs\n", "jobs.py": ""}, attributes={"web": ["app"]})
    assert answer["verdicts"]["web"]["lost"] == ["app"]
    assert set(answer["verdicts"]["web"]["loaded"]) >= {"web", "jobs"}


@pytest.mark.parametrize(
    "words",
    [
        "cannot import name 'A' from partially initialized module 'a' (most likely due to a circular import)",
        "cannot import name 'A' from 'a' (consider renaming '/a.py' if it has the same name as a library)",
    ],
)
def test_what_python_says_of_a_half_imported_module_is_known_in_each_version(sweep: Any, words: str) -> None:
    """One answer holds for one entry of the cycle alone: the doubt names it."""
    raises = f"import c\nraise ImportError({words!r}, name='a')\n"
    answer = sweep({"c.py": "A = 1\n", "b.py": raises, "d.py": "import b\n"})
    assert told(answer, "doubt") == {"c": None, "b": "error ", "d": "error "}


def test_failures_share_an_answer_in_the_same_state_alone(sweep: Any) -> None:
    """What ``web`` has set may let ``jobs`` pass in a fresh interpreter, although it fails here."""
    sets = "import os\nos.environ['IG_SWEEP'] = '1'\n"
    answer = sweep(
        {
            "jobs.py": "raise ValueError('own')\n",
            "a.py": "import jobs\n",
            "web.py": f"{sets}import jobs\n",
            "web2.py": f"{sets}import jobs\n",
        }
    )
    doubts = told(answer, "doubt")
    assert doubts["a"] == doubts["jobs"] == "error"
    assert doubts["web"] not in ("error", "state", None)
    assert doubts["web"] == doubts["web2"]
