"""The command `smilegenuine`: demo, train, predict, extract, benchmark, watch, info."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import cv2

from .._version import __version__
from . import benchmark, demo, extract, info, predict, train, watch
from .arguments import as_options
from .cluster import cluster


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; else those of the process.

    Returns
    -------
    int
        0 when all went well, 1 when something could not be done (it is said on stderr), 2 for a
        wrong call.
    """
    try:
        args = _parser().parse_args(argv)
    except SystemExit as done:  # argparse has said why
        return int(done.code or 0)
    who = f"smilegenuine {args.command}"
    # FFmpeg and OpenCV print warnings of their own beside what the errors here say.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")  # for worker processes
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    if hasattr(sys.stdout, "reconfigure"):
        # A name that the terminal cannot show must not cost the results.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with warnings.catch_warnings():
            # What a user of the command should know, without the line of code that says it.
            warnings.showwarning = lambda message, *_: print(f"{who}: {message}", file=sys.stderr)
            # A worker that has grown is replaced between two calls; nothing is lost by it.
            warnings.filterwarnings("ignore", "A worker stopped while some jobs were given")
            with cluster(args.dask), _stoppable():
                return int(args.run(args))
    except BrokenPipeError:
        # Whoever read the output has gone (`| head`); Python must not try to flush to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        message = "\n".join([f"{who}: {error}", *getattr(error, "__notes__", [])])
        print(as_options(message), file=sys.stderr)
        return 1
    except KeyboardInterrupt as stop:
        print(f"{who}: stopped", file=sys.stderr)
        return 143 if isinstance(stop, _Terminated) else 130


class _Terminated(KeyboardInterrupt):
    """Somebody, such as a batch system, asked the process to end."""


@contextmanager
def _stoppable() -> Iterator[None]:
    """End as Ctrl-C does when the process is told to: worker processes must not outlive it."""
    def stop(*_: Any) -> None:
        raise _Terminated

    if threading.current_thread() is not threading.main_thread():  # which alone may listen
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="smilegenuine", description="Tell a genuine (spontaneous) smile from a posed one.")
    parser.add_argument("--version", action="version", version=f"smilegenuine {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    for module, text in (
            (demo, "Take drawn people through the whole line: draw, fit, score by subject, "
                   "predict."),
            (train, "Fit a system on labelled videos, score it by subject, and save it."),
            (predict, "Ask a model about videos: a saved one, or the pretrained one."),
            (extract, "Write what is measured in every frame: action units, smile intensity and "
                      "phase; landmarks, blendshapes, the head's pose; and D-Markers of videos."),
            (benchmark, "Compare the published systems on a labelled set, over folds by subject. "
                        "Interrupted, the same call goes on where it stopped."),
            (watch, "Ask a saved model about somebody while they smile: a camera, or a file, frame "
                    "by frame."),
            (info, "Say what is installed on this machine; or, of a saved model, what it is.")):
        name = module.__name__.rpartition(".")[2]
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=module.run, dask=None)
        module.add_arguments(command)
    return parser
