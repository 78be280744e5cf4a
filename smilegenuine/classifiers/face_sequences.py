"""What the networks that look at the aligned face share: frames, their size, augmentation."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from ..clips.record import Clip
from ..clips.steps import check_positive
from .deep import DeepClipClassifier
from .time_sampling import sampled_frames


class FaceAugmentation:
    """Change a sequence of faces, all its frames alike: mirror, shift, light.

    Parameters
    ----------
    seed : int
        Another seed makes other changes.
    """

    #: Of the width, each way.
    SHIFT = 1 / 24
    #: Brightness times 1 ± this, plus ± this third of it.
    LIGHT = 0.15

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def __call__(self, faces: np.ndarray) -> np.ndarray:
        """Return a changed copy.

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


class FaceSequenceClassifier(DeepClipClassifier):
    """Base of the classifiers that look at the aligned face, frame by frame.

    A subclass has these parameters besides those of the training, and defines `_module` and
    `_check_net_params`. Its network takes (B, T, 3, size, size) and lengths.

    Parameters
    ----------
    rate : float, default=10.0
        Frames a second that the network sees. At recordings slower than that, each frame once.
    size : int, default=48
        Height and width in pixels to which faces are scaled.
    augment : bool, default=False
        Train on changed copies: mirrored or not, moved by up to a 24th of the width, brighter or
        darker by up to 15 %, the same for all frames of a clip and anew each epoch. Not in the
        published systems. A mirrored smile is a smile, unless the question is its asymmetry.
    """

    _shared_docs = {"faces": "Parameters"}

    sequences = True

    def __init__(self, *, rate: float, size: int, augment: bool, **training: Any) -> None:
        self.rate = rate
        self.size = size
        self.augment = augment
        super().__init__(**training)

    @abstractmethod
    def _check_net_params(self) -> None:
        """Raise for parameters of the network that make no sense."""

    def _check_own_params(self) -> None:
        check_positive("rate", self.rate, at_least=0.1)
        check_positive("size", self.size, whole=True, at_least=16)
        self._check_net_params()

    def _augmentation(self, seed: int) -> Callable[[np.ndarray], np.ndarray] | None:
        return FaceAugmentation(seed) if self.augment else None

    def check_clip(self, clip: Clip) -> None:
        """Raise a `ClipError` where a clip cannot be used.

        Parameters
        ----------
        clip : Clip
        """
        self._frames(clip)

    def _frames(self, clip: Clip) -> np.ndarray:
        return sampled_frames(clip, "faces", self.rate, self._network_name())

    def input_times(self, clip: Clip) -> np.ndarray:
        """Return the times of the frames that the network sees.

        Parameters
        ----------
        clip : Clip

        Returns
        -------
        array of shape (T,)
            Seconds.
        """
        return np.asarray(clip.times)[self._frames(clip)]

    def _input(self, clip: Clip) -> np.ndarray:
        """Return frames, (T, 3, size, size), uint8."""
        picked = self._frames(clip)
        faces = np.asarray(clip.faces)
        small = [cv2.resize(np.ascontiguousarray(faces[i]), (self.size, self.size),
                            interpolation=cv2.INTER_AREA) for i in picked]
        return np.ascontiguousarray(np.stack(small).transpose(0, 3, 1, 2))

    def _learn_scaling(self, inputs: list[np.ndarray]) -> None:
        """Learn nothing: pixels have a scale."""

    def _scaled(self, x: np.ndarray) -> np.ndarray:
        return x
