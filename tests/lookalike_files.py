"""Write files as OpenFace, py-feat and LibreFace do, and as the AUDA package has them."""

from __future__ import annotations

import zipfile
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from smilegenuine import AU_NAMES
from smilegenuine.features.dynamics import sliding_regression
from smilegenuine.features.phases import detect_phases

PYFEAT_AUS = (*AU_NAMES[:8], "AU11", *AU_NAMES[8:14], "AU24", "AU25", "AU26", "AU28", "AU43")
LIBREFACE_INTENSITIES = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)
LIBREFACE_DETECTIONS = (1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24)
PHASES = {"onset": "onset", "apex": "apex", "offset": "offset", "whole smile": "smile",
          "whole sequence": "sequence"}


def waves(n: int = 60, seed: int = 0) -> np.ndarray:
    """Action units that rise and fall, (n, 17), two decimals as the tools write them."""
    t = np.linspace(0.0, 1.0, n)[:, None]
    phase, height = np.random.default_rng(seed).uniform(0.2, 0.8, (2, 17))
    return (height * (1.0 + np.cos(2 * np.pi * (t - phase))) + 0.1).round(2)


def write_openface(path: Path, aus: np.ndarray, fps: float | None = 25.0, *, success=1,
                   face_id=None, frame=None) -> Path:
    """Write a CSV of OpenFace 2 with blanks in its header; `fps` None: images, counted."""
    n = len(aus)
    frame = np.arange(1, n + 1) if frame is None else np.asarray(frame)
    step = 0.001 if fps is None else 1.0 / fps
    columns = {"frame": frame} | ({} if face_id is None else {"face_id": face_id}) | {
        "timestamp": ((frame - 1) * step).round(3), "confidence": 0.98, "success": success,
        "gaze_0_x": 0.012, "pose_Tx": -1.2, "x_0": 102.4, "p_scale": 1.93}
    table = pd.DataFrame(columns, index=range(n))
    table[[f"{au}_r" for au in AU_NAMES]] = aus
    table[[f"{au}_c" for au in (*AU_NAMES[:-1], "AU28", "AU45")]] = 1.0
    lines = [", ".join(table), *(", ".join(f"{v:g}" for v in row) for row in table.to_numpy())]
    return _write(path, lines)


def write_pyfeat(path: Path, aus: np.ndarray, fps: float = 25.0, *, frame=None, names=PYFEAT_AUS,
                 boxes=None, score=0.99, timed: bool = True, **columns) -> Path:
    """Write a CSV of py-feat; AU43 is what `aus` has as AU45, in shares of 5 points."""
    n = len(aus)
    frame = np.arange(n) if frame is None else np.asarray(frame)
    boxes = np.tile([100.0, 80.0, 60.0, 70.0], (n, 1)) if boxes is None else np.asarray(boxes)
    known = dict(zip(AU_NAMES, aus.T / 5.0, strict=True))
    known["AU43"] = known["AU45"]
    table = pd.DataFrame(boxes, columns=[f"FaceRect{c}" for c in ("X", "Y", "Width", "Height")])
    table = table.assign(FaceScore=score, x_0=110.5, y_0=90.25, Pitch=-1.9, **{
        au: known.get(au, 0.25) for au in names}, happiness=0.98, input="smile.mp4", frame=frame)
    if timed:
        seconds = (frame / fps).astype(int)
        table["approx_time"] = [f"{s // 60:02d}:{s % 60:02d}" for s in seconds]
    path.parent.mkdir(parents=True, exist_ok=True)
    table.assign(**columns).to_csv(path, index=False)
    return path


def write_libreface(path: Path, aus: np.ndarray, fps: float = 25.0, *, seconds: bool = True,
                    old: bool = False) -> Path:
    """Write a CSV of LibreFace; `old` versions wrote milliseconds, and the index first."""
    n = len(aus)
    times = np.arange(n) / fps * (1.0 if seconds and not old else 1000.0)
    table = pd.DataFrame({"frame_idx": range(n), "frame_time_in_ms": times})
    if old:
        table["path_to_frame"] = [f"tmp/{k:010d}.png" for k in range(n)]
    table = table.assign(pitch=1.5, yaw=-2.5, roll=0.5, lm_mp_0_x=0.5, lm_mp_0_y=0.6)
    for k in LIBREFACE_DETECTIONS:
        table[f"au_{k}"] = 1
    for k in LIBREFACE_INTENSITIES:
        table[f"au_{k}_intensity"] = aus[:, AU_NAMES.index(f"AU{k:02d}")]
    path.parent.mkdir(parents=True, exist_ok=True)
    table.assign(facial_expression="Happiness").to_csv(path, index=old)
    return path


def meshes(n: int = 8, seed: int = 0) -> np.ndarray:
    """Points in a picture of 640 x 480 pixels, (n, 478, 3), in single precision."""
    rng = np.random.default_rng(seed)
    face = np.array([320.0, 240.0, 0.0]) + rng.normal(0.0, 40.0, (478, 3))
    return (face + rng.normal(0.0, 0.5, (n, 478, 3))).astype(np.float32)


# -- the AUDA package ---------------------------------------------------------------------------

def auda_names(smiles: Bunch) -> list[str]:
    """Names as in UvA-NEMO, subjects counted from 001."""
    codes = {subject: k for k, subject in enumerate(dict.fromkeys(smiles.groups), start=1)}
    so_far: Counter = Counter()
    names = []
    for subject, label in zip(smiles.groups, smiles.target, strict=True):
        kind = ("deliberate", "spontaneous")[label]
        so_far[subject, kind] += 1
        names.append(f"{codes[subject]:03d}_{kind}_smile_{so_far[subject, kind]}")
    return names


def auda_texts(smiles: Bunch, *, features: bool = False, order: str = "published"
               ) -> dict[str, str]:
    """The files of an AUDA package, by their paths: signals of `smiles` at 50 frames a second.

    `order` of the feature tables: as the package's description has it, or as AUDA.
    """
    texts: dict[str, str] = {}
    for name, aus, smile, times in zip(auda_names(smiles), smiles.aus, smiles.smile, smiles.times,
                                       strict=True):
        texts[f"action_units/{name}_aus.txt"] = _table(aus, AU_NAMES)
        texts[f"smile_intensities/{name}_si.txt"] = _table(smile[:, None])
        if features:
            texts |= _feature_texts(name, aus, smile, times, order)
    return texts


def _feature_texts(name, aus, smile, times, order) -> dict[str, str]:
    slopes = [sliding_regression(aus, times, w) for w in (9, 27)]
    second = [sliding_regression(s.slope, times, w) for s, w in zip(slopes, (9, 27), strict=True)]
    texts = {}
    for prefix, pair in (("", slopes), ("2nd_", second)):
        for w, s in zip((9, 27), pair, strict=True):
            texts[f"dynamics/{name}_{prefix}delta_{w}.txt"] = _table(s.slope, AU_NAMES)
            texts[f"dynamics/{name}_{prefix}delta_adjusted_{w}.txt"] = _table(s.adjusted, AU_NAMES)
    found = detect_phases(smile, times)
    for folder, phase in PHASES.items():
        part = found[phase]
        write = _published if order == "published" else _own
        au, cross = write(aus, slopes, times, part)
        texts[f"features/AU-wise {folder}/{name}.txt"] = _table(au[None])
        texts[f"features/cross-AU {folder}/{name}.txt"] = _table(cross[None])
    return texts


def _published(aus, slopes, times, part) -> tuple[np.ndarray, np.ndarray]:
    """Features in the order in which the package's description lists them."""
    v, t = aus[part], times[part]
    if not len(v):
        return np.zeros(119), np.zeros(1088)
    d = [s.adjusted[part] for s in slopes]
    au = [np.ptp(v, axis=0), v.mean(axis=0), v.max(axis=0),
          np.column_stack([x.mean(axis=0) for x in d]).ravel(),
          np.column_stack([x.max(axis=0) for x in d]).ravel()]
    pairs = list(combinations(range(17), 2))
    cross = [[stat(x, t, a, b) for a, b in pairs for x in d] for stat in (
        lambda x, t, a, b: np.abs(x[:, a] - x[:, b]).min(),
        lambda x, t, a, b: np.abs(x[:, a] - x[:, b]).max(),
        lambda x, t, a, b: t[x[:, a].argmax()] - t[x[:, b].argmax()],
        lambda x, t, a, b: t[x[:, a].argmin()] - t[x[:, b].argmin()])]
    return np.concatenate(au), np.concatenate(cross)


def _own(aus, slopes, times, part) -> tuple[np.ndarray, np.ndarray]:
    from smilegenuine.features.auda import au_features, cross_features

    adjusted = [s.adjusted for s in slopes]
    return au_features(aus, adjusted, times, part), cross_features(adjusted, times, part)


def write_texts(folder: Path, texts: dict[str, str]) -> Path:
    """Write texts as files below a folder."""
    for name, text in texts.items():
        _write(folder / name, text.splitlines())
    return folder


def write_zip(path: Path, texts: dict[str, str], *, top: str = "") -> Path:
    """Write texts as a zip, in a folder `top` of it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(f"{top}{name}", text)
    return path


def _table(values: np.ndarray, names: tuple[str, ...] = ()) -> str:
    header = [",".join(names)] if names else []
    return "\n".join([*header, *(",".join(f"{v:.6f}" for v in row) for row in values)]) + "\n"


def _write(path: Path, lines: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
