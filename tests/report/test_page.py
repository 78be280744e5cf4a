"""HTML: text is text, whatever is in it."""

from __future__ import annotations

import pytest
from html_page import NASTY, Page, check_page, shown

from smilegenuine.report.page import (
    Html,
    element,
    escape,
    facts,
    figure,
    folded,
    from_markdown,
    joined,
    name_of,
    picture,
    table,
    write_page,
)
from smilegenuine.running.foreign_text import visible


class TestText:
    def test_what_is_not_html_is_escaped_once(self):
        assert escape("<b>&\"'") == "&lt;b&gt;&amp;&quot;&#x27;"
        assert escape(escape("<b>")) == "&lt;b&gt;"
        assert joined("<", Html("<br>"), None, ["&", 3]) == "&lt;<br>&amp;3"

    def test_attributes(self):
        made = element("a", "x", href='"><script>', class_="k", aria_label="l", hidden=True,
                       title=None, id=False)
        assert made == ('<a href="&quot;&gt;&lt;script&gt;" class="k" aria-label="l" hidden>x</a>')
        assert element("br") == "<br>"

    @pytest.mark.parametrize(("text", "found"), [
        ("a\u202eb", "a\\u202eb"), ("\u2066x\u2069", "\\u2066x\\u2069"), ("a\nb\t", "a\\nb\\t"),
        ("\x1b[2J", "\\x1b[2J"), ("\udce9", "\\udce9"), ("\ufeff\u200b", "\\ufeff\\u200b"),
        ("\u2028", "\\u2028"), ("é 笑 שלום", "é 笑 שלום"), ("👩\u200d🎤", "👩\u200d🎤"), ("", ""),
        ("C:\\new", "C:\\new")])
    def test_what_is_not_seen_is_written_out(self, text, found):
        assert visible(text) == found
        visible(text).encode("utf-8")

    def test_names_keep_their_direction_to_themselves(self):
        assert name_of("<i>") == '<bdi class="name">&lt;i&gt;</bdi>'
        assert 'class="name long"' in name_of("x" * 300)


class TestMarkdown:
    def test_headings_lists_and_paragraphs(self):
        text = "## Title\n\nOne\ntwo <b>.\n\n- a\n  goes on\n- b\n\n### Below\n- c\n"
        assert from_markdown(text, level=3) == (
            "<h3>Title</h3><p>One two &lt;b&gt;.</p><ul><li>a   goes on</li><li>b</li></ul>"
            "<h4>Below</h4><ul><li>c</li></ul>")

    def test_code(self):
        assert from_markdown("a `<b>` and `` x`y `` and ` alone") == (
            "<p>a <code>&lt;b&gt;</code> and <code>x`y</code> and ` alone</p>")

    def test_nothing(self):
        assert from_markdown("") == ""


class TestPage:
    def test_whole_page(self, tmp_path):
        file = tmp_path / "page.html"
        rows = [[name_of(NASTY), 1], ["b", 2]]
        write_page(file, NASTY, [
            element("h1", NASTY), table([NASTY, "n"], rows, label=NASTY, numbers=1),
            facts([(NASTY, NASTY)]), folded(NASTY, element("p", NASTY)),
            figure(picture(b"\x89PNG", "png", NASTY, width=3.4, height=2), NASTY)])
        page = Page(file)
        check_page(page)
        assert "<script" not in page.source
        assert page.text("title").strip() == shown(NASTY).strip()
        assert page.of("img")[0]["alt"] == visible(NASTY)
        assert (page.of("img")[0]["width"], page.of("img")[0]["height"]) == ("3", "2")
        assert page.of("td")[1]["class"] == "number"
        assert page.pictures("png") == [b"\x89PNG"]

    def test_a_page_that_fails_leaves_what_was_there(self, tmp_path):
        def parts():
            yield "x"
            raise OSError("no space")

        file = tmp_path / "page.html"
        file.write_text("before")
        with pytest.raises(OSError, match="no space"):
            write_page(file, "t", parts())
        assert [f.name for f in tmp_path.iterdir()] == ["page.html"]
        assert file.read_text() == "before"
