"""`importguard init`: what it finds, what it writes, and that it overwrites nothing."""

from __future__ import annotations

import json
import os
import re
from importlib import metadata
from pathlib import Path
from typing import Any, Optional

import pytest
import yaml
from unit.command_line import run, settings
from unit.policy.test_configuration import KEYS

from importguard.cli.scaffold import (
    CI_TEMPLATES,
    BuildFile,
    build_files,
    ci_file_text,
    configuration_text,
)
from importguard.cli.start_settings import read_services
from importguard.config import Build, Config
from importguard.policy.configuration import load_configuration
from importguard.source.locating.builds import find_builds

PYTHON = "FROM python:3.13-slim\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    monkeypatch.chdir(root)
    return root


def write(**files: str) -> None:
    """Files by their paths; ``__`` stands for a slash and ``_dot_`` for a full stop."""
    for name, text in files.items():
        path = Path(name.replace("_dot_", ".").replace("__", "/"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def found_in(folder: Path) -> list[BuildFile]:
    return build_files(find_builds(str(folder)), folder)


def test_one_dockerfile(folder: Path, checked: list[Config], capsys: pytest.CaptureFixture[str]) -> None:
    write(Dockerfile=PYTHON + "COPY . .\n", main_dot_py="")
    assert run("init") == 0
    out = capsys.readouterr().out
    assert "wrote importguard.toml: builds Dockerfile\n" in out
    assert "no pipeline was found here; importguard init --ci github|gitlab" in out
    assert out.endswith("next: importguard check\n")
    assert sorted(path.name for path in folder.iterdir()) == ["Dockerfile", "importguard.toml", "main.py"]
    assert settings(checked).build == Build(".")


def test_several_dockerfiles(folder: Path, checked: list[Config]) -> None:
    write(
        api__Dockerfile=PYTHON + "COPY . .\n",
        api__main_dot_py="",
        docker__worker_dot_Dockerfile=PYTHON + "COPY worker /srv/worker\n",
        worker__tasks_dot_py="",
        web__Dockerfile="FROM node:22\nCOPY . .\n",
        node_modules__x__Dockerfile=PYTHON,
        _dot_cache__Dockerfile=PYTHON,
        tests__Dockerfile=PYTHON,
    )
    assert found_in(folder) == [
        BuildFile("api", "api", "api/Dockerfile"),
        BuildFile("worker", ".", "docker/worker.Dockerfile"),
    ]
    assert run("init") == 0
    assert run("check") == 0
    assert [(config.name, config.build) for config in checked] == [
        ("api", Build("api")),
        ("worker", Build(".", os.path.join("docker", "worker.Dockerfile"))),
    ]


@pytest.mark.parametrize(
    ("path", "copies", "there", "context"),
    [
        ("docker/Dockerfile", "COPY src /srv/src", "src/x.py", "."),
        ("docker/Dockerfile", "COPY requirements.txt .\nCOPY . .", "requirements.txt", "."),
        ("services/api/Dockerfile", "COPY . .", "services/api/main.py", "services/api"),
        ("services/api/Dockerfile", "COPY services/api .\nCOPY libs /libs", "libs/x.py", "."),
        ("services/api/Dockerfile", "COPY api .", "services/api/x.py", "services"),
        ("api/Dockerfile", "COPY --from=build /x .\nADD https://x.org/y .", "api/main.py", "api"),
        ("api/Dockerfile", "COPY *.py .", "api/main.py", "api"),
    ],
)
def test_the_context_is_where_what_is_copied_is(
    path: str, copies: str, there: str, context: str, folder: Path
) -> None:
    write(
        **{path.replace("/", "__"): f"{PYTHON}{copies}\n", there.replace("/", "__").replace(".", "_dot_"): ""}
    )
    (found,) = found_in(folder)
    assert found.context == context


def test_it_takes_the_dockerfiles_and_contexts_that_context_takes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        Dockerfile=PYTHON + "COPY . .\n",
        Dockerfile_dot_bak=PYTHON + "COPY . .\n",
        Dockerfile_dot_md="FROM python is what this says.\n",
        Dockerfile_prod=PYTHON + "COPY shop shop\n",
        build__worker_dot_Dockerfile=PYTHON + "COPY worker /srv\n",
        jobs__fetch__Dockerfile=PYTHON + "COPY . .\nCMD python main.py\n",
        jobs__fetch__fetch_dot_py="",
        web__Dockerfile="FROM node\nRUN apk add python3 make\nCOPY . .\n",
        web__index_dot_js="",
        main_dot_py="",
        shop__api_dot_py="",
        worker__tasks_dot_py="",
    )
    command = "docker build -f build/worker.Dockerfile --target done ."
    write(Makefile=f"image:\n\t{command}\n")
    Path("build/worker.Dockerfile").write_text(
        f"{PYTHON}COPY worker /srv\nFROM python AS done\nCOPY worker /srv\n"
    )
    assert run("init") == 0
    out = capsys.readouterr().out
    assert "\n  not web/Dockerfile: no Python is run there, or no Python file goes in\n" in out
    files = found_in(folder)
    assert files == [
        BuildFile("shop", ".", "Dockerfile"),
        BuildFile("prod", ".", "Dockerfile_prod"),
        BuildFile("worker", ".", "build/worker.Dockerfile", "done"),
        BuildFile("fetch", ".", "jobs/fetch/Dockerfile"),
    ]
    images = load_configuration(folder / "importguard.toml", {**KEYS, "all": "boolean"}, KEYS).images
    assert [image.settings.get("target") for image in images] == [None, None, "done", None]
    assert run("context", "--format", "json") == 0
    builds = json.loads(capsys.readouterr().out)["builds"]
    assert [(build["context"], build["dockerfile"]) for build in builds] == [
        (file.context, file.dockerfile) for file in files
    ]


def test_names_are_different(folder: Path) -> None:
    write(
        Dockerfile=PYTHON,
        Dockerfile_dot_worker=PYTHON,
        a__worker_dot_dockerfile=PYTHON,
        b__Containerfile=PYTHON,
        c__Dockerfile_dot_dockerignore=PYTHON,
    )
    assert [file.name for file in found_in(folder)] == [
        "shop",
        "Dockerfile.worker",
        "a-worker.dockerfile",
        "b",
    ]


def test_hostile_dockerfiles(folder: Path) -> None:
    write(a__Dockerfile="python", b__Dockerfile=PYTHON + "COPY $X [\n" + "\0")
    (folder / "c").mkdir()
    (folder / "c" / "Dockerfile").symlink_to("/nowhere")
    (folder / "d").symlink_to(folder)
    (folder / "Dockerfile").mkdir()
    (folder / 'q"\\\x7f').mkdir()
    (folder / 'q"\\\x7f' / "Dockerfile").write_bytes(b"FROM python\n\xff")
    files = found_in(folder)
    assert [file.context for file in files] == ["b", 'q"\\\x7f']
    path = folder / "importguard.toml"
    path.write_text(configuration_text(files))
    assert [image.settings["build"] for image in load_configuration(path, KEYS, KEYS).images] == [
        "b",
        'q"\\\x7f',
    ]


def test_without_a_dockerfile(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    write(_dot_github__x="", Dockerfile="FROM node\n")
    assert run("init") == 2
    assert "there is no Dockerfile of a Python application" in capsys.readouterr().err
    assert not (folder / "importguard.toml").exists()


@pytest.mark.parametrize(
    ("sign", "file"),
    [
        (".github/dependabot.yml", ".github/workflows/importguard.yml"),
        (".gitlab-ci.yml", ".gitlab/importguard.yml"),
        (".gitlab/agents", ".gitlab-ci.yml"),
        ("cloudbuild.yaml", "cloudbuild.importguard.yaml"),
    ],
)
def test_the_pipeline_that_is_found(sign: str, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    write(Dockerfile=PYTHON)
    Path(sign).parent.mkdir(exist_ok=True)
    Path(sign).write_text("as it was")
    assert run("init") == 0
    assert f"wrote {file}\n" in capsys.readouterr().out
    assert Path(sign).read_text() == "as it was"
    assert "importguard check" in Path(file).read_text()


@pytest.mark.parametrize("name", CI_TEMPLATES)
def test_nothing_is_overwritten(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline = CI_TEMPLATES[name]
    write(Dockerfile=PYTHON, importguard_dot_toml="# mine\n")
    mine = [place for place in (pipeline.file, pipeline.beside) if place]
    for place in mine:
        Path(place).parent.mkdir(parents=True, exist_ok=True)
        Path(place).write_text("mine")
    assert run("init", "--ci", name) == 0
    out = capsys.readouterr().out
    assert "importguard.toml is the configuration already, and stays as it is" in out
    assert f"{mine[-1]} exists already, and stays as it is" in out
    assert "wrote" not in out
    assert [Path(place).read_text() for place in mine] == ["mine"] * len(mine)
    assert Path("importguard.toml").read_text() == "# mine\n"


def test_what_to_add_to_pre_commits_file_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    write(Dockerfile=PYTHON)
    Path(".pre-commit-config.yaml").write_text("repos: []\n")
    assert run("init") == 0
    said = capsys.readouterr().out.split("add to it:\n")[1]
    (repository,) = yaml.safe_load(said.split("  before it can run")[0].split("next:")[0])
    assert repository["hooks"] == [{"id": "importguard-context", "args": ["."]}]


def test_a_project_that_is_configured_in_pyproject(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    write(Dockerfile=PYTHON, pyproject_dot_toml="[tool.importguard]\nbuild = '.'\n")
    assert run("init") == 0
    assert "pyproject.toml is the configuration already" in capsys.readouterr().out
    assert not (folder / "importguard.toml").exists()


@pytest.mark.parametrize("name", CI_TEMPLATES)
def test_each_file_is_yaml_that_calls_the_program_as_it_is(name: str, checked: list[Config]) -> None:
    write(Dockerfile=PYTHON, importguard_dot_toml='build = "."')
    files = [BuildFile("a", ".", "Dockerfile"), BuildFile("b", 'b "x"', "b.Dockerfile")]
    text = ci_file_text(name, files, "https://example.org/importguard", "0a1b2c")
    document = yaml.safe_load(text)
    assert "@" not in re.sub(r"uses: [\w/-]+@v\d|importguard@0a1b2c", "", text)
    if name == "pre-commit":
        (repository,) = document["repos"]
        assert (repository["repo"], repository["rev"]) == ("https://example.org/importguard", "0a1b2c")
        assert [hook["args"] for hook in repository["hooks"]] == [["."], ['b "x"', "--file", "b.Dockerfile"]]
        return
    assert "pip install" in text
    assert '"git+https://example.org/importguard@0a1b2c"' in text
    lines = [line.strip().lstrip("- ").removeprefix("run: ") for line in text.split("\n")]
    (line,) = (line for line in lines if line.startswith("importguard check"))
    assert run(*line.split()[1:]) == 0
    assert checked[-1].build == Build(".")


@pytest.mark.parametrize(
    ("origin", "url", "revision"),
    [
        (None, "https://github.com/OWNER/importguard", "v0.1.0"),
        (
            {"url": "file:///srv/importguard", "dir_info": {}},
            "https://github.com/OWNER/importguard",
            "v0.1.0",
        ),
        ({"url": "https://git.example.org/ig.git"}, "https://git.example.org/ig.git", "0a1b"),
        ({"url": "https://me:secret@git.example.org/ig"}, "https://git.example.org/ig", "0a1b"),
    ],
)
def test_it_is_installed_from_where_it_came(
    origin: Optional[dict[str, Any]],
    url: str,
    revision: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Distribution:
        def read_text(self, name: str) -> Optional[str]:
            assert name == "direct_url.json"
            if origin is None:
                return None
            vcs = {} if "dir_info" in origin else {"vcs_info": {"vcs": "git", "commit_id": "0a1b"}}
            return json.dumps({**origin, **vcs})

    monkeypatch.setattr(metadata, "distribution", lambda name: Distribution())
    write(Dockerfile=PYTHON)
    assert run("init", "--ci", "github") == 0
    text = Path(".github/workflows/importguard.yml").read_text()
    assert f'"git+{url}@{revision}"' in text
    assert "secret" not in text
    told = "replace in it https://github.com/OWNER/importguard and v0.1.0"
    assert (told in capsys.readouterr().out) == (revision == "v0.1.0")
    Path(".pre-commit-config.yaml").write_text("repos: []\n")
    assert run("init", "--ci", "pre-commit") == 0
    assert (told in capsys.readouterr().out) == (revision == "v0.1.0")


COMPOSE = """\
services:
  db:
    image: postgres:${PG:-16}
    environment: {POSTGRES_PASSWORD: check, PGDATA: }
    healthcheck: {test: ["CMD-SHELL", "pg_isready -U postgres"]}
  migrate: {build: api, command: alembic upgrade head, depends_on: [db]}
  api:
    build: ./api
    environment: ["DATABASE_URL=postgresql://postgres:check@db/postgres", "SECRET=${SECRET}", TOKEN]
    ports: ["127.0.0.1:8080:8000"]
    healthcheck: {test: curl -f http://localhost:8000/health || exit 1}
    depends_on:
      db: {condition: service_healthy}
      migrate: {condition: service_completed_successfully}
  worker: {build: {context: api}, command: [celery, -A, shop, worker], depends_on: [db]}
  web: {build: web, ports: ["80:80"], depends_on: [api]}
  tools: {image: adminer, profiles: [debug]}
"""


def test_a_compose_file_says_how_they_are_started(folder: Path) -> None:
    """What runs once is not started, what has no Python is a comment, what nothing needs is left out."""
    write(api__Dockerfile=PYTHON + "COPY . .\n", web__Dockerfile="FROM node\n", compose_dot_yaml=COMPOSE)
    write(jobs__worker__Dockerfile=PYTHON + "COPY . .\n")
    assert run("init") == 0
    path = folder / "importguard.toml"
    file = load_configuration(path, {**KEYS, "all": "boolean"}, {**KEYS, "env": "list", "command": "list"})
    assert {image.name: image.settings["build"] for image in file.images} == {
        "api": "api",
        "worker": "api",
        "jobs-worker-Dockerfile": "jobs/worker",
    }
    api, worker, _ = file.images
    assert api.settings["env"] == ["DATABASE_URL=postgresql://postgres:check@db/postgres", "SECRET", "TOKEN"]
    assert api.start == {"port": 8000, "http": ["/health"], "needs": ["db"]}
    assert worker.settings["command"] == ["celery -A shop worker"]
    assert worker.start == {"port": "none", "needs": ["db"]}
    (db,) = read_services(file)
    assert (db.name, db.image, db.env) == ("db", "postgres:16", ("POSTGRES_PASSWORD=check",))
    assert db.ready == ("/bin/sh", "-c", "pg_isready -U postgres")
    text = path.read_text()
    assert '# name = "web"' in text
    assert '"PGDATA"]' in text  # passed on, as Compose does
    assert "migrate runs once" in text


OF_THE_SERVER = """\
services:
  db:
    image: docker.io/library/postgres:16
    environment: {POSTGRES_USER: "${DB_USER:-shop}", POSTGRES_PASSWORD: "${DB_PASSWORD:?set it}"}
    volumes: ["./checks:/checks"]
    healthcheck: {test: /checks/ready.sh}
  cache: {image: redis, command: "redis-server --requirepass $CACHE_PASSWORD"}
  api:
    build: api
    environment:
      DATABASE_URL: postgresql://${DB_USER}:${DB_PASSWORD}@db/shop
      CACHE_URL: redis://:${CACHE_PASSWORD}@cache
      API_KEY: ${API_KEY}
    depends_on: [db, cache]
"""


def test_an_account_of_a_server_that_is_started_for_the_check_is_free_to_choose(folder: Path) -> None:
    """All that have it get the same; a key of another is passed on. What is mounted can't be run."""
    write(api__Dockerfile=PYTHON, compose_dot_yaml=OF_THE_SERVER)
    assert run("init") == 0
    keys = {**KEYS, "env": "list"}
    file = load_configuration(folder / "importguard.toml", {**KEYS, "all": "boolean"}, keys)
    assert file.images[0].settings["env"] == [
        "DATABASE_URL=postgresql://shop:importguard@db/shop",
        "CACHE_URL=redis://:importguard@cache",
        "API_KEY",
    ]
    db, cache = read_services(file)
    assert (db.env, db.ready) == (("POSTGRES_USER=shop", "POSTGRES_PASSWORD=importguard"), ())
    assert cache.command == ("redis-server", "--requirepass", "importguard")


WITH_FILES = """\
services:
  db: {image: postgres, environment: {POSTGRES_PASSWORD: "${POSTGRES_PASSWORD}"}}
  api: {build: api, env_file: [./.env, other.env], depends_on: [db]}
"""


@pytest.mark.parametrize("name", [".env", ".env.example", ".env-sample"])
def test_an_example_stands_for_a_file_of_variables_that_is_not_there(name: str, folder: Path) -> None:
    """The server has the same password, of the file that Compose itself reads."""
    write(api__Dockerfile=PYTHON, compose_dot_yaml=WITH_FILES, other_dot_env_dot_dist="no variable\n")
    Path(name).write_text("# to begin with\nexport POSTGRES_PASSWORD=check\n")
    assert run("init") == 0
    keys = {**KEYS, "env-file": "list"}
    file = load_configuration(folder / "importguard.toml", {**KEYS, "all": "boolean"}, keys)
    assert file.images[0].settings["env-file"] == [name]
    assert read_services(file)[0].env == ("POSTGRES_PASSWORD=check",)


@pytest.mark.parametrize(
    ("written", "file"),
    [
        ("env_file: x.env", "x.env"),
        ("env_file: [./x.env]", "x.env"),
        ("env_file: [{path: ./x.env, required: false}]", "x.env"),
        ("env_file: [{path: ./none.env, required: false}, x.env]", "x.env"),
        ("env_file: [{path: ./none.env, required: false}]", None),
        ("env_file: ['${VARIABLES:-x.env}']", "x.env"),
        ("env_file: [.env]", "TEMPLATE.env"),
    ],
)
def test_every_form_of_env_file(written: str, file: Optional[str], folder: Path) -> None:
    """Of the Compose specification; what is not there, and need not be, is left out."""
    write(Dockerfile=PYTHON, x_dot_env="A=1\n", TEMPLATE_dot_env="A=1\n", main_dot_py="")
    Path("compose.yaml").write_text(f"services:\n  api:\n    build: .\n    {written}\n")
    assert run("init") == 0
    keys = {**KEYS, "env-file": "list"}
    (image,) = load_configuration(folder / "importguard.toml", {**KEYS, "all": "boolean"}, keys).images
    assert image.settings.get("env-file") == ([file] if file else None)


@pytest.mark.parametrize(
    ("account", "own"), [("acme/", True), ("ghcr.io/acme/", True), ("", False), ("acme/not-", False)]
)
def test_the_image_that_the_repository_publishes(account: str, own: bool, folder: Path) -> None:
    """Files for users name it in place of a build."""
    write(Dockerfile=PYTHON, main_dot_py="")
    image = f"{account}{folder.name}:${{TAG:-latest}}"
    text = (
        f"services:\n  api: {{image: '{image}', expose: [80], depends_on: [db]}}\n  db: {{image: postgres}}\n"
    )
    Path("compose.yaml").write_text(text)
    assert run("init") == 0
    file = load_configuration(folder / "importguard.toml", {**KEYS, "all": "boolean"}, KEYS)
    assert [one.name for one in file.images] == (["api"] if own else [])
    assert [one.name for one in read_services(file)] == (["db"] if own else [])


COMPOSE_ONCE = """\
services:
  migrate: {build: .}
  db: {image: postgres, depends_on: {migrate: {condition: service_completed_successfully}}}
"""

CHOSEN_BY_PROFILES = """\
x-app: &app
  build: {context: ., target: app}
  environment: &common {REDIS_URL: redis://redis:6379/0}
  depends_on: {redis: {condition: service_started, required: false}}
services:
  redis: {image: redis, profiles: [redis]}
  web:
    <<: *app
    profiles: [web]
    ports: ["8000:8000"]
    environment: {<<: *common, DEBUG: "no"}
    healthcheck: {test: "${TEST:-curl -f localhost:8000/up}"}
    depends_on: [redis, worker]
  worker: {<<: *app, profiles: [worker], entrypoint: [], command: celery -A hello.celery worker}
  js: {build: {context: ., target: assets}, profiles: [assets], command: yarn build}
"""
STAGES = "FROM node AS assets\nRUN yarn\nFROM python:3.13 AS app\nCOPY --from=assets /js /js\nCOPY . .\n"


def test_a_compose_file_that_chooses_by_profiles_and_merges(folder: Path) -> None:
    """A worker has no port although something waits for it; a stage that builds scripts has no Python."""
    write(Dockerfile=STAGES, compose_dot_yaml=CHOSEN_BY_PROFILES)
    assert run("init") == 0
    path = folder / "importguard.toml"
    file = load_configuration(path, {**KEYS, "all": "boolean"}, {**KEYS, "env": "list", "command": "list"})
    web, worker = file.images
    assert web.settings["env"] == ["DEBUG=no", "REDIS_URL=redis://redis:6379/0"]
    assert web.start == {"port": 8000, "http": ["/up"], "needs": ["redis", "worker"]}
    assert worker.start == {"port": "none", "needs": ["redis"]}
    assert [service.name for service in read_services(file)] == ["redis"]
    assert '# name = "js"' in path.read_text()


@pytest.mark.parametrize(
    "command", ["python3 manage.py", "[python3, manage.py]", ">\n      python3\n      manage.py"]
)
def test_a_command_is_run_in_its_working_directory(command: str, folder: Path) -> None:
    text = f"services:\n  web:\n    build: .\n    working_dir: /app/backend\n    command: {command}\n"
    write(Dockerfile=PYTHON, compose_dot_yaml=text)
    assert run("init") == 0
    keys = {**KEYS, "command": "list"}
    file = load_configuration(folder / "importguard.toml", {**KEYS, "all": "boolean"}, keys)
    assert file.images[0].settings["command"] == ["sh -c 'cd /app/backend && exec python3 manage.py'"]


@pytest.mark.parametrize("text", ["services:\n  web: {image: '${NAME}'}\n", COMPOSE_ONCE])
def test_a_compose_file_that_builds_no_service(text: str, folder: Path, capsys: Any) -> None:
    """The Dockerfile is what there is to build: check needs it, and --start has nothing to start."""
    write(Dockerfile=PYTHON, compose_dot_yaml=text)
    assert run("init") == 0
    assert "--start" not in capsys.readouterr().out
    written = (folder / "importguard.toml").read_text()
    assert 'build = "."' in written
    assert "all = true" not in written


def test_a_service_that_is_not_built_hides_no_dockerfile(folder: Path) -> None:
    text = "services:\n  api: {build: api}\n  cache: {image: redis}\n"
    write(Dockerfile=PYTHON, api__Dockerfile=PYTHON, compose_dot_yaml=text)
    assert run("init") == 0
    file = load_configuration(folder / "importguard.toml", {**KEYS, "all": "boolean"}, KEYS)
    assert {image.settings["build"] for image in file.images} == {"api", "."}


@pytest.mark.parametrize("text", ["services: [", "services:\n  api: {image: x}\n", "- 1\n", ""])
def test_a_compose_file_that_says_nothing(text: str, folder: Path) -> None:
    write(Dockerfile=PYTHON, compose_dot_yaml=text)
    assert run("init") == 0
    assert "[[" not in (folder / "importguard.toml").read_text().replace("# [[ignore]]", "")


DEVELOPERS = "flask --app shop run --debug --port 5000"
OF_A_DEVELOPER = f"""\
services:
  web:
    build: {{context: ., target: dev}}
    command: {DEVELOPERS}
    volumes: [".:/app"]
    environment: [SECRET_KEY, POSTGRES_PASSWORD]
    ports: ["5000:5000"]
    depends_on: [db]
  worker: {{build: {{context: ., target: dev}}, command: celery -A shop worker, volumes: ["./:/app"]}}
  db: {{image: postgres, environment: [POSTGRES_PASSWORD]}}
"""
OF_STAGES = PYTHON.replace("\n", " AS base\n") + 'COPY . .\nCMD ["gunicorn", "shop:app"]\n'


@pytest.mark.parametrize(
    ("stages", "targets", "command"),
    [
        ("FROM base AS dev\nCMD flask run --debug\nFROM base AS prod\n", [None, None], None),
        ("FROM base AS production\nFROM base AS dev\n", ["production"] * 2, None),
        ("FROM base AS dev\n", ["dev", "dev"], None),
        (
            "FROM base AS dev\nCMD flask run --debug\n",
            ["dev", "dev"],
            "flask --app shop run --debug --port 5000",
        ),
    ],
)
def test_what_a_compose_file_starts_for_a_developer(
    stages: str, targets: list[Optional[str]], command: Optional[str], folder: Path
) -> None:
    """Production's stage is checked, with its own command; a worker's command is its own in both."""
    write(Dockerfile=OF_STAGES + stages, shop_dot_py="", compose_dot_yaml=OF_A_DEVELOPER)
    assert run("init") == 0
    keys = {**KEYS, "env": "list", "command": "list"}
    file = load_configuration(folder / "importguard.toml", {**KEYS, "all": "boolean"}, keys)
    web, worker = file.images
    assert [image.settings.get("target") for image in file.images] == targets
    assert web.settings.get("command") == ([command] if command else None)
    assert worker.settings["command"] == ["celery -A shop worker"]
    assert web.start == {**({"port": 5000} if command else {}), "needs": ["db"]}
    assert web.settings["env"] == ["SECRET_KEY", "POSTGRES_PASSWORD=importguard"]
    assert read_services(file)[0].env == ("POSTGRES_PASSWORD=importguard",)


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        ({"compose.yaml": "api", "docker-compose.prod.yml": "backend"}, "docker-compose.prod.yml"),
        ({"compose.yaml": "api", "compose.prod.yaml": ""}, "compose.yaml"),
        ({"docker-compose.dev.yml": "dev", "docker-compose.server.yml": "api"}, "docker-compose.server.yml"),
        ({"docker-compose.test.yml": "api"}, ""),
        ({"docker/docker-compose.yml": "api"}, "docker/docker-compose.yml"),
    ],
)
def test_which_compose_file_is_read(files: dict[str, str], chosen: str, folder: Path, capsys: Any) -> None:
    """Production's, where it stands alone: one that completes another says too little."""
    write(Dockerfile=PYTHON + "COPY . .\n", main_dot_py="", docker__api_dot_env="A=1\n")
    for path, name in files.items():
        context = ".." if "/" in path else "."
        said = (
            f"{name}: {{build: {{context: {context}}}, env_file: api.env}}"
            if name
            else "api: {restart: always}"
        )
        Path(path).write_text(f"services:\n  {said}\n")
    assert run("init") == 0
    assert (f"starts them as {chosen} does" in capsys.readouterr().out) is bool(chosen)
    keys = {**KEYS, "env-file": "list"}
    if chosen:
        (image,) = load_configuration(folder / "importguard.toml", {**KEYS, "all": "boolean"}, keys).images
        assert (image.name, image.settings["build"]) == (files[chosen], ".")
        assert image.settings.get("env-file") == (["docker/api.env"] if "/" in chosen else None)
