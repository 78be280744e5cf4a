"""How the documentation is built: `make docs`, or ``sphinx-build -W docs docs/_build/html``."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

# One process builds; without this a progress bar of an example would be in its page.
os.environ.setdefault("MPLBACKEND", "Agg")

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # directives, mathml

import smilegenuine  # noqa: E402

project = "smilegenuine"
author = "The smilegenuine developers"
copyright = author
release = version = smilegenuine.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "directives",
    "mathml",
]

# -- pages ---------------------------------------------------------------------------------------
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
exclude_patterns = ["_build", "auto_examples/*.ipynb", "sg_execution_times.rst",
                    "auto_examples/sg_execution_times.rst"]
templates_path = ["_templates"]
myst_enable_extensions = ["dollarmath", "deflist", "attrs_block"]
myst_heading_anchors = 4  # links such as evaluation.md#the-study-of-resolution, as GitHub has them
myst_links_external_new_tab = False
# A folder tree or a formula that stands in plain code fences has no language, and needs none.
highlight_language = "none"
pygments_style = "a11y-high-contrast-light"

# -- reference of the code -----------------------------------------------------------------------
autosummary_generate = True
autodoc_typehints = "none"  # the docstrings have the types, with shapes and units
autodoc_member_order = "bysource"
numpydoc_show_class_members = False  # the template of classes lists them
numpydoc_validation_checks = set()
default_role = "link-or-code"  # `AUDA` in a docstring leads to AUDA
nitpicky = True

# -- examples ------------------------------------------------------------------------------------
sphinx_gallery_conf = {
    "examples_dirs": ["../examples"],
    "gallery_dirs": ["auto_examples"],
    "filename_pattern": r"plot_",
    "image_scrapers": ("matplotlib",),
    "matplotlib_animations": False,
    "capture_repr": (),  # what an example prints is shown, what its last line happens to be is not
    "parallel": False,
    "show_memory": False,
    "show_signature": False,
    "download_all_examples": False,
    "remove_config_comments": True,
    "min_reported_time": 1,
    "write_computation_times": False,
    "abort_on_example_error": True,
    "reset_modules": ("matplotlib",),
    "doc_module": ("smilegenuine",),
    "backreferences_dir": None,
    "log_level": {"backreference_missing": "debug"},
}
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")
# What an example warns of is shown with it, and not where on this machine the package lies.
warnings.formatwarning = lambda message, category, *_, **__: f"{category.__name__}: {message}\n"

# -- look ----------------------------------------------------------------------------------------
html_theme = "pydata_sphinx_theme"
html_title = "smilegenuine"
html_static_path = ["_static"]
html_css_files = ["own.css"]
html_show_sourcelink = False
html_copy_source = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "logo": {"text": "smilegenuine"},
    "header_links_before_dropdown": 8,
    "navigation_with_keys": False,
    "show_prev_next": True,
    "navbar_align": "left",
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"index": [], "tour": [], "science": [], "ethics": [], "references": []}
