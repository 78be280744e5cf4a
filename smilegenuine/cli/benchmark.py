"""`smilegenuine benchmark`: tables of the published systems on any labelled set."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..pipelines import LANDMARK_ROWS, NETWORKS, SYSTEMS, TABLE_ROWS, looks_at
from ..plotting.style import load_pyplot
from .arguments import (
    add_action_units,
    add_networks,
    counting,
    folds,
    frame_rate,
    frame_rates,
    resolutions,
    systems,
    whole,
)
from .benchmark_report import write_html, write_report
from .comparing import check, compare, folds_of, with_folds
from .cross_corpus import join_corpora
from .labelled_data import DATA_SETS, DRAWN, LabelledSet, check_words, load_labelled
from .making import make_systems, say_what_is_slow
from .measuring import check_device
from .reporting import make_folder, make_way
from .same_recordings import check_twice
from .study import Condition, check_study, conditions, run_study
from .wrong_files import say_wrong

_REFERENCE = "fusion"


class _Words(argparse.Action):
    """A set's name: one word or two; with `append`, each time the option is given."""

    def __init__(self, *args: Any, append: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.append = append

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace,
                 values: Any, option_string: str | None = None) -> None:
        try:
            check_words(values)
        except ValueError as error:
            raise argparse.ArgumentError(self, str(error)) from None
        given = [*getattr(namespace, self.dest), values] if self.append else values
        setattr(namespace, self.dest, given)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--data", nargs="+", action=_Words, default=[DRAWN],
                        metavar=("DATA", "FOLDER"),
                        help=f"{', '.join(DATA_SETS)}, and the folder (or, of auda, the zip) that "
                             f"holds it; {DRAWN}, the default: drawn people; or a CSV or folder as "
                             "for `train`; or package.module:function, or "
                             "package.module:function:ARGUMENT, which gives a Bunch with data, "
                             "target and groups, or a tuple (X, y, groups)")
    parser.add_argument("--cross-corpus", nargs="+", action=_Words, append=True, default=[],
                        metavar=("DATA", "FOLDER"),
                        help="train on all of --data, and test on all of this set, named as there; "
                             "may be given several times")
    parser.add_argument("--subjects", type=counting, default=24, metavar="N", help="drawn people")
    parser.add_argument("--clips-per-subject", type=counting, default=4, metavar="K",
                        help="of drawn people, half of them posed")
    parser.add_argument("--systems", type=systems, metavar="A,B,…",
                        help=f"of {', '.join(SYSTEMS)}; or groups of them: `table`, the rows of "
                             "the core paper's table, which is the default (of sets without "
                             "pictures, those that need none); `landmarks`, the systems on the "
                             "face mesh and those they are compared with (needs "
                             "smilegenuine[mediapipe], unless clips know their landmarks); `all`")
    parser.add_argument("--reference", metavar="NAME",
                        help="the system that others are compared with; without it fusion, or the "
                             "first")
    parser.add_argument("--folds", type=folds, metavar="K",
                        help="folds by subject, at most as many as there are subjects; without it "
                             "the published folds of a set that has some, else 10")
    parser.add_argument("--by", action="append", default=[], metavar="COLUMN",
                        help="scores also by what is known of clips, such as gender; ages and "
                             "other numbers are cut into groups; may be given several times")
    _add_study(parser)
    add_networks(parser)
    add_action_units(parser)
    parser.add_argument("--random-state", type=whole, default=0, metavar="SEED",
                        help="of drawn people and networks")
    parser.add_argument("--output", type=Path, default=Path("benchmark-output"), metavar="FOLDER",
                        help="for the tables, finished folds and what is measured; without it "
                             "benchmark-output")
    parser.add_argument("--report", nargs="?", type=Path, const=True, metavar="FILE.html",
                        help="write a page as well, with pictures; without a name report.html in "
                             "the folder of --output (needs smilegenuine[plot])")


def _add_study(parser: argparse.ArgumentParser) -> None:
    """Add the study of resolution, in which `--fps` means another thing than elsewhere."""
    study = parser.add_argument_group("the study of resolution", "Repeat the comparison on "
                                      "recordings of smaller pictures, fewer a second: each "
                                      "resolution with each rate.")
    study.add_argument("--resolution", type=resolutions, metavar="R,R,…",
                       help="width and height of the pictures, in shares of what they are, such as "
                            "1,0.5,0.25")
    study.add_argument("--fps", type=frame_rates, metavar="HZ,HZ,…",
                       help="frames a second, such as 50,25,12.5; slower recordings stay as they "
                            "are")
    parser.add_argument("--untimed-fps", type=frame_rate, metavar="HZ",
                        help="frame rate of what carries no timing: image folders, tables without "
                             "timestamps")


def run(args: argparse.Namespace) -> int:
    """Compare, write, print, and give the exit status."""
    if args.systems is None:
        args.systems = _usual_systems(args.data)
    reference = _reference(args.systems, args.reference)
    study = conditions(args.resolution, args.fps)
    if args.cross_corpus and args.folds is not None:
        raise ValueError(f"--folds {args.folds}: with --cross-corpus all of one set is trained on "
                         "and all of the others tested, so there are no folds; leave it out")
    if [DRAWN] in args.cross_corpus:
        raise ValueError(f"--cross-corpus {DRAWN}: people are drawn for --data only, to be trained "
                         "on; name recordings to test on")
    make_folder(args.output)
    _check_report(args, study)
    if set(args.systems) & set(NETWORKS):
        check_device(args.device)
    pipelines = make_systems(args.systems, args, args.output / "cache")

    def ready(data: LabelledSet) -> LabelledSet:
        check_twice(data)
        data = with_folds(data, args.folds)
        check(data, args, pipelines)
        check_study(data, study)
        return data

    data = _load(args, ready)
    failed = say_wrong(data)
    say_what_is_slow(pipelines, args, n_clips=len(data.clips),
                     n_fits=len(folds_of(data).splits()) * max(len(study), 1))
    output = args.output / "cross-corpus" if args.cross_corpus else args.output
    return int(failed + _compare(data, study, args, output, reference) > 0)


def _check_report(args: argparse.Namespace, study: tuple[Condition, ...]) -> None:
    """Raise before hours of work where no page can be written."""
    if args.report is None:
        return
    if study:
        raise ValueError("--report: a page is about one comparison, and with --resolution or --fps "
                         "there is one for each condition; leave it out")
    load_pyplot()
    if args.report is not True:  # then it is beside the tables
        make_way(args.report)


def _usual_systems(words: list[str]) -> tuple[str, ...]:
    """The rows of the table; of sets without pictures, systems that look at what there is."""
    has = DATA_SETS[words[0]].has if len(words) > 1 else "pictures"
    if has == "pictures":
        return TABLE_ROWS
    rows = TABLE_ROWS if has == "aus" else LANDMARK_ROWS
    return tuple(name for name in rows if looks_at(name) == {has})


def _reference(names: tuple[str, ...], wanted: str | None) -> str | None:
    """The system that others are compared with; None where there is no other."""
    if wanted is not None and wanted not in names:
        raise ValueError(f"--reference {wanted} is none of the systems; these are "
                         f"{', '.join(names)}")
    if len(names) < 2:
        return None
    return wanted or (_REFERENCE if _REFERENCE in names else names[0])


def _load(args: argparse.Namespace, ready: Callable[[LabelledSet], LabelledSet]) -> LabelledSet:
    """The set, with folds and checked; people are drawn once it is sure that they can be used."""
    options = {"fps": args.untimed_fps, "folds": args.folds is None and not args.cross_corpus}
    others = [load_labelled(words, **options) for words in args.cross_corpus]

    def whole_set(data: LabelledSet) -> LabelledSet:
        return ready(join_corpora(data, others) if others else data)

    if args.data != [DRAWN]:
        return whole_set(load_labelled(args.data, **options))
    people = {"n_subjects": args.subjects, "clips_per_subject": args.clips_per_subject,
              "random_state": args.random_state}
    whole_set(load_labelled(DRAWN, **people))
    return whole_set(load_labelled(DRAWN, **people, folder=args.output / "videos",
                                   n_jobs=args.n_jobs, verbose=not args.quiet))


def _compare(data: LabelledSet, study: tuple[Condition, ...], args: argparse.Namespace,
             output: Path, reference: str | None) -> int:
    """Compare, write and print; give the number of recordings that could not be used."""
    if study:
        return run_study(data, study, args, output / "study", reference)
    compared = compare(data, args, output, reference)
    print(write_report(compared.found, compared.data, compared.protocol, output / "table.md"))
    if args.report is not None:
        page = output / "report.html" if args.report is True else args.report
        write_html(compared.found, compared.data, compared.protocol, page)
        print(f"{page}: the same as a page, with pictures")
    return len(compared.data.failures)
