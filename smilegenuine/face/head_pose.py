"""How the head is turned, from MediaPipe's facial transformation matrices."""

from __future__ import annotations

import numpy as np


def head_angles(head_pose: np.ndarray) -> np.ndarray:
    """Return yaw, pitch and roll of the head.

    Parameters
    ----------
    head_pose : array of shape (T, 4, 4) or (4, 4)
        `Clip.head_pose`: from the canonical face (x to the image's right, y up, z towards the
        camera, in cm) to the camera's axes, which point the same ways. NaN where there is no face.

    Returns
    -------
    array of shape (T, 3) or (3,)
        Yaw, pitch and roll in degrees, NaN where there is no face. The nose turns to the image's
        right with positive yaw, within -90 to 90, and down with positive pitch; positive roll tilts
        the head clockwise in the image. Roll is applied last and pitch first: the order, and the
        signs, of `smilegenuine.datasets.make_smiles`.

    Raises
    ------
    ValueError
        `head_pose` has another shape.

    Notes
    -----
    Angles are against the camera's axis, for a lens of 63 degrees of vertical view, as MediaPipe
    assumes. Zero is the pose of its canonical face, which need not be a person's own zero: take
    differences within a clip.

    Examples
    --------
    >>> import numpy as np
    >>> from smilegenuine.face.head_pose import head_angles
    >>> head_angles(np.eye(4)) + 0.0
    array([0., 0., 0.])
    """
    matrices = np.asarray(head_pose, dtype=float)
    if matrices.ndim not in (2, 3) or matrices.shape[-2:] != (4, 4):
        raise ValueError(f"head_pose must have the shape (T, 4, 4) or (4, 4), not "
                         f"{matrices.shape}")
    turn = matrices[..., :3, :3]
    # The matrix may scale too; and y runs down in the angles' axes, up in MediaPipe's.
    turn = turn / np.linalg.norm(turn, axis=-2, keepdims=True)
    flip = np.array([1.0, -1.0, 1.0])
    turn = turn * flip * flip[:, None]
    yaw = np.arcsin(-turn[..., 2, 0])
    pitch = np.arctan2(-turn[..., 2, 1], turn[..., 2, 2])
    roll = np.arctan2(turn[..., 1, 0], turn[..., 0, 0])
    return np.degrees(np.stack([yaw, pitch, roll], axis=-1))
