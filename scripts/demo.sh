#!/usr/bin/env bash
# demo.sh: checks the example without an engine: an archive of it, with this machine's Python, in bubblewrap.
# Succeeds when the report is the expected, failing one.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

CONTEXT=examples/netra/backend
BUILD="$ROOT/build/demo"

cd "$ROOT"
need_bubblewrap "Or use: make demo-docker"
mkdir -p "$BUILD"
wanted="$("$VENV/bin/python" --version; cat "$CONTEXT/requirements.txt")"
if [ "$wanted" != "$(cat "$BUILD/installed.txt" 2>/dev/null)" ]; then
    say "installing the example's packages into build/demo"
    rm -rf "$BUILD/packages"
    "$VENV/bin/python" -m pip install -q --no-compile --only-binary=:all: --target "$BUILD/packages" \
        -r "$CONTEXT/requirements.txt"
    echo "$wanted" >"$BUILD/installed.txt"
fi
say "making the archive build/demo/app.tar: the example and this machine's $("$VENV/bin/python" --version)"
"$VENV/bin/python" scripts/demo_image.py "$CONTEXT" "$BUILD/packages" "$BUILD/app.tar"
say "importguard check oci-archive:build/demo/app.tar --source $CONTEXT"
status=0
"$VENV/bin/importguard" check oci-archive:build/demo/app.tar --source "$CONTEXT" --cache-dir "$BUILD/cache" \
    -o "json=$BUILD/report.json" -o "text=$BUILD/report.txt" || status=$?
"$VENV/bin/python" scripts/demo_report.py "$status" "$BUILD/report.json" "$BUILD/report.txt"
