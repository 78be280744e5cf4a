"""Find faces in a frame and eyes in a face, with OpenCV's cascades."""

from __future__ import annotations

import os
from dataclasses import dataclass

import cv2
import numpy as np

#: Where the eyes lie in a box of the frontal-face cascades, in parts of the box's width: the
#: distance between them, and how far their middle lies above the box's middle.
EYE_DISTANCE = 0.40
EYE_RISE = 0.11

_FACE = "haarcascade_frontalface_alt2.xml"
_EYE = "haarcascade_eye.xml"
_EYE_GLASSES = "haarcascade_eye_tree_eyeglasses.xml"

#: Narrowest face in pixels that the search works at; the cascade's own window is 20.
_SEARCH_FACE = 22.0
_MOST_ENLARGED = 2.5

#: Frames whose brightest hundredth is darker than this are brightened to it for the search.
_DIM = 160.0

#: The eye cascade puts its boxes too far up and left, by the rounding of its grid: pixels of the
#: patch, measured by mirroring recordings.
_EYE_SHIFT = 0.75 * (1 + 1j)


@dataclass(frozen=True)
class Box:
    """A square face box.

    Attributes
    ----------
    centre : complex
        Its middle in pixels of the frame, x + iy.
    width : float
        Its width in pixels of the frame.
    """

    centre: complex
    width: float


class FaceDetector:
    """The cascades of one worker, and the three questions that are put to them.

    Parameters
    ----------
    min_face : float
        Narrowest face to look for, as a part of the frame's shorter side.

    Raises
    ------
    RuntimeError
        This OpenCV comes without cascades.
    """

    def __init__(self, min_face: float) -> None:
        self.min_face = min_face
        self._face = load_cascade(_FACE)
        self._eye = load_cascade(_EYE)
        self._eye_glasses = load_cascade(_EYE_GLASSES)

    def search(self, frame: np.ndarray) -> list[Box]:
        """Find the faces of a whole frame.

        Parameters
        ----------
        frame : array of shape (H, W, 3), uint8
            RGB.

        Returns
        -------
        list of Box
            The widest first.
        """
        height, width = frame.shape[:2]
        narrowest = self.min_face * min(height, width)
        scale = min(_SEARCH_FACE / narrowest, _MOST_ENLARGED)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        # Shrinking colour first would be dearer: the grey picture has a third of the values.
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1
                          else cv2.INTER_LINEAR)
        # The cascades pass over windows whose contrast is below ten grey levels.
        bright = float(np.percentile(grey, 99))
        if bright < _DIM:
            grey = cv2.convertScaleAbs(grey, alpha=min(_DIM / max(bright, 1.0), 8.0))
        least = max(20, round(narrowest * scale))
        boxes = self._face.detectMultiScale(grey, 1.15, 3, minSize=(least, least))
        ratio = width / size[0]
        found = [Box(complex(x + w / 2, y + h / 2) * ratio, w * ratio) for x, y, w, h in boxes]
        return sorted(found, key=lambda box: (-box.width, box.centre.real))

    def confirm(self, patch: np.ndarray, width: float) -> Box | None:
        """Return whether an upright patch shows a face of about the expected width.

        Parameters
        ----------
        patch : array of shape (n, n), uint8
            Grey, cut so that the face fills most of it.
        width : float
            Expected width of the face box in pixels of the patch.

        Returns
        -------
        Box or None
            In pixels of the patch.
        """
        least = round(0.75 * width)
        boxes = self._face.detectMultiScale(patch, 1.1, 2, minSize=(least, least))
        if len(boxes) == 0:
            return None
        x, y, w, h = max(boxes, key=lambda box: int(box[2]))
        return Box(complex(x + w / 2, y + h / 2), float(w))

    def eyes(self, patch: np.ndarray, distance: float, *, glasses: bool = False) -> np.ndarray:
        """Find what looks like an eye in an upright patch.

        Parameters
        ----------
        patch : array of shape (h, w), uint8
            Grey.
        distance : float
            Expected distance between the eyes in pixels of the patch.
        glasses : bool, default=False
            Use the cascade for eyes behind glasses.

        Returns
        -------
        array of shape (n,), complex
            The centres in pixels of the patch.
        """
        least, most = max(18, round(0.42 * distance)), round(1.0 * distance)
        cascade = self._eye_glasses if glasses else self._eye
        boxes = cascade.detectMultiScale(patch, 1.06, 4, minSize=(least, least),
                                         maxSize=(most, most))
        if len(boxes) == 0:
            return np.empty(0, complex)
        x, y, w, h = np.asarray(boxes, float).T
        return x + w / 2 + 1j * (y + h / 2) + _EYE_SHIFT


def load_cascade(name: str) -> cv2.CascadeClassifier:
    """Open one of the cascades that come with OpenCV 4.

    Parameters
    ----------
    name : str
        File name, such as "haarcascade_eye.xml".

    Returns
    -------
    cv2.CascadeClassifier

    Raises
    ------
    RuntimeError
        This OpenCV comes without it.
    """
    folder = getattr(getattr(cv2, "data", None), "haarcascades", "")
    path = os.path.join(folder, name)
    if not hasattr(cv2, "CascadeClassifier") or not os.path.exists(path):
        raise RuntimeError(
            f"this OpenCV ({cv2.__version__}) comes without the face cascade {name}. Install one "
            'that has it, `pip install "opencv-python>=4.10,<5"`, or give clips that have `faces` '
            "already")
    cascade = cv2.CascadeClassifier(path)
    if cascade.empty():
        raise RuntimeError(f"{path} cannot be read as a cascade; install OpenCV anew, "
                           '`pip install --force-reinstall "opencv-python>=4.10,<5"`')
    return cascade
