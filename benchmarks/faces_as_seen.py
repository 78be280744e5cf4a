"""Drawn people as detectors see them: what is found, where, and what follows the units.

    python benchmarks/faces_as_seen.py [--people 40] [--clips 12]

Without MediaPipe or its bundle (`face_landmarker.task`, looked for in the folder named by the
environment variable SMILEGENUINE_DATA and in `../shared/models`) only OpenCV's cascades look.
"""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from smilegenuine.clips.au_table import AU_NAMES
from smilegenuine.drawing.appearance import Person, random_person
from smilegenuine.drawing.renderer import FaceRenderer
from smilegenuine.face.detect import FaceDetector
from smilegenuine.face.tracks import FaceTrack
from smilegenuine.people.smile_copula import random_style
from smilegenuine.people.smile_motion import head_pose, smile_motion

BUNDLE = "face_landmarker.task"
SIZE = 160
FPS = 25.0
LEAST = 1.5  # an action unit that moves less in a clip is not asked for
MIN_FACE = 0.12  # FaceAligner's

POSES: dict[str, dict[str, float]] = {
    "frontal": {}, "yaw -12": {"yaw": -12.0}, "yaw +12": {"yaw": 12.0},
    "pitch -8": {"pitch": -8.0}, "pitch +8": {"pitch": 8.0},
    "roll -6": {"roll": -6.0}, "roll +6": {"roll": 6.0},
}
FAR_POSES: dict[str, dict[str, float]] = {"yaw -20": {"yaw": -20.0}, "yaw +20": {"yaw": 20.0}}
EXPRESSIONS: dict[str, dict[str, float]] = {
    "neutral": {}, "smile": {"AU06": 3, "AU12": 4, "AU25": 2},
    "closed smile": {"AU06": 2, "AU12": 3},
}

#: MediaPipe's points that `FaceRenderer.landmarks` knows too.
POINTS = {"mouth_left": 61, "mouth_right": 291, "eye_outer_left": 33, "eye_inner_left": 133,
          "eye_inner_right": 362, "eye_outer_right": 263}

#: Blendshapes (both sides averaged) and the action units they should follow.
FOLLOWS = {"mouthSmile": "AU12", "jawOpen": "AU26", "eyeBlink": "AU45", "eyeSquint": "AU06"}


class Seen(NamedTuple):
    """What MediaPipe sees in a frame: 478 points in pixels and its blendshapes."""

    points: np.ndarray
    blendshapes: dict[str, float]


def intensities(levels: dict[str, float]) -> np.ndarray:
    """Return 17 intensities from a dict such as {"AU12": 4}."""
    return np.array([levels.get(name, 0.0) for name in AU_NAMES], float)


def bundle() -> Path | None:
    """Return where MediaPipe's bundle lies, or None."""
    here = Path(__file__).resolve().parents[1]
    folders = [Path(os.environ.get("SMILEGENUINE_DATA") or "."), here.parent / "shared" / "models"]
    return next((f / BUNDLE for f in folders if (f / BUNDLE).is_file()), None)


def why_no_landmarker() -> str:
    """Return why MediaPipe cannot look, or an empty text."""
    try:
        import mediapipe.tasks.python.vision  # noqa: F401
    except ImportError as error:
        return f"MediaPipe is not there ({error})"
    return "" if bundle() else f"{BUNDLE} is not there"


class Landmarker:
    """MediaPipe's Face Landmarker on pictures, or on the frames of one clip."""

    def __init__(self, *, clip: bool = False) -> None:
        import mediapipe as mp
        from mediapipe.tasks.python import BaseOptions, vision

        mode = vision.RunningMode.VIDEO if clip else vision.RunningMode.IMAGE
        self._mp: Any = mp
        self._clip = clip
        self._time = 0
        self._finder = vision.FaceLandmarker.create_from_options(vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(bundle())), running_mode=mode,
            num_faces=1, output_face_blendshapes=True))

    def look(self, frame: np.ndarray) -> Seen | None:
        """Return what is seen in an RGB frame; those of a clip at `FPS`."""
        image = self._mp.Image(image_format=self._mp.ImageFormat.SRGB,
                               data=np.ascontiguousarray(frame))
        if self._clip:
            self._time += round(1000 / FPS)
            found = self._finder.detect_for_video(image, self._time)
        else:
            found = self._finder.detect(image)
        if not found.face_landmarks:
            return None
        side = np.array([frame.shape[1], frame.shape[0]])
        points = np.array([(p.x, p.y) for p in found.face_landmarks[0]]) * side - 0.5
        return Seen(points, {b.category_name: b.score for b in found.face_blendshapes[0]})

    def close(self) -> None:
        """Let go of the model."""
        self._finder.close()


def finds_eyes(frame: np.ndarray, detector: FaceDetector) -> bool | None:
    """Say whether the package's search finds both eyes in a frame; None where it finds no face."""
    boxes = detector.search(frame)
    if not boxes:
        return None
    track = FaceTrack(boxes[0], detector)
    track.start(frame, 0)
    while not track.eyes and track.looks < 6:  # after some looks it tries the cascade for glasses
        track.detect(frame, 0)
    return bool(track.eyes)


def people(n: int, first: int = 0) -> Iterator[Person]:
    """Return people, always the same."""
    return (random_person(np.random.default_rng((77, first + k))) for k in range(n))


def stills(n_people: int, *, far: bool = False, landmarks: bool = True) -> dict[str, Any]:
    """Look at pictures of people in several poses and expressions.

    Parameters
    ----------
    n_people : int
        How many people.
    far : bool, default=False
        Whether the heads are turned by 20 degrees.
    landmarks : bool, default=True
        Whether MediaPipe looks too, where it is there.

    Returns
    -------
    dict
        `pictures`; the shares `face`, `eyes` (cascades) and `mediapipe`; `face_empty` and
        `mediapipe_empty`, the same without the person; `errors`, by (landmark, pose) arrays of
        distances in per cent of the eye distance, x and y; `missed`, what was not found.
    """
    detector = FaceDetector(MIN_FACE)
    finder = Landmarker() if landmarks and not why_no_landmarker() else None
    counts: dict[str, int] = defaultdict(int)
    errors: dict[tuple[str, str], list[np.ndarray]] = defaultdict(list)
    missed: list[tuple[str, int, str, str]] = []
    poses = FAR_POSES if far else POSES
    for k, person in enumerate(people(n_people)):
        renderer = FaceRenderer(person, SIZE)
        empty = renderer.draw(np.zeros(17), visible=False, rng=np.random.default_rng(k))
        counts["face_empty"] += bool(detector.search(empty))
        counts["mediapipe_empty"] += finder is not None and finder.look(empty) is not None
        for pose_name, pose in poses.items():
            for name, levels in EXPRESSIONS.items():
                aus = intensities(levels)
                frame = renderer.draw(aus, rng=np.random.default_rng(k), **pose)
                eyes = finds_eyes(frame, detector)
                seen = finder.look(frame) if finder else None
                found = {"face": eyes is not None, "eyes": bool(eyes),
                         "mediapipe": seen is not None}
                counts["pictures"] += 1
                for what, yes in found.items():
                    counts[what] += yes
                    if not yes:
                        missed.append((what, k, pose_name, name))
                if seen:
                    truth = renderer.landmarks(aus, **pose)
                    left, right = renderer.eye_centres(**pose)
                    unit = np.linalg.norm(right - left) / 100.0
                    for point, row in POINTS.items():
                        errors[point, pose_name].append((seen.points[row] - truth[point]) / unit)
    if finder:
        finder.close()
    shares = {w: counts[w] / counts["pictures"] for w in ("face", "eyes", "mediapipe")}
    shares |= {w: counts[w] / n_people for w in ("face_empty", "mediapipe_empty")}
    return {"pictures": counts["pictures"], **shares, "missed": missed,
            "errors": {key: np.array(value) for key, value in errors.items()}}


def course(n: int) -> np.ndarray:
    """Return a ramp 0 -> 5 -> 0 of ``n`` frames with rest before and after."""
    return np.interp(np.linspace(0, 1, n), [0.12, 0.45, 0.55, 0.88], [0, 5, 5, 0],
                     left=0.0, right=0.0)


def clip_motions(k: int) -> Iterator[tuple[str, str, np.ndarray, np.ndarray]]:
    """Yield a person's clips: name, the unit they are about ("" all), intensities, poses."""
    rng = np.random.default_rng((78, k))
    style = random_style(rng)
    for label, kind in enumerate(("posed", "spontaneous")):
        motion = smile_motion(label, style, FPS, rng, head_motion=1.0)
        yield kind, "", motion.aus, motion.pose
    for au in FOLLOWS.values():
        for rest in (True, False):
            n = 60
            aus = np.zeros((n, 17))
            if not rest:
                natural = smile_motion(k % 2, style, FPS, rng)
                at = np.linspace(0, len(natural.aus) - 1, n).round().astype(int)
                aus = natural.aus[at].copy()
                aus[:, AU_NAMES.index("AU45")] = 0.0
            aus[:, AU_NAMES.index(au)] = course(n)
            yield ("ramp at rest" if rest else "ramp in smile"), au, aus, head_pose(
                np.arange(n) / FPS, style, rng, 0.6)


def clips(n_people: int) -> dict[tuple[str, str], np.ndarray]:
    """Return how well blendshapes follow action units within clips.

    Returns
    -------
    dict of (str, str) to array
        Pearson's r of each clip, by (action unit, kind of clip), where the unit moves by `LEAST`
        or more. For AU06 the frames of blinks are left out: MediaPipe sees a squint in them.
    """
    r: dict[tuple[str, str], list[float]] = defaultdict(list)
    for k, person in enumerate(people(n_people, first=100)):
        renderer = FaceRenderer(person, SIZE)
        for kind, about, aus, poses in clip_motions(k):
            finder = Landmarker(clip=True)
            signals: dict[str, list[float]] = defaultdict(list)
            for i, (row, pose) in enumerate(zip(aus, poses, strict=True)):
                yaw, pitch, roll, right, down, scale = pose
                frame = renderer.draw(row, yaw=yaw, pitch=pitch, roll=roll, shift=(right, down),
                                      scale=scale, rng=np.random.default_rng((k, i)))
                seen = finder.look(frame)
                for shape in FOLLOWS:
                    sides = (shape,) if shape == "jawOpen" else (f"{shape}Left", f"{shape}Right")
                    values = [seen.blendshapes[s] for s in sides] if seen else [np.nan]
                    signals[shape].append(float(np.mean(values)))
            finder.close()
            for shape, au in FOLLOWS.items():
                truth, values = aus[:, AU_NAMES.index(au)], np.array(signals[shape])
                ok = np.isfinite(values)
                if au == "AU06":  # a blink squints too, in people as in drawings
                    ok &= aus[:, AU_NAMES.index("AU45")] < 0.3
                if about not in ("", au) or np.ptp(truth[ok]) < LEAST:
                    continue
                spread = values[ok].std() > 1e-9
                r[au, kind].append(float(np.corrcoef(truth[ok], values[ok])[0, 1]) if spread else 0)
    return {key: np.array(value) for key, value in r.items()}


def summary(offsets: np.ndarray) -> str:
    """Return median, mean and 95th percentile of offsets, and their mean in x and y."""
    error = np.linalg.norm(offsets, axis=1)
    x, y = offsets.mean(axis=0)
    return (f"median {np.median(error):4.1f}  mean {error.mean():4.1f}  "
            f"p95 {np.percentile(error, 95):4.1f}   offset {x:+.1f} {y:+.1f}")


def print_stills(found: dict[str, Any], title: str) -> None:
    """Print what `stills` found."""
    print(f"{title}: {found['pictures']} pictures of {SIZE} pixels")
    print(f"  cascade {found['face']:.4f}   two eyes {found['eyes']:.4f}   "
          f"MediaPipe {found['mediapipe']:.4f}")
    print(f"  without the person: cascade {found['face_empty']:.4f}   "
          f"MediaPipe {found['mediapipe_empty']:.4f}")
    errors = found["errors"]
    if errors:
        print("  landmark error, per cent of the distance between the eyes")
        for point in POINTS:
            print(f"    {point:16}", summary(np.concatenate(
                [v for (p, _), v in errors.items() if p == point])))
        for pose in dict.fromkeys(pose for _, pose in errors):
            print(f"    {pose:16}", summary(np.concatenate(
                [v for (_, p), v in errors.items() if p == pose])))


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--clips", type=int, default=12, help="people whose clips are looked at")
    parser.add_argument("--missed", action="store_true", help="list what was not found")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    reason = why_no_landmarker()
    if reason:
        print(f"only the cascades look: {reason}")
    for far, title in ((False, "near poses"), (True, "yaw of 20 degrees")):
        found = stills(options.people, far=far)
        print_stills(found, title)
        if options.missed:
            print(*found["missed"], sep="\n")
    if reason or not options.clips:
        return
    print(f"within-clip r of blendshapes and action units, {options.clips} people")
    for (au, kind), r in sorted(clips(options.clips).items()):
        good = 0.85 if au == "AU06" else 0.9
        print(f"  {au} {kind:14} {len(r):3} clips  median {np.median(r):.3f}  least {r.min():.3f}  "
              f"{np.mean(r >= good):.2f} of them >= {good}")


if __name__ == "__main__":
    main()
