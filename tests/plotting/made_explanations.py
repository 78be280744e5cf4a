"""Explanations of known contributions, for tests of their pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from drawn import known_clips

from smilegenuine import Clip
from smilegenuine.clips.au_table import AU_NAMES
from smilegenuine.explain import Explanation
from smilegenuine.explain.explanation import COLUMNS
from smilegenuine.features.clip_phases import phases_of

#: (branch, source, au, other_au, region, phase, contribution): what a branch of each kind gives.
UNITS = [("auda_au", "action unit", au, "", "", phase, value) for au, phase, value in (
    ("AU06", "onset", 1.2), ("AU06", "apex", -0.4), ("AU12", "onset", 0.3), ("AU45", "apex", 0.1),
    ("AU25", "offset", -0.2), ("AU01", "onset", 0.0))]
PAIRS = [("auda_cross", "pair", a, b, "", phase, value) for a, b, phase, value in (
    ("AU06", "AU12", "onset", 0.5), ("AU12", "AU25", "onset", -0.7),
    ("AU12", "AU25", "apex", 0.1), ("AU01", "AU02", "apex", 0.0))]
FACE = [("realsmilenet", "face", "", "", region, phase, value) for region, phase, value in (
    ("mouth", "onset", 0.4), ("mouth", "rest", -0.1), ("brows and eyes", "onset", -0.3))]
MARKERS = [("dmarkers", "D-Markers", "", "", region, phase, value) for region, phase, value in (
    ("lip", "onset", -1.0), ("cheek", "offset", 0.6))]
SMILE = [("auda_frame", "smile", "", "", "", "apex", 0.25)]
UNPLACED = [("meshsmilenet", "not placed", "", "", "", "", 0.35)]
SIX = [*UNITS, *PAIRS, *FACE, *MARKERS, *SMILE, *UNPLACED]


def a_clip(n: int | None = None) -> Clip:
    """A smile with action units and smile intensity."""
    clip = known_clips(1, 1, random_state=4).data[0]
    return clip.replace(**{f: getattr(clip, f)[:n] for f in ("aus", "smile", "times")})


def made(rows: Sequence[tuple] = UNITS, clip: Clip | None = None, *, at: Sequence[int] = (10, 30),
         classes: Sequence = ("posed", "spontaneous"), baseline: float = -0.5) -> Explanation:
    """An explanation of these rows; what is placed is shared evenly by some frames of the clip."""
    clip = a_clip() if clip is None else clip
    n = len(clip.times)
    names = ["branch", "source", "au", "other_au", "region", "phase", "contribution"]
    table = pd.DataFrame(rows, columns=names).assign(feature="", value=np.nan)
    branches = list(dict.fromkeys(table["branch"]))
    over_time = pd.DataFrame(0.0, index=np.arange(n), columns=branches)
    for branch, part in table[table["source"] != "not placed"].groupby("branch"):
        over_time.loc[list(at), branch] = part["contribution"].sum() / len(at)
    decision = baseline + float(table["contribution"].sum())
    return Explanation(table[list(COLUMNS)], over_time, np.zeros((n, len(AU_NAMES))),
                       np.asarray(clip.times), phases_of(clip), decision, baseline,
                       np.array(classes), clip)
