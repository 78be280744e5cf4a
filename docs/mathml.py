"""Formulas as MathML: browsers draw it themselves, so that pages need no script and no network."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.util.math import get_node_equation_number


def setup(app: Any) -> dict[str, Any]:
    """Make MathML a way of writing formulas, and the one that is used."""
    app.add_html_math_renderer("mathml", (_inline, None), (_display, None))
    app.config.html_math_renderer = "mathml"
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def to_mathml(latex: str, display: str = "inline") -> str:
    """Return a formula as MathML.

    Parameters
    ----------
    latex : str
    display : {"inline", "block"}, default="inline"

    Returns
    -------
    str

    Raises
    ------
    ValueError
        The formula has something that is not understood, which would be seen as TeX in the page.
    """
    found = convert(latex.strip(), display=display)
    if "\\" in found or "&</mi>" in found:
        raise ValueError(f"this formula is not understood whole: {latex}")
    # Bars that open and close a norm would grow each by itself.
    for bar in ("&#x02016;", "&#x0007C;"):
        found = found.replace(f"<mo>{bar}</mo>", f'<mo stretchy="false">{bar}</mo>')
    return found


def _inline(writer: Any, node: Any) -> None:
    writer.body.append(to_mathml(node.astext()))
    raise _skip()


def _display(writer: Any, node: Any) -> None:
    number = get_node_equation_number(writer, node) if node["number"] else ""
    label = f'<span class="eqno">({number})</span>' if number else ""
    writer.body.append(f'<div class="math-block">{label}{to_mathml(node.astext(), "block")}</div>')
    raise _skip()


def _skip() -> Exception:
    return nodes.SkipNode()
