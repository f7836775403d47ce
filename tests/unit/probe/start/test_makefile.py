"""Start commands of Makefiles: ``make run-server``."""

# ruff: noqa: F401, F811
from __future__ import annotations

import pytest
from unit.probe.start.test_command import Image, image

MAKEFILE = r"""# how we run
PORT ?= 8000
APP := shop.web:app
export DJANGO_SETTINGS_MODULE = shop.settings  # for all
OPTIONS = --port $(PORT) \
	--workers 2
.PHONY: run serve

run: check
	@cd srv && uvicorn main:app $(OPTIONS)

serve: ; exec gunicorn ${APP}
check:
	@test -n "$$HOME" # not a variable of make
	-python3 -m shop.check
worker beat: check
	celery -A jobs $@
again:
	$(MAKE) serve
shell:
	$(shell which python3) --version
"""


@pytest.mark.parametrize(
    ("command", "texts"),
    [
        ("make", ["python3 -m shop.check", "uvicorn main:app --port 8000 --workers 2"]),
        ("make run PORT=80", ["python3 -m shop.check", "uvicorn main:app --port 80 --workers 2"]),
        ("make -s serve", ["gunicorn shop.web:app"]),
        ("make again APP=a:app", ["gunicorn shop.web:app"]),
        ("make worker", ["python3 -m shop.check", "celery -A jobs"]),
        ("make -C sub", ["gunicorn sub:app"]),
        ("make -f sub/Makefile other", ["gunicorn other:app"]),
        ("make gone", ["make gone"]),
    ],
)
def test_what_a_target_starts(image, command, texts):
    image.write("Makefile", MAKEFILE)
    image.write("sub/Makefile", "all:\n\tgunicorn sub:app\nother:\n\tgunicorn other:app\n")
    image.program("make", "\x7fELF")
    image.program("sh", "\x7fELF")
    assert [found.text for found in image.parse(command)] == texts


def test_each_line_runs_in_the_directory_of_the_makefile(image):
    image.write("Makefile", MAKEFILE)
    check, main = image.parse("make")
    assert (check.directory, main.directory) == (str(image.app), str(image.app / "srv"))
    assert check.secondary
    assert not main.secondary
    assert main.roots == [str(image.app / "srv")]
    assert main.environ["DJANGO_SETTINGS_MODULE"] == "shop.settings"
    assert "APP" not in main.environ


def test_without_make_nothing_starts(image):
    image.write("Makefile", MAKEFILE)
    assert "make" in image.main("make serve").missing_wrappers


@pytest.mark.parametrize(
    "text",
    [
        "ifdef X\nA = a\nendif\nall:\n\tuvicorn a:app\n",
        "include x.mk\nall:\n\tuvicorn a:app\n",
        "",
        "all:\n",
        "A = $(A)\nall:\n\t$(A)\n",
        "all: all\n\t\n",
        "$(x): y\n\tz\n",
    ],
)
def test_a_makefile_that_says_nothing(image, text):
    image.write("Makefile", text)
    assert not image.main("make").recognised


RUN = "run:\n\tpython3 -m shop\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PYTHONPATH := src\nexport PYTHONPATH\n", "src"),
        ("export\nPYTHONPATH = $(A)\nA = src\n", "src"),
        ("export PYTHONPATH := $(CURDIR)/src:$(PYTHONPATH)\n", "{app}/src:/opt"),
        ("PYTHONPATH := $(PWD)/src:$(PYTHONPATH)\n", "{app}/src:/opt"),
        ("A := src\nexport PYTHONPATH := $(A)\nA := lib\n", "src"),
        ("A := src\nexport PYTHONPATH = $(A)\nA := lib\n", "lib"),
        ("export PYTHONPATH := a\nPYTHONPATH += $(A)\nA = b\n", "a "),
        ("export PYTHONPATH ?= src\n", "/opt"),
        ("PATHS := src\n", "/opt"),
        ("export PYTHONPATH\nA := $(shell pwd)\n", "/opt"),
        ("  export PYTHONPATH = a$$b\n", "a$b"),
    ],
)
def test_what_a_makefile_exports(image, text, expected):
    image.write("Makefile", text + RUN)
    main = image.main("make run", PYTHONPATH="/opt")
    assert main.runs == "shop"
    assert main.environ["PYTHONPATH"] == expected.format(app=image.app)


def test_the_path_of_the_image_stays(image):
    image.write("Makefile", "export PATH := $(CURDIR)/.venv/bin:$(PATH)\n" + RUN)
    main = image.main("make run")
    assert main.environ["PATH"] == f"{image.app}/.venv/bin:{image.environ['PATH']}"
    assert main.missing_program is None


def test_variables_of_the_makefile_alone_are_not_exported(image):
    image.write("Makefile", "A := $(shell pwd)\nB = 1\n" + RUN)
    assert {"A", "B", "CURDIR", "PWD"}.isdisjoint(image.main("make run").environ)


@pytest.mark.parametrize(
    "text",
    [
        "run: export PYTHONPATH=src\n",
        "run: PYTHONPATH := src\n",
        ".ONESHELL:\n",
        ".EXPORT_ALL_VARIABLES:\n",
        "export A = $(shell pwd)/src\n",
        "A := $(shell pwd)\nexport B := $(A)/src\n",
        "A := $(abspath src)\nexport A\n",
        "export A != pwd\n",
        "A != pwd\nexport\n",
        "export A = $(dir $(abspath $(lastword $(MAKEFILE_LIST))))\n",
        "PYTHONPATH = $(shell pwd)/src\n",
        "export PYTHONPATH = src:$(PYTHONPATH)\n",
        "export $(shell cat names)\n",
        "unexport PYTHONPATH\n",
        "A := %s\n" % ("x" * 9000) + "B := $(A)$(A)\n",
        "export A = %s\n" % ("$(B)" * 1000) + "B = %s\n" % ("$(C)" * 1000) + "C = %s\n" % ("$(B)" * 1000),
    ],
)
def test_a_makefile_that_is_not_read(image, text):
    image.write("Makefile", text + RUN)
    assert not image.main("make run", PYTHONPATH="/opt").recognised
