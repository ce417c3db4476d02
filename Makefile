# make help lists what there is. Needs Python 3.11 or newer, make and a package index; nothing else.
PYTHON ?= python3
PORT ?= 8000
BIND_HOST ?= 127.0.0.1
PYTEST_ARGS ?=

export PORT BIND_HOST
# mysqlclient has no wheel for Linux: it is compiled against the client library.
COMPILED = --no-binary mysqlclient
# Hashes and versions, no addresses: the same file serves every index.
PIN = .venv-ci/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-strip-extras --no-emit-index-url --no-header pyproject.toml
export PIP_DISABLE_PIP_VERSION_CHECK = 1
.DEFAULT_GOAL := help
.PHONY: help setup run test lint bench bench-forecast requirements python

# $(call environment,FOLDER,REQUIREMENTS,MORE): make the environment, or leave it alone when its stamp still fits.
# The stamp is the checksum of the pinned requirements and of the Python that made it, written last.
define environment
	@wanted="$$(cksum < $(2)) $$($(PYTHON) -c 'import sys; print(sys.version)' | cksum)"; \
	if [ "$$(cat $(1)/.stamp 2>/dev/null)" = "$$wanted" ]; then exit 0; fi; \
	echo "Environment: installing $(2) into $(1) …"; \
	$(PYTHON) -m venv $(1) || { \
		echo "Python cannot make environments here. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }; \
	$(1)/bin/python -m pip install --quiet --require-hashes --only-binary :all: $(3) -r $(2) && echo "$$wanted" > $(1)/.stamp
endef

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | awk -F'|' '{ printf "%-21s %s\n", $$1, $$2 }'
	@echo "  PORT=8001 make run;  PYTHON=python3.12 make setup;  PYTEST_ARGS='-k runs' make test"

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "InvenCare needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1 || true). Choose one: make PYTHON=python3.12 …" >&2; exit 1; }

setup: python ## make the environment in .venv
	$(call environment,.venv,requirements/run.txt)

run: setup ## the whole site with demo data, on http://127.0.0.1:8000 (PORT=, BIND_HOST=)
	@exec .venv/bin/python manage.py serve --prepare

test: python ## the tests on SQLite; what this machine cannot run is skipped and listed with the reason
	$(call environment,.venv-test,requirements/test.txt)
	.venv-test/bin/python -m pytest -n auto --dist loadfile $(PYTEST_ARGS)

lint: python ## ruff, mypy and the import contracts
	$(call environment,.venv-ci,requirements/ci.txt,$(COMPILED))
	.venv-ci/bin/ruff check .
	.venv-ci/bin/ruff format --check .
	.venv-ci/bin/mypy
	.venv-ci/bin/lint-imports

bench: python ## the benchmarks, as ratios from one run (DATABASE_URL=mysql://… for MariaDB)
	$(call environment,.venv-ci,requirements/ci.txt,$(COMPILED))
	.venv-ci/bin/python -m benchmarks

bench-forecast: python ## our forecasts against the field's, on DATA=long-file (SAMPLE=series, BENCH_ARGS=…)
	$(call environment,.venv-peers,requirements/bench-peers.txt)
	@test -n "$(DATA)" || { echo "Name a long file: make bench-forecast DATA=sales.parquet" >&2; exit 1; }
	.venv-peers/bin/python -m benchmarks.forecast "$(DATA)" $(if $(SAMPLE),--sample $(SAMPLE)) $(BENCH_ARGS)

requirements: python ## pin the packages of pyproject.toml anew
	$(call environment,.venv-ci,requirements/ci.txt,$(COMPILED))
	$(PIN) --extra analysis --extra boosting -o requirements/run.txt
	$(PIN) --extra test -o requirements/test.txt
	$(PIN) --extra analysis --extra boosting --extra mysql --extra redis --extra aws -o requirements/server.txt
	$(PIN) --extra test --extra mysql --extra redis --extra browser --extra emulators --extra lint --extra analysis --extra boosting -o requirements/ci.txt
	$(PIN) --extra boosting --extra peers -o requirements/bench-peers.txt
