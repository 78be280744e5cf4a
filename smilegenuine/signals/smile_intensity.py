"""Smile intensity from the texture of the face: local binary patterns and a support vector machine.

The classical measure (section 4.1 of the design): uniform LBP histograms over a grid on the aligned
grey face, an SVM between neutral and smiling, and its decision value as the intensity.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from imblearn.under_sampling import RandomUnderSampler
from skimage.feature import local_binary_pattern
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from .._version import __version__
from ..clips.cache import entry_key, open_cache
from ..clips.errors import ClipError
from ..clips.record import Clip
from ..clips.steps import ClipTransformer, check_positive, has_signals_only, require_fields
from .valid_frames import SeenLater, grey_chip, measurable_frames, portions, smooth_signal

#: Distinct codes of uniform patterns of 8 neighbours, orientation kept.
_N_CODES = 59

# Where the mouth moves on an aligned chip: rows, then columns, as shares of the chip.
_MOUTH = (slice(0.55, 0.95), slice(0.15, 0.85))


class LBPSmileIntensity(ClipTransformer):
    """Smile intensity: the decision value of an SVM on local binary patterns of the face.

    Adds `smile`. Learns neutral and smiling from the clips themselves: the frames before and after
    the mouth moves are taken as neutral, the frames around its greatest change as smiling, as many
    of the one as of the other. Clips whose
    `smile` is known already are taken at their word instead (frames below a quarter of their range
    are neutral, above six tenths smiling), and pass through `transform` unchanged. So do clips
    without pictures whose `aus` are known; AUDA takes AU12 for their smile.

    Parameters
    ----------
    grid : int, default=6
        The chip is divided into grid × grid cells, one histogram each.
    region : {"mouth", "face"}, default="mouth"
        "mouth": only the cells of the lower half of the chip; blinks and brows, and cheeks that
        stay up longer than the lips, then do not blur the phases. "face": all cells.
    chip_size : int, default=96
        Side in pixels to which chips are resized.
    blur : float, default=1.5
        Standard deviation in pixels of the blur before the patterns are read: sensor noise turns
        patterns of flat skin into any other.
    radius : int, default=2
        Of the patterns, in pixels.
    kernel : {"linear", "rbf"}, default="linear"
        Of the SVM.
    C : float, default=0.00001
        Of the SVM; less is more regular, and makes the intensity grow more evenly with the smile.
    smooth : float, default=0.1
        Standard deviation in seconds of the Gaussian that smooths the intensity; 0 for none.
    max_frames : int, default=5000
        Frames to learn from at most, neutral and smiling together: from many clips a few each,
        evenly spread (one of each kind at least), so that time and memory hardly grow with their
        number.
    n_jobs : int, optional
        Clips measured at the same time.
    verbose : int or bool, default=False
        Show progress.
    memory : str, Path, ClipCache or joblib.Memory, optional
        Cache folder of the clips' patterns.
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

    adds = ("smile",)
    # The patterns are what takes time, and they are the same whatever was learnt.
    keeps_clips = False

    def __init__(self, grid: int = 6, region: str = "mouth", chip_size: int = 96,
                 blur: float = 1.5, radius: int = 2, kernel: str = "linear", C: float = 1e-5,
                 smooth: float = 0.1, max_frames: int = 5000, n_jobs: int | None = None,
                 verbose: int | bool = False, memory: Any = None, random_state: Any = 0) -> None:
        self.grid = grid
        self.region = region
        self.chip_size = chip_size
        self.blur = blur
        self.radius = radius
        self.kernel = kernel
        self.C = C
        self.smooth = smooth
        self.max_frames = max_frames
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.memory = memory
        self.random_state = random_state

    def _check_params(self) -> None:
        check_positive("grid", self.grid, whole=True, at_least=1)
        check_positive("chip_size", self.chip_size, whole=True, at_least=8 * self.grid)
        check_positive("C", self.C, at_least=1e-12)
        check_positive("smooth", self.smooth)
        check_positive("max_frames", self.max_frames, whole=True, at_least=2)
        check_positive("blur", self.blur)
        check_positive("radius", self.radius, whole=True, at_least=1)
        if self.region not in ("mouth", "face"):
            raise ValueError(f"region must be 'mouth' or 'face', not {self.region!r}")
        if self.kernel not in ("linear", "rbf"):
            raise ValueError(f"kernel must be 'linear' or 'rbf', not {self.kernel!r}")

    def _fit(self, clips: list[Clip]) -> None:
        neutral: list[np.ndarray] = []
        smiling: list[np.ndarray] = []
        self.model_, self.n_frames_ = None, (0, 0)
        pictured = [clip for clip in clips if not has_signals_only(clip)]
        if not pictured:
            return
        most = max(1, self.max_frames // (2 * len(pictured)))
        for clip in pictured:
            require_fields(clip, ("faces",), type(self).__name__, "run FaceAligner first")
            seen = self._seen(clip)
            for examples, frames in zip((neutral, smiling), _example_frames(clip), strict=True):
                if len(frames):
                    examples.append(self._shares(seen[_spread(frames, most)]))
        if not neutral or not smiling:
            raise ValueError(f"none of the {len(pictured)} clips shows a face that goes from "
                             "neutral to smiling, so there is nothing to learn from")
        n = (sum(len(x) for x in neutral), sum(len(x) for x in smiling))
        x, y = np.concatenate(neutral + smiling), np.repeat([0, 1], n)
        x, y = RandomUnderSampler(random_state=self.random_state).fit_resample(x, y)
        scaler = StandardScaler().fit(x)
        # What gamma="scale" comes to, which scikit-learn keeps under a private name.
        spread = np.ascontiguousarray(scaler.transform(x), dtype=float).var()
        gamma = 1.0 / (x.shape[1] * spread) if spread else 1.0
        svm = SVC(kernel=self.kernel, C=self.C, gamma=gamma)
        self.model_ = make_pipeline(scaler, svm).fit(x, y)
        self.n_frames_ = n

    def transform_clip(self, clip: Clip) -> Clip:
        """Return the clip with its smile intensity, looked at here or kept in the cache."""
        if has_signals_only(clip):
            return clip
        self._measurable(clip)  # before anything is looked at
        return self.assemble(clip, self._seen(clip))

    def look(self, chips: np.ndarray) -> np.ndarray:
        """Count the patterns of faces: what takes time, and needs no other frames.

        Parameters
        ----------
        chips : array of shape (n, h, w, 3), uint8
            Aligned faces.

        Returns
        -------
        array of shape (n, cells · 59), uint16
            See `count_patterns`.
        """
        return count_patterns(chips, **self._how())

    def assemble(self, clip: Clip, seen: Any) -> Clip:
        """Return a clip with its smile intensity, from what was seen of its frames.

        Parameters
        ----------
        clip : Clip
            With `faces`.
        seen : array of shape (T, cells · 59), or `SeenLater`
            What `look` gives; rows of frames that are not valid do not matter.

        Returns
        -------
        Clip

        Raises
        ------
        ClipError
            No frame is valid, or nothing was learnt.
        """
        frames = self._measurable(clip)
        level = np.concatenate([svm_decision(self.model_, self._shares(seen[portion]))
                                for portion in portions(frames)])
        smile = np.full(len(clip.mask), np.nan)
        smile[frames] = smooth_signal(level, clip.fps, self.smooth)
        return clip.replace(smile=smile)

    def _measurable(self, clip: Clip) -> np.ndarray:
        if self.model_ is None:
            raise ClipError(clip.label, f"{type(self).__name__} was fitted on clips without "
                            "pictures, so it has not learnt what a smile looks like")
        return measurable_frames(clip, type(self).__name__, "smile intensity")

    def _how(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in
                ("grid", "region", "chip_size", "blur", "radius")}

    def _seen(self, clip: Clip) -> Any:
        """What is seen of the clip's frames, by their numbers; the cache is asked once a clip."""
        cache = open_cache(self.memory)
        if cache is None:
            return SeenLater(self.look, clip)
        # All frames at once: every fold of a cross-validation asks for other ones.
        key = entry_key(f"{count_patterns.__name__} {sorted(self._how().items())} {__version__}",
                        clip, ("faces",))
        return cache.array(key, lambda: self.look(np.asarray(clip.faces)))

    def _shares(self, counts: np.ndarray) -> np.ndarray:
        """(n, cells · 59): square roots of shares, whose distances are those of histograms."""
        return np.sqrt(counts / np.float32(self.chip_size / self.grid) ** 2, dtype=np.float32)


def svm_decision(model: Pipeline, x: np.ndarray) -> np.ndarray:
    """Compute a scaled SVM's decision values as matrix products, much faster than libsvm does.

    Parameters
    ----------
    model : Pipeline
        StandardScaler, and an SVC of two classes with a linear or RBF kernel whose gamma is a
        number; fitted.
    x : array of shape (n, n_features), float32

    Returns
    -------
    array of shape (n,), float64
        In single precision, which for values of order 1 is some 1e-6.
    """
    scaler, svm = model[0], model[-1]
    z = scaler.transform(x).astype(np.float32)
    weights = svm.dual_coef_[0]
    if svm.kernel == "linear":
        return np.asarray(z @ svm.coef_[0] + svm.intercept_[0], dtype=float)
    known = svm.support_vectors_.astype(np.float32)
    kernel = rbf_kernel(z, known, gamma=svm.gamma)
    return np.asarray(kernel @ weights + svm.intercept_[0], dtype=float)


def count_patterns(chips: np.ndarray, *, grid: int, region: str, chip_size: int, blur: float,
                   radius: int) -> np.ndarray:
    """Count the uniform local binary patterns in each cell of aligned faces.

    Parameters
    ----------
    chips : array of shape (n, h, w, 3), uint8
    grid, region, chip_size, blur, radius
        See `LBPSmileIntensity`.

    Returns
    -------
    array of shape (n, cells · 59), uint16
    """
    band = np.arange(chip_size) * grid // chip_size
    first = grid // 2 if region == "mouth" else 0
    rows = band >= first
    cell = ((band[rows, None] - first) * grid + band[None, :]) * _N_CODES
    out = np.empty((len(chips), (grid - first) * grid * _N_CODES), np.uint16)
    for i, chip in enumerate(chips):
        grey = grey_chip(chip, chip_size)
        if blur > 0:
            grey = cv2.GaussianBlur(grey, (0, 0), blur)
        codes = local_binary_pattern(grey, 8, radius, method="nri_uniform")[rows]
        out[i] = np.bincount((codes.astype(np.intp) + cell).ravel(), minlength=out.shape[1])
    return out


def _spread(frames: np.ndarray, most: int) -> np.ndarray:
    """The frames, or `most` of them, evenly spread."""
    if len(frames) <= most:
        return frames
    return frames[((np.arange(most) + 0.5) * len(frames) / most).astype(int)]


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
    rest = float(np.median(change[:few]))
    share = (change - rest) / max(float(change.max()) - rest, 1e-9)
    moving = np.flatnonzero(share > 0.3)
    # Before and after the movement. A recording may end in the smile: then there is no after.
    ends = np.r_[np.arange(moving[0]), np.arange(moving[-1] + 1, len(share))]
    return valid[ends[share[ends] < 0.15]], valid[share > 0.7]


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
