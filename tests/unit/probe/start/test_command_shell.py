"""The part of the shell language that start commands and entrypoint scripts are written in."""

from __future__ import annotations

from pathlib import Path

import pytest

from importguard.probe.start.shell import script_steps
from importguard.probe.start.shell_state import Shell
from importguard.probe.start.words import spelled_command


def words(text, environ=None, arguments=("sh",)):
    return [
        list(map(str, step.words))
        for step in script_steps(text, Shell(environ or {}, "/app", list(arguments)))
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("uvicorn main:app", [["uvicorn", "main:app"]]),
        ("a 'b c' \"d e\" f\\ g", [["a", "b c", "d e", "f g"]]),
        ("a && b || c ; d & e | f", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"]]),
        ("a # comment\nb#c", [["a"], ["b#c"]]),
        ("a \\\n  b", [["a", "b"]]),
        ("a 2>&1 >/dev/null </dev/zero &>log b", [["a", "b"]]),
        ("a >&- b", [["a", "b"]]),
        ("cat <<-'EOF' >x\nuvicorn no:no\n\tEOF\nb", [["cat"], ["b"]]),
        ("( a ; b )", [["a"], ["b"]]),
        ("{ a; }", [["a"]]),
        ("if a; then b; elif c; then d; else e; fi", [["a"], ["b"], ["c"], ["d"], ["e"]]),
        ("while ! nc -z db 1; do sleep 1; done; b", [["nc", "-z", "db", "1"], ["sleep", "1"], ["b"]]),
        ("for x in python uvicorn; do a $x; done", [["a", "python"], ["a", "uvicorn"]]),
        ("for x in a b\ndo\n  $x.py &\ndone; c $x", [["a.py"], ["b.py"], ["c"]]),
        (
            "for x in a b; do for y in 1 2; do $x $y; done; done",
            [["a", "1"], ["a", "2"], ["b", "1"], ["b", "2"]],
        ),
        ("for x in $(ls) b; do a $x; done", [["a"]]),
        ("for x in *.py; do a $x; done", [["a"]]),
        ("for x; do a $x; done", [["a"]]),
        ("set -- b c; for x; do a $x; done", [["a", "b"], ["a", "c"]]),
        ("for x in; do a; done; b", [["a"], ["b"]]),
        ("for x in a b; do case $x in a) c;; b) d;; esac; done", [["c"], ["d"], ["c"], ["d"]]),
        ('case "$X" in\nweb|python) a;;\n*) b;; esac', [["a"], ["b"]]),
        ('case "$1" in\nweb|python) a;;\n*) b;; esac', [["b"]]),
        (
            "set -- web x; case ${1:-y} in (python) a;; w*|z) b; c | d;; *) e;; esac; f",
            [["b"], ["c"], ["d"], ["f"]],
        ),
        ('set -- web; case "$1" in web) case "$2" in "") a;; *) b;; esac;; *) c; esac', [["a"]]),
        ("main() { a; }\nmain", [["a"]]),
        ('f () {\n  a "$1" \'}\' # }\n}\nfunction g { f "${2}"; }\nh() { b; }\ng x y', [["a", "y", "}"]]),
        ("a $(date +%s) `date`", [["a", "$(date +%s)", "`date`"]]),
        ("a ''", [["a", ""]]),
        ("a 'unclosed", [["a", "unclosed"]]),
        ('a "unclosed $', [["a", "unclosed $"]]),
        ("a ${unclosed", [["a"]]),
        ("eval 'a b'", [["a", "b"]]),
        ("set -e; unset X; shift; a", [["a"]]),
    ],
)
def test_words(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a $PORT ${PORT} \"$PORT\" '$PORT'", ["a", "80", "80", "80", "$PORT"]),
        ("a ${PORT:-1} ${NO:-1} ${NO-1} ${EMPTY:-2} ${EMPTY-3}x", ["a", "80", "1", "1", "2", "x"]),
        ("a ${PORT:+b} ${NO:+b}", ["a", "b"]),
        ("a ${NO:-${PORT:-9}} ${NO:-'x y'}", ["a", "80", "x", "y"]),
        ("a $NO $MANY", ["a", "-w", "2"]),
        ('a "$MANY" x$MANY', ["a", "-w 2", "x-w", "2"]),
        ("a ${PORT%%0} ${PORT#8}", ["a", "8", "0"]),
        ("a $0 $1 $# $9", ["a", "sh", "one", "2"]),
        ('a "$@" b', ["a", "one", "two words", "b"]),
        ('a "${@:2}" $*', ["a", "two words", "one", "two", "words"]),
        ("X=1; a $X", ["a", "1"]),
        ('X=$MANY; a "$X"', ["a", "-w 2"]),
        (": ${X:=5}; a $X", ["a", "5"]),
    ],
)
def test_expansion(text, expected):
    environ = {"PORT": "80", "EMPTY": "", "MANY": "-w  2"}
    if '"$MANY"' in text or "X=$MANY" in text:
        environ["MANY"] = "-w 2"
    assert words(text, environ, ("sh", "one", "two words"))[-1] == expected


def test_no_arguments_are_no_word():
    assert words('exec "$@"') == [["exec"]]


def test_directory_and_environment_of_a_command():
    shell = Shell({"A": "0"}, "/app", ["sh"])
    found = script_steps("export A=1; B=2; cd src && C=3 x; cd ..; y", shell)
    assert [(step.directory, step.environ) for step in found] == [
        ("/app/src", {"A": "1", "C": "3"}),
        ("/app", {"A": "1"}),
    ]


def test_conditional_commands_are_marked():
    found = script_steps("a; if b; then c; fi; d", Shell({}, "/", ["sh"]))
    assert [(step.words[0], step.conditional) for step in found] == [
        ("a", False),
        ("b", True),
        ("c", True),
        ("d", False),
    ]


def test_shift_counts_in_its_branch_only():
    text = 'if [ "$1" = web ]; then shift; exec uvicorn "$@"; fi\nexec "$@"'
    assert words(text, {}, ("sh", "python", "x.py"))[-2:] == [
        ["exec", "uvicorn", "x.py"],
        ["exec", "python", "x.py"],
    ]


def test_a_tool_set_before_bare_options_stays():
    text = 'if [ "${1#-}" != "$1" ]; then set -- uvicorn "$@"; fi\nexec "$@"'
    assert words(text, {}, ("sh", "--port", "1"))[-1] == ["exec", "uvicorn", "--port", "1"]


def test_values_of_variables_are_not_shown():
    (step,) = script_steps(
        'run --token $TOKEN "x$TOKEN" ${A:-b}', Shell({"TOKEN": "secret two"}, "/", ["sh"])
    )
    assert "secret" in " ".join(step.words)
    assert spelled_command(step.words) == 'run --token $TOKEN "x$TOKEN" ${A:-b}'


def test_sourced_files(tmp_path: Path):
    (tmp_path / "env.sh").write_text("export APP=main:app\n. ./env.sh\n")
    shell = Shell({"PATH": "/bin"}, str(tmp_path), ["sh"])
    (step,) = script_steps(". ./env.sh && . venv/bin/activate && uvicorn $APP", shell)
    assert step.words == ["uvicorn", "main:app"]
    assert step.environ["VIRTUAL_ENV"] == str(tmp_path / "venv")
    assert step.environ["PATH"] == f"{tmp_path}/venv/bin:/bin"


@pytest.mark.parametrize(
    "text",
    [
        "${A:-" * 5000,
        "$(" * 5000,
        '"' * 5001,
        "eval " * 3000 + "a",
        "<<" * 999,
        "\\",
        "$",
        "`",
        "a;" * 20000,
        "case in )" * 99,
    ],
)
def test_hostile_texts_end(text):
    script_steps(text, Shell({}, "/", ["sh"]))


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("a; b", "ab"),
        ("a && b", "ab"),
        ("a || b && c", "c"),
        ("a || true; b", "b"),
        ("a | b", "ab"),
        ('if [ "$ROLE" = cron ]; then a; else b; fi; c', "ac"),
        ('if [ "$ROLE" != "cron" ]; then a; else b; fi', "b"),
        ('if [[ $ROLE == web ]]; then a; elif test "$ROLE" = cron; then b; else c; fi', "b"),
        ('if [ "$OTHER" = cron ]; then a; else b; fi', ""),
        ('if [ "$ROLE" = "$OTHER" ]; then a; fi', ""),
        ("if a; then b; fi", ""),
        ("while true; do a; done; b", "ab"),
        ("while :; do a || true; b; done", "b"),
        ("until false; do a; done", "a"),
        ("until true; do a; done", ""),
        ("while a; do b; done", ""),
        ("for x in 1 2; do true; a; done", "aa"),
        ("for x in 1 2; do a && b; done; c", "ababc"),
        ("for x in $(ls); do a; done; b", "b"),
        ("for x in 1 2; do case $x in 1) a;; *) b;; esac; done; c", "abc"),
        ("if [ -d /missing ]; then for x in 1 2; do a; done; fi; b", "b"),
        ('if [ "$ROLE" = web ]; then :; else a; fi', "a"),
        ('case "$ROLE" in web) a;; cr*) b;; *) c;; esac; d', "bd"),
        ('case "$OTHER" in web) a;; *) b;; esac', ""),
        ("[ -f x ] && a; b", "b"),
        ("[ -f x ] &&\n a && b\nc", "c"),
        ("[[ -n $OTHER ]] && { a; b; }; c", "c"),
        ("test -n x && (a; b)\nc", "abc"),
        ("command -v x >/dev/null 2>&1 && a || b; c", "c"),
        ("if [ -f x ] && [ -f y ]; then a; fi; b", "b"),
        ('[ "$ROLE" = cron ] && a; [ "$ROLE" = web ] && b', "a"),
        ("true && a; { b; } && c", "abc"),
        ("f() { a; }; [ -f x ] && f; f", "a"),
        ("[ -f x ] || { a; b; }; c", "c"),
        ("cd /srv && a & b", "ab"),
        ("[ -f x ] && eval a; eval b", "b"),
        ('if [ "$1" = web ]; then a; elif [ "$1" = cron ]; then b; else c; fi', "b"),
        ("if [ $# -eq 0 ]; then a; else b; fi; if (( $# > 0 )); then c; fi", "bc"),
        ('[[ "$1" == c* && -z "$2" ]] && a', "a"),
        ('if [[ "$1" == -* ]]; then a; elif [ "${1#-}" = "$1" ]; then b; fi', "b"),
        ('if [ -d / ] && ! [ "$1" = web ]; then a; fi', "a"),
        ("if [ -d / ]; then exec a; fi; exec b", "exec"),
        ("if [ -d /missing ]; then exec a; fi; exec b", "exec"),
        ("if a; then exit; fi; b", "b"),
        ("(exec a); b", "execb"),
        ('case "${MODE:-api}" in api) a;; *) b;; esac', "a"),
        ('MODE="${1:-api}"; case "$MODE" in api) a;; cron) b;; esac', "b"),
        ('f() { if [ "$1" = x ]; then a; return; fi; b; }; f x; f y', "ab"),
        ('ask() { [ "$OTHER" = 1 ]; }; ask && exec a; b', "b"),
    ],
)
def test_what_is_sure_to_run_as_the_image_sets_its_variables(text, sure):
    steps = script_steps(text, Shell({"ROLE": "cron"}, "/app", ["sh", "cron"]))
    assert "".join(step.words[0] for step in steps if not step.conditional) == sure


@pytest.mark.parametrize(
    "lookup", ["$(which python3)", "$(command -v python3 2>/dev/null)", "$(type -p python3)"]
)
def test_a_program_that_is_looked_up_is_that_program(lookup):
    assert words(f'exec "{lookup}" app.py', {}) == [["exec", "python3", "app.py"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ARGS=(\n  -w 2 # workers\n  'a b'\n)\nARGS+=( shop.wsgi )\nexec gunicorn \"${ARGS[@]}\"", None),
        ('declare -a ARGS=(-w 2 "a b"); f() { gunicorn "$@" shop.wsgi; }; f "${ARGS[@]}"', None),
        ('if [ "$#" -gt 0 ]; then CMD=("$@"); else CMD=(b); fi; "${CMD[@]}"', ["one"]),
        ("declare -A APPS=([web]=shop [job]=jobs); a ${APPS[${ROLE:-web}]} ${#APPS[@]}", ["a", "shop", "2"]),
        ('NONE=(); a "${NONE[@]}" ${NONE[0]}', ["a"]),
        ("WORKERS=$(( $(nproc) * 2 + 1 )); a -w $WORKERS b", ["a", "-w", "$(( $(nproc) * 2 + 1 ))", "b"]),
        (
            "P=shop/main.py; M=${P%.py}; a ${M//\\//.} ${P##*/} ${P%%/*}",
            ["a", "shop.main", "main.py", "shop"],
        ),
        ("NAME=Web; a ${NAME,,} ${NAME:0:1} ${#NAME}", ["a", "web", "W", "3"]),
        ('case "${ROLE:-web}" in web) APP=shop;; *) APP=jobs;; esac; a $APP', ["a", "shop"]),
        ("if [ -d / ]; then APP=shop; else APP=jobs; fi; a $APP", ["a", "shop"]),
        ('CMD="$1"; if [ -z "$CMD" ]; then CMD=web; fi; a $CMD', ["a", "one"]),
        ("(cd /srv; A=1); a $A", ["a"]),
        (
            'while [ $# -gt 0 ]; do case "$1" in one) M=shop;; two) N=jobs;; esac; shift; done; a $M $N',
            ["a", "shop"],
        ),
    ],
)
def test_what_scripts_of_bash_put_together(text, expected):
    found = words(text, {}, ("bash", "one"))[-1]
    assert found[found[0] == "exec" :] == (expected or ["gunicorn", "-w", "2", "a b", "shop.wsgi"])


def test_all_in_a_subshell_in_the_background_runs_beside_the_rest():
    steps = script_steps("(cd /srv && exec a) & { b; } & c", Shell({}, "/app", ["sh"]))
    assert [(step.words[-1], step.directory, step.background) for step in steps] == [
        ("a", "/srv", True),
        ("b", "/app", True),
        ("c", "/app", False),
    ]


def test_a_here_document_is_read_by_its_command():
    shell = Shell({"APP": "shop"}, "/app", ["sh"])
    plain, quoted = script_steps("python - <<END && a <<'EOF'\nimport $APP\nEND\n$APP\nEOF\n", shell)
    assert (plain.stdin, quoted.stdin) == ("import shop\n", "$APP\n")
