"""Cut face chips out of frames by the positions of the eyes, and keep them."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterable

import cv2
import numpy as np

#: Chips of more bytes than this go to a temporary file.
IN_MEMORY = 64 * 2 ** 20
#: Most source pixels averaged along one side of a chip's pixel.
_MOST_OVERSAMPLED = 16


class ChipCutter:
    """Cut chips whose eyes are level and in fixed places.

    Parameters
    ----------
    size : int
        Side of the chip in pixels.
    margin : float
        Distance of the eyes from the chip's sides, as a part of `size`.
    eye_height : float
        Distance of the eyes from the chip's top, as a part of `size`.
    eye_distance : float
        Typical distance between the eyes in the frames, in pixels. It decides how finely the frames
        are sampled before averaging; once for the clip, so that sharpness does not flicker.
    """

    def __init__(self, size: int, margin: float, eye_height: float, eye_distance: float) -> None:
        self.size = size
        self.left = complex(margin, eye_height) * size
        self.distance = (1 - 2 * margin) * size
        self.fine = int(np.clip(np.ceil(eye_distance / self.distance), 1, _MOST_OVERSAMPLED))

    def cut(self, frame: np.ndarray, left: complex, right: complex) -> np.ndarray:
        """Cut one chip.

        Parameters
        ----------
        frame : array of shape (H, W, 3), uint8
            RGB.
        left, right : complex
            The image's left and right eye, x + iy in pixels of the frame (a pixel's middle has
            whole coordinates).

        Returns
        -------
        array of shape (size, size, 3), uint8
            RGB; beyond the frame's border its last pixels are repeated, as an edge there would look
            like a feature of the face.
        """
        fine, n = self.fine, self.size * self.fine
        step = (right - left) / (self.distance * fine)
        # A chip's pixel is the average of fine x fine samples; their middle is the pixel's middle.
        origin = left - step * (self.left * fine + 0.5 * (fine - 1) * (1 + 1j))
        height, width = frame.shape[:2]
        corners = origin + step * np.array([0, n, n * 1j, n * (1 + 1j)])
        x0, y0 = max(0, int(corners.real.min()) - 3), max(0, int(corners.imag.min()) - 3)
        x1, y1 = min(width, int(corners.real.max()) + 4), min(height, int(corners.imag.max()) + 4)
        if x0 >= x1 or y0 >= y1:
            return np.zeros((self.size, self.size, 3), np.uint8)
        # Only the part around the face: warpAffine takes no picture wider than 32767 pixels, and a
        # compact source is quicker.
        origin -= complex(x0, y0)
        matrix = np.array([[step.real, -step.imag, origin.real],
                           [step.imag, step.real, origin.imag]])
        flags = cv2.INTER_CUBIC if fine <= 2 else cv2.INTER_LINEAR
        chip = cv2.warpAffine(frame[y0:y1, x0:x1], matrix, (n, n),
                              flags=flags | cv2.WARP_INVERSE_MAP,
                              borderMode=cv2.BORDER_REPLICATE)
        if fine > 1:
            chip = cv2.resize(chip, (self.size, self.size), interpolation=cv2.INTER_AREA)
        return chip


def store_chips(chips: Iterable[np.ndarray], n: int, size: int) -> np.ndarray:
    """Gather chips into one array, in a temporary file where they are many.

    Parameters
    ----------
    chips : iterable of array of shape (size, size, 3), uint8
    n : int
        How many there are.
    size : int
        Their side.

    Returns
    -------
    array of shape (n, size, size, 3), uint8
        Beyond 64 MB read-only, mapped from a file that has no name and goes when the array does.

    Notes
    -----
    Not an `np.memmap`: joblib passes those to its workers by the file's name, and here is none.
    """
    shape = (n, size, size, 3)
    if n * size * size * 3 <= IN_MEMORY:
        array = np.empty(shape, np.uint8)
        for i, chip in enumerate(chips):
            array[i] = chip
        return array
    with tempfile.TemporaryFile(prefix="smilegenuine-") as file:
        # Written, not mapped for writing: pages of a writable map would count as our memory.
        for chip in chips:
            file.write(np.ascontiguousarray(chip).data)
        file.flush()
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return np.frombuffer(mapped, np.uint8).reshape(shape)
