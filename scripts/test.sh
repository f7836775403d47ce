#!/usr/bin/env bash
# test.sh [PYTEST_ARGUMENT...]: linters, types, the import contract, the tests against the installed wheel, and
# that nothing which importguard made is left behind.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
bin="$VENV/bin"
cd "$ROOT"

containers() { docker ps -aq --filter label=importguard | sort; }
# Anonymous volumes cannot be labelled; those that the tests left dangling are new ones.
volumes() { { docker volume ls -q --filter label=importguard; docker volume ls -q --filter dangling=true; } | sort -u; }

fail_if_left() {
    local what="$1" before="$2" now left
    for _ in 1 2 3 4 5; do
        now="$("$what")"
        left="$(comm -13 <(echo "$before") <(echo "$now"))"
        if [ -z "$left" ]; then return; fi
        sleep 2 # a container that lost its importguard ends by itself a moment later
    done
    die "the tests left $what behind: $left" "Whatever importguard creates it must remove; see them with docker inspect."
}

say "ruff, mypy, import contract"
"$bin/ruff" check .
"$bin/ruff" format --check .
"$bin/mypy"
"$bin/lint-imports"

containers_before="$(containers)"
volumes_before="$(volumes)"
# From another folder: python -m puts the current one in sys.path, and the source tree would be tested.
cd "$ROOT/tests"
package="$("$bin/python" -c 'import importguard; print(importguard.__file__)')"
case "$package" in
    "$VENV"/*) say "testing the wheel installed at ${package#"$ROOT"/}" ;;
    *) die "the tests would run against $package" "It must be the wheel installed in .venv." ;;
esac
docker build -q -t importguard-test:base --build-arg "BASE=$BASE_IMAGE" - <"$ROOT/Dockerfile.test" >/dev/null
# A test that needs the engine must not be skipped for want of one.
export IMPORTGUARD_TEST_REQUIRE_DOCKER=1 IMPORTGUARD_TEST_BASE=importguard-test:base
# Two files at a time: most of a test is waiting for the engine. The tests of one file share its images.
"$bin/pytest" --rootdir="$ROOT" -c "$ROOT/pyproject.toml" -n 2 --dist loadfile "${@:-$ROOT/tests}"
fail_if_left containers "$containers_before"
fail_if_left volumes "$volumes_before"
say "nothing that importguard made is left in the engine"
