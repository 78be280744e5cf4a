"""The study of resolution: the same comparison on smaller pictures, and on fewer a second."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..clips.degraded import degrade, without_measures
from ..clips.errors import ClipError
from ..clips.record import Clip
from ..datasets.published import published_rates
from ..evaluation.comparison import SCORES, markdown_table
from ..running.number_text import UNKNOWN, duration, percent
from .comparing import Unusable, compare
from .options import BenchmarkOptions
from .preparation import failure_text
from .result import CAVEAT, SELECTION, BenchmarkResult, published_as
from .sets import LabelledSet

#: What is degraded, and between which bounds: shares of width and height, and Hz. Beyond these
#: rates nothing is understood, and less than this share of a picture is none.
BOUNDS = {"resolution": (0.01, 1.0), "fps": (4.0, 1000.0)}

# What holds under all conditions, of what a page says.
_FACTS = ("Data set", "Folds", "Measured", "Scores", "Device", "Versions")
_ABOUT = ("Conditions: width and height in percent of the recordings', and frames a second as "
          "asked for. A recording that has fewer keeps all of them; how many there are is the "
          "median over the clips. Pictures are made smaller before anything is measured in them. "
          "Folds are the same under all conditions; what cannot be used under one of them is left "
          "out there.")


@dataclass(frozen=True)
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
        """Return the name of the folder of its results."""
        rate = "as-recorded" if self.fps is None else f"{self.fps:g}-hz"
        return f"resolution-{self.resolution:g}_{rate}"

    def text(self) -> str:
        """Return it as a part of a sentence."""
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
        clips, failures = {}, []
        for i, clip in enumerate(data.clips):
            try:
                clips[i] = degrade(clip, self.resolution, self.fps)
            except (ClipError, OSError) as error:
                failures.append((clip.label, str(error)))
        return dataclasses.replace(data, failures=data.failures.iloc[:0]).take(
            np.array([*clips], dtype=int), [*clips.values()],
            pd.DataFrame(failures, columns=["clip", "error"]))


def conditions(study: Mapping[str, Sequence[float] | None] | None) -> tuple[Condition, ...]:
    """Combine resolutions and frame rates.

    Parameters
    ----------
    study : mapping of str to sequence of float, or None
        "resolution": shares of width and height; "fps": Hz. Without one of them, as recorded.

    Returns
    -------
    tuple of Condition
        Each resolution with each rate, each one once; none where neither is given.

    Raises
    ------
    ValueError
        Something else, or a number that is out of `BOUNDS`.
    """
    values: dict[str, dict[float, None]] = {}
    for name, wanted in (study or {}).items():
        if name not in BOUNDS:
            raise ValueError(f"`study={{{name!r}: …}}`: what can be studied is "
                             f"{' and '.join(map(repr, BOUNDS))}")
        values[name] = dict.fromkeys(map(float, wanted or ()))
        least, most = BOUNDS[name]
        for value in values[name]:
            if not least <= value <= most:
                raise ValueError(f"`{name}={value:g}`: must be a number from {least:g} to {most:g}")
    if not any(values.values()):
        return ()
    return tuple(Condition(*pair) for pair in product(
        values.get("resolution") or (1.0,), values.get("fps") or (None,)))


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
        raise ValueError(f"`resolution=`: {data.name} has no pictures to make smaller, only what "
                         "was measured in them; leave it out (`fps=` can be studied)")


@dataclass(frozen=True, eq=False)
class StudyPart:
    """A condition, and what was found under it, or why nothing was.

    Parameters
    ----------
    condition : Condition
    left_out : int
        Clips that could not be used.
    result : BenchmarkResult, optional
    problem : str, default=""
    """

    condition: Condition
    left_out: int
    result: BenchmarkResult | None = None
    problem: str = ""

    @property
    def places(self) -> set[int]:
        """Which clips of the set it has."""
        return set() if self.result is None else set(self.result.data.places.tolist())

    @property
    def rate(self) -> float:
        """Frames a second that there were: the median of the clips, NaN where there is none."""
        clips: Sequence[Clip] = self.result.data.clips if self.result else ()
        rates = [(len(clip.times) - 1) / (clip.times[-1] - clip.times[0]) for clip in clips
                 if len(clip.times) > 1]
        return float(np.median(rates)) if rates else np.nan

    def __str__(self) -> str:
        """Return a line on the condition, while others are waited for."""
        if self.result is None:
            return f"{self.condition}: {self.problem}"
        summary = self.result.summary()
        scores = ", ".join(f"{row['system']} {percent(row['accuracy'], row['accuracy sd'])}"
                           for row in summary.to_dict("records"))
        left_out = f", {self.left_out} left out" if self.left_out else ""
        return f"{self.condition}: {self.result.n_clips} clips{left_out}; {scores}"


@dataclass(frozen=True, eq=False)
class StudyResult:
    """What a study found: a comparison under each condition.

    As text, such as ``print(result)`` shows it, it is the tables by system and condition.

    Parameters
    ----------
    parts : sequence of StudyPart
    data : LabelledSet
        As it was before anything was degraded.
    folder : Path, optional
        Of the tables.

    See Also
    --------
    smilegenuine.run_benchmark : Makes one.
    """

    parts: Sequence[StudyPart]
    data: LabelledSet
    folder: Path | None = None

    @property
    def results(self) -> dict[str, BenchmarkResult]:
        """The comparisons, by what tables call their condition, where there are some."""
        return {str(part.condition): part.result for part in self.parts if part.result}

    @property
    def problems(self) -> int:
        """How many clips, lists and conditions could not be used."""
        return len(self.data.failures) + sum(part.left_out + bool(part.problem)
                                             for part in self.parts)

    @property
    def common(self) -> set[int]:
        """Places of the clips that all conditions have under which something was compared."""
        return set.intersection(*(part.places for part in self.parts if part.result)) \
            if self.results else set()

    def table(self) -> pd.DataFrame:
        """Return the scores of each system under each condition.

        Returns
        -------
        DataFrame
            A row a system and condition: `system`, `resolution`, `fps`, `clips`, `left out`,
            `frames a second`, `folds`, the scores with their standard deviations, `common clips`,
            `accuracy, common clips` and `problem`.
        """
        common = self.common
        return pd.DataFrame([row for part in self.parts for row in _rows(part, common)])

    def __str__(self) -> str:
        """Return the tables, and where the rest is."""
        seconds = sum(result.seconds for result in self.results.values())
        place = [] if self.folder is None else [
            f"{self.folder}: table.md, study.csv, a folder for each condition; "
            f"{duration(seconds)}"]
        return "\n\n".join([*self._tables(), *[CAVEAT] * self.data.drawn, *place])

    def markdown_page(self) -> str:
        """Return a page in Markdown: the tables, and how they were found.

        Returns
        -------
        str
        """
        page = [f"# Systems compared on degraded recordings of {self.data.name}", *self._tables(),
                *[CAVEAT] * self.data.drawn, *self._published(), *self._facts()]
        return "\n\n".join(page) + "\n"

    def write_tables(self, folder: str | Path) -> None:
        """Write `study.csv` and the page, `table.md`.

        Parameters
        ----------
        folder : str or Path
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.table().to_csv(folder / "study.csv", index=False)
        (folder / "table.md").write_text(self.markdown_page(), encoding="utf-8")

    def _tables(self) -> list[str]:
        """Accuracy by system and condition; and of the clips that all conditions have."""
        common, texts = self.common, ["Nothing could be compared under any of the conditions."]
        if self.results:
            texts = ["Accuracy in percent:", self._by_condition(
                common, lambda row: percent(row["accuracy"], row["accuracy sd"]))]
            if any(part.places != common for part in self.parts if part.result):
                texts += [f"Of the {len(common)} clips that all these conditions have, of all "
                          "folds together, in percent:", self._by_condition(
                              common, lambda row: percent(row["accuracy, common clips"]))]
        return [*texts, _ABOUT, *self._clips()]

    def _by_condition(self, common: set[int], cell: Callable[[Any], str]) -> str:
        columns = {str(part.condition): {row["system"]: cell(row) for row in _rows(part, common)
                                         if part.result} for part in self.parts}
        systems = list(dict.fromkeys(name for texts in columns.values() for name in texts))
        return markdown_table({"System": systems, **{
            title: [texts.get(name, UNKNOWN) for name in systems]
            for title, texts in columns.items()}})

    def _clips(self) -> list[str]:
        """How many clips each condition has, how often they were seen a second, what failed."""
        parts = self.parts
        lines = markdown_table({
            "Condition": [str(part.condition) for part in parts],
            "Clips": [str(len(part.places)) for part in parts],
            "Left out": [str(part.left_out) for part in parts],
            "Frames a second": [f"{part.rate:.3g}" if part.result else UNKNOWN for part in parts]})
        problems = [f"- {part.condition}: {part.problem}" for part in parts if part.problem]
        return [lines, *(["\n".join(problems)] if problems else [])]

    def _facts(self) -> list[str]:
        """What holds under all conditions."""
        if not self.results:
            return []
        first = next(iter(self.results.values()))
        facts = [("Data", self.data.size_text()),
                 *(fact for fact in first.facts() if fact[0] in _FACTS)]
        return ["\n".join(f"- {what}: {value}" for what, value in facts), SELECTION]

    def _published(self) -> list[str]:
        """What is published of these systems by frame rate."""
        name = published_as(self.data)
        rows = pd.DataFrame({"system": []}) if name is None else published_rates(name)
        rows = rows[rows["system"].isin(self.table()["system"].dropna())]
        if rows.empty:
            return []
        lines = markdown_table({
            "System": list(rows["system"]),
            "Frames a second": [f"{fps:.3g}" for fps in rows["fps"]],
            "Published (%)": list(map(percent, rows["accuracy"], rows["sd"]))})
        return ["## Published by frame rate", lines,
                f"{rows['source'].iloc[0]}. The epoch is the one that is best on the test fold. "
                "That network was given 16 frames at any rate, so that at a lower one it saw a "
                "longer part of the smile. Here networks on the mesh see ten frames a second, as "
                "far as there are so many, and what is lowered is the rate of the recording."]


def _rows(part: StudyPart, common: set[int]) -> list[dict[str, Any]]:
    """Rows of the table: a system under a condition."""
    about: dict[str, Any] = vars(part.condition)
    if part.result is None:
        return [{"system": None, **about, "clips": 0, "left out": part.left_out,
                 "problem": part.problem}]
    result, predictions = part.result, part.result.predictions
    places = result.data.places[predictions["index"].to_numpy()]
    shared = predictions[np.isin(places, list(common))]
    rows = []
    for row in result.summary().to_dict("records"):
        of_system = shared[shared["system"] == row["system"]]
        right = of_system["truth"].to_numpy() == of_system["decision"].to_numpy()
        rows.append({
            "system": row["system"], **about, "clips": result.n_clips, "left out": part.left_out,
            "frames a second": part.rate, "folds": row["folds"],
            **{title + of: row[title + of] for title in SCORES for of in ("", " sd")},
            "common clips": len(common),
            "accuracy, common clips": right.mean() if len(right) else np.nan, "problem": ""})
    return rows


# -- the work -------------------------------------------------------------------------------------

def run_study(data: LabelledSet, wanted: Sequence[Condition], systems: tuple[str, ...],
              options: BenchmarkOptions, output: Path | None, cache: Path | None,
              reference: str | None) -> StudyResult:
    """Compare the systems under each condition.

    Parameters
    ----------
    data : LabelledSet
        With folds, which are the same under all conditions.
    wanted : sequence of Condition
    systems : tuple of str
    options : BenchmarkOptions
    output : Path or None
        Folder of the tables, with a folder for each condition in it.
    cache : Path or None
        Folder of what is measured.
    reference : str or None
        The system that others are compared with.

    Returns
    -------
    StudyResult
    """
    recorded = data
    if any(c.resolution != 1.0 for c in wanted):
        # What came with some recordings holds for no smaller picture: measured anew in all of them.
        data = dataclasses.replace(data, clips=[without_measures(clip) for clip in data.clips])
    parts = []
    for i, condition in enumerate(wanted, 1):
        options.warn(f"Condition {i} of {len(wanted)}: {condition.text()}")
        folder = None if output is None else output / condition.folder
        parts.append(_run(condition, data, systems, options, folder, cache, reference))
        options.log(str(parts[-1]))
    options.log("")
    result = StudyResult(parts, recorded, output)
    if output is not None:
        result.write_tables(output)
    return result


def _run(condition: Condition, data: LabelledSet, systems: tuple[str, ...],
         options: BenchmarkOptions, output: Path | None, cache: Path | None, reference: str | None
         ) -> StudyPart:
    part = condition.apply(data)
    options.warn(failure_text(part.failures))
    try:
        if not part.clips:
            raise Unusable("no recording can be degraded in this way")
        result = compare(part, systems, options, output, cache, reference, condition.text())
    except Unusable as error:
        options.warn(str(error))
        return StudyPart(condition, len(data.clips), problem=str(error).splitlines()[-1])
    except RuntimeError as error:  # a system failed; the other conditions go on
        options.warn(str(error))
        return StudyPart(condition, len(part.failures), problem=str(error))
    return StudyPart(condition, result.problems, result)
