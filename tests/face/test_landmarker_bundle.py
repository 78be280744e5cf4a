"""`find_bundle`: found in the right order, downloaded once, never trusted unchecked."""

from __future__ import annotations

import functools
import hashlib
import http.server
import os
import sys
import threading
from pathlib import Path

import pooch
import pytest

from smilegenuine.face import landmarker_bundle
from smilegenuine.face.landmarker_bundle import BUNDLE_NAME, find_bundle

CONTENT = b"a bundle, as far as these tests go"
OTHER = b"a page that asks for a password"


class Served(http.server.SimpleHTTPRequestHandler):
    """A quiet server of files that notes what it was asked for."""

    asked: list[str] = []

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.asked.append(self.path)
        super().do_GET()


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """Every folder is the test's own; the network is not there; the right hash is `CONTENT`'s."""
    landmarker_bundle._sha256.cache_clear()
    monkeypatch.delenv("SMILEGENUINE_DATA", raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache" / project)
    monkeypatch.setattr(landmarker_bundle, "BUNDLE_SHA256", hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setattr(landmarker_bundle, "BUNDLE_URL", f"http://127.0.0.1:9/{BUNDLE_NAME}")
    yield
    landmarker_bundle._sha256.cache_clear()


@pytest.fixture
def cached(tmp_path) -> Path:
    return tmp_path / "cache" / "smilegenuine" / BUNDLE_NAME


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A folder that a server offers in place of Google's storage, and what was asked of it."""
    folder = tmp_path / "served"
    folder.mkdir()
    Served.asked = []
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Served, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(landmarker_bundle, "BUNDLE_URL",
                        f"http://127.0.0.1:{server.server_port}/{BUNDLE_NAME}")
    yield folder
    server.shutdown()
    thread.join()
    server.server_close()


def put(path: Path, content: bytes = CONTENT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_the_folder_in_the_environment_comes_first(tmp_path, cached, monkeypatch):
    put(cached)
    given = put(tmp_path / "given" / BUNDLE_NAME)
    monkeypatch.setenv("SMILEGENUINE_DATA", str(given.parent))
    assert find_bundle() == given
    given.unlink()
    assert find_bundle() == cached


def test_the_folder_in_the_environment_needs_no_pooch(tmp_path, monkeypatch):
    given = put(tmp_path / "given" / BUNDLE_NAME)
    monkeypatch.setenv("SMILEGENUINE_DATA", str(given.parent))
    monkeypatch.setitem(sys.modules, "pooch", None)
    assert find_bundle() == given


def test_it_is_downloaded_once(served, cached):
    put(served / BUNDLE_NAME)
    assert find_bundle() == cached
    assert cached.read_bytes() == CONTENT
    assert find_bundle() == cached
    assert Served.asked == [f"/{BUNDLE_NAME}"]


def test_a_download_of_something_else_is_not_kept(served, cached):
    put(served / BUNDLE_NAME, OTHER)
    with pytest.raises(RuntimeError, match=r"cannot be downloaded.*hash"):
        find_bundle()
    assert not cached.exists()


def test_it_is_not_on_the_server(served, cached):
    with pytest.raises(RuntimeError, match=r"cannot be downloaded.*404"):
        find_bundle()
    assert not cached.exists()


def test_without_a_network_three_remedies_are_given(cached):
    with pytest.raises(RuntimeError) as caught:
        find_bundle()
    message = str(caught.value)
    assert "Connect to the network" in message
    assert f"into the cache folder, as {cached}" in message
    assert "environment variable SMILEGENUINE_DATA" in message


def test_a_cache_that_cannot_be_written(served, tmp_path):
    put(served / BUNDLE_NAME)
    put(tmp_path / "cache")  # a file where the folder should be
    with pytest.raises(RuntimeError, match="cannot be downloaded"):
        find_bundle()


def test_a_damaged_file_in_the_cache(cached):
    put(cached, CONTENT[:-1])
    with pytest.raises(RuntimeError, match=rf"{cached} is damaged.*delete it, and it will be down"):
        find_bundle()


def test_a_damaged_file_in_the_environments_folder(tmp_path, cached, monkeypatch):
    put(cached)
    given = put(tmp_path / "given" / BUNDLE_NAME, OTHER)
    monkeypatch.setenv("SMILEGENUINE_DATA", str(given.parent))
    with pytest.raises(RuntimeError, match=rf"{given} is damaged.*or unset SMILEGENUINE_DATA"):
        find_bundle()


def test_it_is_hashed_once_for_a_file_that_does_not_change(cached, monkeypatch):
    hashed, digest = [], hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda *a: hashed.append(a) or digest(*a))
    put(cached)
    find_bundle()
    find_bundle()
    assert len(hashed) == 1
    put(cached, OTHER[:len(CONTENT)])
    os.utime(cached, ns=(1, 1))
    with pytest.raises(RuntimeError, match="damaged"):
        find_bundle()


def test_without_pooch_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError) as caught:
        find_bundle()
    assert str(caught.value) == (
        'FaceLandmarks needs MediaPipe: pip install "smilegenuine[mediapipe]"')
