PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check bench docs clean

demo: .venv/installed
	$(BIN)/python examples/digits.py

test: .venv/installed
	$(BIN)/python -m pytest -q -n auto --dist loadfile

check: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

bench: .bench-venv/installed
	.bench-venv/bin/python benchmarks/run.py

docs: .venv/installed
	$(BIN)/python -m scripts.docs

clean:
	rm -rf build dist runs site .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

.venv/installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

# The peers, for comparison; the column of one that cannot be installed stays empty.
.bench-venv/installed: benchmarks/requirements.txt pyproject.toml
	test -x .bench-venv/bin/python || $(PYTHON) -m venv .bench-venv
	.bench-venv/bin/python -m pip install --quiet --editable '.[tensorboard]'
	grep -v '^#' benchmarks/requirements.txt | while read -r peer; do \
		.bench-venv/bin/python -m pip install --quiet "$$peer" \
			|| echo "$$peer cannot be installed here: it is left out"; \
	done
	touch $@
