"""Pictures for reports: faces as PNG, drawings as SVG, each with words for who does not see it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pandas as pd

from ..clips.errors import ClipError
from ..clips.record import Clip
from ..explain.explanation import Explanation
from ..features.clip_phases import IN_ORDER, seconds_of
from ..features.dmarkers import signals_of
from ..features.smile_kinematics import Smile
from ..plotting.axes import time_limits
from ..plotting.contributions import ContributionsDisplay
from ..plotting.face_strip import chips_at, moments_of
from ..plotting.kinematics_profile import KinematicsDisplay
from ..plotting.signal_curves import SignalsDisplay
from ..plotting.style import SHADES, STYLES, load_pyplot, shade_phases
from .page import Html, element, figure, picture

# Inches and points at which letters can still be read where a page is 360 pixels wide.
_WIDTH, _LETTERS = 4.3, 9.0
_PIXELS = 140.0  # of the page for an inch, where there is room
#: Action units that are always drawn, where any are known.
_USUAL = ("AU12", "AU06")
# Of what is cut out around landmarks: its side in their extents, and in pixels.
_MARGIN, _CHIP = 1.25, 112
_ROWS = 8  # of the map of contributions
# Of the picture of a smile's figures: how many, and its width in inches.
_FIGURES, _WIDE = 8, 7.0
_SIGNALS = ("lip corners", "eyelids", "cheeks")


@contextmanager
def drawing() -> Iterator[None]:
    """Draw the same whatever the user's own settings are.

    Raises
    ------
    ImportError
        No matplotlib.
    """
    plt = load_pyplot()
    with warnings.catch_warnings(), plt.style.context("default"), plt.rc_context({
            "svg.fonttype": "path", "svg.hashsalt": "smilegenuine", "font.size": _LETTERS,
            "path.simplify": True, "path.simplify_threshold": 0.2}):
        # Letters that its font lacks are boxes in the picture; the page beside it has them.
        warnings.filterwarnings("ignore", "Glyph .* missing")
        yield


def new_figure(height: float, width: float = _WIDTH) -> Any:
    """Make an empty figure that no window will show.

    Parameters
    ----------
    height, width : float
        Inches.

    Returns
    -------
    matplotlib Figure
    """
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def drawn(made: Any, alt: str, *, pixels: float = _PIXELS) -> Html:
    """Return a figure as a part of the page.

    Parameters
    ----------
    made : matplotlib Figure
    alt : str
    pixels : float
        Of the page for an inch, where there is room.

    Returns
    -------
    Html
    """
    out = BytesIO()
    # Without a date, the same clip gives the same file; letters are shapes, the same everywhere.
    made.savefig(out, format="svg", facecolor="white",
                 metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    width, height = made.get_size_inches()
    return figure(picture(_smaller(out.getvalue().decode()).encode(), "svg", alt,
                          width=pixels * width, height=pixels * height))


def _smaller(svg: str) -> str:
    """The same drawing without comments, names and decimals that nobody sees."""
    svg = re.sub(r"<!--.*?-->|(?<=<g) id=\"[^\"]*\"", "", svg, flags=re.DOTALL)
    svg = re.sub(r"\s*\n\s*", "\n", svg)
    parts = re.split(r"((?:scale|matrix)\([^)]*\))", svg)  # there decimals are seen
    parts[::2] = [re.sub(r"(\d\.\d\d)\d+", r"\1", part) for part in parts[::2]]
    return "".join(parts)


def face_strip(clip: Clip, phases: dict[str, slice]) -> Html | None:
    """Show the face at the start, in the middle of each phase, and at the end.

    Parameters
    ----------
    clip : Clip
    phases : dict of str to slice

    Returns
    -------
    Html or None
        Of a clip without `faces`, what lies around its landmarks is cut out of the pictures. None
        where it has neither.
    """
    moments = moments_of(clip, phases)
    return _strip(clip, moments, _faces_at(clip, [moments])[0])


def smile_strips(clip: Clip, smiles: Sequence[Smile]) -> list[Html | None]:
    """Show the face in several smiles, when each begins, in its middle, and when it ends.

    Parameters
    ----------
    clip : Clip
    smiles : sequence of Smile
        Of this clip.

    Returns
    -------
    list of Html or None
        One a smile; see `face_strip`. The recording is read once for all.
    """
    seen = np.flatnonzero(clip.mask)
    if not len(seen):
        return [None] * len(smiles)
    times = np.asarray(clip.times)[seen]
    moments = [{name: int(seen[np.abs(times - when).argmin()]) for name, when in (
        ("begin", s.start), ("middle", 0.5 * (s.start + s.end)), ("end", s.end))} for s in smiles]
    words = {"begin": "when the smile begins", "middle": "in the middle of the smile",
             "end": "when the smile ends"}
    return [_strip(clip, frames, chips, words)
            for frames, chips in zip(moments, _faces_at(clip, moments), strict=True)]


def _strip(clip: Clip, moments: dict[str, int], chips: dict[str, np.ndarray],
           words: Mapping[str, str] | None = None) -> Html | None:
    """Faces side by side, with when that is; None where there is no face."""
    if not chips:
        return None
    times = np.asarray(clip.times)
    shown = []
    for name, chip in chips.items():
        done, data = cv2.imencode(".png", np.ascontiguousarray(chip[..., ::-1]))
        if not done:
            raise RuntimeError("this OpenCV writes no PNG; install opencv-python")
        height, width = chip.shape[:2]
        when = f"{times[moments[name]]:.2f} s"
        image = picture(data.tobytes(), "png",
                        f"The face at {when}, {(words or _MOMENTS).get(name, name)}",
                        width=width, height=height)
        shown.append(figure(image, f"{name}, {when}"))
    return element("div", *shown, class_="strip")


def _faces_at(clip: Clip, moments: Sequence[dict[str, int]]) -> list[dict[str, np.ndarray]]:
    """The faces at some moments, in several groups; the recording is read at most once."""
    if clip.faces is not None:
        return [chips_at(clip, group) for group in moments]
    chips = _cut_out(clip, {frame for group in moments for frame in group.values()})
    return [{name: chips[i] for name, i in group.items() if i in chips} for group in moments]


def _cut_out(clip: Clip, wanted: set[int]) -> dict[int, np.ndarray]:
    """What lies around the landmarks at some frames; the recording is read once more for it."""
    if clip.frames is None or clip.landmarks is None or not clip.mask.any():
        return {}
    chips: dict[int, np.ndarray] = {}
    try:
        for i, frame in enumerate(clip.frames):
            if i in wanted:
                chips[i] = _around(frame, np.asarray(clip.landmarks[i])[:, :2])
                if len(chips) == len(wanted):
                    break
    except (ValueError, OSError):  # it was there before; the report goes on without pictures
        return {}
    return chips


def _around(frame: np.ndarray, points: np.ndarray) -> np.ndarray:
    """A square around points; where it would leave the picture, the picture's edge goes on."""
    low, high = points.min(axis=0), points.max(axis=0)
    side = max(2.0, _MARGIN * float((high - low).max()))
    corner = np.rint(0.5 * (low + high - side)).astype(int)
    places = np.arange(round(side))
    rows = np.clip(corner[1] + places, 0, frame.shape[0] - 1)
    columns = np.clip(corner[0] + places, 0, frame.shape[1] - 1)
    chip = np.ascontiguousarray(frame[np.ix_(rows, columns)])
    return np.asarray(cv2.resize(chip, (_CHIP, _CHIP), interpolation=cv2.INTER_AREA))


_MOMENTS = {"start": "at the beginning of the recording", "end": "at its end",
            "onset": "in the middle of the onset", "apex": "in the middle of the apex",
            "offset": "in the middle of the offset"}


def curves(clip: Clip, phases: dict[str, slice], units: Sequence[str] = ()) -> Html | None:
    """Draw what was measured over time, with the phases of the smile.

    Parameters
    ----------
    clip : Clip
    phases : dict of str to slice
    units : sequence of str, default=()
        Action units to draw beside those that always are.

    Returns
    -------
    Html or None
        Action units and smile intensity; of a clip without them, the signals of the D-Markers; None
        where there is neither.
    """
    when = when_text(clip, phases)
    if clip.aus is not None:
        names = list(dict.fromkeys([*_USUAL, *units]))[:4]
        with drawing():
            made = new_figure(4.1)
            axes = made.subplots(3, 1, gridspec_kw={"height_ratios": (0.01, 1.0, 1.5)})
            SignalsDisplay.from_clip(clip.replace(faces=None), aus=names, title="", axes=axes)
            return drawn(made, f"Curves over time: smile intensity, and {', '.join(names)}. {when}")
    if clip.landmarks is None:
        return None
    try:
        signals, times = signals_of(clip)
    except ClipError:  # too few frames with a face
        return None
    with drawing():
        made = new_figure(2.9)
        ax = made.subplots()
        shades = shade_phases(ax, seconds_of(phases, np.asarray(clip.times)))
        moved = signals.mean(axis=2) - signals[0].mean(axis=1)
        _draw_signals(ax, times, moved, list(shades.values()))
        return drawn(made, f"Curves over time: {', '.join(_SIGNALS)}. {when}")


def _draw_signals(ax: Any, times: np.ndarray, signals: np.ndarray, shades: Sequence[Any],
                  unit: str = "widths of mouth or eye") -> None:
    """Draw signals (T, at most 3) of the face, with a legend of them and of what is shaded."""
    lines = [ax.plot(times, signal, color=colour, linestyle=style, label=name)[0]
             for signal, name, (colour, style) in zip(signals.T, _SIGNALS, STYLES, strict=False)]
    ax.set(xlabel="time (s)", ylabel=f"change ({unit})", xlim=time_limits(times))
    ax.figure.legend(handles=[*lines, *shades], loc="outside lower left", ncols=3,
                     fontsize="small", frameon=False)


def smile_curves(clip: Clip, smiles: Sequence[Smile]) -> Html | None:
    """Draw how lips and eyelids move over time, with the smiles in it.

    Parameters
    ----------
    clip : Clip
        With `landmarks`.
    smiles : sequence of Smile
        Of this clip; several are numbered.

    Returns
    -------
    Html or None
        None where too few frames have a face.
    """
    try:
        signals, times = signals_of(clip)
    except ClipError:
        return None
    signals = np.where(clip.mask[:, None], signals.mean(axis=2), np.nan)  # bridges are not measured
    signals -= signals[np.flatnonzero(clip.mask)[0]]
    with drawing():
        made = new_figure(2.6)
        ax = made.subplots()
        spans = [ax.axvspan(s.start, s.end, color=SHADES["apex"], linewidth=0, zorder=0,
                            label="smile") for s in smiles]
        for k, s in enumerate(smiles, 1):
            if len(smiles) > 1:
                ax.text(0.5 * (s.start + s.end), 1.01, str(k), ha="center", fontsize="small",
                        transform=ax.get_xaxis_transform())
        _draw_signals(ax, times, signals[:, :2], spans[:1], "widths\nof mouth or eye")
        where = "; ".join(f"smile {k} from {s.start:.2f} to {s.end:.2f} s"
                          for k, s in enumerate(smiles, 1)) or "no smile"
        return drawn(made, f"Curves over time: lip corners and eyelids; {where}.")


def contributions(found: Explanation, words: Sequence[str], log_odds: bool) -> Html:
    """Draw what contributes how much: over time, by action unit and phase, by branch.

    Parameters
    ----------
    found : Explanation
    words : sequence of two str
        What the classes are called.
    log_odds : bool
        Decisions are log-odds.

    Returns
    -------
    Html
    """
    n_branches = len(found.over_time.columns)
    heights = [1.5, 1.3, 0.7 + 0.24 * _ROWS, *([0.4 + 0.26 * n_branches] if n_branches > 1 else [])]
    with drawing():
        made = new_figure(sum(heights) + 1.6)
        axes = made.subplots(len(heights), 1, gridspec_kw={"height_ratios": heights})
        ContributionsDisplay.from_explanation(found, n_rows=_ROWS, log_odds=log_odds, title="",
                                              display_labels=words, axes=axes)
        what = "what each moment, each part of the face in each phase" + (
            ", and each branch" if n_branches > 1 else "")
        return drawn(made, f"Drawn: {what} contributes to the decision. The strongest ones are "
                           "listed beside this picture in words.")


def smile_figures(reasons: pd.DataFrame, words: Sequence[str]) -> Html:
    """Draw the figures of a smile beside those of both classes, and what they contribute.

    Parameters
    ----------
    reasons : DataFrame
        Of one smile, see `smilegenuine.explain.reasons`.
    words : sequence of two str
        What the classes are called, as in the table's columns.

    Returns
    -------
    Html
        Wider than a phone, where it can be moved sideways.
    """
    n = min(_FIGURES, len(reasons))
    with drawing():
        made = new_figure(1.3 + 0.42 * max(4, n + (len(reasons) > n)), _WIDE)
        axes = made.subplots(1, 2, gridspec_kw={"width_ratios": (2.6, 1.0)})
        KinematicsDisplay(reasons, words, n=_FIGURES).plot(axes=axes)
        profile = drawn(made, "Drawn: where the figures of this smile lie among those of "
                              f"{words[0]} and {words[1]} smiles, and what each of them "
                              "contributes to the decision. They are listed beside this picture in "
                              "words and numbers.", pixels=100.0)
    return element("div", profile, class_="wide", role="region", tabindex="0",
                   aria_label="Figures of the smile")


def when_text(clip: Clip, phases: dict[str, slice]) -> str:
    """Return in words when the phases of a smile are.

    Parameters
    ----------
    clip : Clip
    phases : dict of str to slice

    Returns
    -------
    str
    """
    spans = seconds_of(phases, np.asarray(clip.times))
    known = [f"{name} {spans[name][0]:.2f} to {spans[name][1]:.2f} s" for name in IN_ORDER
             if name in spans]
    missing = [name for name in IN_ORDER if name not in spans]
    if not known:
        return "No smile was found in it."
    text = f"{', '.join(known)}."
    if missing:
        text += f" Not there: {', '.join(missing)}."
    return text[0].upper() + text[1:]
