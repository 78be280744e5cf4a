"""`Explanation`: what adds how much to a decision."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from ..clips.au_table import AU_NAMES
from ..clips.record import Clip
from .kinematics_words import short_words

#: What a contribution can be made by; "not placed" is what a branch adds beyond its rows.
SOURCES = ("action unit", "pair", "smile", "face", "mesh", "D-Markers", "kinematics", "feature",
           "branch", "not placed")

#: Parts of the clip that contributions belong to. "smile" and "sequence" are phases that features
#: are taken over, "rest" what lies before the onset and after the offset.
SPANS = ("onset", "apex", "offset", "smile", "sequence", "rest", "")

#: What `Explanation.strongest` adds to the name of a unit for what it does together with others.
WITH_OTHERS = " with others"

#: Columns of `Explanation.table`.
COLUMNS = ("branch", "source", "au", "other_au", "region", "phase", "feature", "value",
           "contribution")


@dataclass(frozen=True, eq=False)
class Explanation:
    """What adds how much to a decision about a clip. All contributions are in log-odds.

    Positive contributions speak for ``classes[1]``, negative ones for ``classes[0]``. They add up:
    ``table["contribution"].sum()`` is ``decision - baseline_decision``.

    Attributes
    ----------
    table : DataFrame
        A row a contribution: `branch`; `source`, one of `SOURCES`; `au` and `other_au` (of a pair
        both, else ""); `region` of the face ("lips" or "eyelids" of smile kinematics), or of
        D-Markers which signal ("lip", "eyelid", "cheek"); `phase`, one of `SPANS`; `feature`, its
        name where it is one; `value`, the feature in this clip; `contribution`.
    over_time : DataFrame of shape (n_frames, n_branches)
        Contributions placed where what they rest on happened: slopes at the frame of the extremum,
        means over their phase, networks' frames at the frames. What belongs to no frame, as a
        phase that the clip does not have, is left out.
    au_over_time : array of shape (n_frames, 17)
        The part of it that action units contribute; a pair's in halves.
    times : array of shape (n_frames,)
        Seconds.
    phases : dict of str to slice
        Of the smile.
    decision : float
        What the model says: log-odds of ``classes[1]``, or whatever its decision values are.
    baseline_decision : float
        What it says of the baseline.
    classes : array of shape (2,)
    clip : Clip
        As measured.
    """

    table: pd.DataFrame
    over_time: pd.DataFrame
    au_over_time: np.ndarray
    times: np.ndarray
    phases: dict[str, slice]
    decision: float
    baseline_decision: float
    classes: np.ndarray
    clip: Clip

    @property
    def probability(self) -> float:
        """Probability of ``classes[1]``, where the decision is a log-odds."""
        return float(expit(self.decision))

    @property
    def no_smile(self) -> bool:
        """Whether neither onset nor offset of a smile was found in the clip."""
        spans = (self.phases.get(name, slice(0, 0)) for name in ("onset", "apex", "offset"))
        return not any(span.stop > span.start for span in spans)

    @property
    def not_placed(self) -> float:
        """What the parts of branches do not account for; near 0 where an explanation is whole."""
        rest = self.table["source"] == "not placed"
        return float(self.table.loc[rest, "contribution"].sum())

    def by_branch(self) -> pd.Series:
        """Sum by branch, in the order of the system.

        Returns
        -------
        Series
            Last, where there is some, by the name of the fusion what is no branch's own: the error
            of a top that is integrated along the way. 0 for a branch that saw nothing.
        """
        names = dict.fromkeys([*self.over_time.columns, *self.table["branch"]])
        sums = self.table.groupby("branch")["contribution"].sum()
        return sums.reindex(list(names), fill_value=0.0).rename_axis("branch")

    def by_source(self) -> pd.Series:
        """Sum by what the contribution is made by.

        Returns
        -------
        Series
            By those of `SOURCES` that are there.
        """
        return self._summed("source", SOURCES)

    def by_au(self) -> pd.Series:
        """Sum by action unit; a pair's contribution goes in halves to its two.

        Returns
        -------
        Series of length 17
            Zero for all where no branch looks at action units.
        """
        return self._by_unit(["au"]).reindex(list(AU_NAMES), fill_value=0.0).rename_axis(None)

    def by_pair(self) -> pd.Series:
        """Sum by pair of action units.

        Returns
        -------
        Series
            By (au, other_au), of those pairs that a branch looks at; the strongest first.
        """
        pairs = self.table[self.table["source"] == "pair"]
        sums = pairs.groupby(["au", "other_au"])["contribution"].sum()
        return _strongest_first(sums)

    def by_phase(self) -> pd.Series:
        """Sum by phase.

        Returns
        -------
        Series
            By those of `SPANS` that are there; "no phase" is what belongs to none.
        """
        return self._summed("phase", SPANS).rename(index={"": "no phase"})

    def by_region(self) -> pd.Series:
        """Sum by part of the face, of branches that look at the face, its mesh or how it moves.

        Returns
        -------
        Series
        """
        regions = [r for r in self.table["region"].unique() if r]
        return self._summed("region", regions)

    def by_frame(self) -> pd.Series:
        """Sum over branches, frame by frame; see `over_time`.

        Returns
        -------
        Series
            By time in seconds.
        """
        return pd.Series(self.over_time.to_numpy().sum(axis=1), index=self.times,
                         name="contribution")

    def by_au_and_phase(self) -> pd.DataFrame:
        """Sum by action unit and phase; a pair's contribution goes in halves to its two.

        Returns
        -------
        DataFrame of shape (17, n_phases)
        """
        sums = self._by_unit(["au", "phase"]).unstack(fill_value=0)
        return sums.reindex(index=list(AU_NAMES), columns=[p for p in SPANS if p in sums],
                            fill_value=0.0).rename_axis(index=None, columns=None)

    def strongest(self, n: int = 5) -> pd.DataFrame:
        """Return what counts most, by branch, action unit or region, and phase.

        Parameters
        ----------
        n : int, default=5

        Returns
        -------
        DataFrame
            Columns `branch`, `what`, `phase`, `contribution`; the largest magnitude first. Pairs go
            in halves to their units, as "AU06 with others": one by one, of 136, they would never be
            seen beside a branch that looks at single units. Of smile kinematics each figure is
            there, with its value.
        """
        rows = self.table[self.table["source"] != "not placed"]
        pairs = rows[rows["other_au"] != ""]
        halves = [pairs.assign(au=pairs[column] + WITH_OTHERS, other_au="",
                               contribution=0.5 * pairs["contribution"])
                  for column in ("au", "other_au")]
        rows = pd.concat([rows[rows["other_au"] == ""], *halves], ignore_index=True)
        groups = rows.assign(what=_what(rows)).groupby(["branch", "what", "phase"], sort=False)
        return _strongest_first(groups["contribution"].sum())[:n].reset_index()

    def __str__(self) -> str:
        sure = max(self.probability, 1.0 - self.probability)
        added = self.decision - self.baseline_decision
        strongest = self.strongest()
        lines = [f"{self.clip.label}: {self.classes[int(self.decision > 0)]}, {sure:.2f}",
                 f"  {self.decision:+.2f}: {self.baseline_decision:+.2f} at the baseline, and "
                 f"{added:+.2f} by this clip" + (", most of it:" if len(strongest) else ".")]
        if self.no_smile:
            lines.insert(1, "  No smile was found in it: what is said of one says nothing here.")
        for branch, what, phase, value in strongest.itertuples(index=False, name=None):
            where = f" in the {phase}" if phase in SPANS[:4] else f", {phase}" if phase else ""
            side = self.classes[int(value > 0)]
            lines.append(f"  {value:+.2f}  {what}{where} ({branch}), for {side}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return (f"Explanation({self.clip.label!r}, decision={self.decision:.3f}, "
                f"baseline_decision={self.baseline_decision:.3f}, {len(self.table)} contributions)")

    def _summed(self, column: str, order: Iterable[str]) -> pd.Series:
        sums = self.table.groupby(column)["contribution"].sum()
        return sums.reindex([name for name in order if name in sums.index])

    def _by_unit(self, keys: list[str]) -> pd.Series:
        """Sum by action unit, and by what else is in `keys`; of pairs, each unit has half."""
        share = np.where(self.table["other_au"] != "", 0.5, 1.0)
        rows = self.table.assign(contribution=share * self.table["contribution"])
        first, second = (rows[rows["au"] != ""].groupby(keys)["contribution"].sum()
                         for rows in (rows, rows.assign(au=rows["other_au"])))
        return first.add(second, fill_value=0.0)


def _strongest_first(contributions: pd.Series) -> pd.Series:
    return contributions.sort_values(key=np.abs, ascending=False, kind="stable")


def _what(rows: pd.DataFrame) -> pd.Series:
    """What each row is about, in a word; pairs are halved before."""
    region = rows["region"].mask(rows["source"] == "kinematics", pd.Series(
        [short_words(f, v, phase=False) for f, v in zip(rows["feature"], rows["value"],
                                                        strict=True)], rows.index, dtype=object))
    what = rows["au"].mask((rows["au"] == "") & (rows["region"] != ""), region)
    what = what.mask((what == "") & (rows["source"] == "smile"), "smile intensity")
    what = what.mask(what == "", rows["feature"])
    return what.mask(what == "", rows["source"])
