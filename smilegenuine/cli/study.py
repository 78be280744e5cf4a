"""The study of resolution: the same comparison on smaller pictures, and on fewer a second."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from ..degraded import degrade, without_measures
from ..errors import ClipError
from .benchmark_report import write_report
from .comparing import Unusable, compare
from .labelled_data import LabelledSet
from .published_notes import percent
from .reporting import report
from .study_report import StudyPart, write_study


@dataclasses.dataclass(frozen=True)
class Condition:
    """How recordings are degraded.

    Parameters
    ----------
    resolution : float
        Width and height in shares of what they are.
    fps : float or None
        Frames a second in Hz; None: as recorded.
    """

    resolution: float
    fps: float | None

    def __str__(self) -> str:
        return f"{100 * self.resolution:g} %, " + (
            "as recorded" if self.fps is None else f"{self.fps:g} Hz")

    @property
    def folder(self) -> str:
        """Name of the folder of its results."""
        rate = "as-recorded" if self.fps is None else f"{self.fps:g}-hz"
        return f"resolution-{self.resolution:g}_{rate}"

    def text(self) -> str:
        """Say it in a sentence."""
        size = "pictures as recorded" if self.resolution == 1.0 else \
            f"pictures of {100 * self.resolution:g} % of their width and height"
        return size + (", all frames" if self.fps is None else
                       f", at most {self.fps:g} frames a second")

    def apply(self, data: LabelledSet) -> LabelledSet:
        """Degrade the recordings of a set.

        Parameters
        ----------
        data : LabelledSet

        Returns
        -------
        LabelledSet
            With those that cannot be degraded among the `failures`, and no others.
        """
        clips, good, failures = [], [], []
        for i, clip in enumerate(data.clips):
            try:
                clips.append(degrade(clip, self.resolution, self.fps))
                good.append(i)
            except (ClipError, OSError) as error:
                failures.append({"clip": clip.label, "error": str(error)})
        none = data.failures.iloc[:0]
        return dataclasses.replace(data, failures=none).take(
            np.array(good, dtype=int), clips, pd.DataFrame(failures, columns=["clip", "error"]))


def conditions(resolutions: Sequence[float] | None, rates: Sequence[float] | None
               ) -> tuple[Condition, ...]:
    """Combine resolutions and frame rates.

    Parameters
    ----------
    resolutions, rates : sequence of float, or None
        None: as recorded.

    Returns
    -------
    tuple of Condition
        Each resolution with each rate; none where neither is given.
    """
    if resolutions is None and rates is None:
        return ()
    return tuple(Condition(*pair) for pair in product(resolutions or (1.0,), rates or (None,)))


def check_study(data: LabelledSet, wanted: Sequence[Condition]) -> None:
    """Raise where recordings cannot be degraded in that way, none of them.

    Parameters
    ----------
    data : LabelledSet
    wanted : sequence of Condition

    Raises
    ------
    ValueError
        There is no picture to make smaller.
    """
    if any(c.resolution != 1.0 for c in wanted) and all(c.frames is None for c in data.clips):
        raise ValueError(f"--resolution: {data.name} has no pictures to make smaller, only what "
                         "was measured in them; leave it out (--fps can be studied)")


def run_study(data: LabelledSet, wanted: Sequence[Condition], args: argparse.Namespace,
              output: Path, reference: str | None) -> int:
    """Compare the systems under each condition, and write what became of them.

    Parameters
    ----------
    data : LabelledSet
        With folds, which are the same under all conditions.
    wanted : sequence of Condition
    args : Namespace
    output : Path
        For the tables, and a folder for each condition.
    reference : str or None
        The system that others are compared with.

    Returns
    -------
    int
        How many recordings, and conditions, could not be used.
    """
    if any(c.resolution != 1.0 for c in wanted):
        # What came with some recordings holds for no smaller picture: measured anew in all of them.
        data = dataclasses.replace(data, clips=[without_measures(clip) for clip in data.clips])
    done = []
    for i, condition in enumerate(wanted, 1):
        print(f"Condition {i} of {len(wanted)}: {condition.text()}", file=sys.stderr)
        done.append(_run(condition, data, args, output / condition.folder, reference))
        print(f"{condition}: {_told(done[-1])}")
    print("\n" + write_study(done, data, output))
    return sum(part.left_out + bool(part.problem) for part in done)


def _run(condition: Condition, data: LabelledSet, args: argparse.Namespace, output: Path,
         reference: str | None) -> StudyPart:
    part = condition.apply(data)
    report(part.failures)
    about = (str(condition), condition.resolution, condition.fps)
    try:
        if not part.clips:
            raise Unusable("no recording can be degraded in this way")
        compared = compare(part, args, output, reference)
    except Unusable as error:
        print(error, file=sys.stderr)
        return StudyPart(*about, len(data.clips), problem=str(error).splitlines()[-1])
    except RuntimeError as error:  # a system failed; the other conditions go on
        print(error, file=sys.stderr)
        return StudyPart(*about, len(part.failures), problem=str(error))
    write_report(compared.found, compared.data, compared.protocol, output / "table.md",
                 condition=condition.text())
    return StudyPart(*about, len(compared.data.failures), compared)


def _told(part: StudyPart) -> str:
    """A line on a condition, while others are waited for."""
    if part.compared is None:
        return part.problem
    summary = part.compared.found.summary()
    scores = ", ".join(f"{name} {percent(mean, sd)}" for name, mean, sd in
                       zip(summary["system"], summary["accuracy"], summary["accuracy sd"],
                           strict=True))
    left_out = f", {part.left_out} left out" if part.left_out else ""
    return f"{part.compared.found.n_clips} clips{left_out}; {scores}"
