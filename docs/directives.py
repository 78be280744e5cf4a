"""What the pages can ask for besides text: facts, pictures, lists of names."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import Any

from api_pages import public_names, rooms_in_use, short_names, write_pages
from docutils import nodes
from sphinx import addnodes
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective
from system_facts import DRAWN, facts, facts_table, published_table

from smilegenuine.systems.named_systems import SYSTEMS


class SystemFacts(SphinxDirective):
    """``{system-facts} NAME``: what it is made of, and its size."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        rows = [f"| {what} | {text} |" for what, text in facts_table(self.arguments[0])]
        box = nodes.container(classes=["facts"])  # its empty head is not shown
        box += self.parse_text_to_nodes("\n".join(["| | |", "|---|---|", *rows]))
        return [box]


class SystemsTable(SphinxDirective):
    """``{systems-table}``: all systems, what they look at, and how large they are."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        lines = ["| system | what decides | looks at | final-branch features | parameters |",
                 "|---|---|---|---:|---:|"]
        for name in SYSTEMS:
            known = facts(name)
            what = ", ".join(known.branches) or type(known.estimator).__name__
            lines.append(
                f"| [`{name}`]({name}.md) | {what} | {', '.join(known.fields)} | "
                f"{'–' if known.blocks else known.n_embed} | "
                f"{f'{known.parameters:,}' if known.parameters else '–'} |")
        return self.parse_text_to_nodes("\n".join(lines))


class Published(SphinxDirective):
    """``{published} NAME``: the published figures, and how they were found."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the table and the notes below it."""
        table = published_table(self.arguments[0])
        if table.empty:
            return self.parse_text_to_nodes(
                "None of it in `smilegenuine.datasets.published_figures`.")
        lines = ["| data set | accuracy, % | how it was found |", "|---|---:|---|"]
        for row in table.to_dict("records"):
            lines.append(f"| {row['data set']} | {row['accuracy']} | {row['protocol']} |")
        for source in table["source"].unique():
            text, _, doi = source.partition(", doi:")
            lines += ["", f"{text}, [doi:{doi}](https://doi.org/{doi})."]
        return self.parse_text_to_nodes("\n".join(lines))


class Architecture(SphinxDirective):
    """``{architecture} NAME``: the picture of it, light and dark."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return both pictures; the theme shows the one that fits."""
        from architectures import drawing, save

        name = self.arguments[0]
        box = nodes.container(classes=["architecture"])
        for mode, file in save(name, DRAWN).items():
            image = nodes.image(uri=f"/systems/drawn/{file.name}", alt=drawing(name).alt,
                                classes=[f"only-{mode}"])
            box += image
        return [box]


class ApiRooms(SphinxDirective):
    """``{api-rooms}``: the contents of the reference."""

    def run(self) -> list[nodes.Node]:
        """Return a table of contents."""
        pages = "\n".join(f"rooms/{room.page}" for room, _ in rooms_in_use())
        return self.parse_text_to_nodes(f"```{{toctree}}\n:maxdepth: 2\n\n{pages}\n```")


def _link_or_code(name: str, rawtext: str, text: str, lineno: int, inliner: Any,
                  options: Any = None, content: Any = ()) -> tuple[list[Any], list[Any]]:
    """`AUDA` leads to AUDA; what is not public is code."""
    target = short_names().get(text.removeprefix("smilegenuine.").removesuffix("()"))
    literal = nodes.literal(rawtext, text, classes=["xref", "py"])
    if target is None:
        return [nodes.literal(rawtext, text)], []
    reference = addnodes.pending_xref(rawtext, literal, refdomain="py", reftype="obj",
                                      reftarget=target, refexplicit=True, refwarn=False)
    return [reference], []


def _skip_others(app: Any, what: str, name: str, found: Any, skip: bool, options: Any
                 ) -> bool | None:
    """What classes inherit from scikit-learn and torch is documented there."""
    module = getattr(found, "__module__", None) or getattr(
        getattr(found, "fget", None), "__module__", None)
    if name.endswith("_request") or (callable(found) and module and
                                     not module.startswith("smilegenuine")):
        return True
    return None


def _constants_by_their_comments(app: Any, what: str, name: str, found: Any, options: Any,
                                 lines: list[str]) -> None:
    """A tuple says of itself what all tuples say; what it is stands above it in the source."""
    if isinstance(found, tuple) and type(found) is tuple:
        module = f"smilegenuine.{public_names()[name]}"
        comment = ModuleAnalyzer.for_module(module).find_attr_docs().get(
            ("", name.rpartition(".")[2]), [])
        lines[:] = comment or [f"Defined in ``{module}``."]


_ATTRIBUTE = re.compile(r"(?<=[\s(])([A-Za-z]\w*_)(?=[\s),.;:])")
_MAGNITUDE = re.compile(r"(?<![\\\w])\|(?=[^\s|]+\|)")


def _prose_as_it_is_meant(app: Any, what: str, name: str, found: Any, options: Any,
                          lines: list[str]) -> None:
    """n_features_out_ is no reference of docutils, and |r| no substitution, unless quoted."""
    for i, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...", "|")) and "`" not in line:
            lines[i] = _MAGNITUDE.sub(r"\|", _ATTRIBUTE.sub(r"``\1``", line))


def _modules_as_code(app: Any, env: Any, node: Any, shown: Any) -> Any:
    """A module of the package may be named, and has no page of its own."""
    try:
        there = find_spec(node.get("reftarget", "")) is not None
    except (ImportError, ValueError):
        there = False
    return shown if there else None


def setup(app: Any) -> dict[str, Any]:
    """Add the directives, and write the pages of the reference before anything is read."""
    app.add_directive("system-facts", SystemFacts)
    app.add_directive("systems-table", SystemsTable)
    app.add_directive("published", Published)
    app.add_directive("architecture", Architecture)
    app.add_directive("api-rooms", ApiRooms)
    app.add_role("link-or-code", _link_or_code)
    app.connect("config-inited", lambda app, config: write_pages(), priority=100)
    app.connect("autodoc-process-docstring", _constants_by_their_comments, priority=100)
    app.connect("autodoc-process-docstring", _prose_as_it_is_meant, priority=900)
    app.connect("missing-reference", _modules_as_code)
    app.connect("autodoc-skip-member", _skip_others)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
