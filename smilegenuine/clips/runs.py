"""A step applied to many clips: in parallel, cached, with progress, and with errors that name them.

What it needs of a step: `transform_clip` from one `Clip` to another, `adds` and `reads`, and the
parameters `n_jobs`, `verbose` and `memory`; see `smilegenuine.clips.steps.ClipTransformer`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import cv2
import joblib
from sklearn.base import clone

from ..running.parallel import in_parallel
from ..running.progress import progress
from .cache import ClipCache, DamagedEntry, entry_key, open_cache, step_key
from .errors import ClipError, NoFaceError
from .record import Clip

#: Parameters that say how to run and not what to compute; they do not enter cache keys.
_RUN_PARAMS = frozenset({"n_jobs", "verbose", "memory"})
# Damages that are written out.
_MOST_SAID = 5


@dataclass
class Tally:
    """How many clips a step measured, found in its cache, or had nothing to do with.

    Parameters
    ----------
    measured, kept, known : int, default=0
    """

    measured: int = 0
    kept: int = 0
    known: int = 0

    def add(self, origin: Literal["measured", "kept", "known"]) -> None:
        """Count a clip."""
        setattr(self, origin, getattr(self, origin) + 1)


class _Outcome(NamedTuple):
    """A clip that went through a step, or why it could not, and where what is new comes from."""

    result: Any
    origin: Literal["measured", "kept", "known"]
    damage: str | None = None  # what was wrong with the cache


def run_clips(step: Any, clips: list[Clip], *, places: Sequence[int] | None = None,
              catch: bool = False, tally: Tally | None = None) -> Iterator[Any]:
    """Apply a step to clips, in parallel and cached as its parameters say; results in order.

    Parameters
    ----------
    step : ClipTransformer
        Fitted.
    clips : list of Clip
    places : sequence of int, optional
        What clips without a name are called by in errors; else their places in the list.
    catch : bool, default=False
        A clip that cannot be used gives its exception in place of a clip.
    tally : Tally, optional
        Counts what was measured.

    Yields
    ------
    Clip or Exception

    Warns
    -----
    UserWarning
        Once, at the end: what was wrong with the cache. It never costs a result.
    """
    worker = _Worker(step)
    numbered = list(zip(range(len(clips)) if places is None else places, clips, strict=True))

    def lost(k: int, reason: str) -> _Outcome:
        place, clip = numbered[k]
        error = ClipError(clip.name or f"item {place}", reason)
        if not catch:
            raise error
        return _Outcome(error, "measured")

    done = in_parallel(_run_one, ((worker, clip, i, catch) for i, clip in numbered),
                       n_jobs=step.n_jobs, lost=lost)
    damages = []
    for outcome in progress(done, total=len(clips), verbose=step.verbose,
                            name=type(step).__name__):
        if tally is not None:
            tally.add(outcome.origin)
        if outcome.damage is not None:
            damages.append(outcome.damage)
        yield outcome.result
    if damages:
        more = f"; … ({len(damages) - _MOST_SAID} more)" if len(damages) > _MOST_SAID else ""
        warnings.warn(f"{type(step).__name__}: the cache was of no use for {len(damages)} of "
                      f"{len(clips)} clips: {'; '.join(damages[:_MOST_SAID])}{more}", stacklevel=3)


class _Worker:
    """The function from clip to clip, in a form that crosses process borders.

    Clips that know what the step adds pass untouched. Where `memory` says so, what it adds is kept
    on disk: under the kind of step, what it computes (parameters and learnt state) and the fields
    that it reads, whatever else the clip knows and however the step is run.
    """

    def __init__(self, step: Any) -> None:
        self.step = step
        self.cache = open_cache(step.memory) if step.keeps_clips else None
        if self.cache is not None:
            run = _RUN_PARAMS & set(step.get_params(deep=False))
            self.step = clone(step).set_params(**dict.fromkeys(run))
            for name, learnt in vars(step).items():
                if name.endswith("_"):
                    setattr(self.step, name, learnt)
            self.key = step_key(self.step)

    def __call__(self, clip: Clip) -> _Outcome:
        if clip.known()[self.step.adds[0]] is not None:
            return _Outcome(clip, "known")
        if self.cache is None:
            return _Outcome(self.step.transform_clip(clip), "measured")
        key, damage = entry_key(self.key, clip, self.step.reads), None
        try:
            kept = self.cache.read(key, clip)
            if kept is not None:
                return _Outcome(clip.replace(**kept), "kept")
        except NoFaceError as error:  # which is known from an earlier run
            return _Outcome(error, "kept")
        except DamagedEntry as error:
            damage = f"{error}; {clip.label} was measured again"
        return self._measure(clip, self.cache, key, damage)

    def _measure(self, clip: Clip, cache: ClipCache, key: str, damage: str | None) -> _Outcome:
        """Run the step, and keep what it finds."""
        try:
            done = self.step.transform_clip(clip)
        except NoFaceError as error:
            with suppress(OSError):
                cache.write_no_face(key, error, clip)
            raise
        if done is clip:  # there was nothing to measure
            return _Outcome(done, "known")
        known = done.known()
        found = {field: known[field] for field in self.step.adds}
        try:
            found = cache.write(key, found, clip)
        except OSError as error:  # a full disk must not cost what was measured
            damage = f"{error}; what was measured of {clip.label} is not kept"
        return _Outcome(clip.replace(**found), "measured", damage)


def _run_one(worker: _Worker, clip: Clip, place: int, catch: bool) -> _Outcome:
    if cv2.getNumThreads() > 1 and joblib.parallel.get_active_backend()[0].nesting_level:
        cv2.setNumThreads(1)  # one clip a process is parallel enough
    origin: Literal["measured", "kept"] = "measured"
    try:
        outcome = worker(clip)
        if not isinstance(outcome.result, ClipError):
            return outcome
        origin = "kept"
        raise outcome.result
    except ClipError as error:
        if clip.name is None and error.clip == clip.label:
            who = f"item {place}" + (f", {clip.label}" if clip.subject else "")
            error = type(error)(who, error.problem)
        if not catch:
            raise error from None
        return _Outcome(error, origin)
    except Exception as error:
        error.add_note(f"It was raised while {clip.name or f'item {place}'} was worked on.")
        if not catch or not isinstance(error, (OSError, ValueError)):
            raise
        return _Outcome(error, "measured")
