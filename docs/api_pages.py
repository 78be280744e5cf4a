"""The reference of the code: a page a room, written from what the package calls public."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import NamedTuple

API = Path(__file__).parent / "api"


class Room(NamedTuple):
    """A page of the reference.

    Attributes
    ----------
    page : str
        Its file, without the suffix.
    title, text : str
    modules : tuple of str
        What is public in these modules and those in them belongs here.
    """

    page: str
    title: str
    text: str
    modules: tuple[str, ...]


#: In the order in which a clip goes through them. The first that has the module is the name's room.
ROOMS = (
    Room("clips", "Clips", "The record that travels, the one door for recordings, and what is said "
         "where something is wrong with one. See :doc:`/data_model`.",
         ("clips",)),
    Room("face", "Faces and landmarks", "From frames to faces whose eyes are level, and to the "
         "mesh. See :doc:`/landmarks`.", ("face",)),
    Room("signals", "Signals", "Smile intensity and action units, frame by frame. See "
         ":doc:`/action_units`.", ("signals",)),
    Room("features", "Features", "Tables from signals. See :doc:`/auda` and :doc:`/dmarkers`.",
         ("features",)),
    Room("classifiers", "Classifiers", "From clips or tables to a decision. See "
         ":doc:`/systems/index`.", ("classifiers",)),
    Room("systems", "Systems, fusion and model files",
         "Whole systems by name, what puts branches together, and saving them. "
         "See :doc:`/systems` and :doc:`/pretrained`.", ("systems",)),
    Room("evaluation", "Evaluation", "Scores by subject, comparisons and their tests. See "
         ":doc:`/evaluation`.", ("evaluation",)),
    Room("benchmark", "The benchmark", "Published systems on any labelled set, published figures "
         "beside them. See :doc:`/evaluation`.", ("benchmark",)),
    Room("certainty", "How sure, and when to say nothing", "Probabilities to be believed, and "
         "decisions that are left open.",
         ("certainty",)),
    Room("answers", "Answers", "About recordings, smile by smile, before the smile is "
         "over, and from a camera.",
         ("answers", "live")),
    Room("explain", "Explaining", "What a decision rests on. See :doc:`/explaining`.",
         ("explain",)),
    Room("plotting", "Pictures and reports", "They need matplotlib, the extra ``plot``.",
         ("plotting", "report")),
    Room("datasets", "Data sets", "Drawn people, and loaders of what researchers hold. See "
         ":doc:`/drawn_people`.", ("datasets",)),
    Room("nets", "Networks", "``torch.nn.Module`` and nothing else: logits out, ``embed`` for what "
         "the last layer sees. The classifiers own them.", ("nets",)),
)

#: Packages whose ``__all__`` is public.
PUBLIC = ("smilegenuine", "smilegenuine.answers", "smilegenuine.benchmark",
          "smilegenuine.datasets", "smilegenuine.explain", "smilegenuine.plotting",
          "smilegenuine.report")

#: Networks and what belongs to them: public by their place, not by an ``__all__``.
NETS = (
    "realsmilenet.RealSmileNet", "realsmilenet.from_published",
    "auda_sequence.AUDASequenceNet", "phase_mlp.PhaseMLP",
    "meshsmilenet.MeshSmileNet", "meshsmilenet.MeshTrunk", "meshsmilenet.from_published",
    "curvenet.CurveNet", "deepmarkernet.DeepMarkerNet", "hadasmilenet.HadaSmileNet",
    "marker_fusions.make_fusion", "vit.FaceViT", "landmark_transformer.LandmarkTransformer",
    "pstnet.PSTNet", "p4transformer.P4Transformer", "hadamard.HadamardFusion",
)


def public_names() -> dict[str, str]:
    """Return what is public, and where it is defined.

    Returns
    -------
    dict of str to str
        Full public name, such as "smilegenuine.AUDA", to module within the package, such as
        "features.auda". What two packages give is named once, by the first.
    """
    found: dict[str, str] = {}
    seen: set[str] = set()
    for package in PUBLIC:
        module = importlib.import_module(package)
        for name in module.__all__:
            if name.startswith("__") or name in seen:
                continue
            seen.add(name)
            rooms = getattr(module, "_ROOMS", {})
            inner = package.removeprefix("smilegenuine").lstrip(".")
            found[f"{package}.{name}"] = ".".join(
                part for part in (inner, str(rooms.get(name, ""))) if part)
    for net in NETS:
        found[f"smilegenuine.nets.{net}"] = f"nets.{net.rpartition('.')[0]}"
    return found


def by_room() -> dict[str, list[str]]:
    """Return the public names of each page of the reference.

    Returns
    -------
    dict of str to list of str
        `Room.page` to full names.

    Raises
    ------
    ValueError
        A name has no room: a module of `ROOMS` has to be told.
    """
    pages: dict[str, list[str]] = {room.page: [] for room in ROOMS}
    for name, module in public_names().items():
        rooms = [room for room in ROOMS if module.partition(".")[0] in room.modules]
        if not rooms:
            raise ValueError(f"{name} (of the module {module!r}) has no page in the reference; "
                             "name its module in ROOMS of docs/api_pages.py")
        pages[rooms[0].page].append(name)
    return pages


def rooms_in_use() -> list[tuple[Room, list[str]]]:
    """Return the pages that have something on them.

    Returns
    -------
    list of (Room, list of str)
        With the full names on each.
    """
    pages = by_room()
    return [(room, pages[room.page]) for room in ROOMS if pages[room.page]]


def write_pages(folder: Path = API / "rooms") -> None:
    """Write a page a room, of which autosummary makes a page a name.

    Parameters
    ----------
    folder : Path
    """
    folder.mkdir(parents=True, exist_ok=True)
    # What an earlier build wrote of a name that has moved since would be a page that nobody finds.
    for old in folder.glob("*.rst"):
        if old.stem not in {room.page for room, _ in rooms_in_use()}:
            old.unlink()
    for old in (folder.parent / "generated").glob("*.rst"):
        if old.stem not in public_names():
            old.unlink()
    for room, names in rooms_in_use():
        shown = [f"   {name}" for name in names]
        kinds = "\n".join([".. autosummary::", "   :toctree: ../generated", "   :nosignatures:", "",
                           *shown])
        text = f"{room.title}\n{'=' * len(room.title)}\n\n{room.text}\n\n{kinds}\n"
        file = folder / f"{room.page}.rst"
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def short_names() -> dict[str, str]:
    """Return what a docstring may call a public name.

    Returns
    -------
    dict of str to str
        Such as "AUDA", or "datasets.make_smiles", to the full name.
    """
    short: dict[str, str] = {}
    for full, module in public_names().items():
        parts = full.split(".")[1:]
        short[f"{module}.{parts[-1]}"] = full
        for start in range(len(parts)):
            short.setdefault(".".join(parts[start:]), full)
    return short
