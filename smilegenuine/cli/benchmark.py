"""`smilegenuine benchmark`: tables of the published systems on any labelled set."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..benchmark.options import BenchmarkOptions
from ..benchmark.run import run_benchmark
from ..benchmark.sets import DATA_SETS, DRAWN, check_set_name
from ..systems.named_systems import SYSTEMS
from . import arguments


class _SetNames(argparse.Action):
    """The names of sets, one word or two each time that the option is given."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace,
                 values: Any, option_string: str | None = None) -> None:
        try:
            check_set_name(values)
        except ValueError as error:
            raise argparse.ArgumentError(self, str(error)) from None
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), values])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    arguments.add_running(parser, fps=False)
    parser.add_argument("--data", nargs="+", action=_SetNames, default=[],
                        metavar=("DATA", "FOLDER"),
                        help=f"{', '.join(DATA_SETS)}, and the folder (or, of auda, the zip) that "
                             f"holds it; {DRAWN[1]}, the default: drawn people; or a CSV or folder "
                             "as for `train`; or package.module:function, or "
                             "package.module:function:ARGUMENT, which gives a Bunch with data, "
                             "target and groups, or a tuple (X, y, groups)")
    parser.add_argument("--cross-corpus", nargs="+", action=_SetNames, default=[],
                        metavar=("DATA", "FOLDER"),
                        help="train on all of --data, and test on all of this set, named as there; "
                             "may be given several times")
    parser.add_argument("--subjects", type=arguments.at_least(1), default=24, metavar="N",
                        help="drawn people")
    parser.add_argument("--clips-per-subject", type=arguments.at_least(1), default=4, metavar="K",
                        help="of drawn people, half of them posed")
    parser.add_argument("--systems", type=arguments.systems, metavar="A,B,…",
                        help=f"of {', '.join(SYSTEMS)}; or groups of them: `table`, the rows of "
                             "the core paper's table, which is the default (of sets without "
                             "pictures, those that need none); `landmarks`, the systems on the "
                             "face mesh and those they are compared with (needs "
                             "smilegenuine[mediapipe], unless clips know their landmarks); `all`")
    parser.add_argument("--reference", metavar="NAME",
                        help="the system that others are compared with; without it fusion, or the "
                             "first")
    parser.add_argument("--folds", type=arguments.at_least(2), metavar="K",
                        help="folds by subject, at most as many as there are subjects; without it "
                             "the published folds of a set that has some, else 10")
    parser.add_argument("--by", action="append", default=[], metavar="COLUMN",
                        help="scores also by what is known of clips, such as gender; ages and "
                             "other numbers are cut into groups; may be given several times")
    # In the study of resolution `--fps` means another thing than elsewhere.
    study = parser.add_argument_group("the study of resolution", "Repeat the comparison on "
                                      "recordings of smaller pictures, fewer a second: each "
                                      "resolution with each rate.")
    study.add_argument("--resolution", type=arguments.degrees("resolution"), metavar="R,R,…",
                       help="width and height of the pictures, in shares of what they are, such as "
                            "1,0.5,0.25")
    study.add_argument("--fps", type=arguments.degrees("fps"), metavar="HZ,HZ,…",
                       help="frames a second, such as 50,25,12.5; slower recordings stay as they "
                            "are")
    parser.add_argument("--untimed-fps", type=arguments.frame_rate, metavar="HZ",
                        help="frame rate of what carries no timing: image folders, tables without "
                             "timestamps")
    arguments.add_networks(parser)
    arguments.add_action_units(parser)
    parser.add_argument("--random-state", type=arguments.whole, default=0, metavar="SEED",
                        help="of drawn people and networks")
    parser.add_argument("--output", type=Path, default=Path("benchmark-output"), metavar="FOLDER",
                        help="for the tables, finished folds and what is measured; without it "
                             "benchmark-output")
    parser.add_argument("--report", nargs="?", type=Path, const=True, metavar="FILE.html",
                        help="write a page as well, with pictures; without a name report.html in "
                             "the folder of --output (needs smilegenuine[plot])")


def run(args: argparse.Namespace) -> int:
    """Compare, print, and return the exit status."""
    options = BenchmarkOptions(
        **arguments.system_options(args), by=args.by, reference=args.reference,
        fps=args.untimed_fps, n_subjects=args.subjects, tell=print,
        clips_per_subject=args.clips_per_subject, wording=arguments.as_options)
    result = run_benchmark(
        args.data[-1] if args.data else DRAWN[0], args.systems, folds=args.folds,
        study={"resolution": args.resolution, "fps": args.fps},
        cross_corpus=args.cross_corpus, results=args.output, report=args.report, options=options)
    print(result)
    return int(result.problems > 0)
