#!/usr/bin/env bash
# venv.sh [EXTRA]: makes the project's own virtual environment in .venv, builds the wheel and installs it there.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python3.10 python3.9; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    die "no Python 3.9 or newer was found" "Install one, or name it: make PYTHON=/path/to/python3 ..."
}

# Debian and Ubuntu ship python3 without ensurepip; a package of the same version brings it.
make_venv() {
    local python="$1"
    rm -rf "$VENV"
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        can_apt || die "$python cannot make virtual environments" "Install the package python3-venv."
        apt_install "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')" python3-venv
    fi
    say "making a virtual environment in .venv with $("$python" --version)"
    "$python" -m venv "$VENV"
}

install_wheel() {
    local extra="$1" wheel
    # Not local: the trap may run after this function is left.
    wheels="$(mktemp -d)"
    trap 'rm -rf "$wheels"' EXIT
    say "building the wheel and installing it into .venv"
    "$VENV/bin/python" -m pip wheel -q --no-deps --wheel-dir "$wheels" "$ROOT"
    wheel="$(echo "$wheels"/importguard-*.whl)"
    "$VENV/bin/python" -m pip install -q "${wheel}${extra:+[$extra]}"
    # The version may be the one that is installed already, with other contents.
    "$VENV/bin/python" -m pip install -q --no-deps --force-reinstall "$wheel"
}

"$VENV/bin/python" -m pip --version >/dev/null 2>&1 || make_venv "$(find_python)"
install_wheel "${1:-}"
