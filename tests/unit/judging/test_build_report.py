"""What a build leaves out, as findings."""

from __future__ import annotations

from importguard.judging.build_report import judge_build
from importguard.source.context.omissions import ExaminedBuild, find_omissions
from importguard.source.model import Tree
from importguard.source.reader import read_source


def test_a_start_module_under_another_name_is_told_as_in_the_image(tmp_path):
    (tmp_path / "src/service").mkdir(parents=True)
    (tmp_path / "src/service/__main__.py").touch()
    lines = 'FROM x\nWORKDIR /app\nCOPY src/service /app\nCMD ["python", "-m", "service"]\n'
    (tmp_path / "Dockerfile").write_text(lines)
    source = read_source(Tree(str(tmp_path)), contents=False)
    (finding,) = judge_build(ExaminedBuild(".", source, find_omissions(source), 0.0)).findings
    diagnosis = finding.diagnosis
    assert finding.breaks_startup
    assert diagnosis is not None
    assert diagnosis.cause == "copied-elsewhere"
    assert diagnosis.location is not None
    assert (diagnosis.location.path, diagnosis.location.line) == ("Dockerfile", 3)
    assert diagnosis.explanation.endswith(
        "Dockerfile:3 copies what lies in src/service/ into /app, and not the folder: the image has "
        "/app/__main__.py, and no import finds it under the name 'service'."
    )
    assert diagnosis.remedy == "copy the folder under its name: 'COPY src/service /app/service'"
