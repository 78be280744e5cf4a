# Every target sets up .venv by itself, from nothing, with the pinned versions of constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-slow docs lint bench action-units pretrained clean

$(VENV)/.ready: pyproject.toml constraints.txt smilegenuine/_version.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "smilegenuine needs Python 3.11 or newer; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[test,plot,mediapipe]"
	@touch $@

demo: $(VENV)/.ready            ## the main job on drawn people: fit, score by subject, predict, draw
	$(BIN)/smilegenuine demo --output demo-output

test: $(VENV)/.ready            ## the whole test suite, with linters, types and layers
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder -m "not slow"

test-slow: $(VENV)/.ready       ## what takes long: a run that is stopped and resumed, networks that learn, Ray
	$(BIN)/python -m pytest -m slow

$(VENV)/.docs: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[docs]"
	@touch $@

docs: $(VENV)/.docs             ## the documentation as web pages, all examples run; a warning is an error
	$(BIN)/sphinx-build --builder html --fresh-env --fail-on-warning --keep-going --quiet docs docs/_build/html
	@echo "Open docs/_build/html/index.html"

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.ready           ## speed, against the direct implementation in the same run
	$(BIN)/python benchmarks/bench_auda.py
	$(BIN)/python benchmarks/bench_networks.py
	$(BIN)/python benchmarks/bench_dmarkers.py
	$(BIN)/python benchmarks/bench_meshsmilenet.py --small
	$(BIN)/python benchmarks/bench_point_nets.py
	$(BIN)/python benchmarks/bench_landmarks.py
	$(BIN)/python benchmarks/bench_extraction.py
	$(BIN)/python benchmarks/bench_live.py
	$(BIN)/python benchmarks/bench_adapt.py

action-units: $(VENV)/.ready    ## train the packaged HOG action-unit model anew on drawn people
	$(BIN)/python tools/train_action_units.py

pretrained: $(VENV)/.ready      ## train the packaged kinematics model anew on sampled smiles
	$(BIN)/python tools/train_pretrained.py

clean:
	rm -rf $(VENV) build dist *.egg-info demo-output
	rm -rf docs/_build docs/auto_examples docs/api/rooms docs/api/generated docs/systems/drawn
