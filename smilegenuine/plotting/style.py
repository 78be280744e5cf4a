"""Colours, line styles and the like that all pictures share."""

from __future__ import annotations

from typing import Any

#: Colour-blind safe (Okabe & Ito), and told apart by line style in grey print.
_LINES = (("#0072B2", "-"), ("#D55E00", "--"), ("#009E73", "-."), ("#CC79A7", ":"),
          ("#56B4E9", (0, (5, 1))), ("#E69F00", (0, (3, 1, 1, 1))))
STYLES = [(colour, _LINES[(k + turn) % len(_LINES)][1])  # 18 that all differ
           for turn in range(3) for k, (colour, _) in enumerate(_LINES)]
#: Of the phases of a smile, light enough to draw on.
SHADES = {"onset": "#cfe3f2", "apex": "#f3e3b3", "offset": "#e3d3e8"}
#: Colour-blind safe, from what speaks for the first class over nothing to what does for the second.
AGAINST_FOR = ("#D55E00", "#f7f7f7", "#0072B2")


def shortened(name: str, most: int = 70) -> str:
    return name if len(name) <= most else "…" + name[1 - most:]


def load_pyplot() -> Any:
    try:
        from matplotlib import pyplot
    except ImportError:
        raise ImportError("pictures need matplotlib: pip install 'smilegenuine[plot]'") from None
    return pyplot
