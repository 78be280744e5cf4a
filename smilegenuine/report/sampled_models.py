"""What is said of a model that has learnt from sampled smiles, as the pretrained one has.

No recording taught it, and on none has it been tested: how often it is right is an expectation, and
where that comes from has to be said with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..running.foreign_text import as_number, code
from .card_scores import part_of

#: What the card tells in its own words of such a model, and does not list as remembered.
SAMPLED_KEYS = frozenset({"clips", "smiles", "certainty", "accuracy on samples",
                          "accuracy as tracked", "adapted"})

#: What holds for such a model beyond what holds for all.
UNSEEN = (
    "What it knows of smiles are figures of lips and eyelids: how long, how far and how fast they "
    "move, in recordings of people of 8 to 76 years who sat still, faced the camera in good light, "
    "and smiled once, from a neutral face and back to it. It looks at nothing else: what moves the "
    "lip corners apart is a smile to it, and so may be a grimace, or a word.",
    "It has never seen younger children; patients (facial palsy, Parkinson's disease, a stroke) or "
    "faces that botulinum toxin has stilled; smiles amid speech or laughter; people from where "
    "other smiles are shown, and on other occasions, than in the Netherlands; other cameras, such "
    "as a phone in a moving hand or a webcam in the dark. Of these it may say that it cannot tell; "
    "more often it says posed or spontaneous, and nobody knows how often rightly.",
)

# Shares that have a name, so that nobody takes an expectation for a measurement.
_SHARES = {0.5: "one in two", 2 / 3: "two in three", 0.75: "three in four", 0.8: "four in five",
           5 / 6: "five in six", 0.9: "nine in ten", 1.0: "all"}
_SIGNALS = {"lip": "the lips alone", "eyelid": "the eyelids alone", "both": "both",
            "lip+eyelid": "both"}


def is_sampled(info: Mapping[str, Any]) -> bool:
    """Return whether a model has learnt from sampled smiles, by what it remembers.

    Parameters
    ----------
    info : mapping
        See `smilegenuine.report.model_card.info_of`.

    Returns
    -------
    bool
    """
    return isinstance(info.get("accuracy on samples"), Mapping) and \
        as_number(info.get("accuracy as tracked")) is not None


def expected_share(info: Mapping[str, Any]) -> str:
    """Return in words how many decisions are expected to be right.

    Parameters
    ----------
    info : mapping
        Of a model that `is_sampled`.

    Returns
    -------
    str

    Examples
    --------
    >>> expected_share({"accuracy on samples": {}, "accuracy as tracked": 0.794})
    'about four in five'
    """
    # The most modest of what is known: on samples, and of others on the recordings themselves.
    share = min([as_number(info["accuracy as tracked"]) or 0.0, *_certainties(info).values()])
    return f"about {_SHARES[min(_SHARES, key=lambda known: abs(known - share))]}"


def expected_text(info: Mapping[str, Any]) -> str:
    """Describe how far a decision of such a model can be believed.

    Parameters
    ----------
    info : mapping
        Of a model that `is_sampled`.

    Returns
    -------
    str
    """
    share, adapted = expected_share(info), adapted_to(info)
    expected = (f"{share[0].upper()}{share[1:]} decisions of this model are expected to be right, "
                "where guessing gets one in two. It was right about "
                f"{_percent(info['accuracy as tracked'])} of sampled smiles that were kept apart "
                "from those it has learnt from, as a landmark tracker would show them"
                f"{_reached(info)}.")
    if not adapted:
        return f"{expected} This model itself has been tested on no recording."
    return (f"This model has been adapted to {adapted}: {_held_out(info)} Before, {share} "
            "decisions were expected to be right, where guessing gets one in two.")


def adapted_to(info: Mapping[str, Any]) -> str:
    """Return in words what such a model has been adapted to.

    Parameters
    ----------
    info : mapping
        Of a model that `is_sampled`.

    Returns
    -------
    str
        Such as "36 clips of 12 subjects"; empty where it is as it came.

    Examples
    --------
    >>> adapted_to({"adapted": {"clips": 36, "subjects": 12}}), adapted_to({})
    ('36 clips of 12 subjects', '')
    """
    adapted = part_of(info, "adapted")
    clips, subjects = (as_number(adapted.get(k)) for k in ("clips", "subjects"))
    if clips is None:
        return ""
    return f"{clips:.0f} clips" + ("" if subjects is None else f" of {subjects:.0f} subjects")


def _held_out(info: Mapping[str, Any]) -> str:
    """How often an adapted model was right."""
    after, before = (as_number(info["adapted"].get(k))
                     for k in ("accuracy on held-out subjects", "accuracy before"))
    if after is None or before is None:
        return "how often it was right about them is not known."
    return ("with some of the subjects left out in turn, it was right about "
            f"{_percent(after)} of their clips, classes counted alike, and as it came about "
            f"{_percent(before)}. How far it goes was chosen on the same clips, so the former is "
            "a little too good.")


def _reached(info: Mapping[str, Any]) -> str:
    known = _certainties(info)
    alone = [f"{_percent(known[s])} from {_SIGNALS[s]}" for s in ("lip", "eyelid") if s in known]
    return f"; on the recordings that the samples imitate, classifiers of such figures reach " \
        f"{' and '.join(alone)}" if alone else ""


def learnt_lines(info: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a card says of the sampled smiles.

    Parameters
    ----------
    info : mapping
        Of a model that `is_sampled`.

    Yields
    ------
    str
        Markdown.
    """
    total, smiles = as_number(info.get("clips")), part_of(info, "smiles")
    if smiles:
        counts = {name: as_number(n) for name, n in smiles.items()}
        yield "Sampled smiles: " + (f"{total:,.0f}: " if total else "") + ", ".join(
            f"{code(smiles[name]) if n is None else format(n, ',.0f')} {code(name)}"
            for name, n in counts.items())
    adapted = adapted_to(info)
    yield (f"No recording, and no row of one, was seen{' before it was adapted' * bool(adapted)}: "
           "smiles were drawn at random so that their figures have the published quantiles and "
           "rank correlations. How lips and eyelids go together is not published; they count as "
           "independent.")
    if adapted:
        lost = as_number(info["adapted"].get("left out"))
        yield f"Then adapted to {adapted}" + (
            f"; {lost:.0f} more were left out, as they could not be measured" if lost else "")


def right_lines(info: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a card says of how often such a model is right.

    Parameters
    ----------
    info : mapping
        Of a model that `is_sampled`.

    Yields
    ------
    str
        Markdown.
    """
    adapted = adapted_to(info)
    yield (f"On the {adapted} that it has been adapted to: {_held_out(info)}" if adapted else
           "On recordings of people: not known. It has not been tested on any.")
    yield (f"Expected{', before it was adapted' * bool(adapted)}: {expected_share(info)} "
           "decisions, where guessing gets one in two")
    yield (f"On sampled smiles that it was not trained on, as a landmark tracker would show them: "
           f"{_percent(info['accuracy as tracked'])} (lips and eyelids)")
    ranges = [f"{_percent(low)}{f' to {_percent(high)}' * (high > low)} from {_SIGNALS[signal]}"
              for signal, low, high in _ranges(info)]
    if ranges:
        yield f"Over all kinds of samples and frame rates: {', '.join(ranges)}"
    known = _certainties(info)
    if known:
        means = ", ".join(f"{_percent(share)} from {_SIGNALS[s]}" for s, share in known.items())
        both = " Of both together nothing is published; that is an assumption." \
            if "lip+eyelid" in known else ""
        yield (f"How sure it is, is set from elsewhere: its mean probability is {means}, which is "
               "how often classifiers of such figures were right about the recordings that the "
               f"figures are of.{both}")


def _ranges(info: Mapping[str, Any]) -> Iterator[tuple[str, float, float]]:
    """Of each signal, the least and the largest accuracy on samples."""
    for signal in ("lip", "eyelid", "both"):
        shares = [share for name, value in info["accuracy on samples"].items()
                  if str(name).partition(",")[0] == signal
                  and (share := as_number(value)) is not None]
        if shares:
            yield signal, min(shares), max(shares)


def _certainties(info: Mapping[str, Any]) -> dict[str, float]:
    known = part_of(info, "certainty")
    return {signal: share for signal in ("lip", "eyelid", "lip+eyelid")
            if (share := as_number(known.get(signal))) is not None}


def _percent(share: Any) -> str:
    return f"{100 * (as_number(share) or 0.0):.3g} %"
