"""Regions of the mesh are a partition, alike on both sides; lines follow the mesh."""

from __future__ import annotations

import numpy as np
import pytest

from smilegenuine.drawing.mesh_template import load_template
from smilegenuine.face import mesh
from smilegenuine.face.mesh_regions import LINES, REGIONS


def swapped(name: str) -> str:
    sides = {"left": "right", "right": "left"}
    return " ".join(sides.get(word, word) for word in name.split())


def test_every_point_is_in_one_region():
    np.testing.assert_array_equal(np.sort(np.concatenate(list(REGIONS.values()))),
                                  np.arange(mesh.N_POINTS))


@pytest.mark.parametrize("name", REGIONS)
def test_sides_are_alike(name):
    mirrored = load_template().mirror[REGIONS[name]]
    assert set(mirrored.tolist()) == set(REGIONS[swapped(name)].tolist())


@pytest.mark.parametrize(("point", "name"), [
    (mesh.LEFT_LIP_CORNER, "lips"), (mesh.LOWER_LIP_MIDDLE, "lips"), (mesh.LEFT_IRIS, "left eye"),
    (mesh.RIGHT_UPPER_LID, "right eye"), (mesh.LEFT_CHEEK, "left cheek"),
    (mesh.RIGHT_CHEEK, "right cheek"), (mesh.NOSE_TIP, "nose"), (mesh.NOSE_ROOT, "nose"),
    (mesh.CHIN, "outline"), (mesh.FOREHEAD_TOP, "outline")])
def test_named_points_are_where_they_belong(point, name):
    assert point in REGIONS[name]


def test_left_is_the_images():
    places = load_template().points
    for name in REGIONS:
        if name.startswith("left"):
            assert (places[REGIONS[name], 0] < 0).all()
            assert (places[REGIONS[swapped(name)], 0] > 0).all()


@pytest.mark.parametrize("name", LINES)
def test_lines_go_from_neighbour_to_neighbour(name):
    """No step is longer than a fifth of the face's width, and no point comes twice."""
    line, places = LINES[name], load_template().points
    steps = np.linalg.norm(np.diff(places[line], axis=0), axis=1)
    assert steps.max() < 0.2 * np.ptp(places[:, 0])
    assert len(set(line.tolist())) == len(line) - (line[0] == line[-1])
