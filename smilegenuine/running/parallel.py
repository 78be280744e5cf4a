"""Many calls at the same time, wherever `joblib.parallel_config` sends them.

Processes and threads of one machine are joblib's own; what a dead process was working on is tried
once more, each call alone, so that one file that brings the decoder down does not cost the others.
Dask is asked by its own interface, not by joblib's: there a worker that dies takes arrays along
which other calls need, and a call that Dask gives up is waited for without end.
"""

from __future__ import annotations

import threading
import time
import traceback
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any

import joblib
from joblib.parallel import SequentialBackend, get_active_backend
from sklearn import config_context, get_config
from sklearn.utils.parallel import Parallel, delayed  # these tell workers of `config_context`

# Calls handed over for each worker, so that none waits for the next.
_AHEAD = 2
# Of backends that give results as a list: in longer parts workers wait less for the last of them.
_AHEAD_IN_PARTS = 4
# Seconds between looks at how many workers there are by now.
_LOOK = 5.0

# Held by a call on a Dask worker.
_only_call = threading.Lock()


def in_parallel(function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]], *,
                n_jobs: int | None, ordered: bool = True,
                lost: Callable[[int, str], Any] | None = None) -> Iterator[Any]:
    """Call a function with each of many arguments; results as they come.

    Parameters
    ----------
    function : callable
    arguments : iterable of tuple
        Walked through as calls are handed out.
    n_jobs : int or None
        As in joblib; of a Dask cluster all workers are taken in any case.
    ordered : bool, default=True
        Results in the order of the arguments; else in that in which they are ready.
    lost : callable, optional
        Asked with the call's place and a reason for a result (or to raise) where workers died of a
        call one after the other. Without it, a RuntimeError is raised.

    Yields
    ------
    object
        What the function returns. What it raises is raised here.

    Notes
    -----
    A Dask worker runs one call at a time, and what is nested in it in the same process: torch's
    random numbers and OpenCV's threads are settings of a process.
    """
    backend, lost = get_active_backend()[0], lost or _raise_lost
    if type(backend).__name__ == "DaskDistributedBackend":
        return _on_dask(backend, function, arguments, ordered, lost)
    if isinstance(backend, SequentialBackend) or backend.supports_return_generator:
        return _in_processes(function, arguments, n_jobs, ordered, lost)
    return _in_parts((delayed(function)(*each) for each in arguments), n_jobs)


def _in_processes(function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]],
                  n_jobs: int | None, ordered: bool, lost: Callable[[int, str], Any]
                  ) -> Iterator[Any]:
    """On this machine; what a dead process leaves undone is done, each call by itself."""
    rest = enumerate(arguments)
    undone: dict[int, tuple[Any, ...]] = {}
    how = "generator" if ordered else "generator_unordered"

    def calls() -> Iterator[Any]:
        for place, each in rest:
            undone[place] = each
            yield delayed(_placed)(function, place, each)

    while True:
        try:
            for place, result in Parallel(n_jobs=n_jobs, return_as=how)(calls()):
                del undone[place]
                yield result
            return
        except BrokenProcessPool:
            for place in sorted(undone):
                yield _alone(function, place, undone.pop(place), lost)


def _placed(function: Callable[..., Any], place: int, arguments: tuple[Any, ...]
            ) -> tuple[int, Any]:
    return place, function(*arguments)


def _alone(function: Callable[..., Any], place: int, arguments: tuple[Any, ...],
           lost: Callable[[int, str], Any]) -> Any:
    """One call in a process, so that it is known of which one processes die."""
    try:
        (result,) = Parallel(n_jobs=2)([delayed(function)(*arguments)])
    except BrokenProcessPool:
        return lost(place, "the process that worked on it died, twice: it takes more memory than "
                    "there is, or brings the decoder down. Re-encode it, or leave it out")
    return result


def _in_parts(calls: Iterator[Any], n_jobs: int | None) -> Iterator[Any]:
    """For backends that give lists, such as Ray's."""
    with Parallel(n_jobs=n_jobs) as parallel:
        size = _AHEAD_IN_PARTS * joblib.effective_n_jobs(n_jobs)
        while part := list(islice(calls, size)):
            yield from parallel(part)


# -- Dask -----------------------------------------------------------------------------------------

def _on_dask(backend: Any, function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]],
             ordered: bool, lost: Callable[[int, str], Any]) -> Iterator[Any]:
    from distributed import as_completed, get_worker

    try:
        get_worker()
    except ValueError:  # this is no worker
        pass
    else:
        yield from (function(*each) for each in arguments)
        return
    client, workers = backend.client, _Workers(backend)
    calls = enumerate(_Call(function, each, get_config()) for each in arguments)
    run = f"{function.__name__.strip('_')}-{uuid.uuid4().hex}"
    running: dict[Any, tuple[int, _Call]] = {}
    # Dask blames all that a worker was given for its death. They are tried again, one at a time.
    suspects: list[tuple[int, _Call]] = []
    done = as_completed(loop=client.loop, with_results=True, raise_errors=False)

    def hand_out() -> None:
        if suspects:
            chosen = [] if running else [suspects.pop()]
        else:
            chosen = list(islice(calls, max(0, _AHEAD * workers.now() - len(running))))
        for place, call in chosen:
            call.tries += 1
            future = client.submit(call, key=f"{run}-{place}-{call.tries}", pure=False,
                                   **backend.submit_kwargs)
            running[future] = place, call
            done.add(future)

    try:
        hand_out()
        ready: dict[int, Any] = {}
        n_given = 0
        for future, outcome in done:
            place, call = running.pop(future)
            if call.tries == 1 and _is_given_up(future, outcome):
                suspects.append((place, call))
            else:
                ready[place] = _result(client, future, outcome, place, lost)
            hand_out()
            while ready and (not ordered or n_given in ready):
                yield ready.pop(n_given if ordered else next(iter(ready)))
                n_given += 1
    finally:
        if running and client.status == "running":
            client.cancel(list(running))


class _Workers:
    """How many workers the cluster has; they come and go."""

    def __init__(self, backend: Any) -> None:
        backend.effective_n_jobs(-1)  # waits for the first, and not for ever
        self._client = backend.client
        threads = list(self._client.nthreads().values())
        several = sum(n > 1 for n in threads)
        if several:
            warnings.warn(f"{several} of {len(threads)} Dask workers have several threads, of "
                          "which one is used. Start more workers of one thread each: "
                          "`--nworkers N --nthreads 1`", stacklevel=2)
        self._n, self._seen = len(threads), time.monotonic()

    def now(self) -> int:
        if time.monotonic() - self._seen > _LOOK:
            self._n, self._seen = len(self._client.nthreads()), time.monotonic()
        return max(1, self._n)


class _Call:
    """A call in a form that Dask does not look into: it takes tuples for tasks of its own."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...],
                 config: dict[str, Any]) -> None:
        self.function, self.arguments, self.config = function, arguments, config
        self.tries = 0

    def __call__(self) -> Any:
        try:
            with _only_call, config_context(**self.config), \
                    joblib.parallel_config(backend=SequentialBackend(nesting_level=1)):
                return self.function(*self.arguments)
        except Exception as error:  # as a result, or every worker would log it
            return _Raised(error, traceback.format_exc())


class _Raised:
    """What a call raised, and where."""

    def __init__(self, error: Exception, trace: str) -> None:
        self.error, self.trace = error, trace


class _WorkerTrace(Exception):
    """Shown above an error that was raised on a worker."""

    def __str__(self) -> str:
        return f"\n\n{self.args[0]}"


def _is_given_up(future: Any, outcome: Any) -> bool:
    """Return whether Dask does not try a call any more, as workers that had it died."""
    from distributed import KilledWorker

    return future.status == "error" and isinstance(outcome[1], KilledWorker)


def _result(client: Any, future: Any, outcome: Any, place: int, lost: Callable[[int, str], Any]
            ) -> Any:
    if future.status == "finished":
        if isinstance(outcome, _Raised):
            raise outcome.error from _WorkerTrace(outcome.trace)
        return outcome
    if future.status != "error":  # cancelled or lost, by nobody here
        raise ConnectionError(f"{client.scheduler.address if client.scheduler else 'Dask'}: the "
                              "scheduler went away while calls were running; start it again, and "
                              "make the same call")
    if _is_given_up(future, outcome):
        return lost(place, "workers died that worked on it, one after the other: it takes more "
                    "memory than they have, or brings the decoder down. Re-encode it, or leave it "
                    "out")
    raise outcome[1]


def _raise_lost(place: int, reason: str) -> Any:
    raise RuntimeError(f"call {place}: {reason}")
