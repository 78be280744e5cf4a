"""HTML pages in one file: all text is escaped, pictures are inside, nothing comes from elsewhere.

Text becomes HTML only in `element`, which escapes whatever is not `Html` already. So a name that
comes from a file cannot become part of the page's structure.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import re
from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from ..running.atomic_files import atomic_file
from ..running.foreign_text import visible

_EMPTY = frozenset({"br", "hr", "img", "meta"})
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_LONG = 14  # letters of a name that needs room in a table
_MEDIA = {"png": "image/png", "svg": "image/svg+xml"}


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def escape(text: Any) -> Html:
    """Return text as HTML.

    Parameters
    ----------
    text : object
        `Html` is given back as it is.

    Returns
    -------
    Html
    """
    return text if isinstance(text, Html) else Html(html.escape(visible(text), quote=True))


def joined(*parts: Any) -> Html:
    """Put parts one behind the other; what is not `Html` is escaped, None left out.

    Parameters
    ----------
    *parts : object
        Lists stand for their items.

    Returns
    -------
    Html
    """
    return Html("".join(joined(*part) if isinstance(part, (list, tuple)) else escape(part)
                        for part in parts if part is not None))


def element(tag: str, *children: Any, **attributes: Any) -> Html:
    """Make an element.

    Parameters
    ----------
    tag : str
    *children : object
        See `joined`.
    **attributes
        ``class_`` is `class`, and ``_`` stands for ``-``. None and False: left out.

    Returns
    -------
    Html

    Examples
    --------
    >>> element("p", "<b> & ", element("em", "x"), class_="a'b", hidden=True)
    '<p class="a&#x27;b" hidden>&lt;b&gt; &amp; <em>x</em></p>'
    """
    given = []
    for name, value in attributes.items():
        if value is True:
            given.append(f" {_attribute(name)}")
        elif value is not None and value is not False:
            given.append(f' {_attribute(name)}="{escape(str(value))}"')
    start = f"<{tag}{''.join(given)}>"
    return Html(start if tag in _EMPTY else f"{start}{joined(*children)}</{tag}>")


def _attribute(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


def name_of(text: Any) -> Html:
    """Return a name that comes from a file, whose letters may run from right to left.

    Parameters
    ----------
    text : object

    Returns
    -------
    Html
    """
    long = len(str(text)) > _LONG
    return element("bdi", text, class_="name long" if long else "name")


def picture(data: bytes, form: str, alt: str, *, width: float, height: float) -> Html:
    """Make an image that is inside the page.

    Parameters
    ----------
    data : bytes
        The file.
    form : {"png", "svg"}
    alt : str
        What is to be seen, for who does not see it.
    width, height : float
        Pixels of the page; it is made smaller where there is less room.

    Returns
    -------
    Html
    """
    source = f"data:{_MEDIA[form]};base64,{base64.b64encode(data).decode('ascii')}"
    return element("img", src=source, alt=alt, width=round(width), height=round(height))


def figure(image: Html, caption: Any = None) -> Html:
    """Make a picture with what stands below it.

    Parameters
    ----------
    image : Html
    caption : object, optional

    Returns
    -------
    Html
    """
    return element("figure", element("div", image, class_="card"),
                   None if caption is None else element("figcaption", caption))


def table(titles: Sequence[Any], rows: Iterable[Sequence[Any]], *, label: str, numbers: int = 0
          ) -> Html:
    """Make a table; where it is wider than the screen it can be moved sideways.

    Parameters
    ----------
    titles : sequence of object
    rows : iterable of sequence of object
    label : str
        What it shows, for who does not see it.
    numbers : int, default=0
        How many columns, counted from the last, hold numbers.

    Returns
    -------
    Html
    """
    first = len(titles) - numbers
    kinds = [None if i < first else "number" for i in range(len(titles))]
    head = element("tr", [element("th", title, scope="col", class_=kind)
                          for title, kind in zip(titles, kinds, strict=True)])
    body = [element("tr", [element("td", cell, class_=kind)
                           for cell, kind in zip(row, kinds, strict=True)]) for row in rows]
    return element("div", element("table", element("thead", head), element("tbody", body)),
                   class_="wide", role="region", aria_label=label, tabindex="0")


def facts(pairs: Iterable[tuple[Any, Any]]) -> Html:
    """Make a list of what there is to say about what.

    Parameters
    ----------
    pairs : iterable of (object, object)

    Returns
    -------
    Html
    """
    return element("dl", [element("div", element("dt", what), element("dd", said))
                          for what, said in pairs])


def folded(summary: Any, *children: Any) -> Html:
    """Make a part that is opened by who wants to read it; on paper it is open.

    Parameters
    ----------
    summary : object
        The line that is always there.
    *children : object

    Returns
    -------
    Html
    """
    return element("details", element("summary", summary), *children)


def from_markdown(text: str, level: int = 2) -> Html:
    """Return simple Markdown as HTML: headings, lists, paragraphs, code. All else stays as it is.

    Parameters
    ----------
    text : str
    level : int, default=2
        What becomes of the first heading; deeper ones follow.

    Returns
    -------
    Html

    Examples
    --------
    >>> from_markdown("# A `<b>`\\n\\n- one\\n- two", level=3)
    '<h3>A <code>&lt;b&gt;</code></h3><ul><li>one</li><li>two</li></ul>'
    """
    blocks, first = [], 0
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.strip().split("\n")
        heading = re.fullmatch(r"(#{1,6}) +(.*)", lines[0])
        if heading:
            first = first or len(heading[1])
            rank = min(6, max(1, level + len(heading[1]) - first))
            blocks.append(element(f"h{rank}", _inline(heading[2])))
            lines = lines[1:]
        if lines and lines[0].startswith("- "):
            items = re.split(r"(?m)^- ", "\n".join(lines))[1:]
            blocks.append(element("ul", [element("li", _inline(" ".join(item.split("\n"))))
                                        for item in items]))
        elif any(lines):
            blocks.append(element("p", _inline(" ".join(lines))))
    return joined(*blocks)


def _inline(text: str) -> Html:
    """Text with code in it."""
    parts = []
    for k, part in enumerate(_CODE.split(text.strip())):
        if k % 3 == 2:  # what is between two fences, which are alike
            edges = part.startswith(" ") and part.endswith(" ") and part.strip() != ""
            parts.append(element("code", part[1:-1] if edges else part))
        elif k % 3 == 0:
            parts.append(escape(part))
    return joined(*parts)


# -- the page -------------------------------------------------------------------------------------

def write_page(path: Path, title: str, parts: Iterable[str]) -> None:
    """Write a page, part by part.

    Parameters
    ----------
    path : Path
        It has its name when all is written.
    title : str
    parts : iterable of str
        HTML, made as it is written.

    Raises
    ------
    OSError
        It cannot be written there.
    """
    with atomic_file(path) as part, open(part, "w", encoding="utf-8", newline="\n") as file:
        file.write(_head(title))
        for text in parts:
            file.write(text)
        file.write("</main>\n</body>\n</html>\n")


def _head(title: str) -> str:
    style = _style()
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = (f"default-src 'none'; img-src data:; style-src 'sha256-{allowed}'; "
              "base-uri 'none'; form-action 'none'")
    return "\n".join([
        "<!DOCTYPE html>", '<html lang="en">', "<head>", element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title), f"<style>{style}</style>", "</head>", "<body>", "<main>", ""])


@functools.cache
def _style() -> str:
    text = (resources.files(__package__) / "style.css").read_text(encoding="utf-8")
    return "\n" + text.replace("\r\n", "\n")
