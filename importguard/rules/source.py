"""IG401 to IG404: the source tree against the image."""

from __future__ import annotations

from importguard.model import Rule, Severity

SOURCE_MISSING = Rule(
    id="IG401",
    name="source-missing",
    summary="Modules of the source are not in the image",
    severity=Severity.WARNING,
    meaning="The Dockerfile copies modules that lie in the source, and the image does not have them.",
    origin="the image was built before they were added.",
    remedy="build the image anew, or check the one that was built from this source.",
    example="""
# in the source since yesterday: shop/billing.py
# the image is of last week

# mended: build the image anew
docker build -t shop .
""",
)

SOURCE_DIFFERS = Rule(
    id="IG402",
    name="source-differs",
    summary="Modules of the image differ from the source",
    severity=Severity.WARNING,
    meaning="Modules have another content in the image than in the source, beyond their line endings.",
    origin="the image was built from another commit, or the source was changed since.",
    remedy="build the image anew, or check the one that was built from this source.",
    example="""
# shop/api.py was changed after the image was built

# mended: build the image anew
docker build -t shop .
""",
)

SOURCE_LACKS = Rule(
    id="IG403",
    name="source-lacks",
    summary="Modules of the image are not in the source",
    severity=Severity.WARNING,
    meaning="The image has modules, in folders that the Dockerfile copies, which the source does not have.",
    origin="they were removed or renamed since; a step of the build writes them.",
    remedy="build the image anew, or let git ignore what the build writes.",
    example="""
# shop/old_api.py was removed from the source, the image still has it

# mended: build the image anew
docker build -t shop .
""",
)

HIDDEN_BY_MOUNT = Rule(
    id="IG404",
    name="hidden-by-mount",
    summary="What production mounts hides modules of the image",
    severity=Severity.WARNING,
    meaning=(
        "A compose file or a Kubernetes manifest of the source mounts something over a folder of the "
        "image that holds modules, which import here and can't be imported there."
    ),
    origin="a volume for data, settings or plug-ins has the path of a package.",
    remedy="mount it at a folder of its own, or move the modules out of that folder.",
    example="""
# compose.yaml; shop/config holds settings.py
volumes:
  - type: tmpfs
    target: /app/shop/config

# mended: a folder of its own
    target: /app/data
""",
)
