"""The way of a newcomer: init, check, a baseline, an ignore; two images of one repository in each run."""

from __future__ import annotations

import json
from pathlib import Path

from scenarios.support import BASE, importguard


def test_from_nothing_to_a_pipeline_that_passes(tmp_path: Path) -> None:
    for name, broken in (("api", "import not_there_xyz"), ("worker", "from worker import not_there_abc")):
        package = tmp_path / name / name
        package.mkdir(parents=True)
        (tmp_path / name / "Dockerfile").write_text(
            f'# Python\nFROM {BASE}\nWORKDIR /srv\nCOPY . .\nCMD ["python3", "-m", "{name}.main"]\n'
        )
        for module, text in {"__init__": "", "main": "print()", "old": broken}.items():
            (package / f"{module}.py").write_text(text + "\n")
    (tmp_path / "worker" / "worker" / "main.py").write_text("import worker.old\n")
    (tmp_path / ".github").mkdir()

    assert importguard("init", cwd=tmp_path).code == 0
    assert (tmp_path / ".github" / "workflows" / "importguard.yml").exists()

    first = importguard("check", "--write-baseline", "known.json", "-o", "report.json", cwd=tmp_path)
    assert first.code == 1, "a finding that breaks startup is in no baseline"
    images = json.loads((tmp_path / "report.json").read_text())["images"]
    assert [image["image"]["name"] for image in images] == ["api", "worker"]
    assert [finding["missing"] for finding in images[0]["suppressed"]] == ["not_there_xyz"]
    assert [finding["breaks_startup"] for finding in images[1]["findings"]] == [True]
    assert images[0]["findings"] == images[1]["suppressed"] == []

    settings = tmp_path / "importguard.toml"
    lines = settings.read_text().replace(
        '# baseline = "importguard-baseline.json"', 'baseline = "known.json"'
    )
    ignore = (
        '\n[[ignore]]\nrule = "missing-name"\nmissing = "worker.*"\nreason = "mended by the next release"\n'
    )
    settings.write_text(lines + ignore)
    (tmp_path / "api" / "api" / "old.py").write_text("")
    second = importguard("check", "--format", "json", cwd=tmp_path)
    assert second.code == 0, second.said
    assert second.report["baseline"] == {"old": 0, "fixed": 1, "breaking": 0}
    (suppressed,) = second.report["images"][1]["suppressed"]
    assert suppressed["suppression"] == {"by": "ignore", "reason": "mended by the next release"}
