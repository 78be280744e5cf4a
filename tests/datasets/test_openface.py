"""OpenFace's CSVs, one by one and in folders."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from smilegenuine.au_table import AU_NAMES
from smilegenuine.datasets import load_openface
from smilegenuine.errors import ClipError


def write(path: Path, n: int = 8, value: float = 1.0, **columns) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame(np.full((n, 17), value), columns=[f" {au}_r" for au in AU_NAMES])
    table.assign(**columns).to_csv(path, index=False)
    return path


def test_one_file(tmp_path):
    path = write(tmp_path / "a b.csv", 6, **{" timestamp": np.arange(6) / 30, " success": 1})
    (clip,) = load_openface(str(path))
    assert clip.name == str(path)
    assert clip.aus.shape == (6, 17)
    assert clip.fps == pytest.approx(30)
    assert clip.mask.all()


def test_folder_in_the_order_of_paths(tmp_path):
    for i, name in enumerate(["b.csv", "a/z.csv", "a/b/c.CSV", "ä.csv"]):
        write(tmp_path / name, 4 + i)
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "odd.csv").mkdir()
    clips = load_openface(tmp_path, fps=25)
    assert [Path(c.name).relative_to(tmp_path).as_posix() for c in clips] == [
        "a/b/c.CSV", "a/z.csv", "b.csv", "ä.csv"]
    assert [c.n_frames for c in clips] == [6, 5, 4, 7]
    assert [c.fps for c in clips] == [25] * 4


def test_failed_frames_are_not_measurements(tmp_path):
    path = write(tmp_path / "a.csv", 5, 0.0, success=[1, 0, 1, 1, 0])
    (clip,) = load_openface(path, fps=25)
    np.testing.assert_array_equal(clip.valid, [True, False, True, True, False])
    assert np.isnan(clip.aus[1]).all()
    assert (clip.aus[0] == 0).all()


def test_timing(tmp_path):
    counted = write(tmp_path / "images.csv", timestamp=np.arange(8) / 1000)
    assert load_openface(counted)[0].fps is None
    assert load_openface(counted, fps=20)[0].times[-1] == pytest.approx(0.35)
    timed = write(tmp_path / "video.csv", timestamp=np.arange(8) / 50)
    assert load_openface(timed, fps=20)[0].fps == pytest.approx(50)


def test_bad_files_are_left_out_and_listed_once(tmp_path):
    write(tmp_path / "good.csv")
    (tmp_path / "labels.csv").write_text("path,label\na.mp4,1\n")
    (tmp_path / "none.csv").touch()
    with pytest.warns(UserWarning, match=r"2 of 3 files are left out: .*labels\.csv: no column "
                                         r"AU01, .*none\.csv: cannot be read") as caught:
        clips = load_openface(tmp_path, fps=25)
    assert len(caught) == 1
    assert [Path(c.name).name for c in clips] == ["good.csv"]


def test_good_files_do_not_warn(tmp_path):
    write(tmp_path / "good.csv")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_openface(tmp_path)[0].fps is None


def test_nothing_usable(tmp_path):
    (tmp_path / "labels.csv").write_text("path,label\na.mp4,1\n")
    with pytest.raises(ClipError, match=r"labels\.csv: no column AU01"):
        load_openface(tmp_path)
    with pytest.raises(ClipError, match=r"labels\.csv: no column AU01"):
        load_openface(tmp_path / "labels.csv")


def test_nothing_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere: no such file or folder"):
        load_openface(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="no CSV in the folder; run OpenFace"):
        load_openface(tmp_path)


def test_backward_timestamps(tmp_path):
    path = write(tmp_path / "a.csv", 3, timestamp=[0, 0.2, 0.1])
    with pytest.raises(ClipError, match=r"a\.csv: column timestamp does not increase"):
        load_openface(path)


def test_real_file(real, tmp_path):
    shutil.copy(real / "OpenFace_Test.csv", tmp_path)
    (clip,) = load_openface(tmp_path, fps=30)
    assert clip.aus.shape == (100, 17)
    assert clip.times[-1] == pytest.approx(3.3)
