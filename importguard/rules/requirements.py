"""IG301 to IG303: requirements declared against distributions installed."""

from __future__ import annotations

from importguard.model import Rule, Severity

REQUIREMENT_NOT_INSTALLED = Rule(
    id="IG301",
    name="requirement-not-installed",
    summary="A declared requirement is not installed in the image",
    severity=Severity.WARNING,
    meaning=(
        "The files that the build installs from declare a distribution that the image's Python does not "
        "have, though its marker holds there. It is an error where the application imports it."
    ),
    origin=(
        "it is installed in a stage that is not copied, or for another Python; the "
        "image is older than the declaration."
    ),
    remedy="install it in the final stage, rebuild the image, or take the declaration out.",
    example="""
# requirements.txt
orjson

# Dockerfile: the requirements were installed before orjson was declared, and the layer is old
COPY requirements.txt .
RUN pip install -r requirements.txt

# mended: build the image anew
docker build --pull -t shop .
""",
)

REQUIREMENT_VERSION = Rule(
    id="IG302",
    name="requirement-version",
    summary="The installed version does not satisfy the declaration",
    severity=Severity.WARNING,
    meaning=(
        "A distribution is installed at a version that its declaration excludes. It is an error where "
        "the application imports it, unless the declaration is a pin (==), which says what was tried and not "
        "what the code takes."
    ),
    origin=(
        "a later command installed another version; the base image or the system's "
        "packages bring one that comes first on the import path; the image is older than the "
        "declaration."
    ),
    remedy="install everything with one command, and rebuild the image.",
    example="""
# requirements.txt
pydantic>=2

# Dockerfile: the second command installs an older one
RUN pip install -r requirements.txt
RUN pip install "legacy-client"        # requires pydantic<2

# Dockerfile, mended: one command decides for all, or fails
RUN pip install -r requirements.txt legacy-client
""",
)

REQUIREMENTS_CONFLICT = Rule(
    id="IG303",
    name="requirements-conflict",
    summary="An installed distribution lacks what it requires",
    severity=Severity.WARNING,
    meaning=(
        "What 'pip check' says: a distribution requires another one that is not installed, or not at a "
        "version that it allows. It is an error where the application imports the one that requires it."
    ),
    origin="--no-deps, pins that contradict one another, several install commands.",
    remedy="let one command install all, with pins that fit together.",
    example="""
# Dockerfile: nothing brings what requests requires
RUN pip install --no-deps requests

# Dockerfile, mended
RUN pip install requests
""",
)
