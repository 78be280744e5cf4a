"""`Findings` and `labelled_bunch`: what is wrong is said once, and what is left can be used."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import PredefinedSplit

from smilegenuine import Clip
from smilegenuine.datasets.findings import KINDS, Findings, is_known, labelled_bunch


@pytest.fixture
def findings(tmp_path) -> Findings:
    return Findings("Smiles", tmp_path, "warn")


def clips(n: int, **columns) -> pd.DataFrame:
    """A table of n clips without pictures."""
    return pd.DataFrame({"clip": [Clip(aus=np.zeros((3, 17)), fps=25, name=f"c{i}")
                                  for i in range(n)],
                         "target": np.arange(n) % 2, **columns})


class TestFindings:
    def test_nothing_is_wrong(self, findings):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            findings.settle(3)
        assert len(findings) == 0
        assert list(findings.failures.columns) == ["clip", "error", "kind"]

    def test_kinds_are_said_with_their_numbers(self, findings, tmp_path):
        findings.wrong("listed, but not there", "b")
        findings.wrong("not to be read", "x.mp4", "x.mp4: the file is empty")
        findings.wrong("listed, but not there", "a")
        assert len(findings) == 3
        said = (f"Smiles in {tmp_path}: 2 listed, but not there: b, a; 1 not to be read: x.mp4: "
                "the file is empty")
        assert findings.text() == said
        assert findings.text(7) == f"{said}; 7 clips are left"
        assert findings.failures.to_dict("list") == {
            "clip": ["b", "x.mp4", "a"],
            "error": ["b: listed, but not there", "x.mp4: the file is empty",
                      "a: listed, but not there"],
            "kind": ["listed, but not there", "not to be read", "listed, but not there"]}

    @pytest.mark.parametrize(("n", "end"), [(10, ": 0, 1, 2, 3, 4, 5, 6, 7, 8, 9"),
                                            (13, ": 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, … (3 more)")])
    def test_many(self, findings, n, end):
        for i in range(n):
            findings.wrong("odd", i)
        assert findings.text().endswith(f"{n} odd{end}")
        assert len(findings.failures) == n

    def test_names_that_are_no_text(self, findings):
        findings.wrong("odd", "caf\udce9.mp4")
        assert list(findings.failures["clip"]) == [r"caf\udce9.mp4"]
        assert findings.text(1).encode("utf-8").endswith(rb"1 odd: caf\udce9.mp4; 1 clip is left")

    def test_warn(self, findings):
        findings.wrong("odd", 1)
        with pytest.warns(UserWarning, match="1 odd: 1; 2 clips are left$"):
            findings.settle(2)

    def test_skip(self, tmp_path):
        findings = Findings("Smiles", tmp_path, "skip")
        findings.wrong("odd", 1)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            findings.settle(2)

    @pytest.mark.parametrize(("missing", "error"), [(False, ValueError), (True, FileNotFoundError)])
    def test_raise(self, tmp_path, missing, error):
        findings = Findings("Smiles", tmp_path, "raise")
        findings.wrong("odd", 1, missing=missing)
        findings.wrong("even", 2)
        with pytest.raises(error, match=r"1 odd: 1; 1 even: 2$"):
            findings.settle(2)

    @pytest.mark.parametrize("on_error", ["warn", "skip", "raise"])
    def test_fatal(self, tmp_path, on_error):
        findings = Findings("Smiles", tmp_path, on_error)
        findings.wrong("gone", "x", missing=True)
        findings.wrong("in two folds", "s1", fatal=True)
        with pytest.raises(ValueError, match=r"1 gone: x; 1 in two folds: s1$"):
            findings.settle(2)

    @pytest.mark.parametrize("on_error", ["warn", "skip", "raise"])
    def test_nothing_is_left(self, tmp_path, on_error):
        findings = Findings("Smiles", tmp_path, on_error)
        with pytest.raises(FileNotFoundError, match="there is no clip of Smiles in it"):
            findings.settle(0)
        findings.wrong("odd", 1)
        with pytest.raises(ValueError, match=r"1 odd: 1$"):
            findings.settle(0)

    def test_no_such_choice(self, tmp_path):
        with pytest.raises(ValueError, match=r"on_error must be 'raise', .* or 'skip', not 'x'"):
            Findings("Smiles", tmp_path, "x")

    def test_nowhere(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="nowhere: no such file or folder"):
            Findings("Smiles", tmp_path / "nowhere", "warn")


class TestBunch:
    def test_all_columns(self, findings):
        bunch = labelled_bunch(
            clips(4, subject=["a", "a", "b", "b"], fold=[0, 0, 2, 2], video=list("wxyz"),
                  age=[1.0, 2.0, np.nan, 4.0]), findings, descr="About it.")
        assert [clip.name for clip in bunch.data] == ["c0", "c1", "c2", "c3"]
        assert [clip.subject for clip in bunch.data] == ["a", "a", "b", "b"]
        np.testing.assert_array_equal(bunch.target, [0, 1, 0, 1])
        np.testing.assert_array_equal(bunch.groups, ["a", "a", "b", "b"])
        assert isinstance(bunch.folds, PredefinedSplit)
        assert [list(test) for _, test in bunch.folds.split()] == [[0, 1], [2, 3]]
        assert list(bunch.metadata.columns) == ["video", "age"]
        assert bunch.filenames == ["c0", "c1", "c2", "c3"]
        assert (bunch.target_names, bunch.DESCR) == (KINDS, "About it.")
        assert bunch.failures.empty

    def test_few_columns(self, findings):
        bunch = labelled_bunch(clips(2).drop(columns="target"), findings, descr="",
                               target_names=None)
        assert bunch.target is bunch.groups is bunch.folds is bunch.target_names is None
        assert [clip.subject for clip in bunch.data] == [None, None]
        assert bunch.metadata.shape == (2, 0)

    def test_one_unknown_subject_makes_all_unknown(self, findings):
        bunch = labelled_bunch(clips(2, subject=["a", None]), findings, descr="")
        assert bunch.groups is None
        assert [clip.subject for clip in bunch.data] == [None, None]

    def test_what_cannot_be_opened(self, findings, make_video, tmp_path):
        files = [make_video("a.mp4", n=3), make_video("b.mp4", n=3), tmp_path / "none.mp4",
                 make_video("c.mp4", n=3)]
        files[1].write_bytes(files[1].read_bytes()[:-300])
        rows = pd.DataFrame({"path": files, "target": [0, 1, 0, 1], "subject": [1, 2, 3, 4],
                             "fold": range(4), "video": list("abnc")})
        with pytest.warns(UserWarning, match=r"2 not to be read: .*b\.mp4: cannot be opened.*, "
                                             r".*none\.mp4: no such file; 2 clips are left$") as w:
            bunch = labelled_bunch(rows, findings, descr="")
        assert len(w) == 1
        assert bunch.filenames == [str(files[0]), str(files[3])]
        np.testing.assert_array_equal(bunch.target, [0, 1])
        np.testing.assert_array_equal(bunch.groups, ["1", "4"])
        np.testing.assert_array_equal(bunch.folds.test_fold, [0, 3])
        assert list(bunch.metadata["video"]) == ["a", "c"]
        assert list(bunch.metadata.index) == [0, 1]
        assert [Path(name).name for name in bunch.failures["clip"]] == ["b.mp4", "none.mp4"]

    def test_missing_files_are_an_error_of_their_own(self, tmp_path):
        findings = Findings("Smiles", tmp_path, "raise")
        rows = pd.DataFrame({"path": [tmp_path / "none.mp4"], "target": [0]})
        with pytest.raises(FileNotFoundError, match=r"1 not to be read: .*none\.mp4: no such file"):
            labelled_bunch(rows, findings, descr="")

    def test_videos_are_opened_if_asked_for(self, findings, make_video, decoded):
        rows = pd.DataFrame({"path": [make_video(n=2)], "target": [1]})
        labelled_bunch(rows, findings, descr="", check_videos=False)
        assert decoded == []
        labelled_bunch(rows, findings, descr="")
        assert len(decoded) == 1

    def test_frame_rate_of_images(self, findings, tmp_path):
        import cv2

        (tmp_path / "take").mkdir()
        cv2.imwrite(str(tmp_path / "take" / "1.png"), np.zeros((4, 5, 3), np.uint8))
        rows = pd.DataFrame({"path": [tmp_path / "take"], "target": [1]})
        assert labelled_bunch(rows, findings, descr="", fps=12.5).data[0].fps == 12.5

    def test_nothing(self, findings):
        with pytest.raises(FileNotFoundError, match="there is no clip of Smiles in it"):
            labelled_bunch(pd.DataFrame(), findings, descr="")


@pytest.mark.parametrize(("value", "known"), [
    (None, False), (np.nan, False), ("", False), ("  ", False), ("0", True), (0, True),
    (False, True), ("NA", True)])
def test_is_known(value, known):
    assert is_known(value) is known
