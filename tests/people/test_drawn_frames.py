"""Drawn frames: read when asked for, with two sides, artefacts, absences and landmarks."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from smilegenuine.clips.au_table import AU_NAMES
from smilegenuine.drawing.appearance import Person, random_person
from smilegenuine.people import drawn_frames as module
from smilegenuine.people.drawn_frames import DrawnFrames, LandmarkList, absence
from smilegenuine.people.smile_copula import random_style
from smilegenuine.people.smile_motion import Motion, smile_motion

SIZE = 48
AU = {name: k for k, name in enumerate(AU_NAMES)}
UNEVEN = ("AU06", "AU12", "AU14")


def person(seed: int = 3) -> Person:
    return random_person(np.random.default_rng(seed))


def motion(seed: int = 0, fps: float = 10.0, **options) -> Motion:
    rng = np.random.default_rng(seed)
    return smile_motion(1, random_style(rng), fps, rng, head_motion=0.0)._replace(**options)


def frames(n: int | None = None, who: Person | None = None, what: Motion | None = None,
           size: int = SIZE, seed: int = 5, **options) -> np.ndarray:
    """The first `n` frames of a clip, as integers."""
    source = DrawnFrames(who or person(), what or motion(), size, seed, "clip", **options)
    return np.stack(list(islice(source, n))).astype(int)


class TestFrames:
    def test_nothing_is_drawn_before_it_is_read(self, renderers):
        source = DrawnFrames(person(), motion(), SIZE, 5, "clip")
        assert len(source) == len(motion().times)
        np.testing.assert_array_equal(source.times, motion().times)
        assert source.fps == pytest.approx(10.0)
        assert source.name == "clip"
        assert source.sides.shape == (len(source), 2, 17)
        assert renderers == []
        both = iter(source)
        next(both)
        next(both)
        assert renderers == [SIZE, -1, -1]

    def test_shape(self):
        source = DrawnFrames(person(), motion(), SIZE, 5, "clip")
        drawn = list(source)
        assert len(drawn) == len(source)
        assert {(frame.shape, frame.dtype.name) for frame in drawn} == {((SIZE, SIZE, 3), "uint8")}

    def test_the_same_each_time(self):
        np.testing.assert_array_equal(frames(5), frames(5))
        source = DrawnFrames(person(), motion(), SIZE, 5, "clip", quality=40)
        for one, other in zip(islice(source, 4), islice(source, 4), strict=True):
            np.testing.assert_array_equal(one, other)

    def test_every_frame_has_noise_of_its_own(self):
        still = motion()
        still = still._replace(aus=0 * still.aus, gaze=0 * still.gaze)
        one, two, three = frames(3, what=still)
        for a, b in ((one, two), (two, three), (one, three)):
            assert 1.0 < np.abs(a - b).mean() < 10.0
        assert 1.0 < np.abs(one - frames(1, what=still, seed=6)[0]).mean() < 10.0

    def test_other_people_look_different(self):
        assert np.abs(frames(1) - frames(1, who=person(4))).mean() > 8

    def test_pose_and_gaze_are_drawn(self):
        still = motion()
        for field, k, by in (("pose", 0, 15.0), ("pose", 3, 0.1), ("pose", 5, 0.2),
                             ("gaze", 0, 20.0)):
            moved = getattr(still, field).copy()
            moved[:, k] += by
            apart = np.abs(frames(1) - frames(1, what=still._replace(**{field: moved})))
            assert apart.max() > 30, (field, k)

    def test_without_frames_rate_is_still_known(self):
        assert DrawnFrames(person(), motion(fps=29.97), SIZE, 0, "x").fps == pytest.approx(29.97)

    def test_a_single_frame(self):
        """A rate so low that nothing but the first frame is left."""
        source = DrawnFrames(person(), motion(fps=0.05), SIZE, 5, "clip")
        assert len(source) == 1
        assert source.fps is None or source.fps > 0


class TestSides:
    @pytest.mark.parametrize("balance", [0.6, -0.3, 0.0])
    def test_follow_the_balance(self, balance):
        what = motion(balance=balance)
        sides = DrawnFrames(person(), what, SIZE, 5, "clip").sides
        for name, k in AU.items():
            left, right = sides[:, 0, k], sides[:, 1, k]
            share = balance if name in UNEVEN else 0.0
            np.testing.assert_allclose(left, np.minimum(what.aus[:, k] * (1 + share / 2), 5))
            np.testing.assert_allclose(right, np.minimum(what.aus[:, k] * (1 - share / 2), 5))
        assert sides.max() <= 5
        assert (what.aus == motion().aus).all()  # nothing was written into the motion

    def test_both_sides_are_drawn(self):
        aus = np.zeros_like(motion().aus)
        aus[:, AU["AU12"]] = 4.0
        left, right = (frames(1, what=motion(aus=aus, balance=b), size=64)[0] for b in (0.9, -0.9))
        even = frames(1, what=motion(aus=aus, balance=0.0), size=64)[0]
        changed = np.abs(left - right).sum(axis=2) > 15
        assert 10 < changed.sum() < 0.5 * 64 * 64
        for one in (left, right):
            assert np.abs(one - even).max() > 20


class TestCompression:
    def test_none_leaves_frames_as_drawn(self, monkeypatch):
        monkeypatch.setattr(module, "_compressed", lambda *args: pytest.fail("compressed"))
        frames(1, quality=None)

    def test_more_of_it_changes_more(self):
        drawn = frames(3)
        apart = [np.abs(frames(3, quality=q) - drawn).mean() for q in (98, 70, 25)]
        assert 0 < apart[0] < apart[1] < apart[2] < 30

    def test_colours_stay_what_they_are(self):
        drawn, packed = frames(1), frames(1, quality=95)
        for k in range(3):
            assert np.corrcoef(drawn[..., k].ravel(), packed[..., k].ravel())[0, 1] > 0.97
        np.testing.assert_allclose(packed.mean(axis=(0, 1, 2)), drawn.mean(axis=(0, 1, 2)), atol=3)


class TestAbsences:
    def test_nobody_is_in_the_picture(self):
        """What is drawn then depends neither on the face's motion nor on where the head is."""
        n = len(motion().times)
        visible = np.arange(n) < 2
        moved = motion()
        moved = moved._replace(aus=moved.aus + 3.0, pose=moved.pose + 0.2)
        one, other = (frames(5, what=m, visible=visible) for m in (motion(), moved))
        np.testing.assert_array_equal(one[2:], other[2:])
        assert np.abs(one[:2] - other[:2]).max() > 30
        np.testing.assert_array_equal(one[:2], frames(2))
        # There, the middle of the picture is a wall: much the same all over, and not the face.
        middle = one[:, 16:32, 16:32].mean(axis=3)
        assert middle[2:].std(axis=(1, 2)).max() < middle[:2].std(axis=(1, 2)).min()
        assert np.abs(one[2] - one[1]).mean() > 8

    def test_share_of_clips(self):
        rng = np.random.default_rng(0)
        gone = [not absence(60, 0.3, rng).all() for _ in range(600)]
        assert np.mean(gone) == pytest.approx(0.3, abs=0.05)
        assert all(absence(60, 0.0, rng).all() for _ in range(50))
        assert not any(absence(60, 1.0, rng).all() for _ in range(50))

    @pytest.mark.parametrize("n", [3, 40, 333])
    def test_one_moment_a_clip(self, n):
        rng = np.random.default_rng(1)
        starts, shares = [], []
        for _ in range(200):
            visible = absence(n, 1.0, rng)
            assert visible.shape == (n,)
            assert visible.dtype == bool
            gone = np.flatnonzero(~visible)
            np.testing.assert_array_equal(np.diff(gone), 1)
            starts.append(gone[0] / n)
            shares.append(len(gone) / n)
        assert 0.1 - 0.5 / n <= min(shares)
        assert max(shares) <= 0.36 + 0.5 / n
        assert min(starts) == 0
        assert max(starts) > 0.6

    def test_random_numbers_used_do_not_depend_on_the_share(self):
        after = set()
        for share in (0.0, 0.5, 1.0):
            rng = np.random.default_rng(2)
            absence(50, share, rng)
            after.add(rng.random())
        assert len(after) == 1


class TestLandmarks:
    def clips(self, n: int = 3, **options) -> list[DrawnFrames]:
        return [DrawnFrames(person(k), motion(k), SIZE, 5, "clip", **options) for k in range(n)]

    def test_computed_when_asked_for(self, monkeypatch):
        asked = []

        def mesh(self):
            asked.append(self)
            return "places", "seen"

        monkeypatch.setattr(DrawnFrames, "mesh", mesh)
        clips = self.clips()
        places, seen = LandmarkList(clips, 0), LandmarkList(clips, 1)
        assert len(places) == 3
        assert "3 clips" in repr(places)
        part = places[1:]
        assert isinstance(part, LandmarkList)
        assert len(part) == 2
        assert asked == []
        assert (places[0], seen[-1], part[0]) == ("places", "seen", "places")
        assert asked == [clips[0], clips[2], clips[1]]
        assert list(seen) == ["seen"] * 3
        with pytest.raises(IndexError):
            places[3]

    def test_shapes(self):
        clips = self.clips(2)
        for source, places, seen in zip(clips, LandmarkList(clips, 0), LandmarkList(clips, 1),
                                        strict=True):
            assert places.shape == (len(source), 478, 3)
            assert seen.shape == (len(source), 478)
            assert seen.dtype == bool
            assert np.isfinite(places).all()
            assert seen.mean() > 0.8
            # A face in the picture.
            assert places[..., :2].min() > -0.1 * SIZE
            assert places[..., :2].max() < 1.1 * SIZE

    @pytest.mark.parametrize("seed", [0, 1, 2])
    def test_mouth_corners_move_apart_with_the_smile(self, seed):
        what = motion(seed)
        places, _ = DrawnFrames(person(seed), what, 256, 5, "clip").mesh()
        width = np.linalg.norm(places[:, 291, :2] - places[:, 61, :2], axis=1)
        au12 = what.aus[:, AU["AU12"]]
        assert au12.max() > 1
        assert (width[au12 == 0] / width[0]).max() < 1.05
        assert width[au12.argmax()] > 1.05 * width[0]
        alone = np.zeros_like(what.aus)
        alone[:, AU["AU12"]] = au12
        places, _ = DrawnFrames(person(seed), what._replace(aus=alone), 256, 5, "clip").mesh()
        width = np.linalg.norm(places[:, 291, :2] - places[:, 61, :2], axis=1)
        assert np.corrcoef(width, au12)[0, 1] > 0.97

    def test_the_stronger_side_goes_further(self):
        aus = np.zeros_like(motion().aus)
        aus[1:, AU["AU12"]] = 3.0
        moved = {}
        for balance in (-0.6, 0.6):
            places, _ = DrawnFrames(person(), motion(aus=aus, balance=balance), 256, 5, "c").mesh()
            away = np.linalg.norm(places[1] - places[0], axis=1)
            moved[balance] = away[61] - away[291]  # the picture's left less its right corner
        assert moved[0.6] > moved[-0.6] + 3

    def test_they_follow_the_head(self):
        pose = motion().pose
        moved = pose + np.array([0, 0, 0, 0.1, 0.05, 0])
        here, there = (DrawnFrames(person(), motion(pose=p), 200, 5, "c").mesh()[0]
                       for p in (pose, moved))
        np.testing.assert_allclose((there - here)[..., 0], 20, atol=0.5)
        np.testing.assert_allclose((there - here)[..., 1], 10, atol=0.5)

    def test_nobody_there(self):
        visible = np.ones(len(motion().times), bool)
        visible[3:6] = False
        source = DrawnFrames(person(), motion(), SIZE, 5, "clip", visible=visible)
        places, seen = source.mesh()
        assert np.isnan(places[3:6]).all()
        assert not seen[3:6].any()
        whole, all_seen = DrawnFrames(person(), motion(), SIZE, 5, "clip").mesh()
        np.testing.assert_array_equal(places[visible], whole[visible])
        np.testing.assert_array_equal(seen[visible], all_seen[visible])
