"""Numbers as tables and pages have them: shares in percent, p-values, times."""

from __future__ import annotations

import math

#: What stands where nothing is known.
UNKNOWN = "–"


def with_spread(mean: float, sd: float = math.nan, digits: int = 3, unknown: str = UNKNOWN) -> str:
    """Return a mean and, where it is known, its standard deviation as text.

    Parameters
    ----------
    mean, sd : float
        NaN where they are not known.
    digits : int, default=3
        Behind the point.
    unknown : str, default="–"
        What stands for a mean that is not known.

    Returns
    -------
    str

    Examples
    --------
    >>> with_spread(0.818, 0.029), with_spread(0.818, digits=1), with_spread(math.nan)
    ('0.818 ± 0.029', '0.8', '–')
    """
    if math.isnan(mean):
        return unknown
    return f"{mean:.{digits}f}" + ("" if math.isnan(sd) else f" ± {sd:.{digits}f}")


def percent(mean: float, sd: float = math.nan) -> str:
    """Return a share, and its standard deviation where it is known, in percent.

    Parameters
    ----------
    mean, sd : float
        NaN where they are not known.

    Returns
    -------
    str

    Examples
    --------
    >>> percent(0.818, 0.029), percent(0.5), percent(math.nan, 0.1)
    ('81.8 ± 2.9', '50.0', '–')
    """
    return with_spread(100 * mean, 100 * sd, 1)


def percent_difference(difference: float) -> str:
    """Return the difference of two shares in percentage points, with its sign.

    Parameters
    ----------
    difference : float
        NaN where it is not known.

    Returns
    -------
    str

    Examples
    --------
    >>> percent_difference(0.013), percent_difference(-0.2)
    ('+1.3', '-20.0')
    """
    return UNKNOWN if math.isnan(difference) else f"{100 * difference:+.1f}"


def percent_interval(lower: float, upper: float, form: str = "[{}, {}]") -> str:
    """Return the interval of a share in percent, cut at 0 and 100.

    Parameters
    ----------
    lower, upper : float
        Where they are NaN, or the same, no interval is known.
    form : str, default="[{}, {}]"
        With places for both bounds.

    Returns
    -------
    str

    Examples
    --------
    >>> percent_interval(0.704, 1.096), percent_interval(0.5, 0.5)
    ('[70.4, 100.0]', '–')
    """
    if math.isnan(lower) or lower == upper:
        return UNKNOWN
    return form.format(*(f"{100 * bound:.1f}" for bound in (max(lower, 0.0), min(upper, 1.0))))


def p_value(p: float) -> str:
    """Return a p-value as text, with no more digits than it bears.

    Parameters
    ----------
    p : float
        NaN where it is not known.

    Returns
    -------
    str

    Examples
    --------
    >>> p_value(0.00002), p_value(0.0312), p_value(0.4567)
    ('< 0.001', '0.031', '0.46')
    """
    if math.isnan(p):
        return UNKNOWN
    return "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def three_digits(value: float) -> str:
    """Return a quantity of any size with three digits that count, or as a whole number.

    Parameters
    ----------
    value : float
        NaN where it is not known.

    Returns
    -------
    str

    Examples
    --------
    >>> three_digits(0.01234), three_digits(1234.5)
    ('0.0123', '1234')
    """
    if math.isnan(value):
        return UNKNOWN
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def duration(seconds: float) -> str:
    """Return a time in seconds, minutes or hours.

    Parameters
    ----------
    seconds : float

    Returns
    -------
    str

    Examples
    --------
    >>> duration(12.3), duration(600), duration(9000)
    ('12 s', '10 min', '2.5 h')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def markdown_cell(text: object) -> str:
    """Return a text as a cell of a table in Markdown can hold it.

    Parameters
    ----------
    text : object

    Returns
    -------
    str

    Examples
    --------
    >>> print(markdown_cell("a|b"))
    a\\|b
    """
    return str(text).replace("|", "\\|")
