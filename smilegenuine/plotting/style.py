"""Colours, line styles and the like that all pictures share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

#: Colour-blind safe (Okabe & Ito), and told apart by line style in grey print.
_LINES = (("#0072B2", "-"), ("#D55E00", "--"), ("#009E73", "-."), ("#CC79A7", ":"),
          ("#56B4E9", (0, (5, 1))), ("#E69F00", (0, (3, 1, 1, 1))))
STYLES = [(colour, _LINES[(k + turn) % len(_LINES)][1])  # 18 that all differ
           for turn in range(3) for k, (colour, _) in enumerate(_LINES)]
#: Of the phases of a smile: light enough to draw on, and in grey print each darker than the last.
SHADES = {"onset": "#e3eff9", "apex": "#f3dc96", "offset": "#c9b6d6"}
#: Colour-blind safe, from what speaks for the first class over nothing to what does for the second.
AGAINST_FOR = ("#D55E00", "#f7f7f7", "#0072B2")
#: Of what speaks for the first class: also told in grey print.
HATCH = "////"


def shortened(name: str, most: int = 70) -> str:
    return name if len(name) <= most else "…" + name[1 - most:]


def load_pyplot() -> Any:
    try:
        from matplotlib import pyplot
    except ImportError:
        raise ImportError("pictures need matplotlib: pip install 'smilegenuine[plot]'") from None
    return pyplot


def two_class_colours() -> Any:
    """Return matplotlib's map of `AGAINST_FOR`."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("two classes", AGAINST_FOR)


def shade_phases(ax: Any, spans: Mapping[str, tuple[float, float]], *, named: bool = True
                 ) -> dict[str, Any]:
    """Shade the phases of a smile behind what is drawn.

    Parameters
    ----------
    ax : matplotlib Axes
    spans : mapping of str to (float, float)
        Begin and end of the phases that are there, seconds; see `seconds_of`.
    named : bool, default=True
        Give them labels, for a legend.

    Returns
    -------
    dict of str to matplotlib patch
    """
    return {name: ax.axvspan(*spans[name], color=colour, linewidth=0, zorder=0,
                             label=name if named else None)
            for name, colour in SHADES.items() if name in spans}


def readable_on(colour: Sequence[float]) -> str:
    """Return black or white, whichever stands out more on a colour (WCAG's contrast)."""
    rgb = np.asarray(colour[:3], dtype=float)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    light = float(linear @ (0.2126, 0.7152, 0.0722))
    return "black" if (light + 0.05) / 0.05 > 1.05 / (light + 0.05) else "white"
