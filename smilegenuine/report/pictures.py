"""Pictures for reports: faces as PNG, drawings as SVG, each with words for who does not see it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import cv2
import numpy as np

from ..clip import Clip
from ..errors import ClipError
from ..explain.explanation import Explanation
from ..features.clip_phases import IN_ORDER, seconds_of
from ..features.dmarkers import signals_of
from ..plotting.contributions import ContributionsDisplay
from ..plotting.face_strip import chips_at, moments_of
from ..plotting.signals import SignalsDisplay
from ..plotting.style import SHADES, STYLES, load_pyplot
from .page import Html, element, figure, picture

# Inches and points at which letters can still be read where a page is 360 pixels wide.
_WIDTH, _LETTERS = 4.3, 9.0
_PIXELS = 140.0  # of the page for an inch, where there is room
#: Action units that are always drawn, where any are known.
_USUAL = ("AU12", "AU06")
# Of what is cut out around landmarks: its side in their extents, and in pixels.
_MARGIN, _CHIP = 1.25, 112
_ROWS = 8  # of the map of contributions
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
    """Give a figure as a part of the page.

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
    chips = chips_at(clip, moments) or _cut_out(clip, moments)
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
        image = picture(data.tobytes(), "png", f"The face at {when}, {_MOMENTS.get(name, name)}",
                        width=width, height=height)
        shown.append(figure(image, f"{name}, {when}"))
    return element("div", *shown, class_="strip")


def _cut_out(clip: Clip, moments: dict[str, int]) -> dict[str, np.ndarray]:
    """What lies around the landmarks at some frames; the recording is read once more for it."""
    if clip.frames is None or clip.landmarks is None or not clip.mask.any():
        return {}
    wanted = set(moments.values())
    found: dict[int, np.ndarray] = {}
    try:
        for i, frame in enumerate(clip.frames):
            if i in wanted:
                found[i] = _around(frame, np.asarray(clip.landmarks[i])[:, :2])
                if len(found) == len(wanted):
                    break
    except (ValueError, OSError):  # it was there before; the report goes on without pictures
        return {}
    return {name: found[i] for name, i in moments.items() if i in found}


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
        _draw_signals(made.subplots(), clip, signals, times, phases)
        return drawn(made, f"Curves over time: {', '.join(_SIGNALS)}. {when}")


def _draw_signals(ax: Any, clip: Clip, signals: np.ndarray, times: np.ndarray,
                  phases: dict[str, slice]) -> None:
    shades = [ax.axvspan(*span, color=SHADES[name], linewidth=0, label=name, zorder=0)
              for name, span in seconds_of(phases, np.asarray(clip.times)).items()
              if name in SHADES]
    lines = [ax.plot(times, signals[:, k].mean(axis=1) - signals[0, k].mean(), color=colour,
                     linestyle=style, label=name)[0]
             for k, (name, (colour, style)) in enumerate(zip(_SIGNALS, STYLES, strict=False))]
    ax.set(xlabel="time (s)", ylabel="change (widths of mouth or eye)", xlim=_limits(times))
    ax.figure.legend(handles=[*lines, *shades], loc="outside lower left", ncols=3,
                     fontsize="small", frameon=False)


def _limits(times: np.ndarray) -> tuple[float, float]:
    first, last = float(times[0]), float(times[-1])
    return first, last if last > first else first + 1.0


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


def when_text(clip: Clip, phases: dict[str, slice]) -> str:
    """Say when the phases of a smile are.

    Parameters
    ----------
    clip : Clip
    phases : dict of str to slice

    Returns
    -------
    str
    """
    spans = seconds_of(phases, np.asarray(clip.times))
    there = [f"{name} {spans[name][0]:.2f} to {spans[name][1]:.2f} s" for name in IN_ORDER
             if name in spans]
    missing = [name for name in IN_ORDER if name not in spans]
    if not there:
        return "No smile was found in it."
    said = f"{', '.join(there)}."
    if missing:
        said += f" Not there: {', '.join(missing)}."
    return said[0].upper() + said[1:]
