"""No value of the environment or of a build argument in any report."""

from __future__ import annotations

from pathlib import Path

from scenarios.support import BASE, build, importguard

FORMATS = ("text", "json", "sarif", "junit", "github", "gitlab", "markdown")
SECRETS = ("hunter2-do-not-tell", "9j4AAQSkZJRg", "word-quoted", "918273645546", "fromthefile7")
MODULES = {
    "m": "try:\n    import not_there\nexcept ImportError as e:\n"
    "    raise RuntimeError('could not set up with ' + os.environ['API_TOKEN']) from e\n",
    "n": "raise ValueError(os.environ['B64'])\n",
    "o": "raise KeyError(os.environ['QUOTED'])\n",
    "p": "import importlib\nimportlib.import_module('plugin_' + os.environ['FILE_TOKEN'])\n",
    "q": "raise ValueError(os.environ['PIN'])\n",
    "r": "open(os.environ['CONFIG'] + '/x')\n",
}
DOCKERFILE = r"""
FROM base
COPY app /app
WORKDIR /app
ENV PYTHONPATH=/app API_TOKEN=hunter2-do-not-tell B64=/9j4AAQSkZJRg-key PIN=918273645546
ENV QUOTED="pa'ss\"word-quoted" CONFIG=/app/conf.d MODE=production
CMD ["python3", "-m", "http.server"]
"""


def test_values_of_the_environment(tmp_path: Path) -> None:
    files = {f"app/{name}.py": "import os\n" + text for name, text in MODULES.items()}
    image = build("secrets", DOCKERFILE, {**files, "app/conf.d/y": ""})
    (tmp_path / "env").write_text("FILE_TOKEN=fromthefile7\n")
    outputs = [f"-o{name}={tmp_path}/report.{name}" for name in FORMATS]
    result = importguard("check", image, "--pull", "never", "-v", "--env-file", "env", *outputs, cwd=tmp_path)
    assert result.code == 1
    for name in FORMATS:
        report = (tmp_path / f"report.{name}").read_text()
        assert [secret for secret in SECRETS if secret in report + result.said] == []
        assert "value of API" in report.replace("\\", "")
    assert "'/app/conf.d/x'" in result.out, "a path that exists in the image"


def test_values_of_build_arguments(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(f'FROM {BASE}\nARG TOKEN\nRUN echo "deploy-$TOKEN" && false\n')
    options = ("--build-arg", "TOKEN=buildsecret1", "-v", "-o", "report.json")
    result = importguard("check", "--build", ".", *options, cwd=tmp_path)
    assert result.code == 3
    assert "deploy-<value of TOKEN>" in result.out
    assert "buildsecret1" not in result.said + (tmp_path / "report.json").read_text()
