# `make demo` and `make test` are all that a fresh machine needs: they make a virtual environment in .venv. `make demo`
# finds (or, as root on Debian and Ubuntu, installs) bubblewrap; the others find (or install and start) a Docker
# engine, and find or make a base image.
SHELL := /bin/bash

.PHONY: demo demo-docker demo-start test format man clean engine

engine:
	@scripts/docker.sh
	@scripts/base_image.sh

demo:
	@scripts/venv.sh
	@scripts/demo.sh

demo-docker: engine
	@scripts/venv.sh
	@scripts/demo_docker.sh

# The whole system of the example, started: needs Debian's packages of nginx and PostgreSQL.
demo-start: engine
	@scripts/venv.sh dev
	@scripts/demo_start.sh

# ARGS go to pytest, for example: make test ARGS="-k dockerignore -x ../tests/unit"
test: engine
	@scripts/venv.sh dev
	@scripts/test.sh $(ARGS)
	@scripts/demo.sh
	@scripts/demo_docker.sh

format:
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

man:
	@scripts/venv.sh dev
	.venv/bin/python scripts/man_pages.py build/man

clean:
	rm -rf .venv build examples/netra/backend/wheels .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
