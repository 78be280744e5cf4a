"""A report about clips: what a model says of each, why, how far it can be believed."""

from __future__ import annotations

import datetime
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import pandas as pd

from .._version import __version__
from ..answers.asking import askable
from ..answers.recordings import answer_recording, decision_table, failure_table, names_of
from ..answers.smile_answers import answers_by_smile
from ..classifiers.opening import classes_of
from ..clips.errors import ClipError
from ..clips.record import Clip, as_clips, listed, open_items
from ..plotting.style import load_pyplot
from ..running.foreign_text import class_names
from ..running.parallel import in_parallel
from ..running.progress import progress
from .clip_section import clip_section
from .kinematics_section import counted, decision_word, smiles_section
from .model_card import info_of, model_card, title_of
from .page import Html, element, from_markdown, joined, name_of, table, write_page
from .sampled_models import adapted_to, is_sampled
from .words import percent

_NOTE = ("This is what a model says about how smiles move. It is not what anybody felt or meant, "
         "it is often wrong, and it is not for deciding anything about a person.")

_LONG = 90  # letters of a name in the table
# Letters of the sections that are in memory at a time.
_PORTION = 1 << 20


class Reported(NamedTuple):
    """What a report says, for programs.

    Attributes
    ----------
    path : Path
        The page.
    decisions : DataFrame
        A row a clip that could be used: `clip`, `decision`, and `P(…)` of each class. Of a model
        that answers for each smile of a recording, such as `load_pretrained` gives, a row a smile:
        `clip`, `smile` (1, 2, …), `start`, `end` (seconds), `decision`, `P(…)`, and `why`, the
        strongest figure that speaks for it; where no smile is found, smile 0 and NaN.
    failures : DataFrame
        Columns `clip` and `error`: of the others, why not.
    """

    path: Path
    decisions: pd.DataFrame
    failures: pd.DataFrame


class _Outcome(NamedTuple):
    """What became of a clip: rows of decisions and a section of the page, or an error."""

    rows: Sequence[dict[str, Any]] = ()
    section: str = ""
    note: str = ""
    error: str = ""


def write_report(model: Any, clips: Any, path: str | os.PathLike[str], *, title: str | None = None,
                 background: Any = None, contributions: bool = True, fps: float | None = None,
                 n_jobs: int | None = None, verbose: int | bool = False) -> Reported:
    """Ask a model about clips, and write what it says and why as a page in HTML.

    One file that needs no network and no script, with the pictures in it: for each clip the
    decision in words and how often a system like this was right; the face at the moments of the
    smile; the curves and phases; what the decision rests on; which frames could not be measured.
    At the end is the model card. A model that answers for each smile of a recording, such as
    `load_pretrained` gives, has all smiles in a table, and of each the figures it was decided by.

    Parameters
    ----------
    model : fitted classifier, Pipeline or search
        With `predict_proba`, of two classes: any system of `make_system`, or what `load_model` or
        `load_pretrained` gives. How often it was right is said from what it remembers, its `info_`;
        see `smilegenuine.report.card_scores.scores_to_remember`.
    clips : list of recordings
        Anything that `as_clips` takes. One that cannot be used is named with the reason, and the
        others go on.
    path : str or Path
        The file to write, such as ``report.html``. It has its name when it is whole.
    title : str, optional
        Of the page.
    background : list of recordings, optional
        See `smilegenuine.explain.explain`.
    contributions : bool, default=True
        Say what each decision rests on. It takes most of the time.
    fps : float, optional
        Frame rate in Hz of what carries no timing.
    n_jobs : int, optional
        Clips looked at at the same time. Only one clip a process is in memory at any time.
    verbose : int or bool, default=False
        Show progress.

    Returns
    -------
    Reported

    Raises
    ------
    TypeError, ValueError
        The model gives no probabilities of two classes, or `clips` is no list or empty.
    NotFittedError
        The model is not fitted.
    ImportError
        No matplotlib (the extra `plot`).
    OSError
        The file cannot be written.

    See Also
    --------
    write_evaluation_report : About a comparison of systems.

    Notes
    -----
    A page has about a quarter of a megabyte a clip.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from smilegenuine import AUDASVMEnsemble
    >>> from smilegenuine.datasets import make_smile_signals
    >>> from smilegenuine.report import write_report
    >>> smiles = make_smile_signals(8, 2, random_state=0)
    >>> model = AUDASVMEnsemble(levels=("au",), phases=("onset",))
    >>> model = model.fit(smiles.data[2:], smiles.target[2:])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = write_report(model, smiles.data[:2], Path(folder) / "report.html")
    ...     "<script" in found.path.read_text(encoding="utf-8")
    False
    >>> list(found.decisions)
    ['clip', 'decision', 'P(0)', 'P(1)']
    """
    askable(model)
    items = listed(clips)
    return write_opened(model, open_items(items, fps=fps), names_of(items), Path(path), title=title,
                        background=background, contributions=contributions, n_jobs=n_jobs,
                        verbose=verbose)


def write_opened(model: Any, items: Sequence[Clip | Exception], names: Sequence[str], path: Path, *,
                 title: str | None = None, background: Any = None, contributions: bool = True,
                 n_jobs: int | None = None, verbose: int | bool = False) -> Reported:
    """Write a report about clips of which some could not be opened.

    Parameters
    ----------
    model, title, background, contributions, n_jobs, verbose
        See `write_report`.
    items : sequence of Clip or Exception
        As `open_items` gives them.
    names : sequence of str
        What to call them.
    path : Path

    Returns
    -------
    Reported
    """
    load_pyplot()
    if path.is_dir():
        raise IsADirectoryError(f"{path}: is a folder; give the name of a file")
    if background is not None:
        background = as_clips(background)
    path.parent.mkdir(parents=True, exist_ok=True)
    calls = ((model, background, contributions, k, name, item)
             for k, (name, item) in enumerate(zip(names, items, strict=True)))
    reported = in_parallel(
        _reported, calls, n_jobs=n_jobs if len(names) > 1 else 1,
        lost=lambda k, reason: _Outcome(error=str(ClipError(names[k], reason))))
    outcomes: list[_Outcome] = []
    # Sections come one by one, and the table above them needs all: they wait on the disk.
    with tempfile.TemporaryFile("w+", encoding="utf-8", dir=path.parent) as sections:
        for outcome in progress(reported, total=len(names), name="reporting", unit="clip",
                                verbose=verbose):
            sections.write(outcome.section)
            outcomes.append(outcome._replace(section=""))
        sections.seek(0)
        title = title or _title(model, names)
        write_page(path, title, _page(model, title, outcomes, sections))
    rows = [row for outcome in outcomes for row in outcome.rows]
    failures = [{"clip": name, "error": outcome.error}
                for name, outcome in zip(names, outcomes, strict=True) if not outcome.rows]
    return Reported(path, decision_table(model, rows), failure_table(failures))


def _reported(model: Any, background: Any, contributions: bool, k: int, name: str,
              item: Clip | Exception) -> _Outcome:
    """Ask the model about a clip, and write its section; or return why there is none."""
    if isinstance(item, Exception):
        return _Outcome(error=str(item))
    if item.name is None:  # so that errors say which one it is
        item = item.replace(name=name)
    name = str(item.name)
    try:
        answers = answer_recording(model, item)
    except (ValueError, OSError) as error:
        return _Outcome(error=str(error))
    if answers_by_smile(model):  # what explains these needs no background
        section = smiles_section(answers, name, k + 1, model, contributions=contributions)
    else:
        section = clip_section(answers, name, k + 1, model, background=background,
                               contributions=contributions)
    return _Outcome([{"clip": name, **row} for row in answers.rows], *section)


# -- the page around the sections -----------------------------------------------------------------

def _title(model: Any, names: Sequence[str]) -> str:
    about = f"{len(names)} recordings" if len(names) > 1 else Path(names[0]).name
    return f"What {_called(model)} says about {about}"


def _called(model: Any) -> str:
    info, title = info_of(model), title_of(model)
    if not is_sampled(info):
        return title
    return f"the pretrained{', adapted' * bool(adapted_to(info))} model {title}"


def _page(model: Any, title: str, outcomes: Sequence[_Outcome], sections: IO[str]
          ) -> Iterator[str]:
    yield element("h1", title)
    day = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}"
    yield element("p", f"smilegenuine {__version__}, ", name_of(_called(model)), f", {day}",
                  class_="quiet")
    yield element("p", _NOTE, " ", element("a", "What it can tell, and what not", href="#card"),
                  ".", class_="note")
    errors = [outcome.error for outcome in outcomes if not outcome.rows]
    if len(errors) == len(outcomes) > 1:
        yield element("p", "None of the recordings could be used.", class_="wrong")
    elif len(outcomes) > 1:
        yield (_smiles_summary if answers_by_smile(model) else _summary)(model, outcomes)
    if errors:
        yield _failures(errors)
    yield "\n"
    while part := sections.read(_PORTION):
        yield part
    yield element("section", element("h2", "About the model"),
                  from_markdown(model_card(model).partition("\n\n")[2], level=3), id="card")


def _summary(model: Any, outcomes: Sequence[_Outcome]) -> Html:
    """The decisions about all recordings, a row a recording."""
    words = class_names(classes_of(model))
    rows = [(_link(row["clip"], k), decision_word(row["decision"], model),
             percent(row[f"P({classes_of(model)[1]})"]), outcome.note)
            for k, outcome in enumerate(outcomes, 1) for row in outcome.rows]
    decided = [word for _, word, _, _ in rows]
    counts = [f"{decided.count(word)} {word}" for word in dict.fromkeys([*words, *decided])]
    return joined(element("p", f"Said of {len(rows)} of {len(outcomes)} recordings: "
                               f"{', '.join(counts)}."),
                  _decisions(["Recording", "Decision", f"P({words[1]})"], rows, "recording"))


def _smiles_summary(model: Any, outcomes: Sequence[_Outcome]) -> Html:
    """The same, a row a smile."""
    second, decisions = classes_of(model)[1], []
    rows: list[tuple[Any, ...]] = []
    for k, outcome in enumerate(outcomes, 1):
        for row in outcome.rows:
            smiles = row["smile"] > 0
            decisions += [row["decision"]] * smiles
            rows.append((_link(row["clip"], k), decision_word(row["decision"], model),
                         percent(row[f"P({second})"]) if smiles else "–",
                         f"{row['start']:.2f} to {row['end']:.2f}" if smiles else "–",
                         outcome.note))
    titles = ["Recording", "Decision", f"P({class_names(classes_of(model))[1]})", "Seconds"]
    n = sum(bool(outcome.rows) for outcome in outcomes)
    many = f"{len(decisions)} smile{'s' * (len(decisions) != 1)}"
    return joined(element("p", f"{many} in {n} of {len(outcomes)} recordings"
                               f"{': ' * bool(decisions)}{counted(decisions, model)}."),
                  _decisions(titles, rows, "smile"))


def _decisions(titles: Sequence[str], rows: Sequence[tuple[Any, ...]], what: str) -> Html:
    """A table whose last column, the notes on frames, is left out where there is none."""
    if any(row[-1] for row in rows):
        titles = [*titles, "Frames"]
    return table(titles, [row[:len(titles)] for row in rows],
                 label=f"Decisions, a row a {what}")


def _link(clip: str, number: int) -> Html:
    shown = clip if len(clip) <= _LONG else f"{clip[:_LONG // 2]}…{clip[-_LONG // 2:]}"
    return element("a", name_of(shown), href=f"#clip-{number}")


def _failures(errors: Sequence[str]) -> Html:
    items = [element("li", name_of(error)) for error in errors]
    many = f"{len(errors)} recordings" if len(errors) > 1 else "One recording"
    return joined(element("p", f"{many} could not be used:", class_="wrong"),
                  element("ul", *items))
