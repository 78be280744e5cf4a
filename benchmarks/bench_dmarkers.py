"""The D-Markers: speed, the two ways to take the head's pose out, and what they tell apart.

    python benchmarks/bench_dmarkers.py                    # speed of one 200-frame clip, one core
    python benchmarks/bench_dmarkers.py --alignment 12     # people who are drawn
    python benchmarks/bench_dmarkers.py --alignment 12 --recording smile.mp4
    python benchmarks/bench_dmarkers.py --people 60        # accuracy on drawn people, no more

A recording is measured by MediaPipe, whose bundle is looked for as in `faces_as_seen`.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from direct_dmarkers import all_markers
from faces_as_seen import bundle
from scipy.ndimage import gaussian_filter1d
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from smilegenuine import Clip
from smilegenuine.datasets import make_smiles
from smilegenuine.face.landmarks import FaceLandmarks
from smilegenuine.face.mesh import EYE_CORNERS, METHODS, NOSE_TIP, RIGID_POINTS, align_head
from smilegenuine.features.dmarkers import DMarkers, dmarkers
from smilegenuine.features.marker_signals import marker_signals
from smilegenuine.features.phases import detect_phases


def best_of(function: Callable[[], object], repeats: int) -> float:
    """Least seconds of several runs: the one that other work on the machine disturbed least."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return min(times)


def recording(n_frames: int) -> tuple[np.ndarray, np.ndarray]:
    """A drawn smile's landmarks with measurement noise, brought to a length, at 50 fps."""
    drawn = make_smiles(1, 1, fps=50, random_state=3).landmarks[0].astype(float)
    rng = np.random.default_rng(0)
    at = np.linspace(0, len(drawn) - 1, n_frames).round().astype(int)
    return drawn[at] + rng.normal(0, 0.05, (n_frames, 478, 3)), np.arange(n_frames) / 50


def features(landmarks: np.ndarray, times: np.ndarray, alignment: str) -> np.ndarray:
    """The 225, by the package."""
    return dmarkers(marker_signals(landmarks, times, alignment=alignment), times).ravel()


def speed() -> None:
    """Against the direct loops, both aligned as published; and by the default alignment."""
    landmarks, times = recording(200)
    ours = features(landmarks, times, "published")
    direct = all_markers(landmarks, times, detect_phases)
    assert np.allclose(ours, direct, rtol=1e-9, atol=1e-9), np.abs(ours - direct).max()
    slow = best_of(lambda: all_markers(landmarks, times, detect_phases), 20)
    for alignment in ("published", "rigid"):
        fast = best_of(lambda: features(landmarks, times, alignment), 200)  # noqa: B023  at once
        print(f"200 frames, {alignment}: {fast * 1e3:.2f} ms; direct loops (published) "
              f"{slow * 1e3:.0f} ms; {slow / fast:.1f} times faster")
    print("frames   published ms   rigid ms")
    for n in (200, 800, 3200):
        data = recording(n)
        took = [best_of(lambda: features(*data, method), 10)  # noqa: B023
                for method in ("published", "rigid")]
        print(f"{n:>6}   {took[0] * 1e3:<12.2f}   {took[1] * 1e3:.2f}")


def eye_distance(landmarks: np.ndarray) -> float:
    """Mean distance of the eyes' centres, in pixels."""
    left, right = landmarks[:, EYE_CORNERS].mean(axis=2).swapaxes(0, 1)
    return float(np.linalg.norm(right - left, axis=1).mean())


def as_measured(landmarks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """True landmarks (T, 478, 3) with the errors of measured ones, in eye distances.

    White noise (0.001), slow warps of the whole face (0.005; in depth 0.015) that are linear and
    quadratic in the place on it, and a depth that is 15 % too small.
    """
    unit = eye_distance(landmarks)
    x, y, _ = np.moveaxis((landmarks - landmarks.mean(axis=1, keepdims=True)) / unit, 2, 0)
    warps = np.stack([x, y, x * x, x * y, y * y], axis=2)
    course = gaussian_filter1d(rng.normal(size=(len(landmarks) + 100, 5, 3)), 7.5, axis=0)[50:-50]
    slow = warps @ course
    slow *= np.array([0.005, 0.005, 0.015]) / slow.std(axis=(0, 1))
    noise = rng.normal(0, 0.001, landmarks.shape)
    return landmarks * (1.0, 1.0, 0.85) + unit * (slow + noise)


def drawn_alignment(n_people: int) -> None:
    """Errors of the signals from landmarks as they are measured, and what they follow at best."""
    smiles = make_smiles(n_people, 4, fps=50, head_motion=2.0, random_state=5)
    rng = np.random.default_rng(0)
    errors: dict[str, list] = {method: [] for method in METHODS}
    follows: dict[str, list] = {method: [] for method in METHODS}
    for landmarks, times, *truth in zip(smiles.landmarks, smiles.times, smiles.lips,
                                        smiles.eyelids, smiles.cheeks, strict=True):
        measured = as_measured(landmarks.astype(float), rng)
        for method in METHODS:
            calm, got = (marker_signals(points, times, alignment=method).mean(axis=2).T
                         for points in (landmarks, measured))
            errors[method].append((got - calm).std(axis=1))
            follows[method].append([np.corrcoef(c, t.mean(axis=1))[0, 1]
                                    for c, t in zip(calm, truth, strict=True)])
    print(f"{n_people} drawn people; lip, eyelid, cheek")
    for method in METHODS:
        print(f"  {method:<10} correlation of the true landmarks' with the truth, median",
              np.median(follows[method], axis=0).round(3), "error of measured ones × 1000",
              (1e3 * np.mean(errors[method], axis=0)).round(2))


def recorded_alignment(path: str) -> None:
    """Jitter of the signals, and how far points move that were not fitted, in a recording."""
    clip = FaceLandmarks(smooth=0.0, model=bundle()).transform([path])[0]
    landmarks, times = np.asarray(clip.landmarks), np.asarray(clip.times)
    nose = np.nanmean(align_head(landmarks)[:, NOSE_TIP], axis=0)
    print(f"{Path(path).name}: the plane of eyes and nose tip leans by "
          f"{np.degrees(np.arctan2(-nose[2], nose[1])):.0f} degrees")
    ears = np.setdiff1d([234, 454, 127, 356, 93, 323], RIGID_POINTS)
    for method in METHODS:
        signals = marker_signals(landmarks, times, alignment=method).mean(axis=2)
        noise = 1.4826 * np.nanmedian(np.abs(np.diff(signals, 2, axis=0)), axis=0) / np.sqrt(6)
        low, middle, high = np.nanquantile(signals, (0.05, 0.5, 0.95), axis=0)
        moved = np.nanstd(align_head(landmarks, method=method)[:, ears], axis=0).mean(axis=0)
        print(f"  {method}: lip, eyelid, cheek: white noise × 1000", (1e3 * noise).round(2),
              "range", (high - low).round(3), "noise in % of it",
              (100 * noise / (high - low)).round(2), "median", middle.round(3))
        print("    points before the ears move by, in eye distances", moved.round(3))


def accuracy(n_people: int) -> None:
    """Posed against spontaneous, by an SVM on the 225, over people whom it has not seen."""
    smiles = make_smiles(n_people, 4, difference="kinematics", random_state=0)
    clips = [Clip(landmarks=p, times=t) for p, t in zip(smiles.landmarks, smiles.times,
                                                        strict=True)]
    rng = np.random.default_rng(0)
    shuffled = [rng.permutation(smiles.target) for _ in range(10)]
    for method in METHODS:
        table = DMarkers(method).fit_transform(clips)
        for labels, targets in (("true labels", [smiles.target]), ("shuffled labels", shuffled)):
            scores = [cross_val_predict(make_pipeline(StandardScaler(), SVC()), table, target,
                                        groups=smiles.groups, cv=GroupKFold(10),
                                        method="decision_function") for target in targets]
            right = [np.mean((s > 0) == y) for s, y in zip(scores, targets, strict=True)]
            area = [roc_auc_score(y, s) for s, y in zip(scores, targets, strict=True)]
            print(f"{n_people} drawn people, {method}, {labels}: accuracy {np.mean(right):.3f}, "
                  f"AUC {np.mean(area):.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--alignment", type=int, metavar="PEOPLE")
    parser.add_argument("--recording", nargs="*", default=[])
    parser.add_argument("--people", type=int)
    args = parser.parse_args()
    if args.alignment:
        drawn_alignment(args.alignment)
    for path in args.recording:
        recorded_alignment(path)
    if args.people:
        accuracy(args.people)
    if not (args.alignment or args.recording or args.people):
        speed()


if __name__ == "__main__":
    main()
