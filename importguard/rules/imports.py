"""IG101 to IG110: importing a module in the image, and what its start command names."""

from __future__ import annotations

from importguard.model import Rule, Severity

MISSING_MODULE = Rule(
    id="IG101",
    name="missing-module",
    summary="A module that is imported is not in the image",
    severity=Severity.ERROR,
    identified_by="missing",
    meaning="An import statement asks for a module that the image does not hold, and nothing guards it.",
    origin=(
        "the requirement is not declared or was not installed in the final stage; "
        "a line of .dockerignore or a narrow COPY left the application's own files out; a file was "
        "moved or renamed and an importer still uses the old name."
    ),
    remedy=(
        "install the distribution that provides the module, let the build copy the files, "
        "or correct the import. If the module is optional, guard the import with "
        "'try: import x / except ImportError: x = None'."
    ),
    example="""
# .dockerignore: also matches shop/monitoring/
**/monitoring/

# shop/main.py
from shop.monitoring import metrics    # there in the source tree, gone in the image

# .dockerignore, mended: only the folder at the top
/monitoring/
""",
)

MISSING_NAME = Rule(
    id="IG102",
    name="missing-name",
    summary="A name that is imported is not in its module",
    severity=Severity.ERROR,
    identified_by="missing",
    meaning="'from module import name' finds the module, but no attribute and no submodule of that name.",
    origin=(
        "the installed version of a library is older or newer than the one that the "
        "code was written for; a submodule was left out of the image; two modules import each other and "
        "one asks for a name that the other has not bound yet."
    ),
    remedy=(
        "pin the version that has the name, let the build copy the submodule, or break the "
        "circle by moving the shared part to a third module or the import into the function that uses it."
    ),
    example="""
# requirements.txt: the image gets whatever is newest
pydantic

# shop/settings.py: pydantic 2 has no such name
from pydantic import BaseSettings

# requirements.txt, mended
pydantic<2
""",
)

MISSING_SHARED_LIBRARY = Rule(
    id="IG103",
    name="missing-shared-library",
    summary="An extension module cannot load a shared library",
    severity=Severity.ERROR,
    identified_by="missing",
    meaning="A compiled module is in the image, but the dynamic linker cannot load it or a library it needs.",
    origin=(
        "a system package (libpq5, libgl1, libgomp1 ...) is only in the build stage; "
        "the module was compiled for another libc, architecture or library version than the image has."
    ),
    remedy=(
        "install the system package in the final stage, or install a wheel that was built "
        "for the image's platform."
    ),
    example="""
# Dockerfile: the library is only in the stage that builds
FROM python:3.13 AS build
RUN apt-get update && apt-get install -y libpq-dev && pip install --target /deps psycopg2
FROM python:3.13-slim
COPY --from=build /deps /deps          # import psycopg2: libpq.so.5: cannot open shared object file

# Dockerfile, mended: in the final stage too
RUN apt-get update && apt-get install -y libpq5
""",
)

IMPORT_RAISES = Rule(
    id="IG104",
    name="import-raises",
    summary="Importing a module raises an exception",
    severity=Severity.ERROR,
    meaning="The module's body raises something while it is imported.",
    origin=(
        "work that belongs to the start of the program (reading settings, connecting "
        "to a server, opening a file) is done at import; a file that the body reads is not in the image. "
        "It is a warning only where the exception is evidence of the environment: a variable that is not "
        "set, settings that lack one, a server that cannot be reached."
    ),
    remedy="give the variable with --env NAME=value, or move the work into a function.",
    example="""
# shop/settings.py: the file is read when the module is imported
CONFIG = json.load(open("config/prod.json"))

# shop/settings.py, mended: when the program asks for it
@functools.cache
def config():
    with open("config/prod.json") as file:
        return json.load(file)
""",
)

SYNTAX_ERROR = Rule(
    id="IG105",
    name="syntax-error",
    summary="A module's source is not valid for the image's Python",
    severity=Severity.ERROR,
    meaning="The image's interpreter cannot compile the file.",
    origin=(
        "the syntax is newer than the image's Python; conflict markers "
        "or a half-saved file were copied into the image."
    ),
    remedy="raise the base image's Python version, or correct the file.",
    example="""
# Dockerfile
FROM python:3.9-slim

# shop/orders.py: the match statement is Python 3.10's
match order.state:
    case "paid": ship(order)

# Dockerfile, mended
FROM python:3.13-slim
""",
)

IMPORT_EXITS = Rule(
    id="IG106",
    name="import-exits",
    summary="Importing a module ends the process",
    severity=Severity.ERROR,
    meaning=(
        "The module's body calls sys.exit, os._exit or the like, so whatever imports it ends, even with "
        "exit code 0. Only a script that the start command runs itself may end so, with exit code 0."
    ),
    origin=(
        "a script without 'if __name__ == \"__main__\":'; a check that exits. It is a warning only where it "
        "exits for want of a variable that it asks for, or in the handler of a server that cannot be reached."
    ),
    remedy=(
        "guard the script's body, or raise an exception from a function instead of exiting. "
        "A script that is never imported can be left out with --exclude."
    ),
    example="""
# shop/migrate.py: whatever imports this module ends with it
run_migrations()
sys.exit(0)

# shop/migrate.py, mended
if __name__ == "__main__":
    run_migrations()
""",
)

IMPORT_CRASHES = Rule(
    id="IG107",
    name="import-crashes",
    summary="Importing a module kills the interpreter",
    severity=Severity.ERROR,
    meaning="The process died by a signal or for memory while the module's body ran.",
    origin=(
        "an extension module compiled for another processor, libc or Python; "
        "two libraries that bring the same native code; a body that loads more than --memory allows."
    ),
    remedy="install a build for the image's platform, or raise --memory if production has more.",
    example="""
# Dockerfile: wheels for one libc, an image with another
FROM python:3.13 AS build
RUN pip install --target /deps numpy
FROM python:3.13-alpine
COPY --from=build /deps /deps          # import numpy: signal SIGSEGV

# Dockerfile, mended: the same base in both stages
FROM python:3.13-slim
""",
)

IMPORT_HANGS = Rule(
    id="IG108",
    name="import-hangs",
    summary="Importing a module does not finish in time",
    severity=Severity.ERROR,
    meaning="The module's body did not end within --module-timeout.",
    origin=(
        "waiting for a server or for input, a deadlock between threads that import, "
        "an endless loop, a server that is started at import."
    ),
    remedy=(
        "move the work into a function that the program calls, or raise --module-timeout "
        "if the import is only slow. A script that python3 main.py runs, without a guard "
        "(if __name__ == '__main__'), may run on behind its imports; where that can't be told, --start "
        "shows it."
    ),
    example="""
# shop/queue.py: waits for a server at import
connection = pika.BlockingConnection(pika.URLParameters(URL))

# shop/queue.py, mended: connects when it is first used
@functools.cache
def connection():
    return pika.BlockingConnection(pika.URLParameters(URL))
""",
)

ENTRYPOINT_TARGET = Rule(
    id="IG109",
    name="entrypoint-target",
    summary="The start command names an object that does not exist",
    severity=Severity.ERROR,
    meaning="The module that the start command loads can be imported, but it has no such attribute.",
    origin=(
        "the application object was renamed, or the command names a factory that moved to another module."
    ),
    remedy="correct the command (CMD, ENTRYPOINT, or the platform's), or bind the name.",
    example="""
# shop/main.py: the application became a factory
def create_app(): ...

# Dockerfile: asks for an attribute that is gone
CMD ["uvicorn", "shop.main:app"]

# Dockerfile, mended
CMD ["uvicorn", "--factory", "shop.main:create_app"]
""",
)

START_PROGRAM = Rule(
    id="IG110",
    name="start-program",
    summary="The image names a program that cannot be started",
    severity=Severity.ERROR,
    meaning=(
        "What ENTRYPOINT and CMD name is not in the image, may not be executed, or is a script whose first "
        "line names no program of the image: the container ends before any Python runs."
    ),
    origin=(
        ".dockerignore or a narrow COPY leaves the entrypoint script out; a checkout on Windows gives it "
        "CRLF line endings or loses its mode; a stage copies site-packages and not the programs beside it."
    ),
    remedy="copy the program, make it executable, or name another one.",
    example="""
# Dockerfile: docker-entrypoint.sh has mode 644 in the repository
COPY docker-entrypoint.sh /
ENTRYPOINT ["/docker-entrypoint.sh"]

# Dockerfile, mended
COPY --chmod=755 docker-entrypoint.sh /
""",
)
