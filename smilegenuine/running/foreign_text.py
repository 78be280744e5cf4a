"""Text that others wrote, names of classes among it, as it may be shown."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

import numpy as np

#: What the labels 0 and 1 stand for.
CLASSES = ("posed", "spontaneous")
_LONGEST = 500
# Not seen, or turning the text around them: control, format, half of a pair, not assigned, line
# and paragraph separators. The joiners are parts of words of Persian or Hindi, and of emoji.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")


def code(text: Any) -> str:
    """Return text that others wrote as code in Markdown, in which nothing has a meaning.

    Parameters
    ----------
    text : object

    Returns
    -------
    str
        Of a long text, the beginning and the end.

    Examples
    --------
    >>> print(code("<b>"), code("a`b"))
    `<b>` ``a`b``
    """
    shown = visible(text).strip() or " "
    if len(shown) > _LONGEST:
        shown = f"{shown[:_LONGEST // 2]} … {shown[-_LONGEST // 2:]}"
    fence = "`"
    while fence in shown:
        fence += "`"
    edge = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{edge}{shown}{edge}{fence}"


def visible(text: Any) -> str:
    """Write out characters that are not seen or turn text around, as Python writes them.

    Parameters
    ----------
    text : object

    Returns
    -------
    str
        It can be printed, and encoded as UTF-8, in any case.

    Examples
    --------
    >>> print(visible("smile\\u202egpj.\\n"))
    smile\\u202egpj.\\n
    """
    text = str(text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in _JOINERS or unicodedata.category(c) not in _UNSEEN
                   else c.encode("unicode_escape").decode("ascii") for c in text)


def class_names(classes: Iterable[Any]) -> list[str]:
    """Return what to call classes; 0 and 1 are labels as the data sets of this package have them.

    Parameters
    ----------
    classes : iterable of labels
        Two.

    Returns
    -------
    list of two str

    Examples
    --------
    >>> class_names([0, 1]), class_names(["acted", "felt"]), class_names([2, 5])
    (['posed', 'spontaneous'], ['acted', 'felt'], ['class 2', 'class 5'])
    """
    labels = [c.item() if isinstance(c, np.generic) else c for c in classes]
    if labels == [0, 1] and not any(isinstance(c, bool) for c in labels):
        return list(CLASSES)
    return [visible(c) if isinstance(c, str) else f"class {c}" for c in labels]


def as_number(value: Any) -> float | None:
    """Return a finite number.

    Parameters
    ----------
    value : object

    Returns
    -------
    float or None
        None for anything else.
    """
    if isinstance(value, (bool, str, bytes)) or value is None:
        return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if np.isfinite(found) else None
