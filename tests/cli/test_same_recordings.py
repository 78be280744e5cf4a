"""A recording that is there twice is noticed, whatever it is called and whenever it was written."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pandas as pd
import pytest
from cli_inputs import forbid_measuring
from lookalike_files import waves, write_openface
from lookalikes import tiny_smiles, write_images, write_uva_nemo

from smilegenuine import Clip
from smilegenuine.benchmark.corpora import check_twice, in_both, marks
from smilegenuine.benchmark.sets import LabelledSet


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
        assert [clip.name for clip in in_both(there[:1], [Clip(frames=copy), there[1]])] == [
            str(copy)]

    def test_copies_of_folders_of_images(self, tmp_path):
        pictures = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)
        for name, shown in (("a", pictures), ("b", pictures), ("c", pictures[::-1])):
            write_images(tmp_path / name, shown)
        a, b, c = (Clip(frames=tmp_path / name, fps=25) for name in "abc")
        assert in_both([a], [b, c]) == [b]

    def test_names_of_uva_nemo(self):
        video = Clip(aus=waves(9), fps=50, name="/x/017_Deliberate_smile_2.mp4")
        table = Clip(aus=waves(9, 1), fps=25, name="of/017_deliberate_smile_2_AU.csv")
        other = Clip(aus=waves(9, 2), fps=25, name="of/017_deliberate_smile_1.csv")
        assert in_both([video], [table, other]) == [table]

    def test_signals(self):
        clip = Clip(aus=waves(9), fps=50)
        assert marks(clip) == marks(clip.replace(name="x", smile=np.zeros(9)))
        assert not marks(clip) & marks(Clip(aus=waves(9, 1), fps=50))
        assert marks(Clip()) == set()


def test_one_recording_of_two_people(make_video, tmp_path):
    first = make_video("a.mp4")
    clips = [Clip(frames=first), Clip(frames=make_video("b.mp4", n=13)),
             Clip(frames=shutil.copyfile(first, tmp_path / "c.mp4"))]
    check_twice(one_set(clips, ["s1", "s2", "s1"]))  # learnt and tested together
    with pytest.raises(ValueError, match=r"mine: .*a\.mp4 \(subject s1\) and .*c\.mp4 \(subject s3"
                                         r"\) are the same recording"):
        check_twice(one_set(clips, ["s1", "s2", "s3"]))


def test_the_command_does_not_test_on_copies_of_what_it_has_learnt(run, monkeypatch, tmp_path):
    forbid_measuring(monkeypatch)
    write_uva_nemo(tmp_path / "one", tiny_smiles(4, 2))
    shutil.copytree(tmp_path / "one", tmp_path / "two", copy_function=shutil.copyfile)
    for i, name in enumerate(("001_deliberate_smile_1", "002_spontaneous_smile_1")):
        write_openface(tmp_path / "of" / ("posed", "spontaneous")[i] / "ann" / f"{name}.csv",
                       waves(60, i))
    for other, n in (("uva-nemo", 8), ("openface", 2)):
        folder = tmp_path / {"uva-nemo": "two", "openface": "of"}[other]
        status, _, err = run("benchmark", "--data", "uva-nemo", tmp_path / "one", "--cross-corpus",
                             other, folder, "--systems", "auda-au", "--output", tmp_path / "out")
        assert status == 1
        assert f"{n} recordings of " in err
        assert "what is tested must not be known" in err
