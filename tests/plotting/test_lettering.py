"""Names in pictures: short, and still different."""

from __future__ import annotations

import pytest

from smilegenuine.plotting.lettering import short_names


@pytest.mark.parametrize(("names", "short"), [
    (["auda-au", "exactly twelve"[:12]], ["auda-au", "exactly twel"]),
    (["the first part and the end"], ["the fi…e end"]),
    (["two\nlines", 3], ["two lines", "3"]),
    (["many words of one text", "many other of one text", "many third of one text"],
     ["many w… text", "many o… text", "many t… text"]),
    (["long beginning A the end", "long beginning B the end", "long beginning C the end"],
     ["long b…e end", "long … end~2", "long … end~3"]),
    ([], [])])
def test_are_cut_in_the_middle_and_differ(names, short):
    found = short_names(names, 12)
    assert found == short
    assert all(len(name) <= 12 for name in found)
