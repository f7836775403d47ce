#!/usr/bin/env bash
# test.sh [PYTEST_ARGUMENT...]: linters, types, the import contract, the tests against the installed wheel, and
# that nothing which importguard made is left behind.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
bin="$VENV/bin"
cd "$ROOT"

# What importguard creates while the tests run, a line each: "container|ID|PID|", "volume|NAME||CONTAINER".
# PID is the importguard process that made the container: one that still runs is somebody else's, and so are its
# volumes, which cannot be labelled.
made="$(mktemp)"
format='{{.Type}}|{{.Actor.ID}}|{{index .Actor.Attributes "importguard"}}|{{index .Actor.Attributes "container"}}'
docker events --filter type=container --filter type=volume --filter event=create --filter event=mount \
    --format "$format" >"$made" &
listener=$!
trap 'kill "$listener" 2>/dev/null; rm -f "$made"' EXIT

# of_ended_processes EXISTING: of the lines "ID PID", the ids that are in EXISTING and whose process has ended.
of_ended_processes() {
    local id pid
    while read -r id pid; do
        if [[ "$1" == *"$id"* ]] && ! kill -0 "$pid" 2>/dev/null; then echo "$id"; fi
    done
}

left_containers() {
    awk -F'|' '$1 == "container" && $3 != "" {print $2, $3}' "$made" | of_ended_processes "$(docker ps -aq --no-trunc)"
}

left_volumes() {
    awk -F'|' '$1 == "container" && $3 != "" {pid[$2] = $3}
               $1 == "volume" && $4 in pid {print $2, pid[$4]}' "$made" | of_ended_processes "$(docker volume ls -q)"
}

left_networks() { # of earlier runs, too: an event of a network tells no labels
    docker network ls --no-trunc --filter label=importguard --format '{{.ID}} {{.Label "importguard"}}' |
        of_ended_processes "$(docker network ls -q --no-trunc)"
}

fail_if_left() {
    local left
    for _ in 1 2 3 4 5; do
        left="$("left_$1")"
        if [ -z "$left" ]; then return; fi
        sleep 2 # a container that lost its importguard ends by itself a moment later
    done
    die "the tests left $1 behind: $left" "Whatever importguard creates it must remove; see them with docker inspect."
}

say "ruff, mypy, import contract"
"$bin/ruff" check .
"$bin/ruff" format --check .
"$bin/mypy"
"$bin/lint-imports"
"$bin/python" scripts/readability.py

# From another folder: python -m puts the current one in sys.path, and the source tree would be tested.
cd "$ROOT/tests"
package="$("$bin/python" -c 'import importguard; print(importguard.__file__)')"
case "$package" in
    "$VENV"/*) say "testing the wheel installed at ${package#"$ROOT"/}" ;;
    *) die "the tests would run against $package" "It must be the wheel installed in .venv." ;;
esac
# The embedded engine runs under it; a test that needs it must not be skipped for want of it.
need_bubblewrap "The tests of the embedded engine run under it."
free="$(df -m --output=avail "${TMPDIR:-/tmp}" | tail -1)"
if ((free < 10000)); then say "only $((free)) MB are free here: the images and copies of the tests take up to 9 GB"; fi
docker build -q -t importguard-test:base --build-arg "BASE=$BASE_IMAGE" - <"$ROOT/Dockerfile.test" >/dev/null
# A test that needs the engine must not be skipped for want of one.
export IMPORTGUARD_TEST_REQUIRE_DOCKER=1 IMPORTGUARD_TEST_BASE=importguard-test:base
# Several files at a time: most of a test is waiting, for the engine or for a service. The tests of one file share
# its images. Long files begin (conftest.py), and the many short ones of tests/unit come last.
"$bin/pytest" --rootdir="$ROOT" -c "$ROOT/pyproject.toml" -n "${TEST_WORKERS:-3}" --dist loadfile --no-loadscope-reorder \
    "${@:-$ROOT/tests}"
if [ $# = 0 ] && ! grep -q '^container|[^|]*|[0-9]' "$made"; then
    die "no container of the tests was seen" "See that 'docker events' works."
fi
fail_if_left containers
fail_if_left volumes
fail_if_left networks
say "nothing that importguard made is left in the engine"
