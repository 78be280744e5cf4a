"""What the study of resolution found, as a table by system and condition, and a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..clip import Clip
from ..comparison import SCORES, markdown_table
from ..datasets.published import published_rates
from ..demo import CAVEAT
from .benchmark_report import SELECTION, duration, facts_of
from .comparing import Compared
from .labelled_data import LabelledSet
from .published_notes import percent, published_as
from .wrong_files import count_wrong

_NOTHING = "–"
# What holds under all conditions, of what a page says.
_FACTS = ("Data set", "Folds", "Measured", "Scores", "Device", "Versions")
_ABOUT = ("Conditions: width and height in percent of the recordings', and frames a second as "
          "asked for. A recording that has fewer keeps all of them; how many there are is the "
          "median over the clips. Pictures are made smaller before anything is measured in them. "
          "Folds are the same under all conditions; what cannot be used under one of them is left "
          "out there.")


@dataclass(frozen=True, eq=False)
class StudyPart:
    """A condition, and what was found under it, or why nothing was.

    Parameters
    ----------
    label : str
        What tables call the condition.
    resolution : float
    fps : float or None
    left_out : int
        Clips that could not be used.
    compared : Compared, optional
    problem : str, default=""
    """

    label: str
    resolution: float
    fps: float | None
    left_out: int
    compared: Compared | None = None
    problem: str = ""

    @property
    def places(self) -> set[int]:
        """Which clips of the set it has."""
        return set() if self.compared is None else set(self.compared.data.places.tolist())


def write_study(parts: Sequence[StudyPart], data: LabelledSet, output: Path) -> str:
    """Write `study.csv` and the page.

    Parameters
    ----------
    parts : sequence of StudyPart
    data : LabelledSet
        As it was before anything was degraded.
    output : Path
        The folder.

    Returns
    -------
    str
        What the terminal is to show.
    """
    with_scores = [part.places for part in parts if part.compared]
    common = set.intersection(*with_scores) if with_scores else set()
    table = pd.DataFrame([row for part in parts for row in _rows(part, common)])
    output.mkdir(parents=True, exist_ok=True)
    table.drop(columns="label").to_csv(output / "study.csv", index=False)
    tables = [*_tables(parts, table, common), _ABOUT, *_clips(parts)]
    caveat = [CAVEAT] if data.drawn else []
    page = [f"# Systems compared on degraded recordings of {data.name}", *tables, *caveat,
            *_published(table, data), *_facts(parts, data)]
    (output / "table.md").write_text("\n\n".join(page) + "\n", encoding="utf-8")
    seconds = sum(part.compared.protocol.seconds for part in parts if part.compared)
    return "\n\n".join([*tables, *caveat, f"{output}: table.md, study.csv, a folder for each "
                        f"condition; {duration(seconds)}"])


def _rows(part: StudyPart, common: set[int]) -> list[dict[str, Any]]:
    """Rows of `study.csv`: a system under a condition."""
    about: dict[str, Any] = {"label": part.label, "resolution": part.resolution, "fps": part.fps}
    if part.compared is None:
        return [{"system": None, **about, "clips": 0, "left out": part.left_out,
                 "problem": part.problem}]
    found, data = part.compared.found, part.compared.data
    rows = []
    for row in found.summary().to_dict("records"):
        said = found.predictions[found.predictions["system"] == row["system"]]
        shared = said[np.isin(data.places[said["index"].to_numpy()], list(common))]
        right = shared["truth"].to_numpy() == shared["decision"].to_numpy()
        rows.append({
            "system": row["system"], **about, "clips": found.n_clips, "left out": part.left_out,
            "frames a second": _rate(data.clips), "folds": row["folds"],
            **{title + of: row[title + of] for title in SCORES for of in ("", " sd")},
            "common clips": len(common),
            "accuracy, common clips": right.mean() if len(right) else np.nan, "problem": ""})
    return rows


def _rate(clips: Sequence[Clip]) -> float:
    """Frames a second: the median of the clips."""
    rates = [(len(clip.times) - 1) / (clip.times[-1] - clip.times[0]) for clip in clips
             if len(clip.times) > 1]
    return float(np.median(rates)) if rates else np.nan


def _tables(parts: Sequence[StudyPart], table: pd.DataFrame, common: set[int]) -> list[str]:
    """Accuracy by system and condition; and of the clips that all conditions have."""
    if not common and not any(part.compared for part in parts):
        return ["Nothing could be compared under any of the conditions."]
    texts = ["Accuracy in percent:", _by_condition(
        parts, table, lambda row: percent(row["accuracy"], row["accuracy sd"]))]
    if any(part.places != common for part in parts if part.compared):
        texts += [f"Of the {len(common)} clips that all these conditions have, of all folds "
                  "together, in percent:", _by_condition(
                      parts, table, lambda row: percent(row["accuracy, common clips"], np.nan))]
    return texts


def _by_condition(parts: Sequence[StudyPart], table: pd.DataFrame,
                  cell: Callable[[Any], str]) -> str:
    systems = list(table["system"].dropna().unique())
    columns = {"System": systems}
    for part in parts:
        rows = table[(table["label"] == part.label) & table["system"].notna()]
        cells = {row["system"]: cell(row) for _, row in rows.iterrows()}
        columns[part.label] = [cells.get(name, _NOTHING) for name in systems]
    return markdown_table(columns)


def _clips(parts: Sequence[StudyPart]) -> list[str]:
    """How many clips each condition has, how often they were seen a second, and what failed."""
    lines = markdown_table({
        "Condition": [part.label for part in parts],
        "Clips": [str(len(part.places)) for part in parts],
        "Left out": [str(part.left_out) for part in parts],
        "Frames a second": [f"{_rate(part.compared.data.clips):.3g}" if part.compared else _NOTHING
                            for part in parts]})
    problems = [f"- {part.label}: {part.problem}" for part in parts if part.problem]
    return [lines, *(["\n".join(problems)] if problems else [])]


def _published(table: pd.DataFrame, data: LabelledSet) -> list[str]:
    """What is published of these systems by frame rate."""
    name = published_as(data)
    if name is None:
        return []
    rows = published_rates(name)
    rows = rows[rows["system"].isin(table["system"].dropna())]
    if rows.empty:
        return []
    lines = markdown_table({
        "System": list(rows["system"]), "Frames a second": [f"{fps:.3g}" for fps in rows["fps"]],
        "Published (%)": [percent(a, sd) for a, sd in zip(rows["accuracy"], rows["sd"],
                                                          strict=True)]})
    return ["## Published by frame rate", lines,
            f"{rows['source'].iloc[0]}. The epoch is the one that is best on the test fold. That "
            "network was given 16 frames at any rate, so that at a lower one it saw a longer part "
            "of the smile. Here networks on the mesh see ten frames a second, as far as there are "
            "so many, and what is lowered is the rate of the recording."]


def _facts(parts: Sequence[StudyPart], data: LabelledSet) -> list[str]:
    """What holds under all conditions."""
    done = [part.compared for part in parts if part.compared]
    if not done:
        return []
    facts = facts_of(done[0].found, done[0].data, done[0].protocol)
    about = ("Data", f"{data.name}: {len(data.clips)} clips{count_wrong(data)}, "
                     f"{len(np.unique(data.groups))} subjects")
    said = [about, *((what, value) for what, value in facts if what in _FACTS)]
    return ["\n".join(f"- {what}: {value}" for what, value in said), SELECTION]
