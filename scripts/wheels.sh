#!/usr/bin/env bash
# wheels.sh: downloads the packages of the example's requirements.txt, so that its image builds without a network.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

BACKEND="$ROOT/examples/netra/backend"
WHEELS="$BACKEND/wheels"

if cmp -s "$BACKEND/requirements.txt" "$WHEELS/requirements.txt"; then exit; fi
say "downloading the example's packages (for Python 3.13 on Linux) into examples/netra/backend/wheels"
rm -rf "$WHEELS"
machine="$(docker version --format '{{.Server.Arch}}')"
case "$machine" in amd64) machine=x86_64 ;; arm64) machine=aarch64 ;; esac
"$VENV/bin/python" -m pip download -q --dest "$WHEELS" --only-binary=:all: --implementation cp --python-version 3.13 \
    --platform "manylinux_2_17_$machine" --platform "manylinux2014_$machine" --platform "manylinux_2_28_$machine" \
    -r "$BACKEND/requirements.txt" pip
cp "$BACKEND/requirements.txt" "$WHEELS/"
