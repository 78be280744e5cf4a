"""Make the template of MediaPipe's face mesh that comes with the package, from drawn people.

    python tools/make_face_mesh.py [--people 80] [--bundle FILE] [--output FILE]

Shows MediaPipe's Face Landmarker drawn people who look into the camera at rest, carries what it
sees to the average drawn face, and writes the medians of both halves of the faces together. Order,
triangles and mirror images of the points come from the canonical face geometry in the bundle.
Needs `pip install mediapipe` and the bundle face_landmarker.task. Deterministic; a minute or two.
To be run again when the drawing of the face changes.

The Face Landmarker (models and canonical face geometry) is MediaPipe's, Copyright The MediaPipe
Authors, Apache License 2.0: https://github.com/google-ai-edge/mediapipe and
https://storage.googleapis.com/mediapipe-models/face_landmarker. What is written here holds the
mesh's topology and places measured on drawn faces, no weights of any model.
"""

from __future__ import annotations

import argparse
import os
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.interpolate import RBFInterpolator

from smilegenuine.drawing import mesh_template as parts
from smilegenuine.drawing.appearance import N_ACTION_UNITS, Person, random_person
from smilegenuine.drawing.complexion import brow_points
from smilegenuine.drawing.eyes import lids
from smilegenuine.drawing.head_rotation import HeadPose, face_unit
from smilegenuine.drawing.mesh_template import Template, anchors
from smilegenuine.drawing.mouth import lips
from smilegenuine.drawing.relief import head_outline
from smilegenuine.drawing.renderer import FaceRenderer
from smilegenuine.drawing.strokes import spline

ROOT = Path(__file__).resolve().parents[1]
MODELS = Path(os.environ.get("SMILEGENUINE_DATA", ROOT / ".." / "shared" / "models"))
OUTPUT = ROOT / "smilegenuine" / "drawing" / "data" / "face_mesh.npz"
SIZE = 512
REST = np.zeros(N_ACTION_UNITS)
FACTORS = (
    *("face_width", "jaw_width", "chin_width", "crown_height", "cheek_fullness", "nose_width"),
    *("nose_length", "nose_bridge", "brow_ridge", "eye_spacing", "eye_width", "eye_opening"),
    *("brow_height", "brow_thickness", "brow_arch", "mouth_width", "mouth_height", "upper_lip"),
    *("lower_lip", "hairline"),
)


def average_person() -> Person:
    """Return somebody whose every factor is 1."""
    person = random_person(np.random.default_rng(0))
    return replace(person, **dict.fromkeys(FACTORS, 1.0), eye_tilt=0.01, mouth_curve=0.004)


def sample(n_people: int) -> list[Person]:
    """Return people without glasses."""
    people = (random_person(np.random.default_rng([20, seed])) for seed in range(n_people))
    return [replace(person, glasses="none") for person in people]


def canonical_mesh(bundle: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return vertices (468, 3) and triangles (898, 3) of the bundle's canonical face."""
    with zipfile.ZipFile(bundle) as archive:
        message = archive.read("geometry_pipeline_metadata_landmarks.binarypb")
    mesh = next(value for number, value in fields(message) if number == 1)
    values, corners = [], []
    for number, value in fields(mesh):
        if number == 3:
            values.append(np.frombuffer(value, "<f4")[0])
        elif number == 4:
            corners.append(value)
    # Five numbers a vertex: the place, and the place in the texture.
    return np.reshape(values, (-1, 5))[:, :3], np.reshape(corners, (-1, 3))


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of each field of a protocol buffers message."""
    at = 0
    while at < len(message):
        key, at = whole_number(message, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = whole_number(message, at)
            yield number, value
            continue
        length = {1: 8, 5: 4}.get(kind)
        if length is None:
            length, at = whole_number(message, at)
        yield number, message[at : at + length]
        at += length


def whole_number(message: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins at ``at``, seven bits a byte, and where it ends."""
    number = shift = 0
    while True:
        byte = message[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return number, at


def mirror_images(vertices: np.ndarray) -> np.ndarray:
    """Return of every one of the 478 points that on the other side of the face."""
    apart = np.linalg.norm(vertices[:, None] - vertices * (-1.0, 1.0, 1.0), axis=2)
    pairs = apart.argmin(axis=1)
    if apart.min(axis=1).max() > 1e-4 or np.any(pairs[pairs] != np.arange(len(pairs))):
        raise RuntimeError("the canonical mesh is not symmetric: is this another bundle?")
    left, right = parts.IRISES
    order = [0, 3, 2, 1, 4]  # the rim's right and left change places
    return np.concatenate([pairs, right[order], left[order]])


def see(people: list[Person], bundle: Path, mirror: np.ndarray) -> tuple[np.ndarray, list[Person]]:
    """Return what MediaPipe sees (n, 478, 2) of people in face units, both halves averaged.

    People in whom no face is found are left out.
    """
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions, vision

    base = BaseOptions(model_asset_path=str(bundle))
    seen, found = [], []
    options = vision.FaceLandmarkerOptions(base_options=base)
    with vision.FaceLandmarker.create_from_options(options) as landmarker:
        for person in people:
            frame = FaceRenderer(person, SIZE).draw(REST)
            image = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(frame))
            faces = landmarker.detect(image).face_landmarks
            if not faces:
                continue
            pixels = np.array([[p.x, p.y] for p in faces[0]]) * SIZE - 0.5
            origin = HeadPose(person, SIZE).project(np.zeros((1, 2)), np.eye(3), (0.0, 0.0), 1.0)
            points = (pixels - origin) / face_unit(SIZE)
            seen.append(0.5 * (points + points[mirror] * (-1.0, 1.0)))
            found.append(person)
    return np.array(seen), found


def along_lips(seen: np.ndarray, people: list[Person]) -> np.ndarray:
    """Return a template's `lips` (80, 2)."""
    rows = []
    upper = np.arange(len(parts.LIPS)) < len(parts.UPPER_LIP)
    for points, person in zip(seen, people, strict=True):
        mouth = lips(person, REST, REST)
        x, y = points[parts.LIPS].T
        start, end = mouth.upper_inner[[0, -1], 0]
        outer = np.where(upper, np.interp(x, *mouth.upper_outer.T),
                         np.interp(x, *mouth.lower_outer.T))
        inner = np.where(upper, np.interp(x, *mouth.upper_inner.T),
                         np.interp(x, *mouth.lower_inner.T))
        thickness = np.where(np.abs(inner - outer) > 1e-3, inner - outer, np.nan)
        rows.append(np.column_stack([(x - start) / (end - start), (y - outer) / thickness]))
    along, inwards = np.nanmedian(rows, axis=0).T
    place, order = {}, parts.LIPS.tolist()
    for upper_row, lower_row, rank in zip(parts.UPPER_LIP_ROWS, parts.LOWER_LIP_ROWS, range(4),
                                          strict=True):
        for point in upper_row + lower_row:
            # The outer and the inner row are edges; the rows between are where they are seen.
            share = float(rank == 3)
            if rank in (1, 2):
                share = float(inwards[order.index(point)])
            if point in (upper_row[0], upper_row[-1]):
                share = (0.0, 0.35, 0.7, 1.0)[rank]
            place[point] = float(np.clip(share, 0.0, 1.0))
    along = np.clip(along, 0.0, 1.0)
    along[np.isin(parts.LIPS, (61, 291))] = 0.0, 1.0  # the drawing's corners
    return np.column_stack([along, [place[point] for point in parts.LIPS]])


def along_lids(seen: np.ndarray, people: list[Person]) -> np.ndarray:
    """Return a template's `lids` (7,)."""
    rows = []
    for points, person in zip(seen, people, strict=True):
        start, end = lids(person, 1.0, REST).upper[[0, -1], 0]
        index = [parts.UPPER_LIDS[1], parts.LOWER_LIDS[1], np.resize(parts.EYE_CORNERS[1], 7)]
        rows.append((points[np.array(index), 0] - start) / (end - start))
    upper, lower, (inner, outer, *_) = np.median(rows, axis=0)
    # Points of the upper lid stand above those of the lower one, so that nothing is left between
    # them in a closed eye. MediaPipe sees the corners some way inside the drawn ones: the rows'
    # ends are drawn out to those.
    along = 0.5 * (upper + lower)
    return np.interp(along, [inner, 0.15, 0.55, outer], [0.0, 0.15, 0.55, 1.0])


def along_brows(seen: np.ndarray, people: list[Person]) -> np.ndarray:
    """Return a template's `brows` (10, 2)."""
    rows = []
    for points, person in zip(seen, people, strict=True):
        middle = spline(brow_points(person), 8)
        x, y = points[parts.BROWS[1]].T
        along = (x - middle[0, 0]) / (middle[-1, 0] - middle[0, 0])
        below = (y - np.interp(x, *middle.T)) / person.brow_thickness
        rows.append(np.column_stack([along, below]))
    return np.median(rows, axis=0)


def along_outline(seen: np.ndarray, people: list[Person]) -> np.ndarray:
    """Return a template's `outline` (36, 2)."""
    rows = []
    for points, person in zip(seen, people, strict=True):
        edge = head_outline(person)
        angles = np.arctan2(edge[:, 1], edge[:, 0])
        order = np.argsort(angles)
        at = points[parts.OUTLINE]
        angle = np.arctan2(at[:, 1], at[:, 0])
        reach = np.interp(angle, angles[order], np.hypot(*edge.T)[order], period=2 * np.pi)
        rows.append(at / reach[:, None])
    x, y = np.median(rows, axis=0).T
    part = np.hypot(x, y)
    # From the ears down the face ends where the head does.
    return np.column_stack([np.arctan2(y, x), np.where(part > 0.955, 1.0, part)])


def make_template(seen: np.ndarray, people: list[Person], mirror: np.ndarray,
                  triangles: np.ndarray) -> Template:
    """Return the template of what was seen of people."""
    sizes = np.array([(person.nose_width, person.nose_length) for person in people])
    template = Template(
        np.median(seen / sizes[:, None], axis=0),  # right for the nose, which is all that is asked
        mirror,
        triangles,
        along_lips(seen, people),
        along_lids(seen, people),
        along_brows(seen, people),
        along_outline(seen, people),
    )
    index, place = anchors(average_person(), template)
    carried = [RBFInterpolator(points[index], place)(points) for points in seen]
    points = np.median(carried, axis=0)
    points[index] = place
    points = 0.5 * (points + points[mirror] * (-1.0, 1.0))
    return template._replace(points=points)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=80)
    parser.add_argument("--bundle", type=Path, default=MODELS / "face_landmarker.task")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    args = parser.parse_args()
    vertices, triangles = canonical_mesh(args.bundle)
    mirror = mirror_images(vertices)
    seen, people = see(sample(args.people), args.bundle, mirror)
    template = make_template(seen, people, mirror, triangles)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    arrays = {name: np.asarray(value, np.int16 if name in ("mirror", "triangles") else np.float32)
              for name, value in template._asdict().items()}
    np.savez_compressed(args.output, **arrays)
    print(f"{len(people)} of {args.people} people seen; {args.output} has "
          f"{args.output.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
