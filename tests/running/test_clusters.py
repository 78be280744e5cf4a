"""Work on a Dask cluster: the same results as in a serial run, also when workers die."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import joblib
import mp4_boxes
import numpy as np
import pandas as pd
import pytest
from cluster_work import Brightness, Nearest, marks, pid_soon, span, sum_slowly
from distributed import Client, LocalCluster
from drawn import known_clips
from threadpoolctl import threadpool_limits

from smilegenuine import Clip, FaceAligner, evaluate, make_system, transform_clips
from smilegenuine.cli import main
from smilegenuine.cli.cluster import cluster
from smilegenuine.clips.errors import ClipError
from smilegenuine.datasets import make_smiles
from smilegenuine.running.parallel import in_parallel

N_CLIPS = 10


@pytest.fixture(scope="module")
def workers(tmp_path_factory) -> Iterator[Client]:
    """Two processes, started in a folder of their own."""
    here = os.getcwd()
    os.chdir(tmp_path_factory.mktemp("elsewhere"))
    try:
        with LocalCluster(n_workers=2, threads_per_worker=1, processes=True,
                          dashboard_address=":0", silence_logs="CRITICAL") as local, \
                Client(local) as client:
            os.chdir(here)
            yield client
    finally:
        os.chdir(here)


@pytest.fixture
def on_dask(workers) -> Iterator[Client]:
    """Everything inside goes to the workers."""
    with joblib.parallel_config(backend="dask"):
        yield workers


class Killer:
    """Kills the process of the first mark, as soon as it has been left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not (found := marks(self.folder)):
            time.sleep(0.01)
        self.pid = found[0][0]
        os.kill(self.pid, signal.SIGKILL)

    def __enter__(self) -> Killer:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.thread.join(timeout=10)


@pytest.fixture(scope="module")
def videos(tmp_path_factory) -> list[str]:
    """Small videos of unequal length."""
    folder = tmp_path_factory.mktemp("videos")
    return [str(mp4_boxes.write_video(folder / f"v{i}.mp4", 5 + i)) for i in range(N_CLIPS)]


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "marks").mkdir()
    return tmp_path / "marks"


def reds(clips: list[Clip]) -> list[list[float]]:
    return [list(clip.smile) for clip in clips]


class TestExtraction:
    def test_equals_the_serial_run(self, videos, folder, on_dask):
        found = Brightness(folder).transform(videos)
        processes = {pid for pid, _ in marks(folder)}
        assert len(processes) == 2
        assert os.getpid() not in processes
        with joblib.parallel_config(backend="sequential"):
            assert reds(found) == reds(Brightness(folder).transform(videos))
        assert [clip.name for clip in found] == videos

    def test_of_faces(self, on_dask):
        smiles = make_smiles(2, 1, fps=5, size=96, random_state=3).data
        found = FaceAligner().transform(smiles)
        with joblib.parallel_config(backend="sequential"):
            serial = FaceAligner().transform(smiles)
        for a, b in zip(found, serial, strict=True):
            np.testing.assert_array_equal(a.faces, b.faces)
            np.testing.assert_array_equal(a.mask, b.mask)
        assert sum(clip.mask.sum() for clip in serial) > 10  # there was something to find

    def test_of_relative_paths(self, videos, folder, on_dask, monkeypatch):
        monkeypatch.chdir(Path(videos[0]).parent)
        names = [Path(video).name for video in videos[:3]]
        found = Brightness(folder).transform(names)
        assert [clip.name for clip in found] == names
        assert reds(found) == reds(Brightness(folder).transform(videos[:3]))

    def test_a_worker_that_is_killed_costs_nothing_but_time(self, videos, folder, on_dask):
        with Killer(folder) as killer:
            found = Brightness(folder, seconds=0.2).transform(videos)
        left = marks(folder)
        (first, begun), after = left[0], [pid for pid, _ in left]
        assert first == killer.pid
        # It was in the middle: others came after it, and what it had begun was begun again.
        assert len(left) > N_CLIPS
        assert len({pid for pid, what in left if what == begun}) == 2
        assert len(set(after)) >= 2
        with joblib.parallel_config(backend="sequential"):
            assert reds(found) == reds(Brightness(folder).transform(videos))

    def test_a_cache_is_shared(self, videos, folder, tmp_path, on_dask):
        step = Brightness(folder, memory=tmp_path / "cache")
        found = step.transform(videos)
        assert len(marks(folder)) == N_CLIPS
        with joblib.parallel_config(backend="sequential"):
            again = step.transform(videos)
        assert len(marks(folder)) == N_CLIPS
        assert reds(again) == reds(found)

    def test_clips_that_fail(self, videos, folder, on_dask):
        step = Brightness(folder, bad=("v3", "v7"))
        found = transform_clips(step, videos, on_error="skip")
        with joblib.parallel_config(backend="sequential"):
            serial = transform_clips(step, videos, on_error="skip")
        pd.testing.assert_frame_equal(found.failures, serial.failures)
        np.testing.assert_array_equal(found.index, serial.index)
        assert list(found.failures["index"]) == [3, 7]
        assert reds(found.data) == reds(serial.data)

    def test_the_first_that_fails_is_the_error(self, videos, folder, on_dask):
        with pytest.raises(ClipError, match=r"v3\.mp4: is spoilt; copy it again"):
            Brightness(folder, bad=("v3",)).transform(videos)

    def test_a_clip_that_kills_each_worker_is_left_out(self, videos, folder, on_dask,
                                                       monkeypatch):
        # By default three deaths are no reason yet.
        monkeypatch.setattr(on_dask.cluster.scheduler, "allowed_failures", 0)
        step = Brightness(folder, deadly=("v1",))
        found = transform_clips(step, videos[:5], on_error="skip")
        np.testing.assert_array_equal(found.index, [0, 2, 3, 4])
        (error,) = found.failures["error"]
        assert error.startswith(f"{videos[1]}: workers died that worked on it")


class TestEvaluation:
    def test_equals_the_serial_run(self, on_dask):
        smiles = known_clips(4)
        systems = {"auda-svm": make_system("auda-svm", random_state=0)}
        found = evaluate(systems, smiles.data, smiles.target, smiles.groups, cv=2)
        with joblib.parallel_config(backend="sequential"), threadpool_limits(1):
            serial = evaluate(systems, smiles.data, smiles.target, smiles.groups, cv=2)
        assert_same(found, serial)

    def test_a_worker_that_is_killed_costs_nothing_but_time(self, folder, tmp_path, on_dask):
        smiles, systems = known_clips(4, 2), {"nearest": Nearest(folder)}
        with Killer(folder) as killer:
            found = evaluate(systems, smiles.data, smiles.target, smiles.groups, cv=4,
                             results=tmp_path / "results")
        left = marks(folder)
        assert left[0][0] == killer.pid
        assert len(left) > 4  # the fold was fitted again
        with joblib.parallel_config(backend="sequential"), threadpool_limits(1):
            serial = evaluate(systems, smiles.data, smiles.target, smiles.groups, cv=4)
        assert_same(found, serial)

    def test_arrays_do_not_die_with_a_worker(self, folder, on_dask):
        # Joblib's own way to Dask puts them on one worker.
        X = np.arange(20_000.0)
        with Killer(folder):
            found = list(in_parallel(sum_slowly, ((X, i, folder) for i in range(6)), n_jobs=None))
        assert found == [X.sum() + i for i in range(6)]


def assert_same(found: Any, serial: Any) -> None:
    # Dask workers have one thread for linear algebra: with more, sums differ in their last bits.
    times = ["fit time (s)", "predict time (ms)"]
    pd.testing.assert_frame_equal(found.scores.drop(columns=times),
                                  serial.scores.drop(columns=times), check_exact=True)
    pd.testing.assert_frame_equal(found.predictions, serial.predictions, check_exact=True)


class TestCalls:
    def test_as_they_come(self, on_dask):
        done = in_parallel(time.sleep, ((s,) for s in (0.3, 0.0, 0.0)), n_jobs=None, ordered=False)
        assert list(done) == [None] * 3

    def test_nested_ones_stay_in_the_process(self, folder, on_dask):
        def outer(i: int) -> list[int]:
            return [os.getpid(), *in_parallel(os.getpid, [()] * 3, n_jobs=-1)]

        for pids in in_parallel(outer, ((i,) for i in range(4)), n_jobs=None):
            assert len(set(pids)) == 1

    def test_what_cannot_be_pickled_is_an_error(self, on_dask):
        with pytest.raises(TypeError, match="Could not serialize"):
            list(in_parallel(id, [(threading.Lock(),)], n_jobs=None))

    def test_errors_say_where_they_were_raised(self, on_dask):
        with pytest.raises(ZeroDivisionError, match="by zero") as caught:
            list(in_parallel(divmod, [(1, 1), (1, 0)], n_jobs=None))
        assert "self.function(*self.arguments)" in str(caught.value.__cause__)

    def test_leaving_early_leaves_nothing_running(self, on_dask):
        done = in_parallel(time.sleep, ((0.05,) for _ in range(1000)), n_jobs=None)
        next(done)
        done.close()
        assert list(in_parallel(abs, [(-1,)], n_jobs=None)) == [1]

    def test_workers_with_several_threads(self):
        with LocalCluster(n_workers=1, threads_per_worker=2, processes=False,
                          dashboard_address=":0") as local, Client(local) as client, \
                joblib.parallel_config(backend="dask", client=client), \
                pytest.warns(UserWarning, match="1 of 1 Dask workers have several threads"):
            spans = sorted(in_parallel(span, ((0.05,) for _ in range(4)), n_jobs=None))
        assert all(ended <= began for (_, ended), (began, _) in pairwise(spans))


class TestAddress:
    def test_none_is_this_machine(self):
        before = joblib.parallel.get_active_backend()[0]
        with cluster(None):
            assert type(joblib.parallel.get_active_backend()[0]) is type(before)

    def test_of_a_scheduler(self, workers):
        with cluster(workers.scheduler.address):
            pids = set(in_parallel(pid_soon, [(0.1,)] * 4, n_jobs=None))
        with Client(workers.scheduler.address) as client:
            assert pids <= set(client.run(os.getpid).values())
        assert os.getpid() not in pids
        assert list(in_parallel(pid_soon, [(0.0,)], n_jobs=None)) == [os.getpid()]

    def test_in_a_file(self, workers, tmp_path):
        content = json.dumps({"type": "Scheduler", "address": workers.scheduler.address})
        (tmp_path / "scheduler.json").write_text(content)
        with cluster(str(tmp_path / "scheduler.json")):
            assert list(in_parallel(pid_soon, [(0.0,)], n_jobs=None)) != [os.getpid()]

    @pytest.mark.parametrize(("content", "problem"), [
        (None, r"s\.json: no such file; `dask scheduler --scheduler-file .*` writes it"),
        ("", r"s\.json: holds no address"), ('{"a": 1}', r"s\.json: holds no address")])
    def test_in_a_file_that_is_none(self, tmp_path, content, problem):
        if content is not None:
            (tmp_path / "s.json").write_text(content)
        with pytest.raises(OSError, match=problem):
            enter(str(tmp_path / "s.json"))

    def test_at_which_nobody_answers(self):
        with pytest.raises(OSError, match=r"127\.0\.0\.1:1: no Dask scheduler answers within 0\.5"):
            enter("127.0.0.1:1", patience=0.5)

    def test_at_which_somebody_is_silent(self, silent_port):
        with pytest.raises(OSError, match=r"no Dask scheduler answers within 0\.5 s"):
            enter(f"127.0.0.1:{silent_port}", patience=0.5)

    @pytest.mark.parametrize("address", ["nonsense", "http://127.0.0.1:8787"])
    def test_that_is_none(self, address):
        with pytest.raises(OSError, match=f"{address}: is no address .* it looks like host:8786"):
            enter(address)

    def test_of_a_scheduler_without_workers(self):
        with LocalCluster(n_workers=0, dashboard_address=":0") as local, pytest.raises(
                OSError, match=r"the scheduler has no workers.*Start some: `dask worker tcp://"):
            enter(local.scheduler_address, patience=0.5)

    def test_of_workers_with_another_version(self, workers, monkeypatch):
        monkeypatch.setattr(sys.modules[cluster.__module__], "__version__", "99.0")
        with pytest.raises(RuntimeError, match=r"has smilegenuine .*, and here is 99\.0; install"):
            enter(workers.scheduler.address)

    def test_without_distributed(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "distributed", None)
        with pytest.raises(ImportError, match=r'pip install "smilegenuine\[cluster\]"'):
            enter("127.0.0.1:8786")


    def test_of_commands(self, tmp_path, capsys):
        call = ["extract", "a.mp4", "-o", str(tmp_path / "a.csv"), "--dask", "nonsense"]
        assert main(call) == 1
        assert "smilegenuine extract: nonsense: is no address" in capsys.readouterr().err


def enter(address: str, **options: Any) -> None:
    with cluster(address, **options):
        raise AssertionError("the context was entered")


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and says nothing."""
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.slow
def test_ray(videos, folder, monkeypatch):
    ray = pytest.importorskip("ray")
    from ray.util.joblib import register_ray

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[1]), *sys.path]))
    for setting, value in (("RAY_AUTH_MODE", "disabled"), ("RAY_USAGE_STATS_ENABLED", "0")):
        monkeypatch.setenv(setting, value)  # nothing is written to the home folder, or sent

    register_ray()
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    # Ray gives up what a dead process was working on, unless it is told not to.
    again = {"max_restarts": 3, "max_task_retries": 3}
    try:
        with joblib.parallel_config(backend="ray", n_jobs=-1, ray_remote_args=again), \
                Killer(folder) as killer:
            found = Brightness(folder, seconds=0.2).transform(videos)
        assert killer.pid != os.getpid()
        assert len(marks(folder)) > N_CLIPS
        assert reds(found) == reds(Brightness(folder).transform(videos))
    finally:
        ray.shutdown()
