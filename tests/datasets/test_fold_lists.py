"""Published folds: which lists there are, and what they say."""

from __future__ import annotations

import numpy as np
import pytest
from lookalikes import write_json_lists

from smilegenuine.datasets.findings import Findings
from smilegenuine.datasets.fold_lists import (
    assign,
    letter_list_names,
    make_folds,
    read_json_lists,
    read_letter_lists,
)
from smilegenuine.datasets.folder_search import Places, search


@pytest.fixture
def findings(tmp_path) -> Findings:
    return Findings("Set", tmp_path, "warn")


@pytest.fixture
def nowhere(findings) -> Places:
    return Places([], findings)


def row(video: str, target: int, subject: str) -> dict:
    return {"video": video, "target": target, "subject": subject}


ROWS = [row("p1", 0, "a"), row("s1", 1, "a"), row("p2", 0, "b"), row("s2", 1, "b")]


class TestLetterLists:
    def test_none(self, findings, nowhere, tmp_path):
        (tmp_path / "P_fold_all_3.txt").write_text("a")
        assert read_letter_lists(search(findings), nowhere, findings, 2) is None
        assert len(findings) == 0

    def test_two_folds(self, findings, nowhere, tmp_path):
        for name, text in {"P_fold_all_1.txt": "p1", "S_FOLD_ALL_01.TXT": "s1.mp4\n",
                           "p_fold_all_2": "\n p2\tmore\n", "S_fold_all_2.csv": "s2,x"}.items():
            (tmp_path / name).write_text(text)
        lists = read_letter_lists(search(findings), nowhere, findings, 2)
        assert lists.folds == {"p1": [1], "s1": [1], "p2": [2], "s2": [2]}
        assert lists.labels == {"p1": {0}, "s1": {1}, "p2": {0}, "s2": {1}}
        rows = assign(ROWS, lists, findings, ["p1", "s1", "p2", "s2"])
        assert [r["fold"] for r in rows] == [0, 0, 1, 1]
        assert len(findings) == 0

    def test_names(self):
        names = letter_list_names()
        assert (names[0], names[-1], len(names)) == ("P_fold_all_1.txt", "S_fold_all_10.txt", 20)


class TestJsonLists:
    def test_two_folds(self, findings, nowhere, tmp_path):
        write_json_lists(tmp_path / "x", ["p1", "s1", "p2"], [0, 1, 0], [0, 1, 1], 2)
        (tmp_path / "3").mkdir()
        (tmp_path / "3" / "test.json").write_text("{")  # beyond the folds of this set
        lists = read_json_lists(search(findings), nowhere, findings, 2)
        assert lists.folds == {"p1": [1], "s1": [2], "p2": [2]}
        assert lists.labels == {"p1": {0}, "s1": {1}, "p2": {0}}

    @pytest.mark.parametrize("fatal", [True, False])
    def test_one_is_missing(self, findings, nowhere, tmp_path, fatal):
        write_json_lists(tmp_path / "x", ["p1", "s1"], [0, 1], [0, 0], 2)
        (tmp_path / "x" / "2" / "test.json").unlink()
        lists = read_json_lists(search(findings), nowhere, findings, 2, fatal=fatal)
        assert lists.folds == {"p1": [1], "s1": [1]}
        with pytest.raises(ValueError, match="1 fold lists missing") if fatal else pytest.warns(
                UserWarning, match="1 fold lists missing"):
            findings.settle(2)


class TestMadeFolds:
    def test_by_subject(self, findings):
        rows = make_folds(ROWS, 9, findings)
        assert [r["fold"] for r in rows] == [0, 0, 1, 1]
        assert "fold" not in ROWS[0]

    def test_balance(self, findings):
        rng = np.random.default_rng(0)
        rows = [row(str(i), int(rng.integers(2)), str(i % 40)) for i in range(200)]
        made = make_folds(rows, 9, findings)
        counts = np.array([[sum(r["fold"] == k and r["target"] == y for r in made) for y in (0, 1)]
                           for k in range(9)])
        assert (np.ptp(counts, axis=0) <= 5).all()
        assert len({(r["subject"], r["fold"]) for r in made}) == 40

    @pytest.mark.parametrize(("rows", "n_findings"), [([], 0), (ROWS[:2], 1)])
    def test_too_few_subjects(self, findings, rows, n_findings):
        assert make_folds(rows, 9, findings) == rows
        assert len(findings) == n_findings
