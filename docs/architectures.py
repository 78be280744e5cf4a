"""Pictures of the systems: boxes and arrows, drawn light and dark when the pages are built.

``python docs/architectures.py FOLDER`` draws all of them as PNG, to be looked at.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from system_facts import Facts, facts


class Box(NamedTuple):
    """A box of a drawing.

    Attributes
    ----------
    key : str
        Its name, for arrows.
    column, row : float
        Place of its middle; rows go down.
    title, detail : str
        A line or two, and what is below it in smaller type.
    kind : {"data", "measured", "table", "learnt", "decision"}
    """

    key: str
    column: float
    row: float
    title: str
    detail: str
    kind: str


class Drawing(NamedTuple):
    """Boxes, arrows between them, and what somebody is told who cannot see it."""

    boxes: tuple[Box, ...]
    arrows: tuple[tuple[str, str], ...]
    alt: str


#: Inches a column and a row; what of it is box.
COLUMN, ROW, WIDE, HIGH = 1.62, 0.96, 0.88, 0.74

#: Edge and face of each kind, and of text, light and dark.
COLOURS = {
    "light": {"data": ("#6b7280", "#f3f4f6"), "measured": ("#0072B2", "#e3f1fa"),
              "table": ("#00795a", "#e0f4ee"), "learnt": ("#b4530a", "#fcefe3"),
              "decision": ("#7a3e8e", "#f5eaf8"), "text": ("#1b1f24", "#444b55")},
    "dark": {"data": ("#9aa4b2", "#2a2f36"), "measured": ("#56B4E9", "#12303f"),
             "table": ("#3fc9a0", "#10332a"), "learnt": ("#f0a35e", "#3b2713"),
             "decision": ("#d08be3", "#361f3d"), "text": ("#f0f3f6", "#c3cad3")},
}

_Part = tuple[str, str, str, str]  # key, title, detail, kind

VIDEO: _Part = ("video", "video", "frames and times", "data")
FACES: _Part = ("faces", "aligned faces", "eyes level, still", "measured")
SMILE: _Part = ("smile", "smile intensity", "LBP + SVM", "measured")
AUS: _Part = ("aus", "action units", "17 a frame", "measured")
MESH: _Part = ("mesh", "face mesh", "478 landmarks", "measured")
_FIELDS = {"faces": "faces", "aus": "action units", "landmarks": "face mesh"}
OUT: _Part = ("out", "decision", "log-odds, P", "decision")


def chain(parts: Sequence[_Part], row: float = 0.0, column: float = 0.0, per_row: int = 5
          ) -> tuple[list[Box], list[tuple[str, str]]]:
    """Place boxes one after the other, with an arrow from each to the next.

    Parameters
    ----------
    parts : sequence of (key, title, detail, kind)
    row, column : float
        Of the first.
    per_row : int
        Boxes a row; the others follow in the next.

    Returns
    -------
    boxes : list of Box
    arrows : list of (str, str)
    """
    boxes = [Box(key, column + i % per_row, row + i // per_row, title, detail, kind)
             for i, (key, title, detail, kind) in enumerate(parts)]
    return boxes, [(a.key, b.key) for a, b in pairwise(boxes)]


def _in_line(alt: str, *parts: _Part, per_row: int = 5) -> Drawing:
    boxes, arrows = chain(parts, per_row=per_row)
    return Drawing(tuple(boxes), tuple(arrows), alt)


def _realsmilenet(f: Facts) -> Drawing:
    encoder = [m for m in f.net.encoder.modules() if hasattr(m, "out_channels")]
    steps = " → ".join(str(c) for c in (encoder[0].in_channels, *(m.out_channels for m in encoder)))
    hidden, head = f.net.recurrent.n_hidden, f.net.head[2][0].out_channels
    return _in_line(
        "Faces of 48 by 48 pixels, ten a second, through temporal attention, two convolutions, a "
        "convolutional LSTM, a non-local block and a convolution to 250 features and a logit.",
        VIDEO, ("faces", "aligned faces", "48 × 48 at 10 Hz", "measured"),
        ("attention", "temporal\nattention", "x · conv(Δx) + x", "learnt"),
        ("encoder", "encoder", f"conv 3 × 3, pool;\n{steps} channels", "learnt"),
        ("lstm", "ConvLSTM", f"{hidden} channels, 3 × 3\nlast state", "learnt"),
        ("nonlocal", "non-local\nblock", "looks everywhere", "learnt"),
        ("head", "pool,\nconv 2 × 2", f"{hidden} → {head}, ReLU", "learnt"),
        ("embed", "features", f"{f.n_embed}, dropout 0.5", "learnt"), OUT)


def _auda_frame(f: Facts) -> Drawing:
    boxes, arrows = chain((VIDEO, FACES, AUS,
                           ("resample", "resampled", "17 signals at 10 Hz", "table"),
                           ("lstm", "LSTM", "17 → 150\nlast hidden state", "learnt"),
                           ("norm", "batch norm,\nReLU", f"{f.n_embed} features", "learnt"), OUT),
                          per_row=4)
    return Drawing(tuple(boxes), tuple(arrows),
                   "Action units, resampled to ten a second, through an LSTM of 150 units, batch "
                   "norm and ReLU to a logit.")


def _auda_phases(f: Facts) -> Drawing:
    widths = [m.out_features for m in f.net.branches[0] if hasattr(m, "out_features")]
    n_in = f.net.branches[0][0].num_features
    branch = " → ".join(map(str, (n_in, *widths)))
    boxes = [Box("faces", 0, 1.5, *FACES[1:]), Box("aus", 1, 1, *AUS[1:]),
             Box("smile", 1, 2, *SMILE[1:]),
             Box("embed", 4, 1.5, "side by side", f"{f.n_embed} features", "learnt"),
             Box("out", 5, 1.5, *OUT[1:])]
    arrows = [("faces", "smile"), ("faces", "aus"), ("embed", "out")]
    for i, phase in enumerate(("onset", "apex", "offset", "smile")):
        boxes += [Box(f"of_{phase}", 2, i, phase, f"{n_in} features\nof slopes", "table"),
                  Box(f"net_{phase}", 3, i, "dense", f"batch norm,\n{branch}", "learnt")]
        arrows += [("aus", f"of_{phase}"), ("smile", f"of_{phase}"),
                   (f"of_{phase}", f"net_{phase}"), (f"net_{phase}", "embed")]
    return Drawing(tuple(boxes), tuple(arrows),
                   f"Action units, cut into four phases by the smile intensity; {n_in} features of "
                   f"each phase through a dense network of its own; {f.n_embed} features side by "
                   "side to a logit.")


def _late_fusion(f: Facts) -> Drawing:
    n = len(f.branches)
    middle = (n - 1) / 2
    boxes = [Box("clips", 0, middle, "measured\nclips", "each field once", "measured"),
             Box("fused", 3, middle, "side by side", f"{f.n_embed} features", "learnt"),
             Box("top", 4, middle, "dense layer", "fitted on subjects\nwho were held out",
                 "learnt"),
             Box("out", 5, middle, *OUT[1:])]
    arrows = [("fused", "top"), ("top", "out")]
    for i, (name, branch) in enumerate(f.branches.items()):
        what = "decision value" if not branch.parameters else f"{branch.n_embed} features"
        boxes += [Box(f"in_{i}", 1, i, ", ".join(_FIELDS[f] for f in branch.fields), "", "table"),
                  Box(f"branch_{i}", 2, i, name, what, "learnt")]
        arrows += [("clips", f"in_{i}"), (f"in_{i}", f"branch_{i}"), (f"branch_{i}", "fused")]
    return Drawing(tuple(boxes), tuple(arrows),
                   f"{n} branches, {', '.join(f.branches)}, whose features stand side by side, "
                   f"{f.n_embed} in all, below a dense layer.")


def _machines(f: Facts, first: Sequence[Box], blocks: Sequence[tuple[str, str]],
              source: Sequence[str], alt: str) -> Drawing:
    """A support vector machine a block and one over them."""
    middle, left = (len(blocks) - 1) / 2, max(box.column for box in first) + 1
    boxes = [*first, Box("final", left + 2, middle, "linear SVM", f"{len(f.blocks)} decisions;"
                         "\ncalibrated", "learnt"),
             Box("out", left + 3, middle, *OUT[1:])]
    arrows = [(a.key, b.key) for a, b in pairwise(first)
              if a.row == b.row] if len(source) == 1 else []
    arrows.append(("final", "out"))
    n = len(f.blocks) // len(blocks)
    for i, (title, detail) in enumerate(blocks):
        boxes += [Box(f"block_{i}", left, i, title, detail, "table"),
                  Box(f"svm_{i}", left + 1, i, "SVM" if n == 1 else f"{n} SVMs",
                      f"standardised, {f.estimator.kernel.upper()}", "learnt")]
        arrows += [*((s, f"block_{i}") for s in source), (f"block_{i}", f"svm_{i}"),
                   (f"svm_{i}", "final")]
    return Drawing(tuple(boxes), tuple(arrows), alt)


def _auda_svm(f: Facts) -> Drawing:
    names = {"au": "AU-wise", "cross": "cross-AU"}
    blocks = [(phase, "\n".join(f"{width:,} {names[level]}" for level, width in (
        (name.split("_")[0], width) for name, width in f.blocks.items()
        if name.endswith(f"_{phase}")))) for phase in f.estimator.phases]
    middle = (len(blocks) - 1) / 2
    first = (Box("faces", 0, middle, *FACES[1:]), Box("aus", 1, middle - 0.5, *AUS[1:]),
             Box("smile", 1, middle + 0.5, *SMILE[1:]))
    drawing = _machines(f, first, blocks, ("aus", "smile"),
                        f"AUDA features of two levels and four phases, {len(f.blocks)} tables, each"
                        " below a support vector machine; a linear one over their decision values.")
    return drawing._replace(arrows=(("faces", "aus"), ("faces", "smile"), *drawing.arrows))


def _dmarkers(f: Facts) -> Drawing:
    blocks = [(name, f"{width} features") for name, width in f.blocks.items()]
    first = (Box("mesh", 0, 1, *MESH[1:]),
             Box("phases", 1, 1, "signals,\nphases", "head coordinates", "measured"))
    return _machines(f, first, blocks, ("phases",),
                     "Landmarks in head coordinates; signals of lips, eyelids and cheeks in onset, "
                     "apex and offset; a support vector machine each and a linear one over them.")


def _windows(f: Facts) -> tuple[_Part, ...]:
    clf = f.estimator
    return (MESH, ("windows", "windows", f"{clf.n_frames} frames at {clf.rate:g} Hz,\n"
                   f"movement × {clf.exaggeration:g}", "table"))


def _vit(f: Facts) -> Drawing:
    net = f.net
    return _in_line(
        "Faces cut into patches, a transformer a frame, the mean of the frames' class tokens to a "
        "logit.", VIDEO, ("faces", "aligned faces", "48 × 48 at 10 Hz", "measured"),
        ("patches", "patches", f"{net.positions.shape[1] - 1} of 8 × 8,\nand a class token",
         "learnt"),
        ("layers", f"{len(net.layers)} layers", "a frame by itself", "learnt"),
        ("token", "class token", f"{f.n_embed} a frame", "learnt"),
        ("mean", "mean", "over frames", "learnt"), OUT, per_row=4)


def _landmark_transformer(f: Facts) -> Drawing:
    return _in_line(
        "Windows of landmarks, a frame a token, a transformer over time, the mean to a logit.",
        *_windows(f), ("tokens", "a frame a token", f"1434 → {f.n_embed},\nsinusoids", "learnt"),
        ("layers", f"{len(f.net.layers) - 1} layers", "over time, 4 heads", "learnt"),
        ("mean", "mean", f"over time: {f.n_embed}", "learnt"), OUT, per_row=6)


def _pstnet(f: Facts) -> Drawing:
    parts: list[_Part] = [*_windows(f)]
    points, frames = f.net.n_points, f.estimator.n_frames
    for i, (conv, halving) in enumerate(zip(f.net.convs, f.net.halvings, strict=True), 1):
        points >>= halving
        frames //= conv.stride
        parts.append((f"conv{i}", f"PST conv {i}", f"{frames} × {points} points,\n"
                      f"{conv.temporal.out_features} channels", "learnt"))
    parts += [("pool", "mean, max", f"over points, over\ntime: {f.n_embed}", "learnt"), OUT]
    return _in_line("Windows of landmarks through six point spatio-temporal convolutions, mean "
                    "over points, maximum over time, to a logit.", *parts)


def _p4transformer(f: Facts) -> Drawing:
    net = f.net
    return _in_line(
        "Tubes around anchors through a point 4D convolution, a transformer over all tubes, their "
        "maximum, a hidden layer, to a logit.", *_windows(f),
        ("tubes", "point 4D conv", f"{net.tubes.n_anchors} tubes at every\n2nd frame",
         "learnt"),
        ("place", "places", "x, y, z, frame", "learnt"),
        ("layers", f"{len(net.layers)} layers", "over all tubes", "learnt"),
        ("max", "maximum", "over tubes", "learnt"),
        ("hidden", "hidden layer", f"{f.n_embed}, GELU", "learnt"), OUT, per_row=4)


def _trunk(f: Facts) -> tuple[_Part, ...]:
    trunk = f.net.trunk
    widths = ", ".join(str(b.widen.linear.out_features) for b in trunk.encoder.blocks)
    return (*_windows(f), ("curves", "CurveNet", f"a frame: blocks of\n{widths}", "learnt"),
            ("tokens", "tokens", f"478 points → {trunk.tokens.out_features}", "learnt"),
            ("layers", f"{len(trunk.layers)} layers", "over time and over\ntokens, in turns",
             "learnt"),
            ("mean", "mean", "over tokens", "learnt"),
            ("time", f"{len(trunk.time_layers)} layers", "over time; mean", "learnt"))


def _meshsmilenet(f: Facts) -> Drawing:
    return _in_line("Windows of landmarks through CurveNet on each frame, 32 tokens, a "
                    "transformer over time and tokens, to 256 features and a logit.",
                    *_trunk(f), ("norm", "layer norm", f"{f.n_embed} features", "learnt"), OUT)


def _deepmarkernet(f: Facts) -> Drawing:
    boxes, arrows = chain((*_windows(f), ("trunk", "MeshSmileNet's\ntrunk",
                                          f"{f.n_embed} features", "learnt")), row=0.5)
    boxes += [Box("norm", 3, 0, "norm, linear", "the class", "learnt"),
              Box("out", 4, 0, *OUT[1:]),
              Box("marker_norm", 3, 1, "norm, linear", "the second task", "learnt"),
              Box("markers", 4, 1, "D-Markers", f"{f.net.marker_head[1].out_features}, in training",
                  "table")]
    arrows += [("trunk", "norm"), ("norm", "out"), ("trunk", "marker_norm"),
               ("marker_norm", "markers")]
    return Drawing(tuple(boxes), tuple(arrows),
                   "MeshSmileNet's trunk with two heads: the class, and the D-Markers that it "
                   "learns to say in training.")


def _hadasmilenet(f: Facts) -> Drawing:
    mesh, windows = _windows(f)
    boxes, arrows = chain((windows, ("trunk", "MeshSmileNet's\ntrunk",
                                     f"{f.net.trunk.n_embed} features", "learnt"),
                           ("x", "linear", f"x: {f.n_embed}", "learnt")), column=1)
    boxes += [Box("mesh", 0, 0.5, *mesh[1:]),
              Box("markers", 1, 1, "D-Markers", f"{f.net.n_markers}, of the clip", "table"),
              Box("d", 3, 1, "linear", f"d: {f.n_embed}", "learnt"),
              Box("fused", 4, 0.5, "fusion", "x ∘ d, or one of\n14 others", "learnt"),
              Box("mlp", 5, 0.5, "MLP, norm", f"{f.n_embed} features", "learnt"),
              Box("out", 6, 0.5, *OUT[1:])]
    arrows += [("mesh", "windows"), ("mesh", "markers"), ("markers", "d"), ("x", "fused"),
               ("d", "fused"), ("fused", "mlp"), ("mlp", "out")]
    return Drawing(tuple(boxes), tuple(arrows),
                   "MeshSmileNet's trunk and the clip's D-Markers, each through a linear layer, "
                   "multiplied, then two dense layers to a logit.")


#: System -> what draws it.
DRAWINGS = {
    "realsmilenet": _realsmilenet, "auda-frame": _auda_frame, "auda-au": _auda_phases,
    "auda-cross": _auda_phases, "auda-fusion": _late_fusion, "fusion": _late_fusion,
    "auda-svm": _auda_svm, "dmarkers": _dmarkers, "vit": _vit,
    "landmark-transformer": _landmark_transformer, "pstnet": _pstnet,
    "p4transformer": _p4transformer, "meshsmilenet": _meshsmilenet,
    "deepmarkernet": _deepmarkernet, "hadasmilenet": _hadasmilenet, "full-fusion": _late_fusion,
}


def drawing(name: str) -> Drawing:
    """Return the boxes and arrows of a system.

    Parameters
    ----------
    name : str
        One of `smilegenuine.systems.named_systems.SYSTEMS`.

    Returns
    -------
    Drawing
    """
    return DRAWINGS[name](facts(name))


def draw(what: Drawing, mode: str = "light") -> Any:
    """Draw boxes and arrows.

    Parameters
    ----------
    what : Drawing
    mode : {"light", "dark"}, default="light"

    Returns
    -------
    matplotlib.figure.Figure
        With no background of its own. Each box's texts are in ``figure.texts_of_boxes``.
    """
    from matplotlib.figure import Figure

    colours = COLOURS[mode]
    columns = max(box.column for box in what.boxes) + 1
    rows = max(box.row for box in what.boxes) + 1
    figure = Figure(figsize=(columns * COLUMN, rows * ROW))
    figure.patch.set_alpha(0.0)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5))
    axes.axis("off")
    places = {box.key: box for box in what.boxes}
    for a, b in what.arrows:
        _arrow(axes, places[a], places[b], colours["data"][0])
    figure.texts_of_boxes = [_box(axes, box, colours) for box in what.boxes]
    return figure


def _box(axes: Any, box: Box, colours: dict[str, tuple[str, str]]) -> tuple[Box, Any, list[Any]]:
    from matplotlib.patches import FancyBboxPatch

    edge, face = colours[box.kind]
    patch = FancyBboxPatch((box.column - WIDE / 2, box.row - HIGH / 2), WIDE, HIGH, zorder=2,
                           boxstyle="round,pad=0,rounding_size=0.06", mutation_aspect=COLUMN / ROW,
                           edgecolor=edge, facecolor=face, linewidth=1.3)
    axes.add_patch(patch)
    lines = box.title.count("\n") + 1, (box.detail.count("\n") + 1 if box.detail else 0)
    title, small = 0.18 * lines[0], 0.165 * lines[1]  # heights in rows
    top = box.row - (title + small) / 2
    texts = [axes.text(box.column, top + title / 2, box.title, ha="center", va="center",
                       fontsize=9.6, fontweight="bold", color=colours["text"][0], zorder=3,
                       linespacing=1.05)]
    if box.detail:
        texts.append(axes.text(box.column, top + title + small / 2 + 0.01, box.detail, ha="center",
                               va="center", fontsize=8.3, color=colours["text"][1], zorder=3,
                               linespacing=1.1))
    return box, patch, texts


def _arrow(axes: Any, a: Box, b: Box, colour: str) -> None:
    """From a's right to b's left; where b is not further right, from below a to above b."""
    if b.column > a.column:
        start, end = (a.column + WIDE / 2, a.row), (b.column - WIDE / 2, b.row)
        bend = b.column - 0.5
        way = [start, (bend, a.row), (bend, b.row), end] if a.row != b.row else [start, end]
    else:
        start, end = (a.column, a.row + HIGH / 2), (b.column, b.row - HIGH / 2)
        bend = (start[1] + end[1]) / 2
        way = [start, (a.column, bend), (b.column, bend), end]
    axes.plot([x for x, _ in way], [y for _, y in way], color=colour, linewidth=1.2, zorder=1,
              solid_joinstyle="round")
    axes.annotate("", xy=end, xytext=way[-2], zorder=1,
                  arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.2,
                              "shrinkA": 0, "shrinkB": 0, "mutation_scale": 9})


def save(name: str, folder: Path, suffix: str = "svg") -> dict[str, Path]:
    """Draw a system into files, ``NAME-light.svg`` and ``NAME-dark.svg``.

    Parameters
    ----------
    name : str
    folder : Path
    suffix : str, default="svg"

    Returns
    -------
    dict of str to Path
        "light" and "dark".
    """
    import matplotlib as mpl

    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    # Without a date, and with the same ids each time, a file changes only when the drawing does.
    with mpl.rc_context({"svg.hashsalt": "smilegenuine", "font.family": "DejaVu Sans"}):
        for mode in COLOURS:
            files[mode] = folder / f"{name}-{mode}.{suffix}"
            draw(drawing(name), mode).savefig(
                files[mode], dpi=110, transparent=True,
                metadata={"Date": None} if suffix == "svg" else None)
    return files


if __name__ == "__main__":
    for system in DRAWINGS:
        save(system, Path(sys.argv[1]), "png")
