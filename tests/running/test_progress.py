"""Progress: a bar where somebody watches, lines where a log is written."""

from __future__ import annotations

import re
import sys
from contextlib import suppress

import pytest

from smilegenuine.running import progress as rooms
from smilegenuine.running.progress import PlainLines, progress, progress_bar


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(rooms.time, "monotonic", lambda: now[0])
    return now


def walk(clock, n: int, seconds: float) -> None:
    for _ in progress(range(n), total=n, verbose=True, name="faces"):
        clock[0] += seconds


def test_lines_with_rate_and_time_left(clock, capsys):
    walk(clock, 30, 2.0)
    out, err = capsys.readouterr()
    assert out == ""
    assert "\r" not in err
    lines = err.splitlines()
    assert lines[0] == "faces: 6/30 clips, 1.67s/clip, 00:10 gone, 00:40 left"
    assert lines[-1].startswith("faces: 30/30 clips")
    assert len(lines) == 6


def test_long_work_writes_fifty_lines_and_not_thousands(clock, capsys):
    walk(clock, 10_000, 1.5)
    assert 20 < len(capsys.readouterr().err.splitlines()) < 60


def test_nothing_is_silent_for_longer_than_ten_minutes(clock, capsys):
    walk(clock, 200, 590.0)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 100  # every second clip: a line is never more than two of them away
    assert re.search(r"faces: 3/200 clips, 39\d\.\d\ds/clip, 19:40 gone", lines[0])


def test_short_work_is_one_line(clock, capsys):
    walk(clock, 3, 0.1)
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_silent(capsys):
    assert list(progress(range(3), total=3, verbose=False, name="x")) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")


def test_the_end_is_said_when_work_stops_half_way(clock, capsys):
    with suppress(RuntimeError), \
            progress_bar(total=9, verbose=1, name="epochs", unit="epoch") as bar:
        bar.update(2)
        bar.set_postfix({"loss": "0.3"})
        raise RuntimeError("enough")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("epochs: 2/9 epochs")
    assert line.endswith(", loss=0.3")


def test_a_terminal_has_a_bar(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert not isinstance(progress_bar(total=2, verbose=1, name="x", unit="y"), PlainLines)
    assert list(progress(range(2), total=2, verbose=1, name="faces")) == [0, 1]
    err = capsys.readouterr().err
    assert "\r" in err
    assert "2/2" in err
