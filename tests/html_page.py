"""A page of a report, read as a browser would: what is in it, and whether it is well made."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

from smilegenuine.running.foreign_text import visible

#: What somebody could call a file, a person or a class.
NASTY = "<script>alert('1')</script> \"&amp; & \u202egpj.exe\n\x1b[2J\udce9 </bdi></p>"
_EMPTY = {"br", "hr", "img", "meta"}


class Page(HTMLParser):
    """Elements, their attributes and their text; fails on what is not closed as it was opened."""

    def __init__(self, file: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.source = file.read_text(encoding="utf-8")
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self._open: list[str] = []
        self.feed(self.source)
        self.close()
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in _EMPTY:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1] == tag, f"</{tag}> in {self._open}"
        self._open.pop()

    def handle_data(self, data):
        self.texts.append((tuple(self._open), data))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of all elements of a kind."""
        return [attrs for name, attrs in self.elements if name == tag]

    def text(self, inside: str = "main") -> str:
        """The words in elements of a kind, blanks as they are read."""
        return re.sub(r"\s+", " ", "".join(t for path, t in self.texts if inside in path))

    def pictures(self, form: str) -> list[bytes]:
        """The files of the images, decoded."""
        start = f"data:image/{form};base64,"
        return [base64.b64decode(img["src"][len(start):]) for img in self.of("img")
                if img["src"].startswith(start)]


def check_page(page: Page) -> None:
    """Nothing comes from elsewhere, nothing runs, pictures have words, links lead somewhere."""
    known = {"html", "head", "meta", "title", "style", "body", "main", "section", "h1", "h2", "h3",
             "h4", "p", "a", "strong", "bdi", "code", "ul", "ol", "li", "dl", "dt", "dd", "div",
             "figure", "figcaption", "img", "details", "summary", "table", "thead", "tbody", "tr",
             "th", "td"}
    assert {tag for tag, _ in page.elements} <= known
    places = {attrs["id"] for _, attrs in page.elements if "id" in attrs}
    for tag, attrs in page.elements:
        assert not {"style", "srcset", "action"} & attrs.keys(), (tag, attrs)
        assert not [name for name in attrs if name.startswith("on")], (tag, attrs)
        assert attrs.get("href", "#").startswith("#")
        assert attrs.get("href") is None or attrs["href"][1:] in places
    for img in page.of("img"):
        assert img["src"].startswith(("data:image/png;base64,", "data:image/svg+xml;base64,"))
        assert len(img["alt"]) > 10
    for svg in page.pictures("svg+xml"):
        drawn = ElementTree.fromstring(svg)
        assert not [e for e in drawn.iter() if e.tag.endswith("script")]
    check_policy(page)


def check_policy(page: Page) -> None:
    """Only this style and these pictures are allowed."""
    policy, = [m["content"] for m in page.of("meta")
               if m.get("http-equiv") == "Content-Security-Policy"]
    style = page.source.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.split("; ") == ["default-src 'none'", "img-src data:",
                                  f"style-src 'sha256-{digest}'", "base-uri 'none'",
                                  "form-action 'none'"]


def shown(text: str) -> str:
    """How a name is to be read on the page."""
    return re.sub(r"\s+", " ", visible(text))
