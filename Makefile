# The workshop of Unwall. A fresh machine needs Python 3.11 or newer and make; the rest is fetched.

UV     := tools/uv
RUN    := $(UV) run --no-sync
SYNCED := .venv/.synced

# What is compiled is kept in the checkout: each process would compile a thousand modules anew, which takes longer than all else it does
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo serve test check format bench clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(SYNCED) ## Load the demo market (once) and serve it on http://127.0.0.1:8000
	$(RUN) unwall demo

serve: $(SYNCED) ## Serve what the database holds, demo or not
	$(RUN) unwall serve

test: check ## Everything a change must pass: the checks, then unit, database and browser tests
	chromium=$$(tools/chromium) && UNWALL_CHROMIUM="$$chromium" $(RUN) pytest -n 2

check: $(SYNCED) ## The static checks only: format, lint, types, layers
	$(RUN) ruff format --check --quiet
	$(RUN) ruff check --quiet
	$(RUN) mypy
	$(RUN) lint-imports --no-logo

format: $(SYNCED) ## Put the code into the one format, and mend what can be mended
	$(RUN) ruff format
	$(RUN) ruff check --fix

bench: $(SYNCED) ## Every benchmark, the quick way
	@failed=; \
	for name in $$($(RUN) python -m bench | awk '{ print $$1 }'); do \
		$(RUN) python -m bench "$$name" --quick || failed="$$failed $$name"; \
	done; \
	if [ -n "$$failed" ]; then echo "A check is false in:$$failed" >&2; exit 1; fi

clean: ## Remove what was fetched and cached here; the market's data stays
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	rm -rf src/unwall/channels/design/static/vendor src/unwall/channels/design/built
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

STATIC := $(wildcard src/unwall/channels/design/static/*.*)

$(SYNCED): pyproject.toml demo/pyproject.toml uv.lock package.json package-lock.json hatch_build.py $(STATIC)
	$(UV) sync --locked
	@touch $@
