#!/usr/bin/env bash
# demo_start.sh: starts the example's whole system, and then the same broken in six ways, each named.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

"$ROOT/scripts/wheels.sh"
"$VENV/bin/python" "$ROOT/scripts/demo_start.py" "$BASE_IMAGE"
