"""What stands around MediaPipe: units, its messages, reading ahead."""

from __future__ import annotations

import os
from types import SimpleNamespace

import numpy as np
import pytest

from smilegenuine.face.landmarker import faces_seen, quiet_stderr, read_ahead


def test_pixels_have_whole_coordinates_and_depth_is_in_pixels_of_the_width():
    found = SimpleNamespace(
        face_landmarks=[[SimpleNamespace(x=0.0, y=0.5, z=-0.1), SimpleNamespace(x=1, y=1, z=0)]],
        face_blendshapes=[[SimpleNamespace(score=0.25)]],
        facial_transformation_matrixes=[np.diag([1.0, 2.0, 3.0, 1.0])])
    face, = faces_seen(found, (640, 360))
    np.testing.assert_allclose(face.points, [[-0.5, 179.5, -64.0], [639.5, 359.5, 0.0]])
    np.testing.assert_array_equal(face.blendshapes, [0.25])
    np.testing.assert_array_equal(np.diag(face.pose), [1, 2, 3, 1])


def write_lines_and_fail():
    with quiet_stderr():
        for line in ("I0000 00:00:1 7 gl.cc:1] GL version", "something else",
                     "INFO: Created TensorFlow Lite XNNPACK delegate for CPU.",
                     "W0000 00:00:1 7 graph.cc:2] Sets acceleration to xnnpack by default.",
                     "W0000 00:00:1 7 graph.cc:3] memory runs out",
                     "E0000 00:00:1 7 graph.cc:4] failed"):
            os.write(2, f"{line}\n".encode())
        raise ValueError("inside")


def test_what_matters_comes_through_to_stderr(capfd):
    with pytest.raises(ValueError, match="inside"):
        write_lines_and_fail()
    os.write(2, b"after\n")
    assert capfd.readouterr().err.splitlines() == [
        "something else", "W0000 00:00:1 7 graph.cc:3] memory runs out",
        "E0000 00:00:1 7 graph.cc:4] failed", "after"]


def test_reading_ahead_is_one_item_ahead_and_in_order():
    made = []

    def items():
        for i in range(5):
            made.append(i)
            yield i

    for i in (ahead := read_ahead(items())):
        assert i <= len(made) - 1 <= i + 1
        if i == 3:
            ahead.close()
    assert len(made) <= 5
    assert list(read_ahead(iter("abc"))) == ["a", "b", "c"]


def test_an_error_while_reading_ahead_comes_in_its_place():
    ahead = read_ahead(1 / x for x in (1, 2, 0, 4))
    assert [next(ahead), next(ahead)] == [1.0, 0.5]
    with pytest.raises(ZeroDivisionError):
        next(ahead)
