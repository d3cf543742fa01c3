# The workflow, one word a step: `make help` lists the words. Needs Python 3.11 or newer with pip and venv, and make.

PYTHON ?= python3
ARGS ?=
QUIET ?= --quiet --quiet

VENV := .venv
BIN := $(VENV)/bin
TOOLS := build/conformance-tools
PEERS := build/extractors
FINDERS := build/finders
E2E := build/e2e
NODE := build/e2e-node
CLUSTER := build/cluster
SERVERS := build/cluster-servers
PIP := $(BIN)/python -m pip $(QUIET) --disable-pip-version-check --no-input
FAILED := { echo 'pip did not get through; to see all its words: make setup QUIET=' >&2; exit 1; }
# A browser is several processes by itself.
BROWSERS = $(shell $(BIN)/python -c 'import os; print(min(4, os.cpu_count() or 1))')
# One more than there are processors, four at most: many tests wait for a process or a socket.
WORKERS = $(shell $(BIN)/python -c 'import os; print(min(4, (os.cpu_count() or 1) + 1))')
CODE := $(wildcard aggregator tests benchmarks)
# Settings of whoever runs `make lock` must not add sources: the lock names what everybody can download.
LOCK := env -u UV_INDEX -u UV_EXTRA_INDEX_URL -u UV_FIND_LINKS $(BIN)/uv pip compile --no-config --quiet \
	--universal --fork-strategy fewest --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test test-long test-cluster cluster-tools torture torture-cluster conformance e2e e2e-smoke e2e-tools pictures check format coverage bench eval eval-reposts lock clean

help:  ## list these words
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile
	@echo 'PYTHON=python3.12 chooses the Python of `make setup`; ARGS="..." goes on to demo, test, test-long,'; \
		echo 'torture, conformance and bench.'

setup: $(VENV)/installed  ## make .venv with the locked packages; does nothing while they are current

demo: $(VENV)/installed  ## the whole line in a minute, on a small world of its own, without the internet; its sites stay up until Ctrl-C: ARGS=--keep
	@$(BIN)/aggregator demo $(ARGS)

test: $(VENV)/installed  ## the tests, without the long ones, on all processors; one after the other: ARGS=-n0
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-long: $(VENV)/installed  ## the long tests: kills, full disks, damaged files
	@$(BIN)/python -m pytest tests/long $(ARGS)

torture: $(VENV)/installed  ## hours: a crawl is killed at every call that changes the disk; ARGS="--fault ENOSPC" and EIO
	@$(BIN)/python -m tests.long.torture $(ARGS)

conformance: $(VENV)/installed $(TOOLS)/installed  ## what other institutions' tools say of the files that are written
	@$(BIN)/python -m tests.conformance --tools $(TOOLS)/bin $(ARGS)

e2e: $(E2E)/installed $(NODE)/installed  ## the pages in Chromium, and what axe-core, html-validate and schemathesis say; with all strings of a folder: HOSTILE=DIR
	@HOSTILE="$(HOSTILE)" EXAMPLES=100 $(E2E)/bin/python -m pytest tests/e2e --numprocesses $(BROWSERS) $(ARGS)

e2e-smoke: $(E2E)/installed $(NODE)/installed  ## some of it in two minutes, with thirty strings of our own
	@SMOKE=1 HOSTILE= EXAMPLES=5 $(E2E)/bin/python -m pytest $(addprefix tests/e2e/test_,strangers.py journeys.py pages.py interface.py) -rs $(ARGS)

e2e-tools: $(E2E)/installed $(NODE)/installed  ## what both need, without Chromium

test-cluster:  ## the line on PostgreSQL, S3 and Dask, on servers of its own; installs PostgreSQL where it may
	@why=$$(.ci/postgres) || { echo "$$why" >&2; exit 1; }
	@SERVERS=$(SERVERS)/bin $(CLUSTER)/bin/python -m pytest tests/cluster --numprocesses $(WORKERS) --dist loadfile $(ARGS)
	@CORNER=postgres $(CLUSTER)/bin/python -m pytest --numprocesses $(WORKERS) --dist loadfile $(ARGS) $(addprefix \
		tests/test_,pipeline.py reposting.py versions.py requisites.py backfill.py demo_end_to_end.py)

cluster-tools: $(CLUSTER)/installed $(SERVERS)/installed  ## what it needs, without PostgreSQL

torture-cluster: $(CLUSTER)/installed $(SERVERS)/installed  ## an hour: crawlers, workers, drivers and servers are killed; ARGS="--kills 20"
	@SERVERS=$(SERVERS)/bin $(CLUSTER)/bin/python -m tests.cluster.torture $(ARGS)

pictures: $(E2E)/installed  ## take the pictures of the pages in docs/pictures again, in Chromium
	@$(E2E)/bin/python -m tests.e2e.pictures docs/pictures

check: $(VENV)/installed  ## style, form, types, who imports whom, docs, and what the lock must not hold
	@if grep -iq '^niquests' requirements.lock || $(BIN)/python -c 'import niquests' 2>/dev/null; then \
		echo 'niquests is in requirements.lock or in $(VENV); it replaces urllib3 and must stay out: find what asks for it.' >&2; \
		exit 1; fi
	@echo 'ruff check';    $(BIN)/ruff check --quiet --output-format concise $(CODE)
	@echo 'ruff format';   $(BIN)/ruff format --quiet --check $(CODE) || { \
		echo 'Some files are not in the common form: run "make format".' >&2; exit 1; }
	@echo 'mypy';          $(BIN)/mypy --no-error-summary $(CODE)
	@echo 'lint-imports';  report=$$($(BIN)/lint-imports --no-cache 2>&1) || { echo "$$report" >&2; exit 1; }
	@echo 'docs';          $(BIN)/python -m pytest tests/test_docs.py

format: $(VENV)/installed  ## bring the code into the common form and mend what ruff can mend
	@$(BIN)/ruff check --quiet --fix-only $(CODE)
	@$(BIN)/ruff format --quiet $(CODE)

coverage: $(VENV)/installed  ## the tests, then the lines and branches they did not visit
	@$(BIN)/python -m pytest --cov --cov-report=term-missing $(ARGS)

bench: $(VENV)/installed  ## measure the whole line
	@$(BIN)/python benchmarks/line.py $(ARGS)

eval: $(PEERS)/installed  ## what is read of real pages with answers, beside other extractors: ARGS=DIR
	@$(PEERS)/bin/python benchmarks/extraction.py $(ARGS)

eval-reposts: $(FINDERS)/installed  ## what is found of made reposts with answers, beside other finders: ARGS=DIR
	@$(FINDERS)/bin/python benchmarks/near_duplicates.py $(ARGS)

lock: $(VENV)/installed  ## choose the newest packages that pyproject.toml allows and lock them with their hashes
	@echo 'requirements-build.lock'
	@{ sed -n 's/^requires = \["\(.*\)"\]$$/\1/p' pyproject.toml; echo 'pip>=26'; } \
		| $(LOCK) --upgrade --output-file $(VENV)/build.lock - >/dev/null
	@echo 'requirements.lock'
	@$(LOCK) --upgrade --extra dev --output-file $(VENV)/all.lock pyproject.toml >/dev/null
	@{ echo '# What installs and builds: older pips mistake a package with extras for one without a hash. Made by `make lock`.'; \
		cat $(VENV)/build.lock; } > requirements-build.lock
	@{ echo '# Every package that runs, tests and checks this project, for Linux and macOS, CPython 3.11 to 3.14, with the'; \
		echo '# hashes of its files. Made by `make lock` from pyproject.toml; not to be edited by hand.'; \
		cat $(VENV)/all.lock; } > requirements.lock
	@echo 'tests/conformance/tools.lock'
	@$(LOCK) --upgrade --output-file $(VENV)/tools.lock tests/conformance/tools.in >/dev/null
	@{ echo '# The tools that `make conformance` runs, with the hashes of their files. Made by `make lock` from tools.in.'; \
		cat $(VENV)/tools.lock; } > tests/conformance/tools.lock
	@echo 'tests/e2e/tools.lock'
	@$(LOCK) --upgrade --constraint requirements.lock --output-file $(VENV)/e2e.lock tests/e2e/tools.in >/dev/null
	@{ echo '# What drives and judges the pages in `make e2e`, with the hashes of its files. Made by `make lock` from tools.in.'; \
		cat $(VENV)/e2e.lock; } > tests/e2e/tools.lock
	@echo 'tests/cluster/tools.lock'
	@$(LOCK) --upgrade --constraint requirements.lock --extra postgres --extra s3 --extra dask \
		--output-file $(VENV)/cluster.lock tests/cluster/tools.in pyproject.toml >/dev/null
	@{ echo '# What `make test-cluster` installs, with the hashes of its files. Made by `make lock` from tools.in and the extras.'; \
		cat $(VENV)/cluster.lock; } > tests/cluster/tools.lock
	@echo 'tests/cluster/servers.lock'
	@$(LOCK) --upgrade --output-file $(VENV)/servers.lock tests/cluster/servers.in >/dev/null
	@{ echo '# What stands in for servers in `make test-cluster`, with the hashes of its files. Made by `make lock` from servers.in.'; \
		cat $(VENV)/servers.lock; } > tests/cluster/servers.lock
	@echo 'Now "make setup" installs them; then "make test check".'

clean:  ## remove .venv, caches and the demo's home; archive/ and index/ are left alone
	@rm -rf $(VENV) demo build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage htmlcov
	@find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

# A new environment when the locks change, so that nothing stays behind from the old ones.
$(VENV)/locked: requirements-build.lock requirements.lock
	@$(PYTHON) -c '' 2>/dev/null || { echo 'There is no "$(PYTHON)" here. Install Python 3.11 or newer, or name one: make setup PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -c 'import platform; print(platform.python_version())'). Install one, or name one: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo '$(PYTHON) cannot make environments. On Debian and Ubuntu: apt install python3-venv. Then: make setup' >&2; exit 1; }
	@echo '1/4  a new environment in $(VENV)'
	@$(PYTHON) -m venv --clear $(VENV)
	@echo '2/4  what installs and builds packages (requirements-build.lock)'
	@$(PIP) install --require-hashes -r requirements-build.lock || $(FAILED)
	@echo '3/4  what runs, tests and checks (requirements.lock)'
	@$(PIP) install --require-hashes --no-build-isolation --use-pep517 -r requirements.lock || $(FAILED)
	@touch $@

$(VENV)/installed: $(VENV)/locked pyproject.toml
	@echo '4/4  the project itself'
	@$(PIP) install --no-deps --no-build-isolation --editable . || $(FAILED)
	@touch $@

# The extras of a cluster, and what stands in for one.
$(CLUSTER)/installed: requirements-build.lock requirements.lock tests/cluster/tools.lock pyproject.toml
	@echo 'the line with its extras, in $(@D)'
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip $(QUIET) --disable-pip-version-check --no-input install --require-hashes -r requirements-build.lock || $(FAILED)
	@$(@D)/bin/python -m pip $(QUIET) --no-input install --require-hashes --no-build-isolation --use-pep517 -r requirements.lock || $(FAILED)
	@$(@D)/bin/python -m pip $(QUIET) --no-input install --require-hashes -r tests/cluster/tools.lock || $(FAILED)
	@$(@D)/bin/python -m pip $(QUIET) --no-input install --no-deps --no-build-isolation --editable . || $(FAILED)
	@touch $@

# What judges the pages: an environment with what the program needs, and packages of npm. Chromium is the machine's.
$(E2E)/installed: requirements-build.lock requirements.lock tests/e2e/tools.lock pyproject.toml
	@echo 'what drives a browser, in $(@D)'
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip $(QUIET) --disable-pip-version-check --no-input install --require-hashes -r requirements-build.lock || $(FAILED)
	@$(@D)/bin/python -m pip $(QUIET) --no-input install --require-hashes --no-build-isolation --use-pep517 -r requirements.lock || $(FAILED)
	@$(@D)/bin/python -m pip $(QUIET) --no-input install --require-hashes -r tests/e2e/tools.lock || $(FAILED)
	@$(@D)/bin/python -m pip $(QUIET) --no-input install --no-deps --no-build-isolation --editable . || $(FAILED)
	@touch $@

$(NODE)/installed: tests/e2e/package.json tests/e2e/package-lock.json
	@command -v npm >/dev/null || { echo 'npm is needed. On Debian and Ubuntu: apt install npm' >&2; exit 1; }
	@echo 'what judges pages, in $(@D)'
	@mkdir -p $(@D)
	@cp $^ $(@D)/
	@npm --prefix $(@D) ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@

# Other people's tools, with what they need, in environments that the project never imports from.
$(PEERS)/installed: benchmarks/extractors.txt
$(FINDERS)/installed: benchmarks/peers-reposts.txt
$(PEERS)/installed $(FINDERS)/installed: requirements-build.lock requirements.lock
	@echo "other people's tools, in $(@D)"
	@$(PYTHON) -m venv --clear $(@D)
	@for list in requirements-build.lock requirements.lock $(filter %.txt,$^); do \
		$(@D)/bin/python -m pip $(QUIET) --disable-pip-version-check --no-input install -r $$list || $(FAILED); done
	@$(@D)/bin/python -m pip $(QUIET) --no-input install --no-deps --no-build-isolation --editable . || $(FAILED)
	@touch $@

$(TOOLS)/installed: tests/conformance/tools.lock
$(SERVERS)/installed: tests/cluster/servers.lock
$(TOOLS)/installed $(SERVERS)/installed:
	@echo "other people's tools and servers, in $(@D)"
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip $(QUIET) --disable-pip-version-check --no-input install --require-hashes -r $< || $(FAILED)
	@touch $@
