"""The pretrained kinematics model on drawn people, seen through MediaPipe's landmarks.

    python benchmarks/pretrained_seen.py [--subjects 6] [--cache FOLDER] [--real FOLDER]

Draws people at several frame rates and sizes, finds their landmarks, and prints: how the kinematics
measured go with the true ones (Spearman), how often the decision is right, by frame rate and by
size, from lips, eyelids and both, and how well its probabilities are calibrated; what the tracker
adds to the signals (which `smilegenuine.people.tracker_noise` imitates), on drawn people and on
real recordings in a folder. Needs MediaPipe and its bundle; half a minute a subject on two cores.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter1d

from smilegenuine import FaceLandmarks, load_pretrained, transform_clips
from smilegenuine.certainty.reliability import expected_calibration_error
from smilegenuine.datasets import make_smile_signals, make_smiles, measure_smile
from smilegenuine.features.marker_signals import marker_signals
from smilegenuine.features.smile_bouts import noise_of

#: Frame rates (Hz) and sizes (pixels).
CAMERAS = ((25, 160), (30, 320), (60, 160), (25, 320), (30, 160), (60, 320), (25, 640), (30, 640),
           (60, 640), (24, 480))
CLIPS = 4


def seen(n_subjects, seed, cache):
    """Drawn clips with landmarks; what is true of each; who and which camera."""
    clips, rows, motions = [], [], []
    finder = FaceLandmarks(smooth=0.0, n_jobs=-1, memory=cache)
    for k, (fps, size) in enumerate(CAMERAS):
        drawn = make_smiles(n_subjects, CLIPS, fps=fps, size=size, random_state=seed + k)
        exact = make_smile_signals(n_subjects, CLIPS, fps=50.0, random_state=seed + k)
        found = transform_clips(finder, drawn.data, on_error="skip")
        clips += found.data
        for i in found.index:
            truth = measure_smile(exact.times[i], exact.lips[i], exact.eyelids[i])
            rows.append({"fps": fps, "size": size, "y": int(drawn.target[i]),
                         "subject": f"{k}-{drawn.groups[i]}", **truth})
            motions.append((drawn.lips[i], drawn.eyelids[i]))
        print(f"{fps} Hz, {size} pixels: {len(found.data)} clips, "
              f"{len(found.failures)} without a face", flush=True)
    return clips, pd.DataFrame(rows), motions


def kinematics_table(measured, truth):
    """How the columns go with the true ones."""
    return pd.DataFrame({column: {
        "spearman": measured[column].corr(truth[column], method="spearman"),
        "true median": truth[column].median(), "median": measured[column].median(),
        "not measured": measured[column].isna().mean()} for column in measured}).T


def right(classifier, table, truth):
    """Accuracy and calibration by signals; no smile found counts as wrong."""
    y, rows = truth["y"].to_numpy(), []
    for known in ("lip", "eyelid", ""):
        part = table[[c for c in table if c.startswith(known)]]
        good, p = classifier.predict(part) == y, classifier.predict_proba(part)[:, 1]
        row = {"known": known or "both", "accuracy": good.mean(),
               "balanced": np.mean([good[y == k].mean() for k in (0, 1)]),
               "calibration error": expected_calibration_error(y, p)}
        for what in ("fps", "size"):
            row |= {f"{v} {what}": good[truth[what] == v].mean() for v in sorted(set(truth[what]))}
        rows.append(row)
    return pd.DataFrame(rows)


def noise_row(clip, true=None):
    """What is tracker in a clip's signals: error between frames, slow error, gain."""
    times, ok = np.asarray(clip.times)[clip.mask], clip.mask
    signals = marker_signals(np.asarray(clip.landmarks, float)[ok], times).mean(axis=2)
    row = {}
    for k, name in enumerate(("lip", "eyelid")):
        row[f"{name} between frames"] = noise_of(times, signals[:, k])
        if true is not None:
            rate = 1.0 / np.median(np.diff(times))
            exact = np.asarray(true[k])[ok].mean(axis=1)
            calm, found = (gaussian_filter1d(s, 0.08 * rate) for s in (exact, signals[:, k]))
            row[f"{name} gain"] = np.polyfit(calm, found, 1)[0]
            slow = gaussian_filter1d(signals[:, k] - row[f"{name} gain"] * exact, 0.12 * rate)
            row[f"{name} slow"] = slow.std()
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subjects", type=int, default=6, help="at each rate and size")
    parser.add_argument("--seed", type=int, default=5000)
    parser.add_argument("--cache", type=Path, help="folder for landmarks, so that a second run is "
                        "quick")
    parser.add_argument("--real", type=Path, help="folder of real recordings, for the noise")
    args = parser.parse_args()
    model = load_pretrained("kinematics")
    clips, truth, motions = seen(args.subjects, args.seed, args.cache)
    table = model["kinematics"].transform(clips)
    pd.set_option("display.width", 200)
    print(kinematics_table(table, truth).round(3).to_string())
    print(right(model["classifier"], table, truth).round(3).to_string(index=False))
    said = model["classifier"].decide(table)
    decided = np.isin(said, [0, 1])
    print(f"decided: {decided.mean():.3f} of {len(said)} clips, of these right: "
          f"{np.mean(said[decided] == truth['y'][decided]):.3f}; "
          f"no smile found: {(said == 'no smile found').sum()}; "
          f"spontaneous: {truth['y'].mean():.2f}")
    noise = pd.DataFrame([noise_row(*pair) for pair in zip(clips, motions, strict=True)])
    print(noise.groupby(truth["size"]).median().round(4).to_string())
    if args.real is not None:
        videos = sorted(f for f in args.real.iterdir() if f.suffix in (".mp4", ".mov", ".avi"))
        found = transform_clips(FaceLandmarks(smooth=0.0), [str(v) for v in videos],
                                on_error="skip")
        rows = [{"recording": Path(clip.label).name, **noise_row(clip)} for clip in found.data]
        print(pd.DataFrame(rows).round(4).to_string(index=False))


if __name__ == "__main__":
    main()
