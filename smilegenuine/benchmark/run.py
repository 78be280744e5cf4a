"""`run_benchmark`: the published systems compared on any labelled set."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, overload

from ..plotting.style import load_pyplot
from ..running.output_places import prepare_file, prepare_folder
from ..systems.named_systems import LANDMARK_ROWS, TABLE_ROWS, looks_at
from .comparing import check, compare, folds_of, with_folds
from .corpora import check_duplicates, join_corpora
from .options import BenchmarkOptions, system_names
from .preparation import folds_at_once, make_systems, slow_text
from .result import BenchmarkResult
from .sets import DATA_SETS, DRAWN, LabelledSet, is_drawn, load_labelled
from .studies import StudyResult, check_study, conditions, run_study


@overload
def run_benchmark(data: Any = ..., systems: str | Iterable[str] | None = ..., *, study: None = ...,
                  **options: Any) -> BenchmarkResult: ...


@overload
def run_benchmark(data: Any = ..., systems: str | Iterable[str] | None = ..., *,
                  study: Mapping[str, Sequence[float] | None], **options: Any) -> StudyResult: ...


def run_benchmark(data: Any = "drawn", systems: str | Iterable[str] | None = None, *,
                  folds: int | None = None, cross_corpus: Any = (),
                  study: Mapping[str, Sequence[float] | None] | None = None,
                  results: str | os.PathLike[str] | None = None,
                  report: bool | str | os.PathLike[str] | None = None,
                  options: BenchmarkOptions | None = None, **changes: Any
                  ) -> BenchmarkResult | StudyResult:
    """Compare published systems on a labelled set, over folds by subject.

    Landmarks, aligned faces and action units are measured once for all systems; what one of them
    cannot use is left out for all.

    Parameters
    ----------
    data : str, Path, pair, Bunch or tuple (X, y, groups), default="drawn"
        "drawn": drawn people; a data set and its folder, or what its loader has returned, such as
        ``("uva-nemo", folder)`` (also "spos", "mmi", "bbc", "auda", "openface", "pyfeat",
        "libreface", "landmarks"); a CSV or folder (see `datasets.load_table`); a Bunch with `data`,
        `target` and `groups`; recordings, labels and subjects; or a loader by its name,
        ``"package.module:function"``.
    systems : str or iterable of str, optional
        Names for `make_system`, and "table" (the rows of the core paper's table, as without it; of
        sets without pictures, those that need none), "landmarks" and "all".
    folds : int, optional
        Folds by subject; without it the published folds of a set that has some, else 10.
    cross_corpus : list of sets, default=()
        Train on all of `data` and test on all of these, each given as `data` is.
    study : mapping of str to sequence of float, optional
        Repeat the comparison on degraded recordings: "resolution", shares of width and height, and
        "fps", frames a second, such as ``{"resolution": (1, 0.5), "fps": (50, 25)}``; each with
        each.
    results : str or Path, optional
        Folder for the tables, finished folds and what is measured: the same call goes on where it
        stopped. Without it nothing is written.
    report : str, Path or True, optional
        Write a page in HTML as well, with pictures; True: `report.html` in the folder of `results`.
    options : BenchmarkOptions, optional
        How systems are made, run and compared.
    **changes
        Of the options: `by`, `reference`, `max_epochs`, `points`, `action_units`, `device`,
        `random_state`, `n_jobs`, `verbose`, …; see `BenchmarkOptions`.

    Returns
    -------
    BenchmarkResult or StudyResult
        An `Evaluation` with the published figures beside it; with `study`, one for each condition.

    Raises
    ------
    TypeError, ValueError
        A parameter is wrong, the set cannot be compared on, or `results` holds something else.
    ImportError
        Something that is needed is not installed: MediaPipe, matplotlib, a loader's module.
    OSError
        A folder or file is not there, or cannot be written.
    RuntimeError
        A system failed; what is finished is kept in `results`.

    See Also
    --------
    evaluate : The same for any classifiers, over clips that are there already.

    Examples
    --------
    >>> from smilegenuine.benchmark import run_benchmark
    >>> from smilegenuine.datasets import make_smile_signals
    >>> smiles = make_smile_signals(6, 2, random_state=0)
    >>> found = run_benchmark(smiles, "auda-au", folds=2, max_epochs=1)
    >>> found.summary()[["system", "clips"]].values.tolist()
    [['auda-au', 12]]
    """
    options = replace(options or BenchmarkOptions(), **changes)
    names = _usual_systems(data) if systems is None else system_names(systems)
    reference = _reference(names, options.reference)
    wanted = conditions(study)
    others = _others(cross_corpus)
    if folds is not None and (not isinstance(folds, int) or folds < 2):
        raise ValueError(f"`folds={folds}`: must be a whole number of at least 2")
    if folds is not None and others:
        raise ValueError(f"`folds={folds}`: with `cross_corpus=` all of one set is trained on and "
                         "all of the others tested, so there are no folds; leave it out")
    output = None if results is None else Path(results)
    if output is not None:
        prepare_folder(output)
    cache = None if output is None else output / "cache"
    if others and output is not None:
        output = output / "cross-corpus"
    page = _page(report, output, studied=bool(wanted))
    folds_at_once(names, options)  # before anything is loaded: is there such a device?
    pipelines = make_systems(names, options, cache)
    about: dict[str, Any] = {"fps": options.fps, "folds": folds is None and not others}
    tested = [load_labelled(other, **about) for other in others]

    def prepare(source: Any, **how: Any) -> LabelledSet:
        loaded = load_labelled(source, **how)
        loaded = join_corpora(loaded, tested) if tested else loaded
        check_duplicates(loaded)
        loaded = with_folds(loaded, folds)
        check(loaded, pipelines, options)
        check_study(loaded, wanted)
        return loaded

    if not is_drawn(data):
        prepared = prepare(data, **about)
    else:
        about = {"n_subjects": options.n_subjects, "clips_per_subject": options.clips_per_subject,
                 "random_state": options.random_state}
        prepared = prepare(DRAWN[0], **about)
        if results is not None:  # videos are written once it is sure that they can be used
            prepared = prepare(DRAWN[0], **about, folder=Path(results) / "videos",
                               n_jobs=options.n_jobs, verbose=options.verbose)
    options.warn(prepared.failure_text())
    options.warn(slow_text(pipelines, options, n_clips=len(prepared.clips),
                           n_fits=len(folds_of(prepared).splits()) * max(len(wanted), 1)))
    if wanted:
        folder = None if output is None else output / "study"
        return run_study(prepared, wanted, names, options, folder, cache, reference)
    result = compare(prepared, names, options, output, cache, reference)
    return result if page is None else replace(result, page=result.write_report(page))


def _others(cross_corpus: Any) -> list[Any]:
    """The sets to test on, where one may be given by itself."""
    one = isinstance(cross_corpus, (str, os.PathLike, Mapping, LabelledSet)) or (
        isinstance(cross_corpus, tuple) and len(cross_corpus) > 1)
    others = [cross_corpus] if one else list(cross_corpus)
    for other in others:
        if is_drawn(other):
            name = other if isinstance(other, str) else other[0]
            raise ValueError(f"`cross_corpus={name!r}`: people are drawn for `data=` only, to be "
                             "trained on; name recordings to test on")
    return others


def _page(report: bool | str | os.PathLike[str] | None, output: Path | None, *, studied: bool
          ) -> Path | None:
    """Where the page is written, once it is sure that it can be."""
    if report is None or report is False:
        return None
    if studied:
        raise ValueError("`report=`: a page is about one comparison, and with `resolution=` or "
                         "`fps=` there is one for each condition; leave it out")
    load_pyplot()
    if report is not True:
        prepare_file(Path(report))
        return Path(report)
    if output is None:
        raise ValueError("`report=True`: name a file, or a folder for the `results`")
    return output / "report.html"


def _usual_systems(data: Any) -> tuple[str, ...]:
    """The rows of the table; of sets without pictures, systems that look at what there is."""
    name = data[0] if isinstance(data, (list, tuple)) and len(data) == 2 else ""
    has = DATA_SETS[name].has if isinstance(name, str) and name in DATA_SETS else "pictures"
    if has == "pictures":
        return TABLE_ROWS
    rows = TABLE_ROWS if has == "aus" else LANDMARK_ROWS
    return tuple(row for row in rows if looks_at(row) == {has})


def _reference(names: tuple[str, ...], wanted: str | None) -> str | None:
    """The system that others are compared with; None where there is no other."""
    if wanted is not None and wanted not in names:
        raise ValueError(f"`reference={wanted!r}` is none of the systems; these are "
                         f"{', '.join(names)}")
    if len(names) < 2:
        return None
    return wanted or ("fusion" if "fusion" in names else names[0])
