# shellcheck shell=bash disable=SC2034
# Sourced by the other scripts: where things are, and how they speak.
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
VENV="$ROOT/.venv"
BASE_IMAGE="${BASE_IMAGE:-python:3.13-slim}"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }

# die WHAT WHAT_TO_DO
die() {
    printf 'error: %s\n       %s\n' "$1" "$2" >&2
    exit 1
}

can_apt() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

# Installs those of the packages that this release of Debian or Ubuntu has: docker-cli is part of docker.io on
# some, and docker-buildx is not packaged on all.
apt_install() {
    local wanted=() package
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >/dev/null
    for package in "$@"; do
        if apt-cache show "$package" >/dev/null 2>&1; then wanted+=("$package"); fi
    done
    say "installing with apt-get: ${wanted[*]}"
    apt-get install -y -qq --no-install-recommends "${wanted[@]}" </dev/null >/dev/null
}

# Why the embedded engine can't use this machine's bubblewrap; nothing where it can.
bubblewrap_problem() {
    "$VENV/bin/python" - <<'PYTHON'
from importguard.engines.embedded.sandbox import find_bubblewrap
from importguard.errors import EngineError

try:
    find_bubblewrap()
except EngineError as error:
    print(error)
PYTHON
}

# need_bubblewrap OTHERWISE: finds one that is new enough, or installs the release's own, which may be too old.
need_bubblewrap() {
    local problem
    if [ -z "$(bubblewrap_problem)" ]; then return; fi
    if can_apt; then apt_install bubblewrap; fi
    problem="$(bubblewrap_problem)"
    if [ -n "$problem" ]; then die "$problem" "$1"; fi
}
