"""Action units from the shape of the face: histograms of oriented gradients and linear regression.

What OpenFace does with HOG features (section 4.2 of the design), in scikit-learn's parts: HOG,
standardised, PCA, a linear support vector regression for each of the 17 action units, and each
person's own neutral face as the reference.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

import cv2
import numpy as np
from imblearn.over_sampling import RandomOverSampler
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVR
from sklearn.utils import check_random_state

from ..clips.au_table import AU_NAMES
from ..clips.record import Clip
from ..clips.steps import ClipTransformer, check_positive, require_fields
from .valid_frames import SeenLater, grey_chip, measurable_frames, portions, smooth_signal

NEUTRALS = ("rest", "median", "none")

# A person's resting intensity of a unit is the level that a tenth of the frames stay below; what
# lies more than a point above the population's zero is taken for action and left in.
_REST_QUANTILE = 0.1
_MOST_REST = 1.0


class HOGActionUnits(ClipTransformer):
    """The 17 action units, 0–5, by linear regression on histograms of oriented gradients.

    Adds `aus`. It is trained on clips with `faces` whose `aus` are known; clips whose `aus` are
    known pass through `transform` unchanged. In a pipeline it is used trained, wrapped in
    `sklearn.frozen.FrozenEstimator`, because clips of smiles come without known action units;
    `load_drawn_action_units` gives one that was trained on drawn people.

    Parameters
    ----------
    chip_size : int, default=96
        Side in pixels, a multiple of 8, to which chips are resized.
    n_components : int or float, default=300
        Of the PCA, as in scikit-learn.
    C : float, default=0.01
        Of the regressions; less is more regular.
    neutral : {"rest", "median", "none"}, default="rest"
        How a person's own neutral face is allowed for. "rest": the level at which each unit rests
        in the clip (a tenth of the frames lie below it, at most one point either way) is taken off
        its intensity. "median": the median of the clip's features is taken off the features, as
        OpenFace does; meant for long recordings, as in a clip that is a smile for most of its
        length the median is a smile. "none": nothing.
    balance : bool, default=True
        Resample frames so that absent, weak and strong activity of a unit weigh the same.
    smooth : float, default=0.04
        Standard deviation in seconds of the Gaussian that smooths the intensities; 0 for none.
    n_jobs : int, optional
        Clips measured at the same time.
    verbose : int or bool, default=False
        Show progress.
    memory : str, Path, ClipCache or joblib.Memory, optional
        Cache folder of measured clips; see `smilegenuine.clips.cache`.
    random_state : int, RandomState or None, default=0
        Of balancing and PCA.

    Attributes
    ----------
    coef_ : array of shape (17, n_hog), float32
        Intensity for each unit of HOG feature: scaling, PCA and regression in one.
    intercept_ : array of shape (17,), float32
    n_frames_ : int
        Valid frames that were learnt from.

    Raises
    ------
    RuntimeError
        In `fit` and `transform`: this OpenCV comes without HOG (5.x does).

    References
    ----------
    Baltrušaitis, Mahmoud & Robinson (2015), Cross-dataset learning and person-specific
    normalisation for automatic action unit detection, doi:10.1109/FG.2015.7284869.
    """

    adds = ("aus",)
    reads = ("faces", "times", "valid")

    def __init__(self, chip_size: int = 96, n_components: int | float = 300, C: float = 0.01,
                 neutral: str = "rest", balance: bool = True, smooth: float = 0.04,
                 n_jobs: int | None = None, verbose: int | bool = False, memory: Any = None,
                 random_state: Any = 0) -> None:
        self.chip_size = chip_size
        self.n_components = n_components
        self.C = C
        self.neutral = neutral
        self.balance = balance
        self.smooth = smooth
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.memory = memory
        self.random_state = random_state

    def _check_params(self) -> None:
        check_positive("chip_size", self.chip_size, whole=True, at_least=32)
        if self.chip_size % 8:
            raise ValueError(f"chip_size must be a multiple of 8, not {self.chip_size}")
        check_positive("C", self.C, at_least=1e-12)
        check_positive("smooth", self.smooth)
        if self.neutral not in NEUTRALS:
            raise ValueError(f"neutral must be one of {', '.join(NEUTRALS)}, not {self.neutral!r}")

    def _fit(self, clips: list[Clip]) -> None:
        x, y = [], []
        for clip in clips:
            require_fields(clip, ("aus",), type(self).__name__, "it is trained on clips whose "
                           "action units are known. For clips without, put a trained one into the "
                           "pipeline: FrozenEstimator(load_drawn_action_units())")
            require_fields(clip, ("faces",), type(self).__name__, "run FaceAligner first")
            hog = hog_features(np.asarray(clip.faces)[clip.mask], self.chip_size)
            aus = np.asarray(clip.aus)[clip.mask]
            if len(hog):
                x.append(hog - np.median(hog, axis=0) if self.neutral == "median" else hog)
                y.append(aus)
        if sum(map(len, x)) < 20:
            raise ValueError(f"{sum(map(len, x))} valid frames are too few to learn action units "
                             "from")
        self._regress(np.concatenate(x), np.concatenate(y))

    def _regress(self, x: np.ndarray, y: np.ndarray) -> None:
        """Scale, reduce and regress; then fold the three linear maps into one."""
        random = check_random_state(self.random_state)
        scaler = StandardScaler().fit(x)
        # Cells whose gradients never change would be blown up by their tiny spread.
        scaler.scale_ = np.maximum(scaler.scale_, 0.1 * np.median(scaler.scale_))
        wanted = self.n_components
        if isinstance(wanted, (int, np.integer)):
            wanted = min(int(wanted), *x.shape)
        pca = PCA(wanted, random_state=random)
        reduced = pca.fit_transform(scaler.transform(x).astype(np.float32))
        base = LinearSVR(C=self.C, epsilon=0.1, loss="squared_epsilon_insensitive", dual=False)
        coef = np.empty((y.shape[1], reduced.shape[1]))
        constant = np.empty(y.shape[1])
        for k in range(y.shape[1]):
            rows = self._balanced(y[:, k], random)
            svr = clone(base).fit(reduced[rows], y[rows, k])
            coef[k], constant[k] = svr.coef_, float(np.squeeze(svr.intercept_))
        in_hog = coef @ pca.components_ / scaler.scale_
        centre = scaler.mean_ + pca.mean_ * scaler.scale_
        self.coef_ = in_hog.astype(np.float32)
        self.intercept_ = (constant - in_hog @ centre).astype(np.float32)
        self.n_frames_ = len(x)

    def _balanced(self, intensity: np.ndarray, random: np.random.RandomState) -> np.ndarray:
        rows = np.arange(len(intensity))
        level = np.digitize(intensity, [0.5, 2.5])
        if not self.balance or len(np.unique(level)) < 2:
            return rows
        picked, _ = RandomOverSampler(random_state=random).fit_resample(rows[:, None], level)
        return np.asarray(picked)[:, 0]

    def transform_clip(self, clip: Clip) -> Clip:
        """Return the clip with its action units."""
        require_fields(clip, ("faces",), type(self).__name__, "run FaceAligner first")
        return self.assemble(clip, SeenLater(self.look, clip))

    def look(self, chips: np.ndarray) -> np.ndarray:
        """Compute what intensities are made of: what takes time, and needs no other frames.

        Parameters
        ----------
        chips : array of shape (n, h, w, 3), uint8
            Aligned faces.

        Returns
        -------
        array of shape (n, n_hog) or (n, 17), float32
            With `neutral="median"` the HOG features, of which `assemble` takes the median. Else the
            regressions follow at once, as nothing comes between that is not linear: the weighted
            sums of the features, for each unit one, are all that has to be remembered of a face.
        """
        hog = hog_features(chips, self.chip_size)
        return hog if self.neutral == "median" else hog @ self.coef_.T

    def assemble(self, clip: Clip, seen: Any) -> Clip:
        """Return a clip with its action units, from what was seen of its frames.

        Parameters
        ----------
        clip : Clip
            With `faces`.
        seen : array of shape (T, n_hog) or (T, 17), or `SeenLater`
            What `look` gives; rows of frames that are not valid do not matter.

        Returns
        -------
        Clip

        Raises
        ------
        ClipError
            No frame is valid.
        """
        frames = measurable_frames(clip, type(self).__name__, "action units")
        raw = np.concatenate([self._weighed(seen[portion]) for portion in portions(frames)])
        if self.neutral == "median":
            spread = frames[::len(portions(frames))]
            raw -= self._weighed(np.median(seen[spread], axis=0))
        intensity = smooth_signal(raw + self.intercept_, clip.fps, self.smooth)
        if self.neutral == "rest":
            rest = np.quantile(intensity, _REST_QUANTILE, axis=0)
            intensity = intensity - np.clip(rest, -_MOST_REST, _MOST_REST)
        aus = np.full((len(clip.mask), len(AU_NAMES)), np.nan)
        aus[frames] = np.clip(intensity, 0.0, 5.0)
        return clip.replace(aus=aus)

    def _weighed(self, seen: np.ndarray) -> np.ndarray:
        return seen @ self.coef_.T if self.neutral == "median" else seen


def hog_features(chips: np.ndarray, chip_size: int) -> np.ndarray:
    """Compute the histograms of oriented gradients of aligned faces.

    Parameters
    ----------
    chips : array of shape (n, h, w, 3), uint8
    chip_size : int
        Side in pixels, a multiple of 8, to which chips are resized.

    Returns
    -------
    array of shape (n, n_hog), float32
        Cells of 8 pixels, blocks of 2 × 2 cells, 9 directions.

    Raises
    ------
    RuntimeError
        This OpenCV comes without HOG.
    """
    if not hasattr(cv2, "HOGDescriptor"):
        raise RuntimeError(f"this OpenCV ({cv2.__version__}) comes without HOGDescriptor. "
                           'Install one that has it, `pip install "opencv-python>=4.10,<5"`, '
                           "or give clips that have `aus` already")
    n = int(chip_size)
    hog = cv2.HOGDescriptor((n, n), (16, 16), (8, 8), (8, 8), 9)
    out = np.empty((len(chips), hog.getDescriptorSize()), np.float32)
    for i, chip in enumerate(chips):
        out[i] = np.ravel(hog.compute(grey_chip(chip, n)))
    return out


def load_drawn_action_units(**params: Any) -> HOGActionUnits:
    """Return a `HOGActionUnits` that was trained on drawn people and comes with the package.

    It lets the whole line run without a data set of coded faces. It has never seen a photograph:
    for work on real people train `HOGActionUnits` on coded recordings (DISFA, BP4D), or read the
    action units of another tool (`load_openface`, `load_pyfeat`, `load_libreface`).

    Parameters
    ----------
    **params
        `n_jobs`, `verbose`, `memory`, `smooth`.

    Returns
    -------
    HOGActionUnits
        Fitted, for chips of a `FaceAligner` with its default geometry.
    """
    file = resources.files("smilegenuine.signals") / "data" / "drawn_action_units.npz"
    model = HOGActionUnits()
    with resources.as_file(file) as path, np.load(path, allow_pickle=False) as stored:
        model.coef_ = stored["coef"].astype(np.float32)
        model.intercept_ = stored["intercept"].astype(np.float32)
        model.n_frames_ = int(stored["n_frames"])
    return model.set_params(**params)
