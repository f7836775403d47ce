"""Trees of files that mislead a careless walk: odd names, loops, depth, size."""

from __future__ import annotations

import subprocess

from scenarios.support import Result, build, check, importguard

PLAIN = "FROM base\nCOPY app /srv/app\nWORKDIR /srv\n"
APP = {"app/__init__.py": "", "app/a_fine.py": "", "app/z_after.py": "import not_there_xyz\n"}


def judged(image: str, *options: str) -> Result:
    """Check the image; the broken module must be reported, and nothing else."""
    result = check(image, *options)
    assert result.outcome("app.z_after") == "failed", result.err
    assert result.causes == {("IG101", "not_there_xyz")}
    assert result.code == 1
    assert result.image["complete"] is True
    return result


def test_names_that_no_import_statement_can_write() -> None:
    files = {
        **APP,
        "app/class.py": "import not_there_keyword\n",
        "app/my-script.py": "import not_there_script\n",
        "app/1st.py": "import not_there_number\n",
        "app/two words.py": "",
        "app/dotted.name.py": "",
        "app/lambda/__init__.py": "import not_there_lambda\n",
        "app/__main__.py": "raise SystemExit(9)\n",
    }
    result = judged(build("odd-names", PLAIN, files))
    for name in ("app.class", "app.my-script", "app.1st", "app.lambda", "app.__main__"):
        assert result.outcome(name) in (None, "skipped")
    assert result.image["summary"]["skipped"] >= 4
    assert "my-script" in " ".join(result.image["notes"]) or result.outcome("app.my-script") == "skipped"


def test_names_that_are_not_utf_8() -> None:
    lines = (
        PLAIN + 'RUN python3 -c "'
        "import os; open(b'/srv/app/caf\\xe9.py', 'w').close(); os.mkdir(b'/srv/app/d\\xff'); "
        "open(b'/srv/app/d\\xff/__init__.py', 'w').close(); open('/srv/app/na\\u00efve.py', 'w').close()\"\n"
    )
    result = judged(build("not-utf-8", lines, APP))
    assert result.outcome("app.naïve") == "imported"
    result.out.encode("utf-8")


def test_names_that_speak_to_a_terminal() -> None:
    lines = (
        PLAIN + 'RUN python3 -c "'
        "open('/srv/app/\\x1b[2J.py', 'w').close(); open('/srv/app/a\\nb.py', 'w').close()\"\n"
    )
    image = build("terminal-names", lines, APP)
    judged(image)
    for options in ((), ("-v",)):
        text = importguard("check", image, *options)
        assert text.code == 1
        assert "\x1b" not in text.out + text.err


def test_loops_of_links() -> None:
    lines = (
        PLAIN + "RUN cd /srv/app && ln -s . loop && ln -s loop.py loop.py && ln -s ../app up && ln -s / root "
        "&& ln -s nowhere.py dangling.py && mkdir one two && ln -s ../two one/two && ln -s ../one two/one "
        "&& touch one/inside.py\n"
    )
    result = judged(build("loops", lines, APP), "--exclude", "app.root.*")
    assert result.outcome("app.one.inside") == "imported"


def test_special_files() -> None:
    lines = (
        PLAIN + "RUN cd /srv/app && mkfifo pipe.py && mkdir folder.py && touch empty.py && chmod 0 empty.py\n"
    )
    result = check(build("special-files", lines, APP), "--module-timeout", "3")
    assert result.outcome("app.z_after") == "failed"
    assert result.code == 1
    assert result.outcome("app.empty") == "imported"


def test_two_hundred_levels() -> None:
    lines = (
        PLAIN + 'RUN python3 -c "'
        "import os; path = '/srv/app'; [(path := path + '/d', os.mkdir(path), "
        "open(path + '/__init__.py', 'w').close()) for _ in range(200)]; "
        "open(path + '/leaf.py', 'w').write('import not_there_deep')\"\n"
    )
    image = build("deep", lines, APP)
    result = check(image)
    deepest = "app" + ".d" * 200
    truth = fresh(image, deepest + ".leaf")
    assert result.outcome("app.z_after") == "failed"
    assert result.outcome(deepest) == fresh(image, deepest)
    assert result.outcome(deepest + ".leaf") == truth == "failed"
    assert ("IG101", "not_there_xyz") in result.causes
    assert result.code == 1


def fresh(image: str, module: str) -> str:
    """What a fresh interpreter says of a module: imported or failed."""
    line = [
        "docker",
        "run",
        "--rm",
        "--network",
        "none",
        image,
        "python3",
        "-c",
        f"import importlib; importlib.import_module({module!r})",
    ]
    return "failed" if subprocess.run(line, capture_output=True, check=False).returncode else "imported"


GENERATOR = """
import os
for p in range(100):
    folder = '/srv/app/p%d' % p
    os.mkdir(folder)
    open(folder + '/__init__.py', 'w').close()
    for m in range(199):
        with open('%s/m%d.py' % (folder, m), 'w') as file:
            file.write('X = %d' % m if (p, m) != (99, 198) else 'import not_there_last')
"""


def test_twenty_thousand_modules() -> None:
    lines = PLAIN + "COPY generate.py /\nRUN python3 /generate.py\n"
    image = build("twenty-thousand", lines, {**APP, "generate.py": GENERATOR})
    result = check(image, "--timeout", "300", timeout=400)
    assert result.outcome("app.p99.m198") == "failed"
    assert result.causes == {("IG101", "not_there_xyz"), ("IG101", "not_there_last")}
    assert result.image["summary"]["modules"] >= 20000
    assert result.image["complete"] is True
    assert result.code == 1


def test_empty_files_and_data_beside_the_code() -> None:
    files = {
        **APP,
        "app/data.json": "{}",
        "app/static/site.js": "",
        "app/static/node_modules/tool/setup.py": "1/0\n",
        "app/.hidden/mod.py": "1/0\n",
        "app/__pycache__/old.cpython-313.pyc": "x",
    }
    judged(build("data", PLAIN, files))
