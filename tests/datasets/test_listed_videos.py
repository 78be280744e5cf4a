"""Words for classes, people, and lists held against what is there."""

from __future__ import annotations

import numpy as np
import pytest

from smilegenuine.datasets.findings import Findings
from smilegenuine.datasets.folder_search import Places
from smilegenuine.datasets.listed_videos import (
    check_classes,
    folder_around,
    kind_in,
    label_of,
    match,
    person,
    read_labels,
    with_subject,
)


@pytest.fixture
def findings(tmp_path) -> Findings:
    return Findings("Set", tmp_path, "warn")


@pytest.fixture
def places(tmp_path, findings) -> Places:
    """Videos 1, 2 and 10, and 3 twice."""
    for name in ("1", "2", "10", "3", "b/3"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.mp4").write_bytes(b"")
    return Places([(file.stem, file) for file in sorted(tmp_path.rglob("*.mp4"))],
                  Findings("", tmp_path, "skip"))


@pytest.mark.parametrize(("word", "label"), [
    ("posed", 0), (" Deliberate ", 0), ("fake", 0), ("0", 0), (0, 0), (0.0, 0),
    ("Spontaneous", 1), ("GENUINE", 1), ("real", 1), ("1", 1), (1, 1),
    ("", None), ("happy", None), (None, None), ("2", None), ("un-posed", None)])
def test_label_of(word, label):
    assert label_of(word) == label


@pytest.mark.parametrize(("parts", "labels"), [
    (("posed", "happy", "x-1"), {0}), (("Genuine smiles", "q1"), {1}), (("a", "b"), set()),
    (("posed", "spontaneous"), {0, 1}), (("posed_vs_spontaneous", "q1"), set()),
    (("exposed", "unposed"), set()), (("001_deliberate_smile_1",), {0}), (("really",), set()),
    (("POSED",), {0})])
def test_kind_in(parts, labels):
    assert kind_in(parts) == labels


@pytest.mark.parametrize(("gender", "age", "found", "n_findings"), [
    ("F", "30", ("female", 30.0), 0), ("male", "8.5", ("male", 8.5), 0),
    ("", "", (None, np.nan), 0), ("x", "30", ("x", 30.0), 1), ("", "old", (None, np.nan), 1),
    ("m", "1000", ("male", np.nan), 1), ("w", "inf", ("female", np.nan), 1)])
def test_person(findings, gender, age, found, n_findings):
    said = person(gender, age, "v", findings)
    assert said["gender"] == found[0]
    np.testing.assert_equal(said["age"], found[1])
    assert len(findings) == n_findings


def test_folder_around(tmp_path):
    folder = tmp_path / "set" / "posed" / "happy"
    folder.mkdir(parents=True)
    assert folder_around(folder, lambda name: name in ("posed", "happy")) == tmp_path / "set"
    assert folder_around(tmp_path / "set", lambda name: name == "posed") is None


def row(video: str, target: int = 0, subject: str | None = "s", **more) -> dict:
    return {"video": video, "target": target, "subject": subject, **more}


class TestMatch:
    def test_order_and_places(self, findings, places, tmp_path):
        rows = match([row("10", 1), row(" 2", age=3.0), row("1")], places, findings, "the list")
        assert [r["video"] for r in rows] == ["1", "2", "10"]
        assert rows[1]["path"] == tmp_path / "2.mp4"
        assert rows[1]["age"] == 3.0
        assert len(findings) == 0

    def test_what_does_not_fit(self, findings, places):
        rows = match([row("1"), row("4"), row("3"), row("1"), row("2"), row("2", 1)], places,
                     findings, "the list")
        assert [r["video"] for r in rows] == ["1"]
        assert findings.text().partition(": ")[2] == (
            "1 twice in the list: 1; 1 twice in the list with different words, and not used "
            "(correct it): 2; 1 in the list, but not there: 4; 1 there, but not in the list: 10")

    def test_incomplete_lists(self, findings, places):
        assert len(match([row("1")], places, findings, "the list", complete=False)) == 1
        assert len(findings) == 0

    def test_unknown_ages_are_alike(self, findings, places):
        match([row("1", age=np.nan), row("1", age=np.nan)], places, findings, "x", complete=False)
        assert list(findings.failures["kind"]) == ["twice in x"]


def test_with_subject(findings):
    rows = with_subject([row("1"), row("2", subject=None), row("3", subject=" ")], findings)
    assert [r["video"] for r in rows] == ["1"]
    assert findings.text().endswith("2 without a subject, and not used: 2, 3")


@pytest.mark.parametrize(("targets", "n"), [([0, 1], 0), ([1], 1), ([0, 0], 1), ([], 0)])
def test_check_classes(findings, targets, n):
    check_classes([row(str(i), y) for i, y in enumerate(targets)], findings)
    assert len(findings) == n


class TestLabels:
    @pytest.mark.parametrize("text", [
        "video,label,subject\n1,posed,a\n10,genuine,b\n", "Path;LABEL ; subject\n1.mp4;0;a\n"
        "10.mp4;1;b\n", "subject\tpath\tlabel\na\t./1.mp4\tdeliberate\nb\tb/../10.mp4\t1\n"])
    def test_columns(self, findings, places, tmp_path, text):
        (tmp_path / "l.csv").write_text(text)
        assert read_labels(tmp_path / "l.csv", places, findings) == [
            row("1", 0, "a"), row("10", 1, "b")]

    def test_other_columns(self, findings, places, tmp_path):
        (tmp_path / "l.csv").write_text("video,label,AGE,Hat,fold\n1,0,30,yes,7\n")
        (found,) = read_labels(tmp_path / "l.csv", places, findings)
        assert found == row("1", 0, None, gender=None, age=30.0, hat="yes")

    @pytest.mark.parametrize("text", ["video,subject\n1,a\n", "label\n1\n"])
    def test_columns_missing(self, findings, places, tmp_path, text):
        (tmp_path / "l.csv").write_text(text)
        with pytest.raises(ValueError, match=r"l\.csv: columns path \(or video\), label and"):
            read_labels(tmp_path / "l.csv", places, findings)
