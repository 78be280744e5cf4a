"""The identities of drawn people: both sexes, children and the old, and what follows from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from smilegenuine.drawing.appearance import (
    BEARD_STYLES,
    HAIR_STYLES,
    SEXES,
    random_person,
    wrinkledness,
    youth,
)
from smilegenuine.drawing.hair_styles import STYLES
from smilegenuine.drawing.renderer import FaceRenderer
from smilegenuine.drawing.strokes import Canvas
from smilegenuine.drawing.wrinkles import Folds


@pytest.fixture(scope="module")
def crowd():
    return [random_person(np.random.default_rng((5, k))) for k in range(400)]


def mean(people, name):
    return np.mean([getattr(p, name) for p in people])


def test_people_are_of_all_ages(crowd):
    years = np.array([p.years for p in crowd])
    assert years.min() >= 8
    assert years.max() <= 76
    assert years.max() > 65
    assert 0.4 < np.mean(years < 18) < 0.56
    assert np.all(np.histogram(years, [8, 11, 14, 18, 30, 45, 60, 77])[0] > 15)


def test_both_sexes_are_as_common(crowd):
    assert {p.sex for p in crowd} == set(SEXES)
    assert 0.42 < np.mean([p.sex == "male" for p in crowd]) < 0.58


def test_styles_are_known(crowd):
    assert {p.hair_style for p in crowd} <= set(HAIR_STYLES)
    assert set(STYLES) == set(HAIR_STYLES) - {"bald"}
    assert {p.beard_style for p in crowd} == set(BEARD_STYLES)
    counts = np.unique([p.hair_style for p in crowd], return_counts=True)[1]
    assert counts.max() < 0.2 * len(crowd)


def test_children_have_children_s_faces(crowd):
    children = [p for p in crowd if p.years < 12]
    adults = [p for p in crowd if 20 <= p.years < 45]
    for name in ("eye_width", "eye_opening", "face_width", "cheek_fullness"):
        assert mean(children, name) > 1.02 * mean(adults, name), name
    for name in ("nose_length", "nose_width", "nose_bridge", "brow_thickness", "brow_ridge"):
        assert mean(children, name) < 0.97 * mean(adults, name), name
    assert {p.age for p in children} == {0.0}


def test_beards_and_baldness_come_with_years(crowd):
    bearded = [p for p in crowd if p.beard_style != "none"]
    assert {p.sex for p in bearded} == {"male"}
    assert min(p.years for p in bearded) >= 18
    assert all(p.years >= 25 for p in crowd if p.hair_style in ("bald", "receding"))


def test_hair_greys(crowd):
    def greyness(person):
        return 1.0 - np.ptp(person.hair_colour) / max(person.hair_colour)

    bright = [p for p in crowd if p.years > 62 and min(p.hair_colour) > 0.4]
    assert bright
    assert min(greyness(p) for p in bright) > 0.7
    assert all(min(p.hair_colour) < 0.45 for p in crowd if p.years < 34)


@pytest.mark.parametrize(("years", "young", "old"), [(8, 1, 0), (13, 0.5, 0), (20, 0, 0),
                                                     (76, 0, 1)])
def test_years_make_young_and_old(years, young, old):
    assert youth(years) == pytest.approx(young)
    assert wrinkledness(years) == pytest.approx(old)


def test_wrinkles_show(crowd):
    person = replace(crowd[0], glasses="none")
    young, old = (FaceRenderer(replace(person, age=age)).draw(np.zeros(17)).astype(float)
                  for age in (0.0, 1.0))
    assert np.abs(young - old).max() > 15.0


def test_children_wrinkle_less(crowd):
    aus = np.zeros(17)
    aus[4] = 4.0  # AU06: crow's feet
    depth = []
    for years in (8, 40):
        person = replace(crowd[0], years=years, age=0.0)
        canvas = Canvas.covering(120.0, (-0.9, -1.3, 0.9, 1.3))
        folds = Folds(person, canvas).draw(aus / 5.0, aus / 5.0)
        part = canvas.window((0.46, -0.12, 0.56, 0.02))[1]
        depth.append(np.abs(folds[part]).max())
    assert 0.0 < depth[0] < 0.6 * depth[1]


def test_light_may_be_uneven(crowd):
    person = replace(crowd[1], shadow=0.0, fill_colour=(0.0, 0.0, 0.0), glasses="none")
    frame = FaceRenderer(person).draw(np.zeros(17)).astype(float)
    face = np.s_[70:120, 50:110]
    shaded = FaceRenderer(replace(person, shadow=0.5)).draw(np.zeros(17)).astype(float)
    darker = (frame - shaded)[face].mean(axis=(0, 2))
    assert darker[-15:].mean() > 5.0 + darker[:15].mean()
    blue = replace(person, fill_colour=(0.0, 0.0, 0.3), fill_light=(-0.8, 0.0, 0.6))
    gain = FaceRenderer(blue).draw(np.zeros(17)).astype(float) - frame
    assert gain[face][..., 2].mean() > 5.0
    assert np.abs(gain[face][..., :2]).max() <= 3.0
    assert gain[face][:, :15, 2].mean() > gain[face][:, -15:, 2].mean()
