"""What `--dask ADDRESS` does: the work of a command goes to the workers of a Dask cluster."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import joblib

from .._version import __version__

#: Seconds after which nobody is expected to answer any more.
PATIENCE = 10.0


@contextmanager
def cluster(address: str | None, *, patience: float = PATIENCE) -> Iterator[None]:
    """Send what runs in parallel to a Dask cluster, as long as the context lasts.

    Parameters
    ----------
    address : str or None
        Of the scheduler (`host:8786`, `tcp://host:8786`), or the JSON file that `dask scheduler
        --scheduler-file` writes. None: everything stays on this machine.
    patience : float, default=10.0
        Seconds to wait for the scheduler, and for a first worker.

    Raises
    ------
    ImportError
        `distributed` is not installed.
    OSError
        Nobody answers, or not as a Dask scheduler does; no worker has joined.
    RuntimeError
        A worker has not the same version of this package.

    Notes
    -----
    Videos, and folders for results and caches, must be there under the same path on all workers.
    """
    if address is None:
        yield
        return
    try:
        import distributed
    except ImportError:
        raise ImportError("a Dask cluster needs distributed, which is not installed: "
                          "pip install \"smilegenuine[cluster]\"") from None
    where = _scheduler(address)
    asyncio.run(_check_scheduler(where, patience))
    with distributed.Client(where, timeout=patience, set_as_default=False) as client:
        _check_workers(client, where, patience)
        with joblib.parallel_config(backend="dask", client=client):
            yield


def _scheduler(address: str) -> str:
    """The address, where that of a file is given."""
    if not address.endswith(".json"):
        return address
    try:
        return str(json.loads(Path(address).read_text(encoding="utf-8"))["address"])
    except FileNotFoundError:
        raise FileNotFoundError(f"{address}: no such file; `dask scheduler --scheduler-file "
                                f"{address}` writes it") from None
    except (ValueError, KeyError, TypeError):
        raise OSError(f"{address}: holds no address of a scheduler; it is the file that "
                      "`dask scheduler --scheduler-file` writes") from None


async def _check_scheduler(address: str, patience: float) -> None:
    """Raise an OSError unless a scheduler answers; `Client` waits without end for some others."""
    from distributed import Security, rpc

    nobody = (f"{address}: no Dask scheduler answers within {patience:g} s. Start one with "
              "`dask scheduler`, which prints its address, and see that this machine can reach it")
    try:
        answer = await asyncio.wait_for(
            _identity(rpc(address, connection_args=Security().get_connection_args("client"))),
            patience)
        if answer["type"] == "Scheduler":
            return
    except OSError:  # a TimeoutError is one
        raise OSError(nobody) from None
    except ValueError as error:
        raise OSError(f"{address}: is no address ({error}); it looks like host:8786") from None
    except Exception:  # what others send, Dask takes for messages of all kinds
        pass
    raise OSError(f"{address}: what answers there is no Dask scheduler; `dask scheduler` prints "
                  "its address (it is not the dashboard's)")


async def _identity(remote: Any) -> Any:
    async with remote:
        return await remote.identity()


def _check_workers(client: Any, address: str, patience: float) -> None:
    """Raise unless there are workers, and all have this version of the package."""
    try:
        client.wait_for_workers(1, timeout=patience)
    except TimeoutError:
        raise OSError(f"{address}: the scheduler has no workers, and none joined within "
                      f"{patience:g} s. Start some: `dask worker {address} --nthreads 1`"
                      ) from None
    # A lambda, as it is pickled whole: workers need not have this module to run it.
    versions = client.run(lambda: importlib.import_module("smilegenuine").__version__,
                          on_error="return")
    for worker, version in versions.items():
        if isinstance(version, Exception):
            raise RuntimeError(f"{worker}: this worker cannot import smilegenuine ({version}); "
                               "install it in the environment that workers run in")
        if version != __version__:
            raise RuntimeError(f"{worker}: this worker has smilegenuine {version}, and here is "
                               f"{__version__}; install the same version")
