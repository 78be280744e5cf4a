"""`smilegenuine watch`: ask a saved model about somebody while they smile."""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

import cv2
import numpy as np

from ..classifiers.opening import move_networks, set_run
from ..clips.au_table import AU_NAMES
from ..clips.errors import ClipError, NoFaceError
from ..live import LiveDecision, LiveMoment, LiveSmile
from ..live.live_decision import WAITING
from ..live.live_steps import FEWEST
from ..live.picture import LivePicture
from ..live.sources import Film, open_film
from ..running.output_places import prepare_file
from ..systems.persistence import load_model
from .arguments import add_device, file_name

_WINDOW = "smilegenuine watch (q to end)"
_CODECS = {".mp4": "mp4v", ".m4v": "mp4v", ".mov": "mp4v", ".avi": "MJPG", ".mkv": "mp4v"}
_QUIT = (ord("q"), ord("Q"), 27)
# Seconds in which a window has to come up.
_PATIENCE = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--fps", type=float, metavar="HZ",
                        help="frame rate of what carries no timing: image folders")
    parser.add_argument("--quiet", action="store_true", help="decisions alone")
    parser.add_argument("model", type=Path, metavar="MODEL")
    parser.add_argument("source", nargs="?", default="0", metavar="SOURCE",
                        help="the number of a camera, 0 by default; or a video, or a folder of "
                             "images")
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument("--from-start", action="store_true",
                      help="of a file every frame, however long that takes (the default)")
    pace.add_argument("--real-time", action="store_true",
                      help="play a file at its own pace, and drop frames where this machine is "
                           "too slow")
    parser.add_argument("--output", type=file_name(".csv"), metavar="FILE.csv",
                        help="write a row a frame: what was known when it came")
    parser.add_argument("--video", type=file_name(*_CODECS), metavar="FILE.mp4",
                        help="write the picture that the window shows. Without --output and "
                             "--video nothing is kept of who is watched")
    parser.add_argument("--window", action=argparse.BooleanOptionalAction, default=None,
                        help="show what is seen; without either, where there is a display")
    add_device(parser)


def run(args: argparse.Namespace) -> int:
    """Watch, and return the exit status."""
    system = load_model(args.model)
    if not hasattr(system, "predict_proba"):
        raise ValueError(f"{args.model}: holds {type(system).__name__}, which is no classifier "
                         "with probabilities")
    set_run(system, n_jobs=None, verbose=False)
    move_networks(system, args.device)
    files = [file for file in (args.output, args.video) if file is not None]
    for file in files:
        prepare_file(file)
        if file.exists() and os.path.exists(args.source) and file.samefile(args.source):
            raise ValueError(f"{file}: is what is watched; give another name to write to")
    shows = args.window
    if shows is not False and not _window_works():
        if shows:
            raise RuntimeError("no window can be shown: there is no display, or this OpenCV is "
                               "built without windows (opencv-python-headless). Leave --window "
                               "out; --video FILE.mp4 keeps the pictures")
        shows = False
    with ExitStack() as stack:
        live = stack.enter_context(_opened(args.model, system))
        film = stack.enter_context(open_film(args.source, fps=args.fps, real_time=args.real_time))
        watch = _Watch(live, film, stack, output=args.output, video=args.video,
                       window=shows is not False, quiet=args.quiet)
        return watch.run()


def _opened(model: Path, system: Any) -> LiveDecision:
    try:
        return LiveDecision(system)
    except TypeError as error:
        raise ValueError(f"{model}: {error}") from None
    except (ImportError, RuntimeError) as error:
        raise type(error)(f"{model}: {error}; this model looks for landmarks in pictures"
                          ) from error


class _Watch:
    """A film, a model, and what is done with its decisions."""

    def __init__(self, live: LiveDecision, film: Film, stack: ExitStack, *, output: Path | None,
                 video: Path | None, window: bool, quiet: bool) -> None:
        self.live, self.film, self.window = live, film, window
        self.picture = LivePicture(live.classes_, live.window) if video or window else None
        self.video = None if video is None else stack.enter_context(_VideoFile(video, film.fps))
        self.table = None if output is None else _Table(
            stack.enter_context(output.open("w", encoding="utf-8", newline="")), live.classes_)
        self.line = _Line(live.classes_, quiet)
        self.frames = self.seen = self.decided = 0
        self.problem = ""
        if window:
            stack.callback(cv2.destroyAllWindows)
            cv2.namedWindow(_WINDOW, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)

    def run(self) -> int:
        """Watch until the film ends or somebody ends it."""
        stopped: BaseException | None = None
        try:
            for frame, time in self.film:
                if not self._take(frame, time):
                    break
        except (KeyboardInterrupt, OSError, ClipError) as stop:
            stopped = stop  # what was seen by then is reported
        self._end()
        if stopped is not None and type(stopped) is not KeyboardInterrupt:
            raise stopped
        return self._report()

    def _take(self, frame: np.ndarray, time: float) -> bool:
        """Look at a frame; False where it was the last one that is wanted."""
        before = len(self.live.smiles)
        moment = self.live.update(frame, time)
        self.frames += 1
        self._count(moment)
        new = self.live.smiles[before:]
        if self.table is not None:
            self.table.add(moment, new)
        self.line.update(moment, new)
        if self.picture is None:
            return True
        shown = self.picture.draw(frame, moment, self.live.curve_, self.live.smiles)
        if self.video is not None:
            self.video.add(shown, time)
        return not self.window or _show(shown)

    def _count(self, moment: LiveMoment) -> None:
        self.seen += moment.face
        self.decided += not moment.measuring
        if moment.reason and moment.reason not in WAITING:
            self.problem = moment.reason

    def _end(self) -> None:
        before = len(self.live.smiles)
        moment = self.live.finish()
        self._count(moment)
        new = self.live.smiles[before:]
        self.decided += len(new)
        if self.table is not None:
            self.table.end(new)
        self.line.end(moment, new)

    def _report(self) -> int:
        """Print in the end what went wrong, and return the exit status."""
        if self.film.dropped:
            print(f"{self.film.dropped} of {self.film.dropped + self.frames} frames were dropped "
                  "to keep up", file=sys.stderr)
        if not self.seen:
            if self.frames < FEWEST:
                raise ClipError(self.film.name, f"ended after {self.frames} "
                                f"frame{'s' * (self.frames != 1)}, too few to measure anything")
            raise NoFaceError(self.film.name, f"no face in any of {self.frames} frames. It must be "
                              "upright, seen from the front, and not be small in the picture")
        if not self.decided and self.problem:
            raise ClipError(self.film.name, f"the model could not say anything: {self.problem}")
        if not self.live.smiles and self.live.curve_ is not None:
            print("no smile was seen", file=sys.stderr)
        return 0


# -- what is written -------------------------------------------------------------------------------

class _Table:
    """A row a frame, each written when the next one comes: an end may still belong to it."""

    def __init__(self, out: TextIO, classes: np.ndarray) -> None:
        self._out, self._writer = out, csv.writer(out)
        self._writer.writerow(["frame", "time", "measured", "face", "phase", "since",
                               f"P({classes[1]})", "decision", "reason", "smile", *AU_NAMES])
        self._row: list[Any] | None = None
        self._n = 0

    def add(self, moment: LiveMoment, new: list[LiveSmile]) -> None:
        """Take the row of a frame."""
        self._write()
        aus = [""] * len(AU_NAMES) if moment.aus is None else [_number(v) for v in moment.aus]
        self._row = [self._n, _number(moment.time), _number(moment.measured), int(moment.face),
                     moment.phase, _number(moment.since), _number(moment.probability),
                     _decisions(new), moment.reason, _number(moment.smile), *aus]
        self._n += 1

    def end(self, new: list[LiveSmile]) -> None:
        """Write the last row, with what was decided after it."""
        if self._row is not None and new:
            self._row[7] = _decisions(new)
            self._row[6] = _number(new[-1].probability)
        self._write()

    def _write(self) -> None:
        if self._row is not None:
            self._writer.writerow(self._row)
            self._out.flush()  # whoever reads along sees it
            self._row = None


def _decisions(smiles: list[LiveSmile]) -> str:
    return " ".join("cannot tell" if smile.decision is None else str(smile.decision)
                    for smile in smiles)


def _number(value: float) -> str:
    return f"{value:.6g}" if np.isfinite(value) else ""


class _VideoFile:
    """A film of the pictures: each as long as it was to be seen, whatever the frame rate was."""

    def __init__(self, file: Path, fps: float) -> None:
        self.file, self.fps = file, fps
        self._writer: Any = None
        self._first = 0.0
        self._n = 0
        self._size = (0, 0)

    def add(self, picture: np.ndarray, time: float) -> None:
        """Take the picture of a moment."""
        if self._writer is None:
            self._first, self._size = time, (picture.shape[1], picture.shape[0])
            code = cv2.VideoWriter.fourcc(*_CODECS[self.file.suffix.lower()])
            self._writer = cv2.VideoWriter(str(self.file), code, self.fps, self._size)
            if not self._writer.isOpened():
                raise OSError(f"{self.file}: cannot be written; this OpenCV lacks the codec, or "
                              "the disk is full. Try FILE.avi, or leave --video out")
        due = round((time - self._first) * self.fps) + 1 - self._n
        if due > 0:
            if (picture.shape[1], picture.shape[0]) != self._size:  # the film changed its size
                picture = cv2.resize(picture, self._size, interpolation=cv2.INTER_AREA)
            coded = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
            for _ in range(due):
                self._writer.write(coded)
            self._n += due

    def __enter__(self) -> _VideoFile:
        return self

    def __exit__(self, *_: Any) -> None:
        if self._writer is not None:
            self._writer.release()


class _Line:
    """What is printed: on a terminal one line that changes, in a file a line for each change."""

    def __init__(self, classes: np.ndarray, quiet: bool) -> None:
        self.second, self.quiet = classes[1], quiet
        self.moving = sys.stdout.isatty() and not quiet
        self._last, self._n = "", 0
        self._measured = np.nan

    def update(self, moment: LiveMoment, new: list[LiveSmile]) -> None:
        """Print what is new."""
        for smile in new:
            self._print_smile(smile)
        if self.quiet:
            return
        state = moment.phase or moment.reason or "watching"
        if self.moving and (moment.measured != self._measured or state != self._last):
            print(self._padded(self._text(moment, state)), end="", flush=True)
        elif not self.moving and state != self._last:
            print(self._text(moment, state), flush=True)
        self._last, self._measured = state, moment.measured

    def _text(self, moment: LiveMoment, state: str) -> str:
        parts = [f"{moment.time:7.2f} s", state]
        if np.isfinite(moment.since):
            parts.append(f"smiling for {moment.since:.1f} s")
        if np.isfinite(moment.smile):
            parts.append(f"intensity {moment.smile:.2f}")
        parts.append("cannot tell yet" if moment.measuring else
                     f"P({self.second}) = {moment.probability:.2f}")
        return "  ".join(parts)

    @staticmethod
    def _padded(text: str, *, cut: bool = True) -> str:
        """The text over the line that is there, whole or as much as fits."""
        width = shutil.get_terminal_size().columns - 1
        return "\r" + (text[:width] if cut else text).ljust(width)

    def _print_smile(self, smile: LiveSmile) -> None:
        self._n += 1
        decision = _decisions([smile])
        if np.isfinite(smile.probability):
            decision += f", P({self.second}) = {smile.probability:.3f}"
        cut = "" if smile.whole else " (not seen to its end)"
        text = f"smile {self._n}, {smile.begin:.2f} to {smile.end:.2f} s{cut}: {decision}"
        print(self._padded(text, cut=False) if self.moving else text, flush=True)

    def end(self, moment: LiveMoment, new: list[LiveSmile]) -> None:
        """Print what was decided in the end, and leave the line that changes."""
        if self.moving:
            print(f"{self._padded('')}\r", end="")
        for smile in new:
            self._print_smile(smile)
        if not self._n and not moment.measuring:  # of models that know no smiles
            print(f"P({self.second}) = {moment.probability:.3f} for the last seconds", flush=True)


# -- the window ------------------------------------------------------------------------------------

def _window_works() -> bool:
    """Whether a window can be shown; where there is no display, some builds end the process."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY")
                                                 or os.environ.get("WAYLAND_DISPLAY")):
        return False
    if not hasattr(cv2, "namedWindow"):
        return False
    try:
        tried = subprocess.run(
            [sys.executable, "-c", "import cv2; cv2.namedWindow('?'); cv2.destroyAllWindows()"],
            capture_output=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return tried.returncode == 0


def _show(picture: np.ndarray) -> bool:
    """Show a picture; False where somebody wants to end."""
    cv2.imshow(_WINDOW, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    if cv2.waitKey(1) & 0xFF in _QUIT:
        return False
    return cv2.getWindowProperty(_WINDOW, cv2.WND_PROP_VISIBLE) >= 1
