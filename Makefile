# Two commands do all set-up on a fresh machine: `make run` and `make test`. The only needs are Python 3.11 or 3.10 with
# venv, and make.
SHELL := /bin/bash
export RASA_TELEMETRY_ENABLED := false
PYTHON_BIN := .venv/bin/python

# A demo unless told otherwise, or given a database that must not be filled with demo people.
BOT_DEMO ?= $(if $(BOT_DATABASE_URL),0,1)

.PHONY: run demo-wechat test train venv lint format types unit bench soak soak-fuzz soak-outage soak-wechat eval questions lock clean help

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

run: venv ## start the service on http://127.0.0.1:8080 (trains, starts embedded databases, loads the demo)
	@BOT_DEMO=$(BOT_DEMO) exec $(PYTHON_BIN) -m bot serve

demo-wechat: venv ## the demo with two simulated phones: 公众号 on http://127.0.0.1:8091/phone, 企业微信 on :8092
	@exec $(PYTHON_BIN) -W ignore -m tests.platforms --with-bot

train: venv ## train the model of the present content
	@$(PYTHON_BIN) -m bot train

test: venv lint types ## everything that CI checks
	@bash scripts/make_browser.sh
	@$(PYTHON_BIN) -m pytest

unit: venv ## the fast tests alone
	@$(PYTHON_BIN) -m pytest tests/processes tests/knowledge tests/storage tests/channels tests/test_settings.py

lint: venv ## format and lint
	@$(PYTHON_BIN) -m ruff format --check .
	@$(PYTHON_BIN) -m ruff check .

format: venv ## put the code into form
	@$(PYTHON_BIN) -m ruff format .
	@$(PYTHON_BIN) -m ruff check --fix .

types: venv ## type check
	@$(PYTHON_BIN) -m mypy

bench: venv ## messages a second and p99 over REST
	@$(PYTHON_BIN) -m bench.rest

soak: venv ## ten minutes (MINUTES=…) of kill -9 in the midst of the work: nothing lost, nothing doubled
	@$(PYTHON_BIN) -W ignore -m tests.soak $(or $(MINUTES),10)

soak-fuzz: venv ## half an hour (MINUTES=…) of hostile callbacks: no 5xx, no stack trace, no growth
	@$(PYTHON_BIN) -W ignore -m tests.soak.fuzz $(or $(MINUTES),30)

soak-outage: venv ## ten minutes (MINUTES=…) without the database at 100 callbacks a second (RATE=…)
	@$(PYTHON_BIN) -W ignore -m tests.soak.outage $(or $(MINUTES),10) $(or $(RATE),100)

soak-wechat: venv ## 10,000 followers check in within ten minutes (PEOPLE=… MINUTES=…), a worker is killed each minute
	@$(PYTHON_BIN) -W ignore -m tests.soak.platform_day $(or $(PEOPLE),10000) $(or $(MINUTES),10)

eval: venv ## accuracy on the test split beside three other pipelines; OURS=1: ours alone, anew; FRESH=1: all anew
	@$(PYTHON_BIN) -W ignore -m bench.accuracy $(if $(OURS),--ours) $(if $(FRESH),--fresh)

questions: venv ## what is doubtful about the questions of training, validation and test
	@$(PYTHON_BIN) -W ignore scripts/check_questions.py

lock: venv ## compile requirements.lock from requirements/*.in
	.venv/bin/uv pip compile --python-version 3.10 --generate-hashes --no-emit-index-url --no-header \
		--override requirements/overrides.txt requirements/run.in requirements/test.in -o requirements.lock
	echo "uv==0.13.9" | .venv/bin/uv pip compile --python-version 3.10 --generate-hashes --no-emit-index-url --no-header - -o requirements/uv.lock

venv:
	@bash scripts/make_venv.sh

clean: ## remove what was made here (keeps var/, the data)
	rm -rf .venv models .rasa .pytest_cache .mypy_cache .ruff_cache
