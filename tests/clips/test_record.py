"""`Clip`, the frozen record, and `as_clips`, the door: what goes in, what is refused and how."""

from __future__ import annotations

import copy
import dataclasses
import os
import pickle
from pathlib import Path

import cv2
import joblib
import numpy as np
import pandas as pd
import pytest

from smilegenuine.clips.errors import ClipError
from smilegenuine.clips.record import Clip, as_clips
from smilegenuine.clips.video import ArrayFrames, FrameSource, ImageFrames, VideoFrames

SIGNALS = {
    "faces": ((9, 6, 5, 3), np.uint8), "landmarks": ((9, 478, 3), float), "aus": ((9, 17), float),
    "smile": ((9,), float), "valid": ((9,), bool),
    "blendshapes": ((9, 52), float), "head_pose": ((9, 4, 4), float),
}


def signal(field: str, n: int = 9) -> np.ndarray:
    shape, dtype = SIGNALS[field]
    high = 2 if field == "valid" else 5
    return np.random.default_rng(1).integers(0, high, (n, *shape[1:])).astype(dtype)


def full_clip() -> Clip:
    return Clip(frames=np.zeros((9, 4, 5, 3), np.uint8), fps=30, name="a", subject="s",
                **{field: signal(field) for field in SIGNALS})


class TestFields:
    def test_everything_is_optional(self):
        clip = Clip()
        assert [getattr(clip, f.name) for f in dataclasses.fields(Clip)] == [None] * 12
        assert clip.n_frames is None
        assert clip.mask.shape == (0,)
        assert repr(clip) == "Clip()"

    def test_order_of_arguments(self):
        assert [f.name for f in dataclasses.fields(Clip)] == [
            "frames", "times", "fps", "name", "subject", "faces", "landmarks", "aus", "smile",
            "valid", "blendshapes", "head_pose"]

    @pytest.mark.parametrize("field", SIGNALS)
    def test_signals_are_kept(self, field):
        clip = Clip(**{field: signal(field)})
        np.testing.assert_array_equal(getattr(clip, field), signal(field))
        assert getattr(clip, field).dtype == SIGNALS[field][1]
        assert clip.n_frames == len(clip.mask) == 9

    def test_lists_series_and_tables(self):
        clip = Clip(times=(0, 1, 2), smile=pd.Series([1, 2, 3]), valid=[1, 0, 1],
                    aus=pd.DataFrame(np.ones((3, 17), int)))
        np.testing.assert_array_equal(clip.smile, [1.0, 2.0, 3.0])
        np.testing.assert_array_equal(clip.mask, [True, False, True])
        assert clip.aus.dtype == clip.times.dtype == float

    def test_floating_faces(self):
        clip = Clip(faces=np.full((2, 4, 5, 3), 0.5))
        assert clip.faces.dtype == np.uint8
        assert clip.faces.max() == 128

    @pytest.mark.parametrize(("faces", "message"), [
        (np.full((2, 4, 5, 3), 128.0), "clip of s1: floating-point faces must lie within 0 and 1"),
        (np.full((2, 4, 5, 3), 300), "clip of s1: faces of type int64 are not understood"),
        (np.full((2, 3, 8, 8), 9, np.uint8), r"faces must have the shape \(T, h, w, 3\), not \(2"),
    ])
    def test_bad_faces(self, faces, message):
        with pytest.raises(ClipError, match=message):
            Clip(faces=faces, subject="s1")

    @pytest.mark.parametrize(("field", "value", "message"), [
        ("landmarks", np.zeros((4, 478)), r"landmarks must have the shape \(T, 478, 3\), not"),
        ("landmarks", np.zeros((4, 478, 2)), r"landmarks must have the shape \(T, 478, 3\), not"),
        ("aus", np.zeros((4, 16)), r"aus must have the shape \(T, 17\), not \(4, 16\)"),
        ("aus", np.zeros(17), r"aus must have the shape \(T, 17\), not \(17,\)"),
        ("aus", [["x"] * 17], r"aus must be an array of numbers of shape \(T, 17\)"),
        ("smile", np.zeros((4, 1)), r"smile must have the shape \(T,\), not \(4, 1\)"),
        ("smile", 3.0, r"smile must have the shape \(T,\), not \(\)"),
        ("smile", ["a", "b"], r"smile must be an array of numbers of shape \(T,\)"),
        ("valid", np.zeros((4, 2)), r"valid must have the shape \(T,\), not \(4, 2\)"),
        ("valid", ["yes", "no"], r"valid must be an array of numbers of shape \(T,\)"),
        ("valid", [1, np.nan, 0], "valid must be True or False for every frame"),
        ("valid", [0.9, 0.1], "valid must be True or False for every frame"),
        ("aus", np.zeros((0, 17)), r"aus is empty: its shape is \(0, 17\)"),
        ("smile", [], "smile is empty"),
        ("times", [], "times must be .* seconds, finite and strictly increasing"),
        ("times", [0, 1, 1], "times must be .* strictly increasing"),
        ("times", [0, 2, 1], "times must be .* strictly increasing"),
        ("times", [0, np.nan, 1], "times must be .* finite"),
        ("times", [[0, 1]], r"times must be \(T,\) seconds"),
        ("times", "now", r"times must be \(T,\) seconds"),
        ("fps", 0, "fps must be a positive number of frames a second, not 0"),
        ("fps", -25, "fps must be a positive number of frames a second, not -25"),
        ("fps", np.nan, "fps must be a positive number of frames a second, not nan"),
        ("fps", np.inf, "fps must be a positive number"),
        ("fps", "fast", "fps must be a positive number of frames a second, not 'fast'"),
        ("fps", [25, 50], r"fps must be a positive number of frames a second, not \[25, 50\]"),
    ])
    def test_bad_values(self, field, value, message):
        with pytest.raises(ClipError, match=f"^of-clip: {message}"):
            Clip(name="of-clip", **{field: value})

    @pytest.mark.parametrize("other", ["faces", "landmarks", "smile", "valid", "times", "frames"])
    def test_lengths_must_agree(self, other):
        longer = {"times": np.arange(11.0), "frames": np.zeros((11, 4, 5), np.uint8)}
        value = longer[other] if other in longer else signal(other, 11)
        with pytest.raises(ClipError, match=f"differ in their number of frames: .*{other} has 11"):
            Clip(aus=signal("aus"), **{other: value})

    def test_length_of_a_video_is_compared_when_it_is_known(self, make_video, decoded):
        clip = Clip(frames=make_video(n=12), aus=signal("aus"))
        assert decoded == []
        with pytest.raises(ClipError, match=r"clip\.mp4: fields differ.* aus has 9, times has 12"):
            clip.times  # noqa: B018

    @pytest.mark.parametrize("kind", [str, Path])
    def test_frames_from_a_path(self, make_video, kind):
        path = make_video(n=4)
        clip = Clip(frames=kind(path))
        assert isinstance(clip.frames, VideoFrames)
        assert clip.name == clip.label == str(path)
        assert Clip(frames=path, name="other").name == "other"

    def test_frames_from_pictures(self):
        array = np.random.default_rng(0).integers(0, 256, (3, 4, 5, 3), np.uint8)
        for frames in (array, list(array), tuple(array), ArrayFrames(array)):
            np.testing.assert_array_equal(list(Clip(frames=frames).frames), array)

    @pytest.mark.parametrize(("frames", "message"), [
        ([np.zeros((4, 5, 3), np.uint8), np.zeros((4, 6, 3), np.uint8)], "differ in their shape"),
        ([], "frames must be a path, an array .* not list"),
        (25, "frames must be a path, an array .* not int"),
        (np.zeros((3, 3, 40, 50), np.uint8), "Are the channels first"),
    ])
    def test_bad_frames(self, frames, message):
        with pytest.raises(ClipError, match=f"^me: .*{message}"):
            Clip(frames=frames, name="me")

    def test_missing_file(self):
        with pytest.raises(FileNotFoundError, match=r"nowhere\.mp4: no such file"):
            Clip(frames="nowhere.mp4")

    def test_name_and_subject_become_strings(self):
        clip = Clip(name=Path("a"), subject=7)
        assert (clip.name, clip.subject) == ("a", "7")
        assert Clip(subject=np.str_("s1")).label == "clip of s1"
        assert Clip().label == "clip without a name"


class TestMissingActionUnits:
    def test_frames_with_nan_are_not_valid(self):
        aus = signal("aus")
        aus[2, 4] = np.nan
        aus[5] = np.nan
        aus[7, 0] = np.inf
        clip = Clip(aus=aus)
        np.testing.assert_array_equal(np.flatnonzero(~clip.valid), [2, 5, 7])
        given = np.ones(9, bool)
        given[0] = False
        np.testing.assert_array_equal(np.flatnonzero(~Clip(aus=aus, valid=given).mask),
                                      [0, 2, 5, 7])
        assert given.sum() == 8

    def test_complete_ones_leave_valid_alone(self):
        assert Clip(aus=signal("aus")).valid is None
        assert Clip(aus=signal("aus")).mask.all()

    @pytest.mark.parametrize("field", ["landmarks", "blendshapes", "head_pose"])
    def test_frames_in_which_a_measure_is_nan_are_not_valid(self, field):
        values = signal(field)
        values[3] = np.nan
        values[7].flat[-1] = np.nan
        clip = Clip(**{field: values}, valid=np.arange(9) > 0)
        assert np.flatnonzero(~clip.mask).tolist() == [0, 3, 7]

    @pytest.mark.parametrize(("field", "kept"), [("landmarks", np.float32), ("aus", float),
                                                 ("blendshapes", np.float32), ("smile", float)])
    def test_single_precision_is_kept_of_what_is_large(self, field, kept):
        clip = Clip(**{field: signal(field).astype(np.float32)})
        assert getattr(clip, field).dtype == kept
        assert getattr(Clip(**{field: signal(field).astype(int)}), field).dtype == float

    def test_one_that_is_nan_throughout(self):
        aus = signal("aus")
        aus[:, [2, 16]] = np.nan
        with pytest.raises(ClipError, match="a: AU04, AU45 is NaN in every frame; measure it or"):
            Clip(aus=aus, name="a")

    def test_nothing_measured_at_all(self):
        clip = Clip(aus=np.full((4, 17), np.nan))
        assert not clip.mask.any()

    def test_lengths_are_told_where_nan_meets_a_short_valid(self):
        aus = signal("aus")
        aus[3] = np.nan
        with pytest.raises(ClipError, match="aus has 9, valid has 4"):
            Clip(aus=aus, valid=np.ones(4, bool))


class TestTiming:
    def test_times_from_fps(self):
        clip = Clip(aus=signal("aus"), fps=20)
        np.testing.assert_allclose(clip.times, np.arange(9) / 20)
        assert clip.fps == 20

    def test_fps_from_times_is_their_median(self):
        assert Clip(times=[0, 0.04, 0.08, 0.5, 0.54]).fps == pytest.approx(25)
        assert Clip(times=[0.3]).fps is None

    def test_neither(self):
        clip = Clip(aus=signal("aus"))
        assert clip.times is clip.fps is None
        assert clip.n_frames == 9

    def test_of_a_video(self, make_video):
        clip = Clip(frames=make_video(n=10, fps=24))
        assert clip.fps == 24
        np.testing.assert_allclose(clip.times, np.arange(10) / 24, atol=1e-6)
        assert clip.n_frames == 10
        assert not clip.times.flags.writeable

    def test_of_images(self, tmp_path):
        for i in range(3):
            cv2.imwrite(str(tmp_path / f"{i}.png"), np.zeros((4, 5, 3), np.uint8))
        clip = Clip(frames=ImageFrames(tmp_path), fps=10)
        np.testing.assert_allclose(clip.times, [0, 0.1, 0.2])

    def test_given_times_go_before_the_video(self, make_video, decoded):
        clip = Clip(frames=make_video(n=4, fps=24), times=[0, 0.1, 0.2, 0.3])
        np.testing.assert_array_equal(clip.times, [0, 0.1, 0.2, 0.3])
        assert clip.fps == pytest.approx(10)
        assert clip.n_frames == 4
        assert decoded == []

    def test_nothing_is_decoded_before_it_is_asked_for(self, make_video, decoded):
        clip = Clip(frames=make_video(n=6), subject="s")
        repr(clip)
        clip.replace(subject="t")
        pickle.dumps(clip)
        joblib.hash(clip)
        copy.copy(clip)
        assert clip.label
        assert as_clips([clip, str(clip.frames.path)])
        assert decoded == []
        assert clip.fps == 25
        assert len(decoded) == 1  # the header
        assert len(clip.times) == clip.n_frames == 6
        assert len(clip.replace(name="b").times) == 6
        assert len(decoded) == 2  # one pass, which the copy shares

    def test_own_source_with_times(self):
        class Timed(FrameSource):
            times = np.array([0, 0.5, 0.6])

            def __iter__(self):
                return iter(np.zeros((3, 4, 5, 3), np.uint8))

        clip = Clip(frames=Timed())
        assert clip.n_frames == 3
        assert not clip.times.flags.writeable
        assert Timed.times.flags.writeable


class TestFrozen:
    @pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(Clip)])
    def test_fields(self, field):
        clip = full_clip()
        with pytest.raises(dataclasses.FrozenInstanceError, match=field):
            setattr(clip, field, None)

    def test_no_new_attributes(self):
        with pytest.raises(dataclasses.FrozenInstanceError, match="colour"):
            full_clip().colour = "red"

    @pytest.mark.parametrize("made", [
        lambda c: c, lambda c: pickle.loads(pickle.dumps(c)), copy.copy, copy.deepcopy,
        lambda c: c.replace(name="b")])
    @pytest.mark.parametrize("field", [*SIGNALS, "times"])
    def test_arrays(self, made, field):
        array = getattr(made(full_clip()), field)
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0

    @pytest.mark.parametrize("field", [*SIGNALS, "times"])
    def test_given_arrays_stay_writeable(self, field):
        array = np.arange(9.0) if field == "times" else signal(field)
        Clip(**{field: array})
        assert array.flags.writeable

    def test_given_source_is_not_changed(self, make_video):
        source = VideoFrames(make_video())
        before = dict(vars(source))
        assert Clip(frames=source, name="x", subject="y").frames is source
        assert vars(source) == before


class TestReplace:
    def test_all_else_stays(self):
        clip = full_clip()
        other = clip.replace(smile=np.arange(9.0))
        assert (other.name, other.subject, other.fps) == ("a", "s", 30)
        for field in set(SIGNALS) - {"smile"}:
            np.testing.assert_array_equal(getattr(other, field), getattr(clip, field))
        np.testing.assert_array_equal(other.smile, np.arange(9.0))
        np.testing.assert_array_equal(clip.smile, signal("smile"))
        assert clip.replace(frames=None).frames is None

    def test_lazy_timing_stays_lazy(self, make_video, decoded):
        clip = Clip(frames=make_video(n=5)).replace(aus=np.zeros((5, 17))).replace(subject="s")
        assert decoded == []
        assert len(clip.times) == 5

    def test_unknown_field(self):
        with pytest.raises(TypeError, match="Clip has no field au, mood; its fields are frames, "):
            full_clip().replace(mood=1, au=2, smile=None)

    def test_checks_apply(self):
        with pytest.raises(ClipError, match=r"a: fields differ.*smile has 8"):
            full_clip().replace(smile=np.zeros(8))


class TestIdentity:
    def test_pickle(self):
        clip = full_clip()
        again = pickle.loads(pickle.dumps(clip))
        for field in SIGNALS:
            np.testing.assert_array_equal(getattr(again, field), getattr(clip, field))
        assert (again.fps, again.name, again.subject) == (30, "a", "s")
        np.testing.assert_array_equal(list(again.frames), list(clip.frames))

    def test_hash_is_of_content(self, make_video):
        path = make_video(n=6)
        clip = Clip(frames=path, subject="s")
        before = joblib.hash(clip)
        assert len(list(clip.frames)) == len(clip.times) == 6
        assert joblib.hash(clip) == before
        assert joblib.hash(Clip(frames=path, subject="s")) == before
        assert joblib.hash(pickle.loads(pickle.dumps(clip))) == before
        assert joblib.hash(clip.replace(smile=np.zeros(6))) != before
        os.utime(path, ns=(5, 5))
        assert joblib.hash(Clip(frames=path, subject="s")) != before

    def test_hash_of_arrays(self):
        assert joblib.hash(full_clip()) == joblib.hash(full_clip())
        assert joblib.hash(full_clip()) == joblib.hash(pickle.loads(pickle.dumps(full_clip())))
        changed = full_clip().replace(frames=np.ones((9, 4, 5, 3), np.uint8))
        assert joblib.hash(changed) != joblib.hash(full_clip())

    def test_can_be_a_key(self):
        a, b = full_clip(), full_clip()
        assert len({a, b, a}) == 2

    def test_repr(self):
        assert repr(full_clip().replace(valid=np.arange(9) > 2)) == (
            "Clip(name='a', subject='s', frames=ArrayFrames, n_frames=9, fps=30, "
            "faces=(9, 6, 5, 3), landmarks=(9, 478, 3), blendshapes=(9, 52), "
            "head_pose=(9, 4, 4), aus=(9, 17), smile=(9,), valid=6/9)")


def test_a_rate_that_is_given_takes_the_place_of_the_containers(make_video):
    clip = Clip(frames=make_video(n=12, fps=30), fps=120)
    np.testing.assert_allclose(clip.times, np.arange(12) / 120)


def test_a_rate_that_contradicts_the_times_is_refused():
    with pytest.raises(ClipError, match="times are at 25 Hz but fps is 60"):
        Clip(smile=np.zeros(9), times=np.arange(9) / 25, fps=60)
