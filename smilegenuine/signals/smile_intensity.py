"""Smile intensity from the texture of the face: local binary patterns and a support vector machine.

The classical measure (section 4.1 of the design): uniform LBP histograms over a grid on the aligned
grey face, an SVM between neutral and smiling, and its decision value as the intensity.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from imblearn.under_sampling import RandomUnderSampler
from scipy.ndimage import gaussian_filter1d
from skimage.feature import local_binary_pattern
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ..base import ClipTransformer, check_positive, require_fields
from ..clip import Clip
from ..errors import ClipError

#: Distinct codes of uniform patterns of 8 neighbours, orientation kept.
_N_CODES = 59

# Where the mouth moves on an aligned chip: rows, then columns, as shares of the chip.
_MOUTH = (slice(0.55, 0.95), slice(0.15, 0.85))


class LBPSmileIntensity(ClipTransformer):
    """Smile intensity: the decision value of an SVM on local binary patterns of the face.

    Adds `smile`. Learns neutral and smiling from the clips themselves: the first and last frames
    are taken as neutral, the frames around the greatest change of the mouth as smiling. Clips whose
    `smile` is known already are taken at their word instead (frames below a quarter of their range
    are neutral, above six tenths smiling), and pass through `transform` unchanged. So do clips
    without pictures whose `aus` are known; AUDA takes AU12 for their smile.

    Parameters
    ----------
    grid : int, default=6
        The chip is divided into grid × grid cells, one histogram each.
    chip_size : int, default=64
        Side in pixels to which chips are resized.
    kernel : {"linear", "rbf"}, default="linear"
        Of the SVM.
    C : float, default=0.01
        Of the SVM; less is more regular.
    smooth : float, default=0.06
        Standard deviation in seconds of the Gaussian that smooths the intensity; 0 for none.
    n_jobs : int, optional
        Clips measured at the same time.
    verbose : int or bool, default=False
        Show progress.
    memory : str or joblib.Memory, optional
        Cache of measured clips.
    random_state : int, RandomState or None, default=0
        Of the balancing of neutral and smiling frames.

    Attributes
    ----------
    model_ : sklearn.pipeline.Pipeline or None
        Scaler and SVM; None where no clip had pictures.
    n_frames_ : tuple of int
        Neutral and smiling frames that were learnt from, before balancing.

    Examples
    --------
    >>> from smilegenuine import FaceAligner, LBPSmileIntensity
    >>> from smilegenuine.datasets import make_smiles
    >>> faces = FaceAligner().transform(make_smiles(2, 1, fps=15, random_state=0).data)
    >>> LBPSmileIntensity().fit_transform(faces)[0].smile.shape == faces[0].times.shape
    True
    """

    _adds = "smile"

    def __init__(self, grid: int = 6, chip_size: int = 64, kernel: str = "linear", C: float = 0.01,
                 smooth: float = 0.06, n_jobs: int | None = None, verbose: int | bool = False,
                 memory: Any = None, random_state: Any = 0) -> None:
        self.grid = grid
        self.chip_size = chip_size
        self.kernel = kernel
        self.C = C
        self.smooth = smooth
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.memory = memory
        self.random_state = random_state

    def _check_params(self) -> None:
        check_positive("grid", self.grid, whole=True, at_least=1)
        check_positive("chip_size", self.chip_size, whole=True, at_least=8 * self.grid)
        check_positive("C", self.C, at_least=1e-12)
        check_positive("smooth", self.smooth)
        if self.kernel not in ("linear", "rbf"):
            raise ValueError(f"kernel must be 'linear' or 'rbf', not {self.kernel!r}")

    def _fit(self, clips: list[Clip]) -> None:
        neutral: list[np.ndarray] = []
        smiling: list[np.ndarray] = []
        self.model_, self.n_frames_ = None, (0, 0)
        pictured = [clip for clip in clips if not _known_without_pictures(clip)]
        if not pictured:
            return
        for clip in pictured:
            require_fields(clip, ("faces",), type(self).__name__, "run FaceAligner first")
            for found, frames in zip((neutral, smiling), _example_frames(clip), strict=True):
                if len(frames):
                    found.append(self._patterns(np.asarray(clip.faces)[frames]))
        if not neutral or not smiling:
            raise ValueError(f"none of the {len(pictured)} clips shows a face that goes from "
                             "neutral to smiling, so there is nothing to learn from")
        n = (sum(len(x) for x in neutral), sum(len(x) for x in smiling))
        x, y = np.concatenate(neutral + smiling), np.repeat([0, 1], n)
        x, y = RandomUnderSampler(random_state=self.random_state).fit_resample(x, y)
        self.model_ = make_pipeline(StandardScaler(), SVC(kernel=self.kernel, C=self.C)).fit(x, y)
        self.n_frames_ = n

    def _transform_clip(self, clip: Clip) -> Clip:
        if clip.smile is not None or _known_without_pictures(clip):
            return clip
        if self.model_ is None:
            raise ClipError(clip.label, f"{type(self).__name__} was fitted on clips without "
                            "pictures, so it has not learnt what a smile looks like")
        require_fields(clip, ("faces",), type(self).__name__, "run FaceAligner first")
        valid = clip.mask
        if not valid.any():
            raise ClipError(clip.label, "no frame is valid, so smile intensity cannot be measured")
        smile = np.full(len(valid), np.nan)
        smile[valid] = self.model_.decision_function(self._patterns(np.asarray(clip.faces)[valid]))
        smile[valid] = smooth_signal(smile[valid], clip.fps, self.smooth)
        return clip.replace(smile=smile)

    def _patterns(self, chips: np.ndarray) -> np.ndarray:
        """(n, grid² · 59) square roots of the cells' histograms (distances between histograms)."""
        side, cells = self.chip_size, self.grid
        band = np.arange(side) * cells // side
        cell = (band[:, None] * cells + band[None, :]) * _N_CODES
        out = np.empty((len(chips), cells * cells * _N_CODES), np.float32)
        for i, chip in enumerate(chips):
            grey = cv2.cvtColor(np.ascontiguousarray(chip), cv2.COLOR_RGB2GRAY)
            grey = cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)
            codes = local_binary_pattern(grey, 8, 1, method="nri_uniform").astype(np.intp)
            out[i] = np.bincount((codes + cell).ravel(), minlength=out.shape[1])
        return np.sqrt(out / (side / cells) ** 2)


def _known_without_pictures(clip: Clip) -> bool:
    return clip.faces is None and clip.frames is None and clip.aus is not None


def smooth_signal(values: np.ndarray, fps: float, seconds: float) -> np.ndarray:
    """Smooth signals along time with a Gaussian.

    Parameters
    ----------
    values : array of shape (T,) or (T, K)
    fps : float
        Frame rate in Hz.
    seconds : float
        Standard deviation; below a third of a frame nothing is done.

    Returns
    -------
    array of the shape of `values`
    """
    sigma = seconds * fps
    return values if sigma < 1 / 3 else gaussian_filter1d(values, sigma, axis=0, mode="nearest")


def _example_frames(clip: Clip) -> tuple[np.ndarray, np.ndarray]:
    """Frames of a clip that are surely neutral, and surely smiling."""
    valid = np.flatnonzero(clip.mask)
    if len(valid) < 5:
        return valid[:0], valid[:0]
    if clip.smile is not None:
        known = valid[np.isfinite(clip.smile[valid])]
        level = clip.smile[known]
        low, high = level.min(), level.max()
        if high <= low:
            return known[:0], known[:0]
        share = (level - low) / (high - low)
        return known[share < 0.25], known[share > 0.6]
    change = _mouth_change(clip, valid)
    few = max(2, round(0.12 * clip.fps))
    peak = int(change.argmax())
    ends = np.r_[np.arange(few), np.arange(len(valid) - few, len(valid))]
    # A recording may end in the smile: its last frames count only where the mouth has come back.
    ends = ends[change[ends] < 0.5 * change[peak]]
    around = np.abs(np.arange(len(valid)) - peak) <= 3 * few
    return valid[ends], valid[around & (change > 0.8 * change[peak])]


def _mouth_change(clip: Clip, valid: np.ndarray) -> np.ndarray:
    """How much the mouth differs, in each valid frame, from the clip's beginning."""
    chips = np.asarray(clip.faces)
    rows, columns = (slice(round(s.start * n), round(s.stop * n))
                     for s, n in zip(_MOUTH, chips.shape[1:3], strict=True))
    mouth = np.stack([cv2.resize(cv2.cvtColor(np.ascontiguousarray(chips[i, rows, columns]),
                                              cv2.COLOR_RGB2GRAY), (24, 16),
                                 interpolation=cv2.INTER_AREA) for i in valid]).astype(float)
    mouth -= mouth.mean(axis=(1, 2), keepdims=True)  # the light may change, the mouth is meant
    start = np.median(mouth[:max(2, round(0.12 * clip.fps))], axis=0)
    return smooth_signal(np.abs(mouth - start).mean(axis=(1, 2)), clip.fps, 0.1)
