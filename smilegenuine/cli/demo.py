"""The main job on drawn people: fit, score by subject, save, load, predict, say why."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from ..benchmark.preparation import measure
from ..benchmark.result import CAVEAT
from ..classifiers.opening import set_run
from ..clips.record import Clip
from ..datasets import make_smiles
from ..evaluation.evaluate import evaluate
from ..report import write_report
from ..report.card_scores import scores_to_remember
from ..systems.named_systems import make_system, set_networks
from ..systems.persistence import load_model, save_model
from .arguments import add_running, whole
from .reporting import warn

# Half of the usual, for the sake of who waits: epochs without a gain before a network stops, and
# faces a second that RealSmileNet sees.
_PATIENCE, _FACE_RATE = 7, 5.0

#: The whole of the paper, and each of its branches by itself.
ROWS = ("realsmilenet", "auda-frame", "auda-au", "auda-cross", "fusion")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_running(parser, fps=False, dask=False)
    parser.add_argument("--output", type=Path, default=Path("demo-output"), metavar="FOLDER")
    parser.add_argument("--subjects", type=whole, default=24, metavar="N", help="drawn people")
    parser.add_argument("--random-state", type=whole, default=0, metavar="SEED")


def run(args: argparse.Namespace) -> int:
    """Run the demo, and return the exit status."""
    run_demo(args.output, n_subjects=args.subjects, n_jobs=args.n_jobs,
             random_state=args.random_state, verbose=not args.quiet)
    return 0


def run_demo(output: str | Path, *, n_subjects: int = 24, clips_per_subject: int = 4,
             n_held_out: int = 2, cv: int = 3, n_jobs: int | None = -1, max_epochs: int = 30,
             random_state: int = 0, verbose: int | bool = True) -> dict[str, Any]:
    """Make videos of drawn people and take them through the whole line.

    Parameters
    ----------
    output : str or Path
        Folder for videos, cache, model and pictures.
    n_subjects : int, default=24
        People.
    clips_per_subject : int, default=4
        Smiles of each, half of them posed.
    n_held_out : int, default=2
        People kept out of everything, for the predictions at the end; 0: no predictions.
    cv : int, default=3
        Folds by subject, at least 2.
    n_jobs : int, optional
        Processes.
    max_epochs : int, default=30
        Of each network.
    random_state : int, default=0
        Other people for another number.
    verbose : int or bool, default=True
        Show progress.

    Returns
    -------
    dict
        `evaluation` (Evaluation of each branch and the fusion), `predictions` (list of dict),
        `model`, `picture` and `report` (Path, the latter two None without matplotlib or
        predictions).

    Raises
    ------
    ValueError
        Too few people for the folds, or a parameter is no such number.
    """
    output = Path(output)
    began = time.perf_counter()
    _check(n_subjects, n_held_out, cv)
    print(f"1. Drawing {n_subjects} people, {clips_per_subject} smiles each, into "
          f"{output / 'videos'}")
    smiles = make_smiles(n_subjects, clips_per_subject, folder=output / "videos", n_jobs=n_jobs,
                         verbose=verbose, random_state=random_state)
    y = np.array(smiles.target_names)[smiles.target]
    held = np.isin(smiles.groups, np.unique(smiles.groups)[-n_held_out:]) if n_held_out else \
        np.zeros(len(y), bool)

    print("2. Finding and aligning faces, measuring action units")
    systems = {name: set_networks(
        make_system(name, memory=output / "cache", random_state=random_state),
        max_epochs=max_epochs, patience=_PATIENCE) for name in ROWS}
    for name, face in (("realsmilenet", "realsmilenet"), ("fusion", "fusion__realsmilenet")):
        systems[name].set_params(**{f"{face}__rate": _FACE_RATE})
    system = systems["fusion"]
    set_run(list(systems.values()), n_jobs=n_jobs, verbose=verbose)
    clips, places, failures = measure(list(systems.values()), smiles.data, warn)
    set_run(list(systems.values()), n_jobs=None, verbose=False)  # everything is measured
    for error in failures["error"]:
        print(f"   left out: {error}")
    y, groups, held = y[places], smiles.groups[places], held[places]
    train = [clip for clip, h in zip(clips, held, strict=True) if not h]

    print(f"\n3. Each branch of the fusion by itself and all of them together, {cv} folds by "
          f"subject, {len(train)} videos")
    evaluation = evaluate(systems, train, y[~held], groups[~held], cv=cv, n_jobs=n_jobs,
                          verbose=verbose)
    print(evaluation.to_markdown())

    print(f"\n4. Fitting on all {len(train)} videos, saving, loading, and predicting those "
          f"held out ({n_held_out} people, {held.sum()} videos)")
    system.fit(train, y[~held])
    path = save_model(system, output / "model.skops", info={
        "system": "fusion", "trained on": "drawn people (make_smiles); how they move is "
        "sampled from aggregate figures of UvA-NEMO", "drawn people": True, "clips": len(train),
        "subjects": len(np.unique(groups[~held])),
        "labels": {str(c): int((y[~held] == c).sum()) for c in np.unique(y)},
        **scores_to_remember(evaluation, "fusion")})
    paths = [name for name, h in zip(np.array(smiles.filenames)[places], held, strict=True)
             if h]
    loaded = load_model(path)
    predictions, measured = _predict(loaded, paths)
    if predictions:
        _print_predictions(predictions, y[held])
    picture = _draw(measured, predictions, output / "held_out.png")
    missing = "not drawn: needs smilegenuine[plot]" if predictions else "nobody is held out"
    report = None if picture is None else output / "report.html"
    if report is not None:
        print("   and saying why, video by video")
        named = [clip.replace(name=Path(name).name)
                 for clip, name in zip(measured, paths, strict=True)]
        write_report(loaded, named, report, title="People whom the demo's model had never seen",
                     n_jobs=n_jobs)
    print(f"\nModel: {path}\nPicture: {picture or missing}\n"
          f"Report: {report or missing}" + (" (open it in a browser)" if report else ""))
    print(f"{CAVEAT}\n{time.perf_counter() - began:.0f} s in all.")
    return {"evaluation": evaluation, "predictions": predictions, "model": path, "picture": picture,
            "report": report}


def _check(n_subjects: Any, n_held_out: Any, cv: Any) -> None:
    """Raise before minutes of drawing; `make_smiles` checks its own parameters."""
    for name, value, least in (("n_subjects", n_subjects, 1), ("n_held_out", n_held_out, 0),
                               ("cv", cv, 2)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"{name} must be a whole number of at least {least}, not {value!r}")
    known = n_subjects - n_held_out
    # Of a fold's training people the fusion holds some out, and each branch of the others some.
    if known < 3 or known - -(-known // min(cv, known)) < 3:
        raise ValueError(f"{n_subjects} subjects with {n_held_out} held out are too few for {cv} "
                         "folds: each must leave at least three subjects to train on")


def _predict(system: Any, paths: list[str]) -> tuple[list[dict[str, Any]], list[Clip]]:
    if not paths:
        return [], []
    measured = system[:-1].transform(paths)
    return [{"video": path, "decision": str(system.classes_[p.argmax()]),
             **{f"P({c})": float(v) for c, v in zip(system.classes_, p, strict=True)}}
            for path, p in zip(paths, system[-1].predict_proba(measured), strict=True)], measured


def _print_predictions(predictions: list[dict[str, Any]], truth: np.ndarray) -> None:
    print(f"{'video':<26}{'truth':<13}{'decision':<13}{'P(spontaneous)':>14}")
    right = 0
    for p, t in zip(predictions, truth, strict=True):
        right += p["decision"] == t
        print(f"{Path(p['video']).name:<26}{t:<13}{p['decision']:<13}{p['P(spontaneous)']:>14.2f}"
              f"{'' if p['decision'] == t else '   wrong'}")
    print(f"{right} of {len(truth)} right; guessing gets half. Two people are few: the folds above "
          "say more.")


def _draw(clips: list[Clip], predictions: list[dict[str, Any]], file: Path) -> Path | None:
    """One column a held-out video; None without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return None
    from ..plotting import SignalsDisplay

    if not clips:
        return None
    columns = min(4, len(clips))
    rows = -(-len(clips) // columns)
    figure = Figure(figsize=(5.2 * columns, 5.3 * rows), layout="constrained")
    parts = figure.subfigures(rows, columns, squeeze=False).flat
    for part, clip, p in zip(parts, clips, predictions, strict=False):  # parts may be left over
        SignalsDisplay.from_clip(
            clip, axes=part.subplots(3, 1, height_ratios=(0.9, 1.0, 1.4)),
            title=f"{Path(p['video']).stem}\n→ {p['decision']}, "
                  f"P(spontaneous) = {p['P(spontaneous)']:.2f}")
    figure.savefig(file, dpi=80)
    return file
