"""Smile kinematics in words: what a figure is called, what it measures, how it lies to others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..features.smile_kinematics import KINEMATICS

#: What the signals are called, and what their lengths are measured in.
REGIONS = {"lip": "lips", "eyelid": "eyelids"}
_WIDTHS = {"lip": "mouth widths", "eyelid": "eye widths"}
_MOVERS = {"lip": "the lip corners", "eyelid": "the upper eyelids"}
_MOVES = {("lip", "onset"): "move out", ("lip", "offset"): "come back",
          ("eyelid", "onset"): "go up", ("eyelid", "offset"): "go down"}
_SENTENCES = {
    "duration_s": "{movers} move for {amount} of the {phase}",
    "rise": "{movers} {move} by {amount} in all in the {phase}",
    "fall": "{movers} {move} by {amount} in all in the {phase}",
    "peak_speed_per_s": "{movers} {move} at up to {amount} in the {phase}",
    "wobble": "{movers} move to and fro by {amount} in all in the {phase}",
    "backtrack_ratio": "{percent} % of what {movers} move in the {phase} goes the other way",
    "left_right_difference": "{movers} differ by {amount} in the {phase}, left from right",
}
# Figure → what it is called, and what a smaller and a larger one is.
_FIGURES = {
    "duration_s": ("duration", "shorter", "longer"), "rise": ("rise", "smaller", "larger"),
    "fall": ("fall", "smaller", "larger"), "peak_speed_per_s": ("peak speed", "slower", "faster"),
    "wobble": ("wobble", "less", "more"), "backtrack_ratio": ("backtrack ratio", "less", "more"),
    "left_right_difference": ("left-right difference", "smaller", "larger"),
}


def parameter_words(parameter: str, value: float) -> str:
    """Return what was measured, as a sentence.

    Parameters
    ----------
    parameter : str
        One of `KINEMATICS`.
    value : float

    Returns
    -------
    str

    Examples
    --------
    >>> parameter_words("lip_onset_duration_s", 0.64)
    'the onset of the lips lasts 0.64 s'
    >>> parameter_words("eyelid_offset_peak_speed_per_s", 1.26)
    'the upper eyelids go down at up to 1.3 eye widths/s in the offset'
    """
    if parameter not in KINEMATICS:
        return f"{parameter} is {number_text(parameter, value)}"
    signal, phase, figure = parameter.split("_", 2)
    sentence = "the {phase} of the lips lasts {amount}" if parameter.startswith("lip") and \
        figure == "duration_s" else _SENTENCES[figure]
    return sentence.format(
        phase=phase, movers=_MOVERS[signal], move=_MOVES.get((signal, phase), ""),
        amount=f"{number_text(parameter, value)} {unit_of(parameter)}",
        percent=f"{100 * value:.0f}")


def short_words(parameter: str, value: float | None = None, *, phase: bool = True) -> str:
    """Return the name of a figure in a few words, with its value where one is given.

    Parameters
    ----------
    parameter : str
        One of `KINEMATICS`; others are left as they are.
    value : float, optional
    phase : bool, default=True
        With the phase.

    Returns
    -------
    str

    Examples
    --------
    >>> short_words("lip_onset_duration_s"), short_words("lip_onset_duration_s", 0.64, phase=False)
    ('lips: onset duration', 'lips: duration 0.64 s')
    """
    name = parameter
    if parameter in KINEMATICS:
        signal, when, figure = parameter.split("_", 2)
        name = f"{REGIONS[signal]}: {f'{when} ' * phase}{_FIGURES[figure][0]}"
    if value is None:
        return name
    if not np.isfinite(value):
        return f"{name} not measured"
    return f"{name} {number_text(parameter, value)} {unit_of(parameter)}".rstrip()


def number_text(parameter: str, value: float) -> str:
    """Write a value: hundredths of seconds, and else two digits, thousandths at most."""
    if parameter.endswith("duration_s"):
        return f"{value:.2f}"
    if abs(value) < 5e-4:
        return "0"
    return f"{value:.{int(np.clip(1 - np.floor(np.log10(abs(value))), 0, 3))}f}"


def unit_of(parameter: str) -> str:
    """Return the unit of a figure.

    Parameters
    ----------
    parameter : str
        One of `KINEMATICS`.

    Returns
    -------
    str
        "s", "mouth widths", "eye widths", one of these with "/s", or "" of a ratio and of what is
        none of them.
    """
    if parameter not in KINEMATICS or parameter.endswith("ratio"):
        return ""
    if parameter.endswith("duration_s"):
        return "s"
    return _WIDTHS[parameter.split("_")[0]] + "/s" * parameter.endswith("per_s")


def direction_of(parameter: str, value: float, usual: np.ndarray, names: Sequence[str]) -> str:
    """Compare a value with what is usual: beyond a quartile, it is beyond most of a class.

    Parameters
    ----------
    parameter : str
        One of `KINEMATICS`.
    value : float
    usual : array of shape (2, 5)
        Of each class, at `LEVELS`; NaN where nothing is known.
    names : sequence of two str
        What classes are called.

    Returns
    -------
    str
        "" where nothing is known of either class.

    Examples
    --------
    >>> posed, spontaneous = [0.3, 0.5, 0.7, 0.8, 1.1], [0.4, 0.7, 1.0, 1.4, 2.1]
    >>> direction_of("lip_onset_duration_s", 0.64, [posed, spontaneous], ["posed", "spontaneous"])
    'shorter than in most spontaneous smiles, usual for posed ones'
    """
    figure = parameter.split("_", 2)[-1] if parameter in KINEMATICS else ""
    _, less, more = _FIGURES.get(figure, ("", "smaller", "larger"))
    sides = {name: int(value > levels[3]) - int(value < levels[1])
             for name, levels in zip(names, np.asarray(usual), strict=True)
             if np.isfinite(levels).all()}
    if len(sides) == 2 and len(set(sides.values())) == 1:
        side = next(iter(sides.values()))
        return "usual for both" if not side else \
            f"{more if side > 0 else less} than in most smiles of either kind"
    texts = [f"{more if side > 0 else less} than in most {name}" for name, side in sides.items()
             if side] + [f"usual for {name}" for name, side in sides.items() if not side]
    return ", ".join(text + (" ones" if k or text.startswith("usual") else " smiles")
                     for k, text in enumerate(texts))
