# The README's commands. `make demo CATALOG=flipkart` works on another catalogue.
CATALOG ?= sample
PYTHON ?= $(shell command -v python3.11 || command -v python3)
RUN = .venv/bin/python -m dagster_project.launch
export SHELFSPACE_CATALOG = $(CATALOG)

.PHONY: audit fuzz benchmark-graph benchmark-quality benchmark-search demo test lint ui serve drift tune cross-validate rollback install fast-test
.DEFAULT_GOAL := demo

install: .venv/.installed

.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; assert sys.version_info[:2] == (3, 11), f"Shelfspace needs Python 3.11, not {sys.version.split()[0]}; set PYTHON=/path/to/python3.11"'
	@test -d .venv || $(PYTHON) -m venv .venv
	@echo "installing the locked versions into .venv (some minutes the first time)"
	@.venv/bin/python -m pip install -q --disable-pip-version-check torch==$$(sed -n 's/^torch==//p' requirements.lock)
	@.venv/bin/python -m pip install -q --disable-pip-version-check -r requirements.lock
	@PYTHONWARNINGS=ignore .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: install   ## the whole chain on the sample catalogue (or CATALOG=...), then what to do next
	@$(RUN) job chain
	@$(RUN) summary

test: install   ## every test, in two processes
	.venv/bin/python -m pytest -n 2

fast-test: install   ## the tests that start no server and run no chain
	.venv/bin/python -m pytest -n 2 -m "not slow"

fuzz: install   ## 1,000 hostile inputs a media type and the OpenAPI document, against a real server; some minutes
	@.venv/bin/python -m tests.fuzz

audit: install  ## known vulnerabilities of the locked packages, where their database can be reached
	@.venv/bin/python .ci/audit.py

lint: install
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

ui: install     ## the Dagster UI with its daemon, on http://127.0.0.1:3001
	@$(RUN) ui

serve: install  ## the released Bento, on http://127.0.0.1:3000
	@.venv/bin/python -m bentos

drift: install  ## the Evidently UI, on http://127.0.0.1:3002
	@$(RUN) drift

tune: install   ## search better settings on the validation rows; see docs/run-the-loop.md
	@$(RUN) job tune

cross-validate: install   ## figures by fold and seed, beside the text baseline
	@$(RUN) job cross_validate

benchmark-quality: install   ## encoders, fusions and strategies beside simple baselines; hours, resumable
	@.venv/bin/python -m benchmarks.quality

benchmark-search: install   ## words, vectors and both of them on judged queries; some ten minutes, resumable
	@.venv/bin/python -m benchmarks.search

benchmark-graph: install   ## do co-purchase neighbours find what is bought next? some 20 minutes
	@.venv/bin/python -m benchmarks.graph_copurchase

rollback: install   ## move `current` back to the release before
	@$(RUN) rollback

# Stages and loops by name: make collection, make refresh, make retrain, ...
STAGES = collection validation preprocessing features training evaluation release packaging monitoring refresh retrain
.PHONY: $(STAGES)
$(STAGES): install
	@$(RUN) job $@
