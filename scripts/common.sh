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
