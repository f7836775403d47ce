"""A module that the start command names, and that COPY puts into the image under another name."""

from __future__ import annotations

import pytest

from importguard.source.context.omissions import find_omissions
from importguard.source.model import Tree
from importguard.source.reader import read_source

SERVICE = {
    "src/service/__init__.py": "",
    "src/service/__main__.py": "from service import utils\n",
    "src/service/utils.py": "",
}
START = 'CMD ["python", "-m", "service"]\n'


def found(folder, dockerfile, files=SERVICE):
    """Cause, line to blame, line of the start, and the COPY line to write, of each module that is missed."""
    for name, text in {**files, "Dockerfile": dockerfile}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    build = find_omissions(read_source(Tree(str(folder)), contents=False))
    return [
        (
            one.module,
            one.left_out.cause,
            one.left_out.place.line if one.left_out.place else None,
            one.imports[0].line,
            one.copy,
        )
        for one in build.omissions
    ]


def test_what_lies_in_the_folder_is_copied_and_not_the_folder(tmp_path):
    lines = "FROM x\nWORKDIR /app\nCOPY src/service /app\n" + START
    assert found(tmp_path, lines) == [
        ("service", "copied-elsewhere", 3, 4, "COPY src/service /app/service"),
    ]


@pytest.mark.parametrize(
    ("lines", "copy"),
    [
        ("COPY src/service /srv\nCMD uvicorn service.utils:app", "COPY src/service /app/service"),
        ("COPY src/service/utils.py ./\nCMD uvicorn service.utils:app", "COPY src/service /app/service"),
        ("COPY src .\nCMD python -m src.service", "COPY src /app/src"),
        (
            'COPY src .\nENTRYPOINT ["tini", "--"]\nCMD exec gunicorn \'src.service:make()\'',
            "COPY src /app/src",
        ),
        (
            "RUN apt-get update && apt-get install -y curl make && rm -rf /var/lib/apt/lists/*\n"
            "RUN pip install -U wheel build flask\nCOPY src/service .\nCMD python -m service",
            "COPY src/service /app/service",
        ),
        (
            "RUN <<EOF\napk add --virtual .tools make wget\napk del .tools\nEOF\nCOPY src/service .\n"
            "CMD python -m service",
            "COPY src/service /app/service",
        ),
        ("RUN pip install flask\nCOPY src/service .\nCMD python -m service", "COPY src/service /app/service"),
        (
            "COPY --from=ghcr.io/uv /uv /bin/\nCOPY src/service .\nCMD python -m service",
            "COPY src/service /app/service",
        ),
    ],
)
def test_other_starts_and_copies(tmp_path, lines, copy):
    assert [one[4] for one in found(tmp_path, f"FROM x\nWORKDIR /app\n{lines}\n")] == [copy]


def test_the_working_directory_is_the_package_itself(tmp_path):
    lines = "FROM x\nWORKDIR /service\nCOPY src/service .\nCMD uvicorn service.utils:app\n"
    assert [one[4] for one in found(tmp_path, lines)] == ["COPY src/service /service/service"]


def test_the_line_of_the_stage_that_takes_it_from_the_context(tmp_path):
    lines = "FROM x AS b\nCOPY src/service /b\nFROM x\nWORKDIR /app\nCOPY --from=b /b /app\n" + START
    assert found(tmp_path, lines) == [("service", "copied-elsewhere", 2, 6, "COPY src/service /b/service")]


@pytest.mark.parametrize(
    ("lines", "found_lines"),
    [
        ("COPY src/service /b/service\nFROM x\nWORKDIR /app\nCOPY --from=b /b/service /app", [5]),
        ("COPY src /b\nFROM x\nWORKDIR /app\nCOPY --from=b --chown=1:1 /b/service/ ./", [5]),
        (
            "COPY src /b\nFROM x AS c\nCOPY --from=b /b /c\nFROM x\nWORKDIR /app\nCOPY --from=c /c/service .",
            [7],
        ),
        ("COPY src/service /b\nFROM x\nWORKDIR /app\nCOPY --from=b /b /app/service", []),
        ("COPY src/service /b/service\nFROM x\nWORKDIR /app\nCOPY --from=b /b /app", []),
        ("COPY . /b\nFROM x\nWORKDIR /app\nCOPY --from=b /b/src /app", []),
    ],
)
def test_the_line_that_takes_it_from_another_stage(tmp_path, lines, found_lines):
    lines = f"FROM x AS b\n{lines}\n{START}"
    assert [one[2] for one in found(tmp_path, lines)] == found_lines


def test_the_corrected_line_keeps_the_options_and_the_path_of_the_stage(tmp_path):
    lines = "FROM x AS b\nCOPY src /b\nFROM x\nWORKDIR /app\nCOPY --from=b --chown=1:1 /b/service .\n" + START
    assert [one[4] for one in found(tmp_path, lines)] == ["COPY --from=b --chown=1:1 /b/service /app/service"]


@pytest.mark.parametrize(
    "lines",
    [
        "WORKDIR /app\nCOPY src .\n",
        "WORKDIR /app\nCOPY . .\nENV PYTHONPATH=/app/src\n",
        "WORKDIR /app\nCOPY src/service /opt/code/service\nWORKDIR /opt/code\n",
        "WORKDIR /app\nCOPY src/service .\nCOPY src/service service\n",
        "COPY src/service /service\n",  # the base image's working directory may be /
        "WORKDIR /service\nCOPY src/service .\nENV PYTHONPATH=/\n",
        "WORKDIR /service\nCOPY src/service .\nWORKDIR /\n",
        "WORKDIR /app\nCOPY src/service .\nRUN ln -s /app /srv/service\n",
        "WORKDIR /app\nCOPY src/service .\nRUN ./install.sh\n",
        "WORKDIR /app\nCOPY src/service .\nRUN apt-get install -y make && make install\n",
        "WORKDIR /app\nCOPY src/service .\nRUN apk add curl; curl -O example.org/kit.py\n",
        "WORKDIR /app\nCOPY src/service .\nRUN <<EOF\nmv /app /srv/service\nEOF\n",
        "WORKDIR /app\nCOPY src/service .\nRUN echo /srv >/usr/lib/python3/dist-packages/own.pth\n",
        "WORKDIR /app\nCOPY pyproject.toml .\nCOPY src/service .\nRUN pip install .\n",
        "WORKDIR /app\nCOPY src/service .\nRUN --mount=type=bind,source=src,target=/src python /src/put.py\n",
        "WORKDIR /app\nCOPY src/service .\nRUN pip install service\n",
        "WORKDIR /app\nCOPY src/service .\nRUN pip install git+https://example.org/kit\n",
        "WORKDIR /app\nCOPY src/service .\nCOPY ${PLACE} .\n",
        "WORKDIR /app\nCOPY src/service .\nCOPY --from=other/image /app /app\n",
        'WORKDIR /app\nCOPY src/service .\nENTRYPOINT ["/start.sh"]\n',
        'WORKDIR /app\nCOPY src/service .\nENTRYPOINT ["uv", "run"]\n',
    ],
)
def test_what_gets_its_name_or_may_get_it_another_way(tmp_path, lines):
    assert found(tmp_path, f"FROM x\n{lines}{START}") == []


def test_a_package_whose_folder_the_project_maps_to_its_name(tmp_path):
    files = {
        "pyproject.toml": '[build-system]\nrequires = ["setuptools"]\n[project]\nname = "kit"\n'
        '[tool.setuptools.package-dir]\nservice = "."\n',
        **SERVICE,
    }
    lines = "FROM x\nWORKDIR /app\nCOPY pyproject.toml .\nCOPY src/service .\nRUN pip install .\n" + START
    assert found(tmp_path, lines, files) == []


@pytest.mark.parametrize(
    ("install", "packages", "lines"),
    [
        ("pip install .", "src/kit", [5]),
        ("pip install .", "src/service", []),
        # An editable install may put the whole folder on the import path.
        ("pip install -e .", "src/kit", []),
    ],
)
def test_a_project_that_lists_its_packages_brings_no_others(tmp_path, install, packages, lines):
    files = {
        "pyproject.toml": '[build-system]\nbuild-backend = "hatchling.build"\n[project]\nname = "kit"\n'
        f'[tool.hatch.build.targets.wheel]\npackages = ["{packages}"]\n',
        "src/kit/__init__.py": "",
        **SERVICE,
    }
    dockerfile = f"FROM x AS b\nCOPY . /b\nRUN cd /b && {install}\nFROM x AS c\nCOPY src/service /c\nFROM x\n"
    dockerfile += "WORKDIR /app\nCOPY --from=b /usr/local /usr/local\nCOPY --from=c /c /app\n" + START
    assert [one[2] for one in found(tmp_path, dockerfile, files)] == lines


@pytest.mark.parametrize(
    ("name", "command"), [("service", "python -m service"), ("http", "python -m http.server")]
)
def test_a_module_of_a_requirement_or_of_the_standard_library(tmp_path, name, command):
    files = {
        "requirements.txt": "service==1.0\n",
        f"src/{name}/__init__.py": "",
        f"src/{name}/__main__.py": "",
        f"src/{name}/server.py": "",
    }
    lines = (
        f"FROM x\nWORKDIR /app\nCOPY src/{name} /app\nRUN pip install -r requirements.txt\nCMD {command}\n"
    )
    assert found(tmp_path, lines, files) == []


def test_two_packages_of_that_name(tmp_path):
    files = {**SERVICE, "old/service/__main__.py": ""}
    lines = "FROM x\nWORKDIR /app\nCOPY src/service /app\nCOPY old/service /app/old\n" + START
    assert found(tmp_path, lines, files) == []
