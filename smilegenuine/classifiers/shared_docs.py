"""Parts of docstrings that estimators share, written once by the base that brings them."""

from __future__ import annotations

import re
from typing import TypeVar

_C = TypeVar("_C", bound=type)


def documented(cls: _C) -> _C:
    """Fill the places in a docstring, such as {training}, with sections of those of its bases.

    Parameters
    ----------
    cls : type
        Its bases name such places in a dict `_shared_docs`, with the section of their own
        docstring: ``{"training": "Parameters"}``.

    Returns
    -------
    type
        The class given.
    """
    text = cls.__doc__ or ""
    for base in cls.__mro__:
        for name, section in vars(base).get("_shared_docs", {}).items():
            text = text.replace(f"{{{name}}}", _section(base.__doc__ or "", section))
    cls.__doc__ = text
    return cls


def _section(text: str, title: str) -> str:
    """Return the text under a title, up to the next one."""
    match = re.search(rf"{title}\n *-+\n(.*?)(?=\n\n *\w+\n *---|\Z)", text, re.DOTALL)
    return match[1].strip() if match else ""
