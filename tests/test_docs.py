"""The documentation: code that runs and prints what is shown, links, facts, names, pictures."""

from __future__ import annotations

import ast
import importlib
import re
import sys
import textwrap
from pathlib import Path

import matplotlib
import pytest

import smilegenuine
from smilegenuine.datasets import make_smile_signals, published_figures
from smilegenuine.systems.named_systems import SYSTEMS, make_system

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(p for p in DOCS.rglob("*.md") if "_build" not in p.parts)

# Seconds, not tens of them.
QUICK = ("science.md",)


@pytest.fixture(scope="module", autouse=True)
def helpers_of_the_pages():
    """What the pages are made with lies beside them."""
    sys.path.insert(0, str(DOCS))
    yield
    sys.path.remove(str(DOCS))


def helper(name):
    """Import a module of docs/; none of these needs Sphinx."""
    return importlib.import_module(name)


def anchors(page):
    """What GitHub and Sphinx call the headings of a page."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")
            for title in re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)}


@pytest.mark.parametrize("page", [
    pytest.param(page, id=page.name, marks=[pytest.mark.slow] * (page.name not in QUICK))
    for page in [DOCS / "tour.md", DOCS / "science.md", *(
        p for p in PAGES if p.parent.name == "recipes" and p.name != "index.md")]])
@pytest.mark.filterwarnings("ignore:error_rate=:UserWarning")
def test_pages_run_and_print_what_they_show(page, tmp_path, monkeypatch):
    matplotlib.use("Agg")
    code_blocks = helper("code_blocks")
    assert page in code_blocks.pages()
    for block, printed in zip(code_blocks.blocks(page), code_blocks.run(page, tmp_path),
                              strict=True):
        assert not code_blocks.differences(block.shown or "", printed), block.code


def test_what_pages_import_is_there():
    """Also where the code needs somebody's videos, and is not run."""
    seen = 0
    for page in [*PAGES, ROOT / "README.md"]:
        for code in re.findall(r"^ *```python\n(.*?)```", page.read_text("utf-8"),
                               re.DOTALL | re.MULTILINE):
            for node in ast.walk(ast.parse(textwrap.dedent(code), page.name)):
                if isinstance(node, ast.ImportFrom) and node.module.startswith("smilegenuine"):
                    module = importlib.import_module(node.module)
                    for alias in node.names:
                        assert hasattr(module, alias.name), (page.name, alias.name)
                        seen += 1
    assert seen > 50


def test_what_differs_is_noticed():
    differences = helper("code_blocks").differences
    assert not differences("right: 0.74\n  12 clips", "right:  0.73\n12 clips")
    assert differences("right: 0.74", "right: 0.62")
    assert differences("12 clips", "12 people")
    assert differences("[0 1]", "[0 1 1]")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(DOCS)))
def test_links_lead_to_pages_and_headings(page):
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("http"):
            continue
        path, _, anchor = target.partition("#")
        found = page if not path else (page.parent / path)
        assert found.exists(), target
        if anchor:
            assert anchor in anchors(found), target


def test_every_page_is_in_a_table_of_contents():
    listed = set()
    for page in PAGES:
        for block in re.findall(r"```\{toctree\}\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
            listed |= {(page.parent / re.sub(r".*<(.+)>", r"\1", line)).resolve()
                       for line in block.splitlines() if line and not line.startswith(":")}
    missing = {p for p in PAGES if p.resolve().with_suffix("") not in listed} - {DOCS / "index.md"}
    assert not missing


def test_every_system_has_a_page_with_its_facts():
    for name in SYSTEMS:
        text = (DOCS / "systems" / f"{name}.md").read_text("utf-8")
        for directive in ("architecture", "system-facts", "published"):
            assert f"```{{{directive}}} {name}\n" in text, (name, directive)
        assert "$$" in text
    assert {p.stem for p in (DOCS / "systems").glob("*.md")} == {*SYSTEMS, "index"}


def test_parameters_are_counted_as_a_fitted_network_has_them():
    facts = helper("system_facts").facts
    smiles = make_smile_signals(6, 2, fps=10, random_state=0)
    for name in ("auda-frame", "auda-au", "auda-cross"):
        clf = make_system(name, random_state=0)[-1].set_params(max_epochs=1)
        net = clf.fit(smiles.data, smiles.target).net_.module_
        assert facts(name).parameters == sum(p.numel() for p in net.parameters())
        assert facts(name).n_embed == net.n_embed
    # What the overview says in words.
    overview = (DOCS / "systems.md").read_text("utf-8")
    for name in ("realsmilenet", "meshsmilenet", "deepmarkernet", "hadasmilenet"):
        assert f"{facts(name).parameters:,}" in overview, name
    assert facts("full-fusion").n_embed == 785


def test_published_figures_come_from_the_package():
    table = helper("system_facts").published_table("hadasmilenet")
    assert list(table["accuracy"]) == ["88.7", "99.7", "98.5", "100.0"]
    assert helper("system_facts").published_table("fusion")["accuracy"].item() == "81.8 ± 2.9"
    assert helper("system_facts").published_table("auda-svm").empty
    known = {system for name in ("uva-nemo", "mmi", "spos", "bbc")
             for system in published_figures(name)["system"]}
    assert known <= set(SYSTEMS)


@pytest.mark.parametrize("name", SYSTEMS)
def test_no_text_of_a_drawing_sticks_out_of_its_box(name):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    architectures = helper("architectures")
    what = architectures.drawing(name)
    assert len({box.key for box in what.boxes}) == len(what.boxes)
    places = [(box.column, box.row) for box in what.boxes]
    assert len(set(places)) == len(places)
    figure = architectures.draw(what)
    FigureCanvasAgg(figure).draw()
    for box, patch, texts in figure.texts_of_boxes:
        border = patch.get_window_extent()
        for text in texts:
            extent = text.get_window_extent()
            # Containing both corners, with a pixel to spare.
            assert border.padded(-1).containsx(extent.x0), box
            assert border.padded(-1).containsx(extent.x1), box
            assert border.containsy(extent.y0), box
            assert border.containsy(extent.y1), box


def test_the_reference_has_every_public_name():
    api_pages = helper("api_pages")
    shown = {name for names in api_pages.by_room().values() for name in names}
    for package in ("smilegenuine", "smilegenuine.datasets"):
        for name in importlib.import_module(package).__all__:
            if name != "__version__":
                assert f"{package}.{name}" in shown, f"{name} is missing from the reference"
    modules = {api_pages.public_names()[n].partition(".")[0] for n in shown}
    assert modules <= {module for room in api_pages.ROOMS for module in room.modules}


def test_pages_of_the_reference_are_written(tmp_path):
    helper("api_pages").write_pages(tmp_path)
    text = (tmp_path / "features.rst").read_text("utf-8")
    assert "   smilegenuine.AUDA\n" in text
    assert ":toctree:" in text
    assert smilegenuine.AUDA is importlib.import_module("smilegenuine.features.auda").AUDA


def formulas():
    """Every formula of the pages."""
    for page in PAGES:
        text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.DOTALL)
        for match in re.finditer(r"\$\$(.+?)\$\$|(?<!\$)\$([^$]+?)\$(?!\$)", text, re.DOTALL):
            yield page.name, match[1] or match[2]


def test_formulas_are_understood():
    pytest.importorskip("latex2mathml", reason="only the extra `docs` brings it")
    pytest.importorskip("sphinx", reason="only the extra `docs` brings it")
    to_mathml = helper("mathml").to_mathml
    found = list(formulas())
    assert len(found) > 60
    for page, formula in found:
        assert to_mathml(formula).startswith("<math"), (page, formula)
    with pytest.raises(ValueError, match="not understood"):
        to_mathml(r"\nosuchcommand{x}")
