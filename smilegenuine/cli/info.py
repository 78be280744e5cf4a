"""`smilegenuine info`: what is installed on this machine; or what a model is."""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import math
import os
import platform
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from .._version import __version__
from ..face.landmarker_bundle import BUNDLE_NAME, BUNDLE_SHA256, DATA_VARIABLE, cache_folder
from ..report.model_card import info_of, model_card
from ..running.foreign_text import visible
from ..systems.persistence import load_model
from ..systems.pretrained import PRETRAINED, load_pretrained

_PACKAGE = "smilegenuine"
#: What each extra is for.
EXTRAS = {
    "mediapipe": "landmarks, blendshapes and the head's pose; all systems on the face mesh",
    "plot": "pictures, and the pages of --report",
    "cluster": "--dask: the workers of a cluster",
    "docs": "to build the documentation",
    "test": "to run the tests",
}
# Distributions whose modules are called otherwise.
_MODULES = {"scikit-learn": "sklearn", "scikit-image": "skimage", "imbalanced-learn": "imblearn",
            "opencv-python": "cv2", "opencv-contrib-python": "cv2", "import-linter": "importlinter",
            "pytest-xdist": "xdist"}
# Nothing that can be imported, or not a thing to import here.
_NO_MODULE = frozenset({"pandas-stubs", "ruff", "mypy"})
_GIB = 1024.0 ** 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument("model", nargs="?", metavar="MODEL",
                        help="print the card of this model: what it is, what it was trained on, "
                             "how often it was right; a file, or the name of a model that comes "
                             f"with the package ({', '.join(PRETRAINED)})")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print what is there, and return the exit status."""
    if args.model is not None:
        ours = args.model in PRETRAINED  # a file of that name is ./kinematics
        model = load_pretrained(args.model, labels=("posed", "spontaneous")) if ours else \
            load_model(args.model)
        card = model_card(model)
        print(_json({"path": None if ours else args.model, "info": info_of(model), "card": card})
              if args.json else card.rstrip())
        return 0
    installed = machine()
    print(_json(installed) if args.json else "\n".join(_lines(installed)))
    return 0


def machine() -> dict[str, Any]:
    """Look at what is installed, without downloading anything.

    Returns
    -------
    dict
        `smilegenuine`, `Python`, `platform`; `packages`, name -> `version` (None: not installed)
        and `error` (None: it can be imported); `extras`, name -> `adds`, `installed` and
        `packages`; `devices`; `landmarker`.
    """
    wanted = _wanted()
    looked = {name: look_at_package(name) for name in
              dict.fromkeys(name for names in wanted.values() for name in names)}
    extras = {extra: {"adds": EXTRAS.get(extra, ""),
                      "installed": all(looked[name]["version"] and looked[name]["error"] is None
                                       for name in names),
                      "packages": {name: looked[name] for name in names}}
              for extra, names in wanted.items() if extra}
    return {_PACKAGE: __version__, "Python": platform.python_version(),
            "platform": platform.platform(), "packages": {n: looked[n] for n in wanted.get("", [])},
            "extras": extras, "notes": _notes(looked), "devices": _devices(),
            "landmarker": _landmarker()}


# -- packages -------------------------------------------------------------------------------------

def _wanted() -> dict[str, list[str]]:
    """What this package asks for: extra ("" for none) -> distributions."""
    try:
        lines = requires(_PACKAGE) or []
    except PackageNotFoundError:  # run out of its folder, never installed
        lines = []
    wanted: dict[str, list[str]] = {"": [], **{extra: [] for extra in EXTRAS}}
    for line in lines:
        name = re.match(r"[A-Za-z0-9._-]+", line)
        extra = re.search(r"""extra\s*==\s*['"]([^'"]+)""", line)
        if name:
            wanted.setdefault(extra[1] if extra else "", []).append(name[0])
    return {extra: names for extra, names in wanted.items() if names}


def look_at_package(name: str) -> dict[str, Any]:
    """Return which version of a distribution is there, and whether it can be imported.

    Parameters
    ----------
    name : str

    Returns
    -------
    dict
        `version`, or None where it is not installed; `error`, what its import raises, or None.
    """
    try:
        installed: str | None = version(name)
    except PackageNotFoundError:
        installed = None
    module = _MODULES.get(name, name.replace("-", "_"))
    if name in _NO_MODULE:
        return {"version": installed, "error": None}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            imported = importlib.import_module(module)
    except Exception as error:  # whatever a broken package raises is what is to be reported
        missing = installed is None and isinstance(error, ModuleNotFoundError)
        return {"version": installed,
                "error": None if missing else f"{type(error).__name__}: {error}"}
    # Installed under another name, as opencv-python-headless.
    return {"version": installed or str(getattr(imported, "__version__", "unknown")),
            "error": None}


def _notes(looked: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What is installed, and yet not as it should be."""
    try:
        import cv2
    except Exception:  # reported already
        return []
    notes = []
    versions = {looked[name]["version"] for name in ("opencv-python", "opencv-contrib-python")
                if looked.get(name, {}).get("version")}
    if len({".".join(v.split(".")[:3]) for v in [*versions, cv2.__version__]}) > 1:
        notes.append(f"opencv-python and opencv-contrib-python share the folder cv2, which holds "
                     f"{cv2.__version__}; install both in one version")
    missing = [what for what in ("CascadeClassifier", "HOGDescriptor") if not hasattr(cv2, what)]
    if missing:
        notes.append(f"this OpenCV, {cv2.__version__}, has no {' and no '.join(missing)}; what "
                     'aligns faces needs it: pip install "opencv-python>=4.10,<5"')
    return notes


# -- devices, files -------------------------------------------------------------------------------

def _devices() -> dict[str, Any]:
    """Cores, and CUDA devices with their memory."""
    devices: dict[str, Any] = {"cores": joblib.cpu_count(), "CUDA": []}
    try:
        import torch

        if not torch.cuda.is_available():
            devices["no CUDA because"] = "torch finds no device" if torch.version.cuda else \
                "this torch is built without it"
            return devices
        for k in range(torch.cuda.device_count()):
            properties = torch.cuda.get_device_properties(k)
            free, total = torch.cuda.mem_get_info(k)
            devices["CUDA"].append({"device": f"cuda:{k}", "name": properties.name,
                                    "memory (GiB)": round(total / _GIB, 1),
                                    "free (GiB)": round(free / _GIB, 1)})
    except Exception as error:  # a broken torch or driver
        devices["no CUDA because"] = f"{type(error).__name__}: {error}"
    return devices


def _landmarker() -> dict[str, Any]:
    """Where MediaPipe's model is looked for, and what lies there."""
    named = os.environ.get(DATA_VARIABLE)
    places = [Path(named).expanduser()] if named else []
    bundle: dict[str, Any] = {DATA_VARIABLE: named, "places": []}
    try:
        places.append(cache_folder())
    except ImportError as error:
        bundle["cache"] = str(error)
    for folder in places:
        file = folder / BUNDLE_NAME
        bundle["places"].append({"file": str(file), "state": _state(file)})
    return bundle


def _state(file: Path) -> str:
    try:
        if not file.is_file():
            return "not there"
        with open(file, "rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return "right" if digest == BUNDLE_SHA256 else "damaged, or another version"


# -- text -----------------------------------------------------------------------------------------

def _lines(installed: Mapping[str, Any]) -> Iterator[str]:
    yield f"{_PACKAGE} {installed[_PACKAGE]}, Python {installed['Python']}, {installed['platform']}"
    yield "\nPackages"
    if not installed["packages"]:
        yield f"  {_PACKAGE} is not installed as a package, so it is not known what it asks for"
    yield from _aligned([(name, _version_text(looked))
                         for name, looked in installed["packages"].items()])
    yield from (f"  {note}" for note in installed["notes"])
    yield "\nExtras"
    for name, extra in installed["extras"].items():
        state = "installed" if extra["installed"] else \
            f'pip install "{_PACKAGE}[{name}]" adds it'
        yield f"  {name}: {extra['adds']}; {state}"
        yield from _aligned([(package, _version_text(looked))
                             for package, looked in extra["packages"].items()], "    ")
    yield "\nDevices"
    yield f"  cores: {installed['devices']['cores']}"
    for device in installed["devices"]["CUDA"]:
        yield (f"  {device['device']}: {visible(device['name'])}, {device['memory (GiB)']} GiB, "
               f"{device['free (GiB)']} free")
    if "no CUDA because" in installed["devices"]:
        yield f"  no CUDA: {installed['devices']['no CUDA because']}"
    yield "\nMediaPipe's Face Landmarker"
    landmarker = installed["landmarker"]
    yield f"  {DATA_VARIABLE}: {visible(landmarker[DATA_VARIABLE] or 'not set')}"
    yield from (f"  {visible(place['file'])}: {place['state']}" for place in landmarker["places"])
    if "cache" in landmarker:
        yield f"  {landmarker['cache']}"
    elif all(place["state"] == "not there" for place in landmarker["places"]):
        yield "  It is downloaded when it is first needed (3.8 MB)."


def _version_text(looked: Mapping[str, Any]) -> str:
    text = looked["version"] or "not installed"
    return text if looked["error"] is None else f"{text}, cannot be imported: {looked['error']}"


def _aligned(rows: Sequence[tuple[str, str]], indent: str = "  ") -> Iterator[str]:
    width = max((len(name) for name, _ in rows), default=0)
    yield from (f"{indent}{name:<{width}}  {visible(text)}" for name, text in rows)


def _json(value: Any) -> str:
    return json.dumps(_plain(value), indent=2)


def _plain(value: Any) -> Any:
    """What JSON can say; numbers that are none are null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (np.generic, np.ndarray)):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
