"""Many calls at once: in order, as they come, with errors, and when processes die."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn import config_context, get_config

from smilegenuine import Clip
from smilegenuine.clips.steps import ClipTransformer, transform_clips
from smilegenuine.running.parallel import in_parallel


def square(i: int, seconds: float = 0.0) -> int:
    time.sleep(seconds)
    return i * i


def fail_on_three(i: int) -> int:
    if i == 3:
        raise ZeroDivisionError("three")
    return i


def die(i: int, folder: str, always: bool) -> int:
    """The process dies of call 3, the first time or each time."""
    mark = Path(folder) / "died"
    if i == 3 and (always or not mark.exists()):
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return i * i


def setting(i: int) -> bool:
    return get_config()["enable_metadata_routing"]


@pytest.mark.parametrize("n_jobs", [None, 1, 2])
class TestCalls:
    def test_in_order(self, n_jobs):
        slow_first = ((i, 0.2 * (i == 0)) for i in range(6))
        assert list(in_parallel(square, slow_first, n_jobs=n_jobs)) == [0, 1, 4, 9, 16, 25]

    def test_as_they_come(self, n_jobs):
        done = in_parallel(square, ((i,) for i in range(6)), n_jobs=n_jobs, ordered=False)
        assert sorted(done) == [0, 1, 4, 9, 16, 25]

    def test_errors(self, n_jobs):
        with pytest.raises(ZeroDivisionError, match="three"):
            list(in_parallel(fail_on_three, ((i,) for i in range(6)), n_jobs=n_jobs))

    def test_nothing(self, n_jobs):
        assert list(in_parallel(square, [], n_jobs=n_jobs)) == []

    def test_scikit_learns_settings_arrive(self, n_jobs):
        with config_context(enable_metadata_routing=True):
            assert all(in_parallel(setting, ((i,) for i in range(3)), n_jobs=n_jobs))


class TestDeaths:
    def calls(self, folder, always, n=7):
        return ((i, str(folder), always) for i in range(n))

    @pytest.mark.parametrize("ordered", [True, False])
    def test_once_costs_nothing_but_time(self, tmp_path, ordered):
        done = in_parallel(die, self.calls(tmp_path, False), n_jobs=2, ordered=ordered)
        assert sorted(done) == [0, 1, 4, 9, 16, 25, 36]
        assert (tmp_path / "died").exists()

    def test_each_time_costs_that_call(self, tmp_path):
        done = in_parallel(die, self.calls(tmp_path, True), n_jobs=2,
                           lost=lambda place, reason: (place, reason))
        assert [r if i != 3 else r[0] for i, r in enumerate(done)] == [0, 1, 4, 3, 16, 25, 36]

    def test_each_time_is_an_error_that_says_which(self, tmp_path):
        with pytest.raises(RuntimeError, match="call 3: the process that worked on it died, twice"):
            list(in_parallel(die, self.calls(tmp_path, True), n_jobs=2))


class Deadly(ClipTransformer):
    """A step of which the process dies where a clip is called so."""

    adds = ("smile",)
    reads = ("aus",)

    def __init__(self, n_jobs: int | None = None, memory: object = None) -> None:
        self.n_jobs = n_jobs
        self.memory = memory

    def transform_clip(self, clip: Clip) -> Clip:
        if clip.name == "deadly.mp4":
            os.kill(os.getpid(), signal.SIGKILL)
        return clip.replace(smile=clip.aus[:, 0])


def test_a_file_that_brings_the_decoder_down_does_not_cost_the_others(tmp_path):
    clips = [Clip(aus=np.full((3, 17), i), fps=9, name=f"{i}.mp4") for i in range(6)]
    clips[2] = clips[2].replace(name="deadly.mp4")
    found = transform_clips(Deadly(n_jobs=2, memory=tmp_path), clips, on_error="skip")
    np.testing.assert_array_equal(found.index, [0, 1, 3, 4, 5])
    (error,) = found.failures["error"]
    assert error.startswith("deadly.mp4: the process that worked on it died, twice")
    assert [clip.smile[0] for clip in found.data] == [0, 1, 3, 4, 5]


def test_threads():
    with joblib.parallel_config(backend="threading"):
        assert list(in_parallel(square, ((i,) for i in range(5)), n_jobs=2)) == [0, 1, 4, 9, 16]


def test_backends_that_give_lists():
    with joblib.parallel_config(backend="multiprocessing"):
        assert list(in_parallel(square, ((i,) for i in range(20)), n_jobs=2)) == [
            i * i for i in range(20)]
