"""Hair and headwear of drawn people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from smilegenuine.drawing.appearance import HAIR_STYLES, random_person
from smilegenuine.drawing.renderer import FaceRenderer

TALL = ("afro", "bun", "curly")


def person_with(style):
    person = random_person(np.random.default_rng(3))
    return replace(person, hair_style=style, glasses="none", beard_style="none", hair_volume=1.0,
                   hair_part=0.6)


@pytest.fixture(scope="module")
def frames():
    return {style: FaceRenderer(person_with(style)).draw(np.zeros(17)) for style in HAIR_STYLES}


@pytest.mark.parametrize("style", HAIR_STYLES)
def test_hair_leaves_the_face_free(frames, style):
    features = np.s_[72:125, 58:102]
    change = np.abs(frames[style][features].astype(float) - frames["bald"][features])
    assert np.mean(change > 25.0) < 0.06


@pytest.mark.parametrize("style", [s for s in HAIR_STYLES if s not in TALL])
def test_hair_is_not_cut_by_the_frame(frames, style):
    wall = FaceRenderer(person_with(style)).draw(np.zeros(17), visible=False)
    assert np.mean(frames[style][0] != wall[0]) < 0.05


def test_styles_look_different(frames):
    for k, one in enumerate(HAIR_STYLES):
        for other in HAIR_STYLES[:k]:
            assert np.abs(frames[one].astype(float) - frames[other]).mean() > 0.8, (one, other)


@pytest.mark.parametrize("style", HAIR_STYLES)
def test_hair_turns_with_the_head(style):
    renderer = FaceRenderer(person_with(style), 96)
    for yaw in (-40.0, 15.0):
        frame = renderer.draw(np.zeros(17), yaw=yaw, pitch=8.0, roll=-6.0)
        assert frame.std() > 10.0
