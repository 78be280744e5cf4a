"""How systems are made and compared."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..systems.named_systems import LANDMARK_ROWS, SYSTEMS, TABLE_ROWS

#: Names of several systems together.
GROUPS = {"table": TABLE_ROWS, "landmarks": LANDMARK_ROWS, "all": SYSTEMS}

#: What is measured in pictures, as fields of clips call it, and as people do.
MEASURES = {"landmarks": "landmarks", "faces": "aligned faces", "aus": "action units"}

_CHOICES = {"action_units": ("hog", "blendshapes"), "points": ("all", "outlines")}


@dataclass(frozen=True, kw_only=True)
class SystemOptions:
    """How systems are made, and how they run.

    Parameters
    ----------
    action_units : {"hog", "blendshapes"}, optional
        What measures action units: the aligned face, as without it, or MediaPipe's face mesh.
    points : {"all", "outlines"}, optional
        Of the face mesh, for networks that look at it; without it, as published.
    max_epochs : int, optional
        Of every network; without it, as published.
    device : str, default="auto"
        Of networks: "auto" (CUDA where there is a device), "cpu", "cuda", "cuda:1".
    random_state : int, default=0
        Of networks.
    n_jobs : int, optional
        Processes.
    verbose : int or bool, default=False
        Show progress.

    Raises
    ------
    ValueError
        A value that is none of the choices.
    """

    action_units: str | None = None
    points: str | None = None
    max_epochs: int | None = None
    device: str = "auto"
    random_state: int = 0
    n_jobs: int | None = None
    verbose: int | bool = False

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in (None, *choices):
                raise ValueError(f"`{name}={getattr(self, name)!r}`: there is "
                                 f"{' and '.join(map(repr, choices))}")


@dataclass(frozen=True, kw_only=True)
class BenchmarkOptions(SystemOptions):
    """How systems are made, run and compared.

    Parameters
    ----------
    by : str or sequence of str, default=()
        Columns of what is known of clips, such as "gender": scores are broken down by them.
        Ages and other numbers are cut into groups.
    reference : str, optional
        The system that others are compared with; without it "fusion", or the first.
    fps : float, optional
        Frame rate in Hz of recordings that carry no timing.
    n_subjects : int, default=24
        Drawn people.
    clips_per_subject : int, default=4
        Of drawn people, half of them posed.
    tell : callable, optional
        Given a line of text whenever something is done; without it such lines are printed if
        `verbose`. What is wrong with recordings is told on stderr in any case.
    wording : callable, optional
        Given each text, and returns what is told and written in its place. Texts write parameters
        as ```name=value```, in backticks, which the command line replaces by its options.

    See Also
    --------
    smilegenuine.benchmark.SystemOptions : The other parameters.
    """

    by: tuple[str, ...] = ()
    reference: str | None = None
    fps: float | None = None
    n_subjects: int = 24
    clips_per_subject: int = 4
    tell: Callable[[str], None] | None = None
    wording: Callable[[str], str] = str

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "by", (self.by,) if isinstance(self.by, str) else tuple(self.by))

    def log(self, text: str) -> None:
        """Report what has been done."""
        if self.tell is not None:
            self.tell(self.wording(text))
        elif self.verbose:
            print(self.wording(text))

    def warn(self, text: str) -> None:
        """Print on stderr what is wrong; nothing for an empty text."""
        if text:
            print(self.wording(text), file=sys.stderr)


def system_names(systems: str | Iterable[str]) -> tuple[str, ...]:
    """Return the names of systems that names of systems and groups stand for, each one once.

    Parameters
    ----------
    systems : str or iterable of str
        Names of `SYSTEMS`, and "table", "landmarks" and "all"; a text may list several with commas.

    Returns
    -------
    tuple of str

    Raises
    ------
    ValueError
        There is no such system.
    """
    names: list[str] = []
    for name in map(str.strip, systems.split(",") if isinstance(systems, str) else systems):
        if name not in SYSTEMS and name not in GROUPS:
            raise ValueError(f"there is no system '{name}'; there is {', '.join(SYSTEMS)}, and the "
                             f"groups {', '.join(GROUPS)}")
        names += GROUPS.get(name, (name,))
    return tuple(dict.fromkeys(names))
