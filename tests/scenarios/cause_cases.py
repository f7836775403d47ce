"""Every cause, each with a case that looks like it and is another one."""

from __future__ import annotations

from scenarios.causes import ANYWHERE, INSTALLS, PLAIN, SHOP, Cause

USES_YAML = "import yaml\n"
NEEDS_REDIS = {"requirements.txt": "redis>=2\n"}
# A build backend of few lines: installs what lies below src.
BACKEND = """\
import pathlib, zipfile
def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = "kit-1.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(directory, name), "w") as archive:
        for path in sorted(pathlib.Path("src").rglob("*.py")):
            archive.write(path, path.relative_to("src"))
        info = "kit-1.0.dist-info/"
        archive.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: kit\\nVersion: 1.0\\n")
        archive.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr(info + "RECORD", "")
    return name
"""
PROJECT = (
    '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    '[project]\nname = "kit"\nversion = "1.0"\n'
)
KIT = {"src/kit/__init__.py": "NAME = 'kit'\n", "pyproject.toml": PROJECT, "backend.py": BACKEND}
USES_KIT = "import kit\n"
READS_RATES = "import pathlib\nRATES = pathlib.Path(__file__).with_name('rates.json').read_text()\n"
LATE = {"shop/late.py": ""}
USES_LATE = "\nfrom shop import late\n"

FILES = [
    Cause(
        "contents-copied-before-the-install",
        "import kit.tool\n",
        "copied-elsewhere",
        ("Dockerfile", 4),
        "copy the folder under its name: 'COPY src/kit /build/src/kit'",
        ["copies what lies in src/kit/ into /build/src, and not the folder"],
        dockerfile="FROM base AS builder\nWORKDIR /build\nCOPY pyproject.toml backend.py ./\n"
        "COPY src/kit src\nRUN pip install --no-deps --target /deps .\n\nFROM base\nWORKDIR /app\n"
        "COPY --from=builder /deps /deps\nENV PYTHONPATH=/deps\nCOPY shop shop\n",
        files={**KIT, "src/kit/tool.py": ""},
    ),
    Cause(
        "one-file-of-a-package",
        "from shop.core import run\n",
        "not-copied",
        ("Dockerfile", 3),
        "add 'COPY shop /app/shop'",
        dockerfile='FROM base\nWORKDIR /app\nCOPY shop/main.py /app/\nCMD ["python3", "main.py"]\n',
        files={"shop/core.py": "def run(): pass\n"},
    ),
    Cause(
        "ignored",
        "import os\n\nfrom shop.monitoring import metrics\n",
        "ignored",
        (".dockerignore", 3),
        "add '!shop/monitoring/' at the end of .dockerignore",
        ["shop/monitoring/", "'**/monitoring/' at .dockerignore:3"],
        files={
            ".dockerignore": "# clean-up\n*.md\n**/monitoring/\n",
            "shop/monitoring/__init__.py": "",
            "shop/monitoring/metrics.py": "",
        },
    ),
    Cause(
        "not-generated",
        "from shop import cart_pb2\n",
        "not-generated",
        ("Dockerfile", 3),
        "python -m grpc_tools.protoc -Ishop=/app/proto --python_out=/app --grpc_python_out=/app "
        "/app/proto/cart.proto",
        ["protoc writes it from proto/cart.proto"],
        files={"proto/cart.proto": 'syntax = "proto3";\nmessage Cart {}\n'},
    ),
    Cause(
        "log-folder-not-made",
        "import logging.handlers\n\nlogging.handlers.RotatingFileHandler('logs/shop.log')\n",
        "folder-not-made",
        ("Dockerfile", 2),
        "RUN mkdir -p /app/logs",
        ["the image has no folder /app/logs"],
    ),
    Cause(
        "ignored-but-let-in-again",
        "from shop.monitoring import metrics\n",
        "not-copied",
        ("Dockerfile", 3),
        "COPY shop/monitoring /app/shop/monitoring",
        dockerfile="FROM base\nWORKDIR /app\nCOPY shop/*.py shop/\n",
        files={
            ".dockerignore": "**/monitoring/\n!shop/monitoring/\n",
            "shop/monitoring/__init__.py": "",
            "shop/monitoring/metrics.py": "",
        },
    ),
    Cause(
        "not-copied",
        "import shop.db.session\n",
        "not-copied",
        ("Dockerfile", 4),
        "add 'COPY shop/db /app/shop/db'",
        ["'COPY shop/*.py shop/' at Dockerfile:4"],
        dockerfile="FROM base\nWORKDIR /app\nCOPY static static\nCOPY shop/*.py shop/\nCOPY static more\n",
        files={"static/x.css": "", "shop/db/__init__.py": "", "shop/db/session.py": ""},
    ),
    Cause(
        "not-copied-beside-its-neighbours",
        "import backend.lib.tool\n",
        "not-copied",
        ("Dockerfile", 2),
        "add 'COPY lib /backend/lib'",
        dockerfile="FROM base\nCOPY shop /backend/shop\nWORKDIR /\nCMD exec python3 -m backend.shop.main\n",
        files={"lib/tool.py": ""},
    ),
    Cause(
        "not-copied-since-ignored",
        "import shop.db\n",
        "ignored",
        (".dockerignore", 1),
        "!shop/db/",
        files={".dockerignore": "shop/db\n", "shop/db/__init__.py": ""},
    ),
    Cause(
        "copied-elsewhere",
        USES_KIT,
        "copied-elsewhere",
        ("Dockerfile", 2),
        "ENV PYTHONPATH=/app/src",
        ["/app/src/kit"],
        files=KIT,
    ),
    Cause(
        "copied-nowhere",
        USES_KIT,
        "not-copied",
        ("Dockerfile", 5),
        "COPY src/kit /app/src/kit",
        dockerfile="FROM base\nWORKDIR /app\nENV PYTHONPATH=/app/src\nCOPY shop shop\nCOPY src/*.py src/\n",
        files={**KIT, "src/other.py": ""},
    ),
    Cause(
        "copied-after-install",
        USES_KIT,
        "copied-after-install",
        ("Dockerfile", 5),
        "move the COPY of line 5 above line 4",
        ["Dockerfile:4 installs the project"],
        dockerfile="FROM base\nWORKDIR /app\nCOPY pyproject.toml backend.py ./\nRUN pip install .\n"
        "COPY src src\nCOPY shop shop\n",
        files={**KIT},
    ),
    Cause(
        "not-packaged",
        USES_KIT,
        "not-packaged",
        ("pyproject.toml", 8),
        "declare it as package data",
        ["The source has src/kit/rates.json"],
        dockerfile="FROM base\nWORKDIR /app\nCOPY pyproject.toml backend.py ./\nCOPY src src\n"
        "RUN pip install --no-deps .\nCOPY shop shop\n",
        files={
            **KIT,
            "src/kit/__init__.py": READS_RATES,
            "src/kit/rates.json": "{}",
            "pyproject.toml": PROJECT + '[tool.setuptools]\npackages = ["kit"]\n',
        },
    ),
    Cause(
        "package-not-packaged",
        "import kit.mail\n",
        "not-packaged",
        ("pyproject.toml", 8),
        "add src/kit/mail/__init__.py, or have the project find namespace packages at pyproject.toml:8",
        ["src/kit/mail has no __init__.py"],
        dockerfile="FROM base\nWORKDIR /app\nCOPY pyproject.toml backend.py ./\nCOPY src src\n"
        "RUN pip install --no-deps .\nCOPY shop shop\n",
        files={
            **KIT,
            "backend.py": BACKEND.replace('rglob("*.py")', 'glob("*/*.py")'),
            "src/kit/mail/client.py": "",
            "pyproject.toml": PROJECT + "[tool.setuptools.packages.find]\nnamespaces = false\n",
        },
    ),
    Cause(
        "copied-after-other-installs",
        USES_KIT,
        "copied-elsewhere",
        ("Dockerfile", 2),
        "ENV PYTHONPATH=/app/src",
        dockerfile=INSTALLS + "COPY src src\n",
        files={**KIT, **NEEDS_REDIS},
    ),
    Cause(
        "stale-image",
        USES_LATE,
        "stale-image",
        ("Dockerfile", 3),
        "docker build -f Dockerfile .",
        ["shop/util.py"],
        source={**SHOP, **LATE, "shop/main.py": USES_LATE, "shop/util.py": "def slug():\n    return 2\n"},
    ),
    Cause(
        "not-stale-where-all-else-is-the-same",
        USES_LATE,
        "unknown",
        None,
        "build the image anew",
        ["Dockerfile:3 copies it"],
        source={**SHOP, **LATE, "shop/main.py": USES_LATE},
    ),
    Cause(
        "unknown",
        USES_LATE,
        "unknown",
        None,
        "see what the steps after the COPY do",
        ["Dockerfile:3 copies it", "Looked at: "],
        dockerfile=PLAIN + "RUN rm shop/late.py\n",
        files=LATE,
    ),
    Cause(
        "hidden-by-mount",
        "import shop.util\n",
        "hidden-by-mount",
        ("compose.yaml", 5),
        "move the modules out of /app/shop/plugins",
        ["compose.yaml:5 mounts a tmpfs", "Dockerfile:3 copies"],
        files={
            "shop/plugins/__init__.py": "",
            "compose.yaml": "services:\n  web:\n    build: .\n    tmpfs:\n      - /app/shop/plugins\n",
        },
    ),
    Cause(
        "not-hidden-by-a-mount-of-the-source",
        USES_LATE,
        "ignored",
        (".dockerignore", 1),
        "!shop/late.py",
        files={
            **LATE,
            ".dockerignore": "**/late.py\n",
            "compose.yaml": "services:\n  web:\n    build: .\n    volumes:\n      - .:/app\n",
        },
    ),
    Cause(
        "not-committed",
        USES_LATE,
        "not-committed",
        (".gitignore", 2),
        "git add --force shop/late.py",
        source={**SHOP, **LATE, "shop/main.py": USES_LATE, ".gitignore": "*.log\nlate*\n"},
        history=[{**SHOP, "shop/main.py": USES_LATE, ".gitignore": "*.log\nlate*\n"}],
    ),
    Cause(
        "not-committed-but-ignored-by-docker-too",
        USES_LATE,
        "ignored",
        (".dockerignore", 1),
        "!shop/late.py",
        files={".dockerignore": "**/late.py\n", **LATE},
        source={
            **SHOP,
            **LATE,
            "shop/main.py": USES_LATE,
            ".gitignore": "late*\n",
            ".dockerignore": "**/late.py\n",
        },
        history=[{**SHOP, "shop/main.py": USES_LATE, ".gitignore": "late*\n"}],
    ),
    Cause(
        "not-in-source",
        "\nimport shop.utils\n",
        "not-in-source",
        ("shop/main.py", 2),
        "did you mean shop.util?",
    ),
    Cause(
        "not-in-source-any-more",
        "\nimport shop.utils\n",
        "removed-or-renamed",
        ("shop/main.py", 2),
        "git checkout",
        ["shop/utils.py", "'change 1'", "removed it"],
        history=[{**SHOP, "shop/utils.py": "x = 1\n"}, SHOP],
    ),
    Cause(
        "removed-or-renamed",
        "import shop.late\n",
        "removed-or-renamed",
        ("shop/main.py", 1),
        "import it by its new name: shop.later",
        ["renamed it to shop/later.py"],
        files={"shop/later.py": "def work():\n    return 'as before, and long enough'\n"},
        history=[
            {**SHOP, "shop/late.py": "def work():\n    return 'as before, and long enough'\n"},
            {**SHOP, "shop/later.py": "def work():\n    return 'as before, and long enough'\n"},
        ],
    ),
    Cause(
        "removed-was-another",
        "import shop.late\n",
        "not-in-source",
        ("shop/main.py", 1),
        "Correct the import at shop.main (shop/main.py:1)",
        history=[{**SHOP, "tools/late.py": "x = 1\n"}, SHOP],
    ),
    Cause(
        "case-mismatch",
        "\n\nimport shop.models\n",
        "case-mismatch",
        ("shop/main.py", 3),
        "write 'Models' instead of 'models'",
        ["shop/Models.py"],
        files={"shop/Models.py": ""},
    ),
    Cause(
        "a-class-beside-the-file-of-its-name",
        "from shop.models import User\n",
        "missing-name",
        ("shop/main.py", 1),
        "it is shop.models.user.User now",
        files={"shop/models/__init__.py": "", "shop/models/user.py": "class User:\n    pass\n"},
    ),
    Cause(
        "case-is-right",
        "import shop.models\n",
        "not-in-source",
        ("shop/main.py", 1),
        "did you mean shop.model?",
        files={"shop/model.py": "", "other/Models.py": ""},
    ),
]

REQUIREMENTS = [
    Cause(
        "not-declared",
        USES_YAML,
        "not-declared",
        ("requirements.txt", 2),
        "add PyYAML to requirements.txt",
        ["'yaml'", "shop/main.py:1"],
        dockerfile=INSTALLS,
        files={"requirements.txt": "redis>=2\nfastapi\n"},
    ),
    Cause(
        "a-module-of-the-same-name",
        "from shop.clients import yaml\n",
        "not-declared",
        ("requirements.txt", 1),
        "add PyYAML to requirements.txt",
        ["'yaml'", "shop/clients/yaml.py:1"],
        dockerfile=INSTALLS,
        files={**NEEDS_REDIS, "shop/clients/__init__.py": "", "shop/clients/yaml.py": USES_YAML},
    ),
    Cause(
        "declared-and-not-read",
        USES_YAML,
        "declared-not-installed",
        ("Dockerfile", 4),
        "let line 4 install what requirements-web.txt declares (-r requirements-web.txt)",
        ["requirements-web.txt:1 declares PyYAML"],
        dockerfile=INSTALLS,
        files={**NEEDS_REDIS, "requirements-web.txt": "PyYAML>=6\n"},
    ),
    Cause(
        "installed-without-what-it-requires",
        "import rosters\n",
        "declared-not-installed",
        ("Dockerfile", 4),
        "let Dockerfile:4 install what is required too",
        ["rosters 1.0 requires PyYAML>=6", "(--no-deps)"],
        dockerfile=INSTALLS.replace("install -r", "install --no-deps -r"),
        files={"requirements.txt": "rosters\n"},
    ),
    Cause(
        "declared-not-installed",
        USES_YAML,
        "declared-not-installed",
        ("requirements.txt", 2),
        "build the image anew",
        ["Dockerfile:4 should have installed it"],
        dockerfile=INSTALLS,
        files=NEEDS_REDIS,
        source={**SHOP, "shop/main.py": USES_YAML, "requirements.txt": "redis>=2\nPyYAML>=6\n"},
    ),
    Cause(
        "declared-as-a-constraint",
        USES_YAML,
        "not-declared",
        ("requirements.txt", 2),
        "add PyYAML to requirements.txt",
        ["constraints.txt:1 only constrains its version"],
        dockerfile=INSTALLS.replace("requirements*.txt", "*.txt"),
        files={"requirements.txt": "-c constraints.txt\nredis>=2\n", "constraints.txt": "PyYAML==6.0\n"},
    ),
    Cause(
        "dev-only",
        USES_YAML,
        "dev-only",
        ("requirements-dev.txt", 1),
        "declare pyyaml as a runtime requirement",
        ["group 'dev'"],
        dockerfile=INSTALLS,
        files={**NEEDS_REDIS, "requirements-dev.txt": "PyYAML>=6\n"},
    ),
    Cause(
        "dev-only-and-main-too",
        USES_YAML,
        "declared-not-installed",
        ("Dockerfile", 4),
        "-r requirements-web.txt",
        dockerfile=INSTALLS,
        files={**NEEDS_REDIS, "requirements-dev.txt": "PyYAML>=6\n", "requirements-web.txt": "PyYAML>=6\n"},
    ),
    Cause(
        "wrong-stage",
        USES_YAML,
        "wrong-stage",
        ("Dockerfile", 6),
        "COPY --from=builder",
        ["Dockerfile:4 installs PyYAML in stage builder", "Dockerfile:6"],
        dockerfile="FROM base AS builder\nWORKDIR /build\nCOPY requirements.txt ./\n"
        "RUN pip install -r requirements.txt\n\nFROM base\nWORKDIR /app\nCOPY shop shop\n",
        files={"requirements.txt": "PyYAML>=6\n"},
    ),
    Cause(
        "programs-of-an-environment",
        USES_YAML,
        "wrong-stage",
        ("Dockerfile", 8),
        "the virtual environment or site-packages",
        ["takes only /deps/bin from it"],
        dockerfile="FROM base AS builder\nWORKDIR /build\nCOPY requirements.txt ./\n"
        "RUN mkdir -p /deps/bin && pip install --prefix /deps -r requirements.txt\n\n"
        "FROM base\nWORKDIR /app\nCOPY --from=builder /deps/bin /deps/bin\nCOPY shop shop\n",
        files={"requirements.txt": "PyYAML>=6\n"},
    ),
    Cause(
        "right-stage",
        USES_YAML,
        "not-declared",
        ("requirements.txt", 1),
        "add PyYAML",
        dockerfile="FROM base AS builder\nWORKDIR /build\nCOPY requirements.txt ./\n"
        "RUN pip install --target /deps -r requirements.txt\n\nFROM base\nWORKDIR /app\n"
        "COPY --from=builder /deps /deps\nENV PYTHONPATH=/deps\nCOPY shop shop\n",
        files=NEEDS_REDIS,
    ),
    Cause(
        "marker-excluded",
        USES_YAML,
        "marker-excluded",
        ("requirements.txt", 2),
        "change the marker at requirements.txt:2",
        ['python_version < "3.8"'],
        dockerfile=INSTALLS,
        files={"requirements.txt": 'redis>=2\nPyYAML>=6; python_version < "3.8"\n'},
    ),
    Cause(
        "marker-holds",
        USES_YAML,
        "declared-not-installed",
        ("Dockerfile", 4),
        "requirements-web.txt",
        dockerfile=INSTALLS,
        files={**NEEDS_REDIS, "requirements-web.txt": 'PyYAML>=6; python_version >= "3.8"\n'},
    ),
    Cause(
        "version-conflict",
        "from redis import Redis\n",
        "version-conflict",
        ("requirements.txt", 1),
        "install redis>=4",
        ["redis 2.0 is installed"],
        dockerfile=INSTALLS + "RUN pip install redis==2.0\n",
        files={"requirements.txt": "redis>=4\n"},
    ),
    Cause(
        "version-as-declared",
        "from redis import Reddis\n",
        "missing-name",
        ("shop/main.py", 1),
        "did you mean 'Redis'?",
        ["redis 5.0 is installed", "requirements.txt:1 declares redis>=4"],
        dockerfile=INSTALLS,
        files={"requirements.txt": "redis>=4\n"},
    ),
    Cause(
        "wrong-interpreter",
        USES_YAML,
        "wrong-interpreter",
        ("Dockerfile", 4),
        "start the application with /opt/venv/bin/python",
        ["/opt/venv/lib"],
        dockerfile="FROM base\nWORKDIR /app\nCOPY . .\n"
        "RUN python3 -m venv --without-pip /opt/venv && pip --python /opt/venv/bin/python install PyYAML\n"
        'CMD ["python3", "-m", "shop.main"]\n',
    ),
    Cause(
        "interpreter-of-another-stage",
        USES_YAML,
        "wrong-interpreter",
        ("Dockerfile", 6),
        "make /opt/venv with a Python that lies at the same path in both stages",
        ["which is not in the image"],
        dockerfile="FROM base AS builder\n"
        "RUN mkdir -p /opt/py && cp $(readlink -f $(which python3)) /opt/py/python3 && "
        "/opt/py/python3 -m venv --without-pip /opt/venv && "
        "pip --python /opt/venv/bin/python install PyYAML\n"
        "FROM base\nWORKDIR /app\nCOPY . .\nCOPY --from=builder /opt/venv /opt/venv\n"
        'ENV PATH=/opt/venv/bin:$PATH\nCMD ["python3", "-m", "shop.main"]\n',
    ),
    Cause(
        "right-interpreter",
        USES_YAML,
        "not-declared",
        ("requirements.txt", 1),
        "add PyYAML to requirements.txt",
        dockerfile="FROM base\nWORKDIR /app\nCOPY . .\nRUN python3 -m venv --without-pip /opt/venv && "
        "pip --python /opt/venv/bin/python install -r requirements.txt\n"
        'CMD ["/opt/venv/bin/python", "-m", "shop.main"]\n',
        files=NEEDS_REDIS,
    ),
]

EXTENSION = "$(python3 -c 'import _sqlite3; print(_sqlite3.__file__)')"
TAG = "$(python3 -c 'import sysconfig; print(sysconfig.get_config_var(\"EXT_SUFFIX\"))')"
LIBRARY = "$(find / -xdev -name 'libsqlite3.so*')"

IMAGE = [
    Cause(
        "stdlib-removed",
        "\nimport asyncore\n",
        "stdlib-removed",
        ("shop/main.py", 2),
        "install pyasyncore",
        ["Python 3.12 removed it"],
    ),
    Cause(
        "stdlib-removed-but-the-applications-own",
        "import asyncore\n",
        "ignored",
        (".dockerignore", 1),
        "!asyncore.py",
        files={".dockerignore": "asyncore.py\n", "asyncore.py": ""},
    ),
    Cause(
        "stdlib-not-built",
        "import sqlite3\n",
        "stdlib-not-built",
        ("Dockerfile", 1),
        "python",
        ["'_sqlite3' belongs to the standard library"],
        dockerfile=PLAIN + f"RUN rm {EXTENSION}\n",
    ),
    Cause(
        "stdlib-never-had-it",
        "import sqlite\n",
        "not-declared",
        ("requirements.txt", 1),
        "sqlite",
        dockerfile=INSTALLS,
        files={"requirements.txt": "fastapi\n"},
    ),
    Cause(
        "missing-shared-library",
        "import sqlite3\n",
        "missing-shared-library",
        ("Dockerfile", 1),
        "apt-get install -y --no-install-recommends libsqlite3-0",
        ["needs libsqlite3.so.0"],
        dockerfile=PLAIN + f"RUN rm {LIBRARY}\n",
    ),
    Cause(
        "library-is-there-but-broken",
        "import sqlite3\n",
        "broken-file",
        ANYWHERE,
        "bring the whole file back",
        dockerfile=PLAIN + f"RUN for file in {LIBRARY}; do : > $file; done\n",
    ),
    Cause(
        "abi-mismatch",
        "import fast\n",
        "abi-mismatch",
        ("Dockerfile", 1),
        "install it with the image's own Python",
        ["is for Python 3.7"],
        dockerfile=PLAIN + f"RUN cp {EXTENSION} fast.cpython-37m-x86_64-linux-gnu.so\n",
    ),
    Cause(
        "abi-as-the-image",
        "import fast\n",
        "missing-shared-library",
        ("Dockerfile", 1),
        "libsqlite3-0",
        dockerfile=PLAIN + f"RUN cp {EXTENSION} fast{TAG} && rm {LIBRARY}\n",
    ),
    Cause(
        "unreadable",
        "import shop.secret\n",
        "unreadable",
        ("Dockerfile", 4),
        "--chown=1000",
        ["mode 600", "owner root"],
        dockerfile=PLAIN + "COPY --chmod=600 secret.py shop/secret.py\nUSER 1000\n",
        files={"secret.py": "", ".dockerignore": "Dockerfile\n"},
    ),
    Cause(
        "unreadable-is-another",
        "import shop.secrets\n",
        "not-in-source",
        ("shop/main.py", 1),
        "did you mean shop.secret?",
        dockerfile=PLAIN + "RUN mkdir -m 700 shop/closed\nUSER 1000\n",
        files={"shop/secret.py": ""},
    ),
    Cause(
        "broken-file",
        "import os\n<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> branch\n",
        "broken-file",
        ("shop/main.py", 2),
        "resolve the merge",
        ["unresolved merge markers"],
    ),
    Cause("broken-code", 'TEXT = """\n<<<<<<< HEAD\n"""\nx = = 1\n', None),
    Cause(
        "environment",
        "import os\nURL = os.environ['SHOP_URL']\n",
        "environment",
        None,
        "--env SHOP_URL=",
    ),
    Cause("a-key-that-is-no-variable", "URL = {}['SHOP_URL']\n", None),
]

CODE = [
    Cause(
        "shadowed",
        "from queue import Queue\n",
        "shadowed",
        ("queue.py", None),
        "rename queue.py",
        ["standard library's 'queue'"],
        files={"queue.py": "jobs = []\n"},
    ),
    Cause(
        "shadows-nothing",
        "from jobs import Queue\n",
        "missing-name",
        ("shop/main.py", 1),
        "it is shop.work.Queue now",
        files={"jobs.py": "jobs = []\n", "shop/work.py": "class Queue:\n    pass\n"},
    ),
    Cause(
        "not-a-package",
        "import shop.util.text\n",
        "not-a-package",
        ("shop/main.py", 1),
        "make 'shop.util' a package",
        ["shop/util.py"],
    ),
    Cause(
        "is-a-package",
        "import shop.tools.text\n",
        "not-in-source",
        ("shop/main.py", 1),
        "shop/main.py:1",
        files={"shop/tools/__init__.py": ""},
    ),
    Cause(
        "circular",
        "from shop.b import B\n",
        "circular",
        ("shop/a.py", 1),
        "into the function that uses it",
        ["shop.b (shop/b.py:1) → shop.a (shop/a.py:1) → shop.b"],
        files={"shop/a.py": "from shop.b import B\n", "shop/b.py": "import shop.a\nB = 1\n"},
    ),
    Cause(
        "circular-from-both-sides",
        "from shop.b import B\n",
        "circular",
        ("shop/b.py", 2),
        "into the function that uses it",
        ["'shop.b.B' fails in the same way"],
        files={"shop/a.py": "from shop.b import B\nA = 1\n", "shop/b.py": "\nfrom shop.a import A\nB = 1\n"},
    ),
    Cause(
        "circular-and-never-bound",
        "import shop.b\n",
        "missing-name",
        ("shop/a.py", 1),
        "did you mean 'Bee'?",
        files={"shop/a.py": "from shop.b import Been\n", "shop/b.py": "import shop.a\nBee = 1\n"},
    ),
    Cause(
        "missing-name-was-passed",
        "from shop.conf import DEEP\n",
        "missing-name",
        ("shop/main.py", 1),
        "correct shop/main.py:1, or bind the name in 'shop.conf'",
        ["has no 'DEEP': the statement that binds it was not run"],
        files={"shop/conf.py": "import os\nif os.sep == '-':\n    DEEP = DEEPER = 1\n"},
    ),
    Cause(
        "circular-by-attribute",
        "from shop.b import B\n",
        "circular",
        ("shop/a.py", 2),
        "ask for it, not at shop.a (shop/a.py:2), but in the function that uses it",
        ["shop.b (shop/b.py:1) → shop.a (shop/a.py:2) → shop.b"],
        files={
            "shop/a.py": "from shop import b\ndef use(b: b.B): pass\n",
            "shop/b.py": "import shop.a\nB = 1\n",
        },
    ),
    Cause(
        "missing-name",
        "\nfrom shop.util import clean\n",
        "missing-name",
        ("shop/main.py", 2),
        "it is shop.text.clean now",
        files={"shop/text.py": "def clean(text):\n    return text\n"},
    ),
    Cause(
        "missing-name-is-a-module",
        "from shop import text\n",
        "ignored",
        (".dockerignore", 1),
        "!shop/text.py",
        files={"shop/text.py": "", ".dockerignore": "**/text.py\n"},
    ),
]

ALL = [*FILES, *REQUIREMENTS, *IMAGE, *CODE]
