"""Parts of docstrings that estimators share, written once by the base that brings them."""

from __future__ import annotations

from typing import TypeVar

_C = TypeVar("_C", bound=type)


def documented(cls: _C) -> _C:
    """Fill the places in a docstring, such as {training}, with the parts that its bases bring.

    Parameters
    ----------
    cls : type
        Its bases name parts in a dict `_shared_docs`, of name to text.

    Returns
    -------
    type
        The class given.
    """
    text = cls.__doc__ or ""
    for base in cls.__mro__:
        for name, part in vars(base).get("_shared_docs", {}).items():
            text = text.replace(f"{{{name}}}", part)
    cls.__doc__ = text
    return cls
