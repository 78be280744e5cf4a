"""Published figures beside ours, and in what the ways differ in which both were found."""

from __future__ import annotations

import pandas as pd

from ..datasets.published import PUBLISHED, published_figures
from ..evaluation.comparison import Evaluation
from ..systems.named_systems import FUSIONS
from .options import Protocol
from .sets import LabelledSet

# The AUDA package holds what was measured in the recordings of another set.
_SAME_AS = {"auda": "uva-nemo"}


def published_notes(found: Evaluation, data: LabelledSet, protocol: Protocol) -> str:
    """Return where published figures stand, and how the way differs in which ours were found.

    Parameters
    ----------
    found : Evaluation
    data : LabelledSet
    protocol : Protocol

    Returns
    -------
    str
        A section in Markdown.
    """
    rows = published_rows(found, data)
    there = [f"- {', '.join(part['system'])}: {source}: {part['protocol'].iloc[0]}."
             for source, part in rows.groupby("source", sort=False)]
    here = [f"- {note}" for note in _differences(found, data, protocol)]
    return "\n\n".join([
        "## The published figures",
        "They are others' figures. A difference may come from the ways in which they were found.",
        "\n".join(there), "Here:",
        "\n".join(here)])


def published_as(data: LabelledSet) -> str | None:
    """Return of which data set published figures stand beside those of a set.

    Parameters
    ----------
    data : LabelledSet

    Returns
    -------
    str or None
        None where there are none, or where systems are trained on one set and tested on others.
    """
    name = _SAME_AS.get(data.data_set or "", data.data_set)
    return name if name in PUBLISHED and not data.across else None


def published_rows(found: Evaluation, data: LabelledSet) -> pd.DataFrame:
    """Return what is published of the systems, on this set and within it.

    Parameters
    ----------
    found : Evaluation
    data : LabelledSet

    Returns
    -------
    DataFrame
        See `published_figures`. Without a row where nothing is published.
    """
    name = published_as(data)
    if name is None:
        return pd.DataFrame(columns=["system", "accuracy", "sd", "source", "protocol"])
    rows = published_figures(name)
    return rows[rows["system"].isin(found.scores["system"])]


def _differences(found: Evaluation, data: LabelledSet, protocol: Protocol) -> list[str]:
    """What is not as published."""
    systems = set(found.scores["system"])
    folds = str(data.folds)
    own = data.folds is not None and data.folds.kind == "by subject"
    notes = [f"{found.n_clips} clips, {folds}{', and not the published ones' if own else ''}."]
    if len(data.failures):
        notes.append(f"{len(data.failures)} of its clips or lists are wrong, missing or left out; "
                     "see left_out.csv.")
    if protocol.networks:
        notes.append("The epoch is never chosen on the test fold: a fifth of the training subjects "
                     "is held out for it, and networks learn from the others.")
        notes.append("Networks differ from the published ones in what the page on the systems "
                     "lists, such as longer memory, ten samples a second, and faces with the "
                     "head's motion taken out.")
    options = protocol.options
    if options.max_epochs is not None and protocol.networks:
        notes.append(f"Networks were trained for at most {options.max_epochs} epochs (asked for "
                     "with `max_epochs=`).")
    if options.points:
        notes.append(f"Points of the face mesh: {options.points} (asked for with `points=`).")
    measured = dict(protocol.measured)
    if "aus" in protocol.given:
        notes.append("Action units are those that came with the set.")
    elif "action units" in measured:
        notes.append(f"Action units are estimated by {measured['action units']}, where the "
                     "publication has OpenFace's.")
    if FUSIONS.keys() & systems:
        notes.append("The last layer of a fusion is fitted on subjects whom no branch was trained "
                     "on.")
    return notes
