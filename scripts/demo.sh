#!/usr/bin/env bash
# demo.sh: checks the example's image. Succeeds when the report is the expected, failing one.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

"$ROOT/scripts/wheels.sh"
report="$(mktemp)"
trap 'rm -f "$report"' EXIT
say "importguard check --build examples/netra/backend"
status=0
cd "$ROOT"
"$VENV/bin/importguard" check --build examples/netra/backend --build-arg "BASE=$BASE_IMAGE" \
    --tag importguard-demo -o "json=$report" || status=$?
"$VENV/bin/python" "$ROOT/scripts/demo_report.py" "$status" "$report"
