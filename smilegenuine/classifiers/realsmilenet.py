"""RealSmileNet as an estimator: from clips with faces to a decision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from torch import nn

from ..base import check_positive
from ..clip import Clip
from ..nets.realsmilenet import RealSmileNet
from .deep import DeepClipClassifier, documented
from .time_sampling import frames_of_face


class FaceAugmentation:
    """Changes a sequence of faces, all its frames alike: mirror, shift, light.

    Parameters
    ----------
    seed : int
        Other changes for another number.
    """

    #: Of the width, each way.
    SHIFT = 1 / 24
    #: Brightness times 1 ± this, plus ± this third of it.
    LIGHT = 0.15

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def __call__(self, faces: np.ndarray) -> np.ndarray:
        """Give a changed copy.

        Parameters
        ----------
        faces : array of shape (T, 3, H, W), uint8

        Returns
        -------
        array of the same shape, float32 within 0 to 1
        """
        changed = faces.astype(np.float32) / 255.0
        if self.rng.random() < 0.5:
            changed = changed[..., ::-1]
        for axis in (2, 3):
            most = max(1, round(self.SHIFT * faces.shape[axis]))
            by = int(self.rng.integers(-most, most + 1))
            # Moved in, the edge is repeated.
            places = np.clip(np.arange(faces.shape[axis]) - by, 0, faces.shape[axis] - 1)
            changed = np.take(changed, places, axis=axis)
        gain = 1.0 + self.LIGHT * self.rng.uniform(-1, 1)
        offset = self.LIGHT / 3 * self.rng.uniform(-1, 1)
        return np.clip(gain * changed + offset, 0.0, 1.0).astype(np.float32)


@documented
class RealSmileNetClassifier(DeepClipClassifier):
    """RealSmileNet: temporal attention, convolutions and a convolutional LSTM on the aligned face.

    Takes clips with `faces`. Frames that are not `valid` are passed over. Of the rest, ten a second
    are seen, every fifth of UvA-NEMO's 50, whatever the recording's frame rate.

    Parameters
    ----------
    rate : float, default=10.0
        Frames a second that the network sees. At recordings slower than that, each frame once.
    size : int, default=48
        Height and width in pixels to which faces are scaled; a multiple of 4.
    memory_span : float or None, default=4.0
        Seconds over which the convolutional LSTM can remember when training starts (see
        `smilegenuine.nets.memory`). None: gates as published, which remember a frame or two; from
        144 drawn clips that learnt nothing in seventy epochs, and with a span of four seconds an
        AUC of 0.83 on unseen people in eleven.
    augment : bool, default=False
        Train on changed copies: mirrored or not, moved by up to a 24th of the width, brighter or
        darker by up to 15 %, the same for all frames of a clip and anew each epoch. Not in the
        published system. A mirrored smile is a smile, unless the question is its asymmetry.
    {training}

    Attributes
    ----------
    {fitted}

    Notes
    -----
    The published code picks the epoch that is best on the test fold, and its padding leaks: the
    first frame of a clip is compared with the black frame before it, so that logits depend on how
    long the other clips of the batch are. Neither is so here. With the published weights (see
    ``smilegenuine.nets.realsmilenet.from_published``) logits are those that the published network
    gives for each clip alone.

    References
    ----------
    Yang, Hossain, Gedeon & Rahman (2020), RealSmileNet: a deep end-to-end network for spontaneous
    and posed smile recognition, ACCV. doi:10.1007/978-3-030-69541-5_2

    Examples
    --------
    >>> from smilegenuine import FaceAligner, RealSmileNetClassifier
    >>> from smilegenuine.datasets import make_smiles
    >>> smiles = make_smiles(4, 2, fps=10, size=96, random_state=0)
    >>> clips = FaceAligner().transform(smiles.data)
    >>> clf = RealSmileNetClassifier(max_epochs=2, random_state=0).fit(clips, smiles.target)
    >>> clf.predict_proba(clips).shape, clf.transform(clips).shape
    ((8, 2), (8, 250))
    """

    _sequences = True

    def __init__(self, *, rate: float = 10.0, size: int = 48, memory_span: float | None = 4.0,
                 augment: bool = False, lr: float = 1e-3, max_epochs: int = 100,
                 batch_size: int = 16, patience: int | None = 15,
                 validation_fraction: float | None = 0.2, class_weight: Any = "balanced",
                 norm_penalty: float = 1e-3, device: str = "auto", mixed_precision: bool = False,
                 random_state: Any = None, verbose: int | bool = False) -> None:
        self.rate = rate
        self.size = size
        self.memory_span = memory_span
        self.augment = augment
        self.lr = lr
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.class_weight = class_weight
        self.norm_penalty = norm_penalty
        self.device = device
        self.mixed_precision = mixed_precision
        self.random_state = random_state
        self.verbose = verbose

    def _check_own_params(self) -> None:
        check_positive("rate", self.rate, at_least=0.1)
        check_positive("size", self.size, whole=True, at_least=16)
        if self.memory_span is not None:
            check_positive("memory_span", self.memory_span)
        if self.size % 4:
            raise ValueError(f"size must be a multiple of 4, not {self.size}")

    def _module(self) -> tuple[type[nn.Module], dict[str, Any]]:
        steps = None if self.memory_span is None else self.memory_span * self.rate
        return RealSmileNet, {"size": self.size, "n_remembered": steps}

    def _augmentation(self, seed: int) -> Callable[[np.ndarray], np.ndarray] | None:
        return FaceAugmentation(seed) if self.augment else None

    def _input(self, clip: Clip) -> np.ndarray:
        """(T, 3, size, size), uint8."""
        picked = frames_of_face(clip, self.rate)
        faces = np.asarray(clip.faces)
        small = [cv2.resize(np.ascontiguousarray(faces[i]), (self.size, self.size),
                            interpolation=cv2.INTER_AREA) for i in picked]
        return np.ascontiguousarray(np.stack(small).transpose(0, 3, 1, 2))

    def _learn_scaling(self, inputs: list[np.ndarray]) -> None:
        """Nothing: pixels have a scale, and the network begins with a batch norm."""

    def _scaled(self, x: np.ndarray) -> np.ndarray:
        return x
