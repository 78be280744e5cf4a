"""What many tests need: the real recordings beside the checkout, and small videos made to order."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import mp4_boxes
import pytest
from drawn import SHARED_FOLDER

#: Files of tests that take a minute or so, the longest first.
LONGEST = ("test_landmark_systems.py", "test_contract.py", "test_systems.py", "test_examples.py",
           "test_fusion.py", "test_named_systems.py", "test_disk_to_table.py",
           "test_realsmilenet.py", "test_clusters.py", "test_benchmark.py", "test_drawn_smiles.py",
           "test_uva_nemo_agreement.py", "test_calibration.py", "test_meshsmilenet.py",
           "test_train.py", "test_extract.py", "test_smile_signals.py")

REAL = Path(__file__).parents[1] / ".." / "shared" / "real"


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder that several processes share; they inherit the environment."""
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        os.environ[SHARED_FOLDER] = tempfile.mkdtemp(prefix="smilegenuine-tests-")
        # As many processes as cores: more threads would only wait for each other.
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(name, "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first: no process is to wait for another's last file."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST
               else len(LONGEST))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove it."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(SHARED_FOLDER, ""), ignore_errors=True)


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real recordings, which are never copied into the project."""
    if not REAL.is_dir():
        pytest.skip(f"the real recordings are not there ({REAL.resolve()})")
    return REAL


@pytest.fixture
def make_video(tmp_path: Path) -> Callable[..., Path]:
    """Make a video in the test's folder; see `mp4_boxes.write_video`."""

    def make(name: str = "clip.mp4", n: int = 12, fps: float = 25.0,
             size: tuple[int, int] = (96, 64), codec: str = "mp4v") -> Path:
        return mp4_boxes.write_video(tmp_path / name, n, fps, size, codec)

    return make


@pytest.fixture
def decoded(monkeypatch) -> list:
    """Files that were opened by OpenCV, one entry for each time."""
    opened, original = [], cv2.VideoCapture

    def capture(path, *args):
        opened.append(path)
        return original(path, *args)

    monkeypatch.setattr(cv2, "VideoCapture", capture)
    return opened
