# The README's commands. `make demo CATALOG=flipkart` works on another catalogue.
CATALOG ?= sample
PYTHON ?= $(shell command -v python3.11 || command -v python3)
RUN = .venv/bin/shelfspace
export SHELFSPACE_CATALOG = $(CATALOG)
# `make ui PORT=3101`, `make serve PORT=...`, `make drift PORT=...`
AT = $(if $(PORT),--port $(PORT))

.PHONY: audit faults fuzz benchmark-scale benchmark-serving benchmark-graph benchmark-quality benchmark-encoders benchmark-search benchmark-shopper benchmark-insights benchmark-loop loop demo test lint ui serve drift tune cross-validate rollback reproduce export scrub releases deliveries approve pin unpin summary help install fast-test fetch-media shadow forget
.DEFAULT_GOAL := demo

install: .venv/.installed   ## the environment in .venv, from locked versions

.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; assert sys.version_info[:2] == (3, 11), f"Shelfspace needs Python 3.11, not {sys.version.split()[0]}; set PYTHON=/path/to/python3.11"'
	@test -d .venv || $(PYTHON) -m venv .venv
	@echo "installing the locked versions into .venv (some minutes the first time)"
	@.venv/bin/python -m pip install -q --disable-pip-version-check torch==$$(sed -n 's/^torch==//p' requirements.lock)
	@.venv/bin/python -m pip install -q --disable-pip-version-check -r requirements.lock
	@PYTHONWARNINGS=ignore .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: install   ## the whole chain on the sample catalogue (or CATALOG=...), then what to do next
	@$(RUN) demo

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
	@$(RUN) ui $(AT)

serve: install  ## the released Bento, on http://127.0.0.1:3000
	@$(RUN) serve $(AT)

drift: install  ## the Evidently UI, on http://127.0.0.1:3002
	@$(RUN) drift $(AT)

tune: install   ## search better settings on the validation rows; see docs/run-the-loop.md
	@$(RUN) run tune

cross-validate: install   ## figures by fold and seed, beside the text baseline
	@$(RUN) run cross_validate

benchmark-quality: install   ## encoders, fusions and strategies beside simple baselines; hours, resumable
	@.venv/bin/python -m benchmarks.quality

benchmark-search: install   ## words, vectors and both of them on judged queries; some ten minutes, resumable
	@.venv/bin/python -m benchmarks.search

benchmark-shopper: install   ## what shoppers ask, with checkable answers, of the released catalogues; some minutes
	@.venv/bin/python -m benchmarks.shopper

benchmark-insights: install   ## what the applications reach on real data, beside the simple thing that usually wins
	@.venv/bin/python -m benchmarks.insights

benchmark-loop: install   ## whether the loop decides rightly: the gate beside its former rules, and more
	@.venv/bin/python -m benchmarks.loop $(or $(PARTS),gate)

loop: install   ## half a year of a shop, unattended, beside never retraining, weekly, an oracle; an hour, resumable
	@.venv/bin/python -m benchmarks.loop half_year

benchmark-drift: install   ## planted shifts found, quiet years, causes named; some 20 minutes
	@.venv/bin/python -m benchmarks.drift

benchmark-encoders: install  ## every family of encoders beside its own library, and docs/encoders.md; a minute
	@.venv/bin/python -m benchmarks.encoders

faults: install   ## kills, full disks, flipped bits and more on a tiny shop, each recovered from; some 40 minutes
	@.venv/bin/python -m benchmarks.faults

benchmark-graph: install   ## do co-purchase neighbours find what is bought next? some 20 minutes
	@.venv/bin/python -m benchmarks.graph_copurchase

benchmark-serving: install   ## the real service under load, beside bare uvicorn and bare faiss; some 20 minutes
	@.venv/bin/python -m benchmarks.serving

benchmark-scale: install   ## the whole chain over N listings of text (100,000): time, memory and disk by step
	@.venv/bin/python -m benchmarks.scale --rows $(or $(N),100000)

fetch-media: install   ## photos and sounds that products.csv names by web address, from fetch.hosts
	@$(RUN) fetch-media

summary: install   ## the last run's figures again, and what to type next
	@$(RUN) summary

deliveries: install ## what came into the inbox, and what has become of it
	@$(RUN) deliveries

WHY_ = $(if $(WHY),--why "$(WHY)")

approve: install    ## say yes to what waits: make approve DELIVERY=12 (or RELEASE=..., MODEL=...) WHY="..."
	@$(RUN) approve $(DELIVERY)$(RELEASE)$(MODEL) $(WHY_)

pin: install        ## keep a release, and keep it live: make pin RELEASE=000007-3fa9c1d2 WHY="..."
	@$(RUN) pin $(RELEASE) $(WHY_)

unpin: install      ## take a pin away: make unpin RELEASE=000007-3fa9c1d2
	@$(RUN) unpin $(RELEASE)

releases: install   ## which releases there are, which is live, which Bentos hold them
	@$(RUN) releases

scrub: install   ## read all that is kept; name what is damaged and how to get it back
	@$(RUN) scrub

export: install     ## vectors of the live release with ids and attributes, as Parquet: make export TO=/data
	@$(RUN) export $(if $(TO),--to $(TO)) $(if $(FORMAT),--format $(FORMAT)) $(if $(RELEASE),--release $(RELEASE))

reproduce: install   ## build a release again from what it says made it: make reproduce RELEASE=000007-3fa9c1d2
	@$(RUN) reproduce $(RELEASE)

forget: install     ## erase PRODUCT=... or SHOPPER=... everywhere, WHY="..."; AGAIN=1, STATUS=1
	@$(RUN) forget $(if $(PRODUCT),--product $(PRODUCT)) $(if $(SHOPPER),--shopper $(SHOPPER)) $(if $(AGAIN),--again) $(if $(STATUS),--status) $(WHY_)

shadow: install     ## what a release on the side would change; to let it answer: RELEASE=... SHARE=0.1; OFF=1
	@$(RUN) shadow $(RELEASE) $(if $(SHARE),--share $(SHARE)) $(if $(OFF),--off)

rollback: install   ## back to the release before, what came after it barred: make rollback WHY="..." TO=...
	@$(RUN) rollback $(if $(TO),--to $(TO)) $(WHY_)

help:           ## this list
	@awk -F ':.*## *' '/^[a-z][a-z-]*:.*##/ {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  stages and loops by name: $(STAGES)"

# Stages and loops by name: make collection, make refresh, make retrain, ...
STAGES = collection validation preprocessing features training evaluation release insights packaging monitoring refresh retrain
.PHONY: $(STAGES)
$(STAGES): install
	@$(RUN) run $@
