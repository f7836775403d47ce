"""The line that fixes where a server listens: of code, of a script, of ENV or of CMD."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import pytest
from unit.builders import entry, evidence, imported

from importguard.evidence.starts import Process, ServiceStart, StartSettings, Surroundings
from importguard.source.model import Tree
from importguard.source.reader import read_source
from importguard.source.serving_lines import with_serving_lines
from importguard.source.serving_place import serving_place

SERVED_BY_CODE = 'FROM python\nWORKDIR /app\nCOPY . .\nCMD ["python3", "main.py"]\n'


def place(
    folder: Path, command: str, port: int = 9000, address: str = "0.0.0.0", run: str = ""
) -> Optional[str]:
    """``PATH:LINE`` of what makes the service of this folder listen there."""
    source = read_source(Tree(str(folder)))
    source = with_serving_lines(source, port, command.split(), address == "127.0.0.1")
    around = Surroundings(((address, port),), processes=(Process(1, run or command, "S"),))
    start = ServiceStart(command, StartSettings(), surroundings=around)
    seen = evidence(imported("main"), entrypoints=(entry("main", "ok"),), start=start)
    location, _ = serving_place(seen, source, (address, port), address == "127.0.0.1")
    return f"{location.path}:{location.line}" if location else None


def write(folder: Path, dockerfile: str = SERVED_BY_CODE, **files: str) -> None:
    (folder / "Dockerfile").write_text(dockerfile)
    for name, text in files.items():
        (folder / name.replace("_dot_", ".")).write_text(text)


@pytest.mark.parametrize(
    "code",
    [
        'uvicorn.run(app, host="0.0.0.0", port=9000)',
        'app.run("0.0.0.0", 9000)',
        'HTTPServer(("", 9000), Handler).serve_forever()',
        'server.add_insecure_port("[::]:9000")',
        'web.run_app(app, port=int(os.environ.get("APP_PORT", "9000")))',
        "PORT = 9000",
        "class Settings:\n    port: int = 9000",
        'server_port = os.getenv("HTTP_PORT", 9000)',
    ],
)
def test_a_port_that_the_code_fixes(code: str, tmp_path: Path) -> None:
    write(tmp_path, main_dot_py=f"import os\n\n{code}\n", other_dot_py="limit(9000)\nsize = 9000\n")
    assert place(tmp_path, "python3 main.py") == f"main.py:{3 + code.count(chr(10))}"


@pytest.mark.parametrize(
    ("code", "port"),
    [
        ('uvicorn.run(app, host="127.0.0.1", port=9000)', 9000),
        ("uvicorn.run(app, port=9000)", 9000),
        ("app.run(debug=True)", 5000),
        ("demo.launch()", 7860),
        ('HOST = "localhost"', 9000),
        ('web.run_app(app, host="localhost", port=PORT)', 9000),
    ],
)
def test_an_address_of_loopback_that_the_code_binds(code: str, port: int, tmp_path: Path) -> None:
    others = 'asyncio.run(main())\nclient = connect("127.0.0.1", 6379)\nuvicorn.run(app, host="0.0.0.0")\n'
    write(tmp_path, main_dot_py=f"{others}{code}\n")
    assert place(tmp_path, "python3 main.py", port, "127.0.0.1") == "main.py:4"


def test_a_server_of_the_command_is_not_bound_by_the_code(tmp_path: Path) -> None:
    """What stands below ``if __name__ == "__main__":`` is for the developer's machine."""
    dockerfile = SERVED_BY_CODE.replace('"python3", "main.py"', '"uvicorn", "main:app"')
    write(tmp_path, dockerfile, main_dot_py='uvicorn.run(app, host="127.0.0.1", port=8000)\n')
    assert place(tmp_path, "uvicorn main:app", 8000, "127.0.0.1") == "Dockerfile:4"


def test_gunicorn_s_own_file_binds_it(tmp_path: Path) -> None:
    dockerfile = SERVED_BY_CODE.replace('"python3", "main.py"', '"gunicorn", "main:app"')
    write(
        tmp_path, dockerfile, gunicorn_dot_conf_dot_py='workers = 2\nbind = "0.0.0.0:9000"\n', main_dot_py=""
    )
    assert place(tmp_path, "gunicorn main:app") == "gunicorn.conf.py:2"


def test_a_script_and_a_variable(tmp_path: Path) -> None:
    dockerfile = SERVED_BY_CODE.replace('"python3", "main.py"', '"./start.sh"')
    script = "#!/bin/sh\n# port 9000\nexec uvicorn main:app --host 0.0.0.0 --port 9000\n"
    write(tmp_path, dockerfile, start_dot_sh=script, main_dot_py="")
    assert place(tmp_path, "./start.sh", run="uvicorn main:app --host 0.0.0.0 --port 9000") == "start.sh:3"
    variable = dockerfile.replace("COPY", "ENV UVICORN_PORT=9000\nCOPY")
    write(tmp_path, variable, start_dot_sh="exec uvicorn main:app\n")
    assert place(tmp_path, "./start.sh", run="uvicorn main:app") == "Dockerfile:3"


def test_no_word_is_said_where_several_lines_may_be_the_one(tmp_path: Path) -> None:
    write(tmp_path, main_dot_py="", a_dot_py="serve(port=9000)\n", b_dot_py="serve(port=9000)\n")
    assert place(tmp_path, "python3 main.py") is None


def test_a_number_within_another_is_none(tmp_path: Path) -> None:
    dockerfile = SERVED_BY_CODE.replace('"main.py"', '"main.py", "--workers-port", "19000"')
    write(tmp_path, dockerfile, main_dot_py="serve(port=90)\n")
    assert place(tmp_path, "python3 main.py") is None
