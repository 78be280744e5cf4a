"""Sets are joined with people kept apart; a recording that is there twice is noticed."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pandas as pd
import pytest
from lookalike_files import waves
from lookalikes import write_images

from smilegenuine import Clip
from smilegenuine.benchmark.corpora import (
    check_duplicates,
    identifiers,
    join_corpora,
    shared_recordings,
)
from smilegenuine.benchmark.folds import Folds
from smilegenuine.benchmark.sets import LabelledSet, load_labelled


def labelled(name: str, n: int, **known: object) -> LabelledSet:
    """Clips of two people a set, both classes."""
    rng = np.random.default_rng(list(name.encode()))
    clips = [Clip(aus=rng.random((9, 17)), fps=30, name=f"{i}.csv", subject=f"{i // 2:03d}")
             for i in range(n)]
    fields = {"label_names": ("posed", "spontaneous"), "places": np.arange(n), **known}
    return LabelledSet(name, clips, np.arange(n) % 2, np.array([c.subject for c in clips]),
                       pd.DataFrame(index=range(n)), pd.DataFrame(columns=["clip", "error"]),
                       **fields)


class TestJoined:
    def test_people_of_the_same_name_are_not_the_same(self):
        joined = join_corpora(labelled("one", 4), [labelled("two", 6), labelled("two", 2)])
        assert list(joined.groups) == [
            *["one: 000"] * 2, *["one: 001"] * 2, *["two: 000"] * 2, *["two: 001"] * 2,
            *["two: 002"] * 2, *["two (2): 000"] * 2]
        assert [clip.subject for clip in joined.clips] == list(joined.groups)
        assert list(joined.y) == ["posed", "spontaneous"] * 6
        assert list(joined.metadata["corpus"]) == ["one"] * 4 + ["two"] * 6 + ["two (2)"] * 2
        (train, test), = joined.folds.splits()
        assert (train.tolist(), test.tolist()) == (list(range(4)), list(range(4, 12)))
        assert joined.name == "two, two (2), trained on one"
        assert joined.places.tolist() == list(range(12))

    def test_names_of_labels_count(self):
        """1 and "spontaneous" mean the same where the set says so; folds of sets say nothing."""
        named = labelled("two", 4, label_names=None, folds=Folds(np.arange(4), 4, "published"))
        named.y[:] = [1, 0, 1, 0]
        words = join_corpora(labelled("one", 4, label_names=None), [named])
        assert [str(label) for label in words.y] == ["0", "1", "0", "1", "1", "0", "1", "0"]
        assert words.folds.n == 1
        with pytest.raises(ValueError, match="the labels of two are 0, 1, and those of one, which"):
            join_corpora(labelled("one", 4), [named])

    def test_a_set_of_one_class_can_be_tested_on(self):
        posed = load_labelled("cli_inputs:load_other_people:posed")
        assert set(join_corpora(load_labelled("cli_inputs:load_folded"), [posed]).y) == {
            "posed", "spontaneous"}

    def test_signals_of_the_same_recordings(self):
        with pytest.raises(ValueError, match="b and a are made of the same recordings"):
            join_corpora(labelled("a", 4, data_set="auda"),
                         [labelled("b", 4, data_set="uva-nemo")])

    def test_drawn_people_stay_drawn(self):
        assert join_corpora(labelled("a", 4), [labelled("b", 4, drawn=True)]).drawn
        assert not join_corpora(labelled("a", 4), [labelled("b", 4)]).drawn


def one_set(clips: list[Clip], subjects: list[str]) -> LabelledSet:
    n = len(clips)
    return LabelledSet("mine", clips, np.arange(n) % 2, np.array(subjects),
                       pd.DataFrame(index=range(n)), pd.DataFrame(columns=["clip", "error"]))


class TestMarks:
    def test_copies_of_files(self, make_video, tmp_path):
        first, second = make_video("a.mp4"), make_video("b.mp4", n=13)
        copy = shutil.copyfile(first, tmp_path / "other name.mp4")
        os.utime(copy, (9, 9))
        there = [Clip(frames=first), Clip(frames=second)]
        shared = shared_recordings(there[:1], [Clip(frames=copy), there[1]])
        assert [clip.name for clip in shared] == [str(copy)]

    def test_copies_of_folders_of_images(self, tmp_path):
        pictures = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)
        for name, shown in (("a", pictures), ("b", pictures), ("c", pictures[::-1])):
            write_images(tmp_path / name, shown)
        a, b, c = (Clip(frames=tmp_path / name, fps=25) for name in "abc")
        assert shared_recordings([a], [b, c]) == [b]

    def test_names_of_uva_nemo(self):
        video = Clip(aus=waves(9), fps=50, name="/x/017_Deliberate_smile_2.mp4")
        table = Clip(aus=waves(9, 1), fps=25, name="of/017_deliberate_smile_2_AU.csv")
        other = Clip(aus=waves(9, 2), fps=25, name="of/017_deliberate_smile_1.csv")
        assert shared_recordings([video], [table, other]) == [table]

    def test_signals(self):
        clip = Clip(aus=waves(9), fps=50)
        assert identifiers(clip) == identifiers(clip.replace(name="x", smile=np.zeros(9)))
        assert not identifiers(clip) & identifiers(Clip(aus=waves(9, 1), fps=50))
        assert identifiers(Clip()) == set()


def test_one_recording_of_two_people(make_video, tmp_path):
    first = make_video("a.mp4")
    clips = [Clip(frames=first), Clip(frames=make_video("b.mp4", n=13)),
             Clip(frames=shutil.copyfile(first, tmp_path / "c.mp4"))]
    check_duplicates(one_set(clips, ["s1", "s2", "s1"]))  # learnt and tested together
    with pytest.raises(ValueError, match=r"mine: .*a\.mp4 \(subject s1\) and .*c\.mp4 \(subject s3"
                                         r"\) are the same recording"):
        check_duplicates(one_set(clips, ["s1", "s2", "s3"]))
