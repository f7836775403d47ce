#!/usr/bin/env bash
# base_image.sh: makes sure that the local engine has the base image of the demo and the tests: the one that is
# there, else the registry's, else one made from Debian packages.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# Debian 13's python3 is 3.13, as in the image that this one stands in for.
make_from_debian() {
    can_apt || die "the image $BASE_IMAGE is not here and cannot be pulled" \
        "Pull it, or name another one with Python 3.13: make BASE_IMAGE=... (as root on Debian, one is made)."
    command -v mmdebstrap >/dev/null || apt_install mmdebstrap debian-archive-keyring
    say "making $BASE_IMAGE from Debian packages with mmdebstrap (a minute or two)"
    # Not local: the trap runs after this function is left.
    archive="$(mktemp)"
    trap 'rm -f "$archive"' EXIT
    mmdebstrap --quiet --variant=minbase --format=tar --include=python3,ca-certificates trixie \
        "$archive" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >&2
    docker import --change 'ENV LANG=C.UTF-8' --change 'CMD ["python3"]' "$archive" "$BASE_IMAGE" >/dev/null
}

if docker image inspect "$BASE_IMAGE" >/dev/null 2>&1; then
    say "using the base image $BASE_IMAGE that is here"
elif say "pulling the base image $BASE_IMAGE" && timeout 120 docker pull -q "$BASE_IMAGE" >/dev/null 2>&1; then
    say "pulled $BASE_IMAGE"
else
    say "$BASE_IMAGE cannot be pulled"
    make_from_debian
fi
