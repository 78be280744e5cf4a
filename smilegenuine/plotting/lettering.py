"""Names in pictures: no formulas, not too long, and legends that stand clear of the axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..running.foreign_text import class_names


def short_names(names: Sequence[Any], most: int) -> list[str]:
    """Cut long names in the middle, so that they still differ.

    Parameters
    ----------
    names : sequence of str
    most : int
        Letters of a name, at least 8.

    Returns
    -------
    list of str
        Those that would come out alike have a number at the end.

    Examples
    --------
    >>> short_names(["auda-au", "a very long name (1)", "a very long name (2)"], 12)
    ['auda-au', 'a very…e (1)', 'a very…e (2)']
    """
    shown: list[str] = []
    for name in map(str, names):
        short, k = _cut(name, most), 1
        while short in shown:
            k += 1
            short = f"{_cut(name, most - len(str(k)) - 1)}~{k}"
        shown.append(short)
    return shown


def _cut(name: str, most: int) -> str:
    name = " ".join(name.split())  # a line's end would be written over the line below
    if len(name) <= most:
        return name
    end = (most - 1) // 2
    return f"{name[:most - 1 - end]}…{name[len(name) - end:]}"


def draw_legend(where: Any, handles: Sequence[Any], labels: Sequence[str], **options: Any) -> Any:
    """Draw a legend whose labels are taken as they are.

    Parameters
    ----------
    where : matplotlib Axes or Figure
    handles : sequence of artists
    labels : sequence of str
        Dollar signs in them make no formula, and one that begins with "_" is not left out.
    **options
        Of matplotlib's `legend`.

    Returns
    -------
    matplotlib Legend
    """
    legend = where.legend(list(handles), [str(k) for k in range(len(labels))], **options)
    for text, label in zip(legend.get_texts(), labels, strict=True):
        text.set_text(label)
        text.set_parse_math(False)
    return legend


#: Place a legend on top of axes: on the phases it would be wider than they are in a long recording.
ABOVE = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "borderaxespad": 0.1,
         "handlelength": 1.2, "fontsize": "small", "frameon": False}


def below(ax: Any, inches: float = 0.5) -> dict[str, Any]:
    """Place a legend below an axis and its label, at any size of the picture.

    Parameters
    ----------
    ax : matplotlib Axes
    inches : float, default=0.5
        From the axis down.

    Returns
    -------
    dict
        Options of a legend.
    """
    from matplotlib.transforms import ScaledTranslation

    down = ScaledTranslation(0.0, -inches, ax.figure.dpi_scale_trans)
    return {"loc": "upper left", "bbox_to_anchor": (0.0, 0.0), "borderaxespad": 0.0,
            "bbox_transform": ax.transAxes + down, "frameon": False}


def display_names(classes: Any, display_labels: Sequence[str] | None) -> list[str]:
    """Return what a picture calls the classes.

    Parameters
    ----------
    classes : sequence of two labels
    display_labels : sequence of two str or None
        None: see `class_names`.

    Returns
    -------
    list of two str

    Raises
    ------
    ValueError
        They are not two.
    """
    if display_labels is None:
        return class_names(classes)
    if isinstance(display_labels, str) or len(display_labels) != 2:
        raise ValueError(f"display_labels must be two, for the classes "
                         f"{', '.join(map(str, classes))}, not {display_labels!r}")
    return [str(label) for label in display_labels]
