#!/usr/bin/env bash
# demo_docker.sh: builds the example's image with Docker and checks it. Succeeds when the report is the expected, failing one.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

"$ROOT/scripts/wheels.sh"
reports="$(mktemp -d)"
trap 'rm -rf "$reports"' EXIT
say "importguard check --build examples/netra/backend"
status=0
cd "$ROOT"
"$VENV/bin/importguard" check --build examples/netra/backend --build-arg "BASE=$BASE_IMAGE" \
    --tag importguard-demo -o "json=$reports/json" -o "text=$reports/text" || status=$?
"$VENV/bin/python" "$ROOT/scripts/demo_report.py" "$status" "$reports/json" "$reports/text"
