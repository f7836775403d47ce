"""Instructions of a Dockerfile against the history that builders write."""

from __future__ import annotations

import pytest

from importguard.source.dockerfile.parser import parse_dockerfile
from importguard.source.locating.history import dockerfile_steps, history_agreement, history_steps

DOCKERFILE = """\
ARG BASE=python:3.13-slim
FROM ${BASE} AS build
WORKDIR /src
RUN --mount=type=cache,target=/root/.cache pip install \\
    build
FROM ${BASE}
ARG VERSION
LABEL org.opencontainers.image.version=${VERSION}
ENV PYTHONPATH="/app" \\
    MODE=production
WORKDIR /app
COPY --from=build --chown=app /src/dist ./dist/
COPY ["requirements.txt", "./"]
RUN apt-get update \\
    # what psycopg needs
    && apt-get install -y libpq5
EXPOSE 8000
HEALTHCHECK CMD curl localhost
USER app
ENTRYPOINT ["sh", "-c"]
CMD uvicorn shop.main:app --port ${PORT:-8000}
"""
BUILDKIT = [
    "# debian.sh --arch 'amd64' out/ 'bookworm'",
    "RUN /bin/sh -c set -eux; apt-get update # buildkit",
    'CMD ["python3"]',
    "ARG VERSION=1.4",
    "LABEL org.opencontainers.image.version=1.4",
    "ENV PYTHONPATH=/app MODE=production",
    "WORKDIR /app",
    "COPY /src/dist ./dist/ # buildkit",
    "COPY requirements.txt ./ # buildkit",
    "RUN |1 VERSION=1.4 /bin/sh -c apt-get update     && apt-get install -y libpq5 # buildkit",
    "EXPOSE map[8000/tcp:{}]",
    'HEALTHCHECK &{["CMD-SHELL" "curl localhost"] "0s" "0s" "0s" "0s" \'\\x00\'}',
    "USER app",
    'ENTRYPOINT ["sh" "-c"]',
    'CMD ["/bin/sh" "-c" "uvicorn shop.main:app --port ${PORT:-8000}"]',
]
CLASSIC = [
    '/bin/sh -c #(nop)  CMD ["python3"]',
    "/bin/sh -c #(nop)  LABEL org.opencontainers.image.version=1.4",
    "/bin/sh -c #(nop)  ENV PYTHONPATH=/app MODE=production",
    "/bin/sh -c #(nop) WORKDIR /app",
    "/bin/sh -c #(nop) COPY --from=build dir:a1b2 in ./dist/ ",
    "/bin/sh -c #(nop) COPY file:a1b2c3 in ./ ",
    "/bin/sh -c apt-get update     && apt-get install -y libpq5",
    "/bin/sh -c #(nop)  EXPOSE 8000",
    '/bin/sh -c #(nop)  HEALTHCHECK &{["CMD-SHELL" "curl localhost"]}',
    "/bin/sh -c #(nop)  USER app",
    '/bin/sh -c #(nop)  ENTRYPOINT ["sh" "-c"]',
    '/bin/sh -c #(nop)  CMD ["/bin/sh" "-c" "uvicorn shop.main:app --port ${PORT:-8000}"]',
]


def agreeing(text: str, history: list[str], stage: int = -1) -> float:
    dockerfile = parse_dockerfile(text, "Dockerfile")
    stage = dockerfile.final if stage < 0 else stage
    return history_agreement(dockerfile_steps(dockerfile, stage), history_steps(history))


def test_a_dockerfile_agrees_wholly_with_what_buildkit_made_of_it():
    assert agreeing(DOCKERFILE, BUILDKIT) == 1.0


def test_the_classic_builder_hides_what_was_copied():
    assert agreeing(DOCKERFILE, CLASSIC) > 0.9


def test_another_stage_agrees_less():
    assert agreeing(DOCKERFILE, BUILDKIT, stage=0) < 0.3


@pytest.mark.parametrize(
    ("old", "new", "least", "most"),
    [
        ("libpq5", "libpq5 git", 0.7, 0.95),  # edited since the image was built
        ("USER app", "USER app\nCOPY a b", 0.8, 0.97),
        ("FROM ${BASE}\nARG", "FROM build\nARG", 0.8, 0.97),  # more of its own
    ],
)
def test_a_step_that_was_changed_costs_its_part(old, new, least, most):
    assert least < agreeing(DOCKERFILE.replace(old, new), BUILDKIT) < most


def test_another_service_of_the_same_repository_agrees_little():
    other = 'FROM x\nWORKDIR /app\nCOPY web/ .\nRUN npm ci\nCMD ["node", "server.js"]\n'
    assert agreeing(other, BUILDKIT) < 0.2


def test_nothing_agrees_with_no_history():
    assert agreeing(DOCKERFILE, []) == 0.0
    assert agreeing(DOCKERFILE, ["", "sh"]) == 0.0


def test_the_last_of_equal_steps_is_the_dockerfiles_own():
    text = "FROM x\nWORKDIR /app\nCOPY . .\n"
    history = ["WORKDIR /app", "RUN /bin/sh -c a # buildkit", "WORKDIR /app", "COPY . . # buildkit"]
    assert agreeing(text, history) == 1.0


def test_steps_after_the_last_one_are_of_another_stage():
    text = "FROM x AS one\nWORKDIR /app\nCOPY . .\nFROM one\nRUN make\n"
    history = ["WORKDIR /app", "COPY . . # buildkit", "RUN /bin/sh -c make # buildkit"]
    assert agreeing(text, history) == 1.0
    assert agreeing(text, history, stage=0) < 0.8
    assert agreeing(text, history[:2], stage=0) == 1.0


def test_another_shell_and_a_heredoc():
    text = (
        'FROM x\nSHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN <<EOF\nmake\necho "$A"\nEOF\nCMD exec run\n'
    )
    history = [
        "SHELL [/bin/bash -o pipefail -c]",
        'RUN |1 A=1 /bin/bash -o pipefail -c make\necho "$A"\n # buildkit',
        'CMD ["/bin/bash" "-o" "pipefail" "-c" "exec run"]',
    ]
    assert agreeing(text, history) == 1.0
