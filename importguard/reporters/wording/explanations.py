"""What a rule means, for people: its help in parts, with an example. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from importguard.model import Rule, Severity
from importguard.terminal import style, wrap

PARTS = ("How it comes about: ", "To mend it: ")
"""What begins the second and the third part of every rule's help; the first says what the rule means."""

_HEADINGS = ("How it comes about", "How to mend it")
_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}

EXAMPLES: dict[str, str] = {
    "IG101": """
# .dockerignore: also matches shop/monitoring/
**/monitoring/

# shop/main.py
from shop.monitoring import metrics    # there in the source tree, gone in the image

# .dockerignore, mended: only the folder at the top
/monitoring/
""",
    "IG102": """
# requirements.txt: the image gets whatever is newest
pydantic

# shop/settings.py: pydantic 2 has no such name
from pydantic import BaseSettings

# requirements.txt, mended
pydantic<2
""",
    "IG103": """
# Dockerfile: the library is only in the stage that builds
FROM python:3.13 AS build
RUN apt-get update && apt-get install -y libpq-dev && pip install --target /deps psycopg2
FROM python:3.13-slim
COPY --from=build /deps /deps          # import psycopg2: libpq.so.5: cannot open shared object file

# Dockerfile, mended: in the final stage too
RUN apt-get update && apt-get install -y libpq5
""",
    "IG104": """
# shop/settings.py: the file is read when the module is imported
CONFIG = json.load(open("config/prod.json"))

# shop/settings.py, mended: when the program asks for it
@functools.cache
def config():
    with open("config/prod.json") as file:
        return json.load(file)
""",
    "IG105": """
# Dockerfile
FROM python:3.9-slim

# shop/orders.py: the match statement is Python 3.10's
match order.state:
    case "paid": ship(order)

# Dockerfile, mended
FROM python:3.13-slim
""",
    "IG106": """
# shop/migrate.py: whatever imports this module ends with it
run_migrations()
sys.exit(0)

# shop/migrate.py, mended
if __name__ == "__main__":
    run_migrations()
""",
    "IG107": """
# Dockerfile: wheels for one libc, an image with another
FROM python:3.13 AS build
RUN pip install --target /deps numpy
FROM python:3.13-alpine
COPY --from=build /deps /deps          # import numpy: signal SIGSEGV

# Dockerfile, mended: the same base in both stages
FROM python:3.13-slim
""",
    "IG108": """
# shop/queue.py: waits for a server at import
connection = pika.BlockingConnection(pika.URLParameters(URL))

# shop/queue.py, mended: connects when it is first used
@functools.cache
def connection():
    return pika.BlockingConnection(pika.URLParameters(URL))
""",
    "IG109": """
# shop/main.py: the application became a factory
def create_app(): ...

# Dockerfile: asks for an attribute that is gone
CMD ["uvicorn", "shop.main:app"]

# Dockerfile, mended
CMD ["uvicorn", "--factory", "shop.main:create_app"]
""",
    "IG301": """
# requirements.txt
orjson

# Dockerfile: the requirements were installed before orjson was declared, and the layer is old
COPY requirements.txt .
RUN pip install -r requirements.txt

# mended: build the image anew
docker build --pull -t shop .
""",
    "IG302": """
# requirements.txt
pydantic>=2

# Dockerfile: the second command installs an older one
RUN pip install -r requirements.txt
RUN pip install "legacy-client"        # requires pydantic<2

# Dockerfile, mended: one command decides for all, or fails
RUN pip install -r requirements.txt legacy-client
""",
    "IG303": """
# Dockerfile: nothing brings what requests requires
RUN pip install --no-deps requests

# Dockerfile, mended
RUN pip install requests
""",
    "IG401": """
# in the source since yesterday: shop/billing.py
# the image is of last week

# mended: build the image anew
docker build -t shop .
""",
    "IG402": """
# shop/api.py was changed after the image was built

# mended: build the image anew
docker build -t shop .
""",
    "IG403": """
# shop/old_api.py was removed from the source, the image still has it

# mended: build the image anew
docker build -t shop .
""",
    "IG404": """
# compose.yaml; shop/config holds settings.py
volumes:
  - type: tmpfs
    target: /app/shop/config

# mended: a folder of its own
    target: /app/data
""",
}


def table(rules: Sequence[Rule], color: bool = False) -> str:
    """The rules in a table: number, name, severity, summary."""
    widest = max(len(rule.name) for rule in rules)
    lines = []
    for rule in rules:
        severity = style(f"{rule.severity.value:<7}", _COLORS[rule.severity], color)
        lines.append(f"{rule.id}  {rule.name:<{widest}}  {severity}  {rule.summary}\n")
    return "".join(lines)


def parts(rule: Rule) -> tuple[str, ...]:
    """The help of a rule as (meaning, how it comes about, how to mend it)."""
    found = [rule.help]
    for mark in PARTS:
        before, _, after = found.pop().partition(mark)
        found += [before.strip(), after[:1].upper() + after[1:]]
    return tuple(found)


def explain(rule: Rule, width: int = 80, color: bool = False) -> str:
    """Everything that there is to say of a rule, as text of ``width`` columns."""
    meaning, *others = parts(rule)
    title = style(f"{rule.id} {rule.name}", f"bold {_COLORS[rule.severity]}", color)
    lines = [f"{title}  ({rule.severity.value})", *wrap(f"{rule.summary}.", width), "", *wrap(meaning, width)]
    for heading, text in zip(_HEADINGS, others):
        lines += ["", style(heading, "bold", color), *wrap(text, width, "  ")]
    example = EXAMPLES[rule.id].strip("\n").split("\n")
    lines += ["", style("Example", "bold", color), *(f"  {line}".rstrip() for line in example)]
    return "\n".join(lines) + "\n"
