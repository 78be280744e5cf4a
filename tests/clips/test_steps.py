"""What all steps from clips to clips share, tried on two tiny ones."""

from __future__ import annotations

import os
import pickle
import warnings
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from smilegenuine.clips.errors import ClipError, NoFaceError, VideoError
from smilegenuine.clips.record import Clip, as_clips
from smilegenuine.clips.steps import (
    ClipTransformer,
    check_positive,
    require_fields,
    transform_clips,
)


class MeanSmile(ClipTransformer):
    """A step that learns nothing: smile intensity is the mean of the action units."""

    adds = ("smile",)
    reads = ("frames", "aus", "times", "valid")
    computed: list = []  # names of the clips that were worked on, in this process

    def __init__(self, scale: float = 1.0, n_jobs: int | None = None, verbose: int | bool = False,
                 memory: Any = None) -> None:
        self.scale = scale
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.memory = memory

    def _check_params(self) -> None:
        check_positive("scale", self.scale)

    def transform_clip(self, clip: Clip) -> Clip:
        require_fields(clip, ("aus",), "MeanSmile", "measure them first")
        if np.isnan(clip.aus).all():
            raise NoFaceError(clip.label, "no frame was measured")
        if (clip.aus == 4).all():
            raise ZeroDivisionError("four")
        if (clip.aus == 3).all():
            raise ValueError("three")
        MeanSmile.computed.append(clip.name)
        return clip.replace(smile=self.scale * clip.aus.mean(axis=1))


class CentredSmile(MeanSmile):
    """A step that learns: the mean over the training clips is subtracted."""

    def _fit(self, clips: list[Clip]) -> None:
        self.mean_ = float(np.mean([clip.aus.mean() for clip in clips]))

    def transform_clip(self, clip: Clip) -> Clip:
        done = super().transform_clip(clip)
        return done.replace(smile=done.smile - self.mean_)


def some_clips(n: int = 5) -> list[Clip]:
    rng = np.random.default_rng(11)
    return [Clip(aus=rng.random((4 + i, 17)), fps=10 + i, name=f"clip{i}", subject=f"s{i % 2}")
            for i in range(n)]


@pytest.fixture(autouse=True)
def _nothing_computed_yet():
    MeanSmile.computed.clear()


BAD = Clip(aus=np.full((3, 17), np.nan), fps=10)


class TestTransformer:
    @pytest.mark.parametrize("kind", [MeanSmile, CentredSmile])
    def test_fit_transform(self, kind):
        clips = some_clips()
        done = kind(scale=2.0).fit_transform(clips)
        shift = np.mean([c.aus.mean() for c in clips]) if kind is CentredSmile else 0
        assert [c.name for c in done] == [c.name for c in clips]
        for clip, other in zip(clips, done, strict=True):
            np.testing.assert_allclose(other.smile, 2 * clip.aus.mean(axis=1) - shift)
            assert clip.smile is None
            assert other.subject == clip.subject

    def test_generators(self):
        done = CentredSmile().fit_transform(clip for clip in some_clips())
        assert len(done) == 5
        assert len(MeanSmile().transform(iter(some_clips()))) == 5

    def test_in_a_pipeline(self):
        pipe = make_pipeline(CentredSmile(), MeanSmile())
        assert len(pipe.fit_transform(some_clips())) == 5
        assert pipe.fit(some_clips(3)).transform(some_clips())[4].smile.shape == (8,)

    @pytest.mark.parametrize("X", [Clip(aus=np.ones((3, 17)), fps=9), "a.mp4", np.ones((3, 17))])
    def test_one_clip_is_no_list(self, X):
        with pytest.raises(TypeError, match="for a single one write"):
            MeanSmile().fit_transform(X)

    def test_fitted(self):
        check_is_fitted(MeanSmile())
        assert len(MeanSmile().transform(some_clips())) == 5
        with pytest.raises(NotFittedError, match="CentredSmile instance is not fitted"):
            CentredSmile().transform(some_clips())
        with pytest.raises(NotFittedError, match="CentredSmile"):
            transform_clips(CentredSmile(), some_clips(), on_error="skip")
        check_is_fitted(CentredSmile().fit(some_clips()))
        with pytest.raises(NotFittedError, match="CentredSmile"):
            check_is_fitted(clone(CentredSmile().fit(some_clips())))

    def test_tags(self):
        assert not get_tags(MeanSmile()).requires_fit
        assert get_tags(CentredSmile()).requires_fit
        assert not get_tags(MeanSmile()).input_tags.two_d_array

    def test_clone_and_params(self):
        step = MeanSmile(scale=3.0, n_jobs=2, verbose=1, memory="x")
        assert clone(step).get_params() == step.get_params() == {
            "scale": 3.0, "n_jobs": 2, "verbose": 1, "memory": "x"}
        before = dict(vars(step))
        step.set_params(n_jobs=None, memory=None, verbose=0).fit_transform(some_clips())
        assert vars(step) == {**before, "n_jobs": None, "memory": None, "verbose": 0}

    @pytest.mark.parametrize("method", ["fit", "transform"])
    def test_params_are_checked_first(self, method):
        with pytest.raises(ValueError, match="scale must be a number of at least 0, not -1"):
            getattr(MeanSmile(scale=-1), method)(["nowhere.mp4"])

    def test_pickle(self):
        step = pickle.loads(pickle.dumps(CentredSmile().fit(some_clips())))
        np.testing.assert_array_equal(step.transform(some_clips())[2].smile,
                                      CentredSmile().fit_transform(some_clips())[2].smile)

    def test_set_output_does_nothing(self):
        step = MeanSmile()
        assert step.set_output(transform="pandas") is step
        pipe = make_pipeline(CentredSmile(), MeanSmile()).set_output(transform="pandas")
        assert all(isinstance(c, Clip) for c in pipe.fit_transform(some_clips()))
        with sklearn.config_context(transform_output="pandas"):
            assert isinstance(MeanSmile().fit_transform(some_clips()), list)

    def test_whether_it_learns(self):
        assert not MeanSmile().learns
        assert CentredSmile().learns

    def test_a_step_must_say_what_it_does(self):
        with pytest.raises(TypeError, match="transform_clip"):
            ClipTransformer()

    def test_order_does_not_matter_to_a_clip(self):
        clips = some_clips()
        one = MeanSmile().transform(clips)
        other = MeanSmile().transform(clips[::-1])[::-1]
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a.smile, b.smile)


class TestErrors:
    def test_named_clips_are_named(self):
        with pytest.raises(NoFaceError, match=r"^late: no frame was measured") as caught:
            MeanSmile().transform([*some_clips(), BAD.replace(name="late")])
        assert caught.value.clip == "late"

    @pytest.mark.parametrize(("subject", "who"), [(None, "item 2"), ("s7", "item 2, clip of s7")])
    def test_nameless_clips_are_called_by_their_place(self, subject, who):
        with pytest.raises(NoFaceError, match=f"^{who}: no frame was measured"):
            MeanSmile().transform([*some_clips(2), BAD.replace(subject=subject)])

    def test_missing_fields(self):
        with pytest.raises(ClipError, match=r"^x: MeanSmile needs `aus`; measure them first"):
            MeanSmile().transform([Clip(fps=10, name="x", smile=None, valid=[True])])

    def test_other_errors_say_which_clip(self):
        four = Clip(aus=np.full((2, 17), 4.0), fps=9, name="the fourth")
        with pytest.raises(ZeroDivisionError, match="four") as caught:
            MeanSmile().transform([*some_clips(), four])
        assert "the fourth" in caught.value.__notes__[0]


class TestTransformClips:
    def test_all_good(self):
        for on_error in ("raise", "skip"):
            result = transform_clips(MeanSmile(), some_clips(), on_error=on_error)
            assert [c.name for c in result.data] == [f"clip{i}" for i in range(5)]
            np.testing.assert_array_equal(result.index, np.arange(5))
            assert result.index.dtype.kind == "i"
            assert list(result.failures.columns) == ["index", "clip", "error"]
            assert len(result.failures) == 0

    def test_skip(self, tmp_path, make_video):
        text = tmp_path / "text.csv"
        text.write_text("a,b\n")
        good = some_clips()
        items = [good[0], "nowhere.mp4", BAD, good[1], 5, BAD.replace(name="bad", subject="s"),
                 text, np.ones((4, 16)), Path("gone.mp4"), good[2],
                 Clip(aus=np.full((2, 17), 3.0), fps=3), make_video()]
        result = transform_clips(MeanSmile(), (item for item in items), on_error="skip")
        assert [c.name for c in result.data] == ["clip0", "clip1", "clip2"]
        np.testing.assert_array_equal(result.index, [0, 3, 9])
        y = np.arange(len(items))
        assert len(y[result.index]) == len(result.data)
        table = result.failures
        assert list(table["index"]) == [1, 2, 4, 5, 6, 7, 8, 10, 11]
        assert list(table["clip"]) == ["nowhere.mp4", "item 2", "item 4", "bad", str(text),
                                       "item 7", "gone.mp4", "item 10", str(items[11])]
        for row, words in zip(table.itertuples(), [
                "nowhere.mp4: no such file", "item 2: no frame", "item 4: cannot make a clip",
                "bad: no frame", "the table has no rows", "item 7: a 2-D array", "gone.mp4: no",
                "three", "MeanSmile needs `aus`"], strict=True):
            assert words in row.error

    def test_skip_leaves_nothing(self):
        result = transform_clips(MeanSmile(), [BAD, "nowhere.mp4"], on_error="skip")
        assert result.data == []
        assert result.index.shape == (0,)
        assert len(np.arange(2)[result.index]) == 0
        assert list(result.failures["index"]) == [0, 1]

    def test_raise(self):
        with pytest.raises(NoFaceError, match="item 1: no frame"):
            transform_clips(MeanSmile(), [some_clips()[0], BAD])
        with pytest.raises(FileNotFoundError, match="1 of 2 clips are missing: nowhere"):
            transform_clips(MeanSmile(), [BAD, "nowhere.mp4"])

    @pytest.mark.parametrize("on_error", ["raise", "skip"])
    @pytest.mark.parametrize("X", ["nowhere.mp4", Clip(), np.ones((5, 4, 3, 3), np.uint8)])
    def test_one_recording_is_no_list(self, X, on_error):
        with pytest.raises(TypeError, match="for a single one write"):
            transform_clips(MeanSmile(), X, on_error=on_error)

    def test_programming_errors_are_not_skipped(self):
        four = Clip(aus=np.full((2, 17), 4.0), fps=9)
        with pytest.raises(ZeroDivisionError, match="four"):
            transform_clips(MeanSmile(), [four], on_error="skip")

    def test_bad_choice(self):
        with pytest.raises(ValueError, match="on_error must be 'raise' or 'skip', not 'ignore'"):
            transform_clips(MeanSmile(), some_clips(), on_error="ignore")

    def test_no_timing_is_said_once(self):
        with pytest.warns(UserWarning, match="3 of 3 clips carry no timing") as caught:
            transform_clips(MeanSmile(), [np.ones((4, 17))] * 3, on_error="skip")
        assert len(caught) == 1


class TestMemory:
    def run(self, step, clips=None):
        """Transform, and say which clips were really worked on."""
        MeanSmile.computed.clear()
        done = step.transform(some_clips() if clips is None else clips)
        return done, list(MeanSmile.computed)

    def test_second_run_computes_nothing(self, tmp_path):
        first, worked = self.run(MeanSmile(memory=str(tmp_path)))
        assert len(worked) == 5
        second, worked = self.run(MeanSmile(memory=str(tmp_path)))
        assert worked == []
        for a, b in zip(first, second, strict=True):
            np.testing.assert_array_equal(a.smile, b.smile)
            np.testing.assert_array_equal(a.aus, b.aus)
            np.testing.assert_array_equal(a.times, b.times)
            assert (a.name, a.subject) == (b.name, b.subject)

    @pytest.mark.parametrize("change", [
        {"n_jobs": 1}, {"verbose": 1}, {"n_jobs": 1, "verbose": 5}])
    def test_how_it_is_run_is_no_part_of_the_key(self, tmp_path, change, capsys):
        self.run(MeanSmile(memory=str(tmp_path)))
        assert self.run(MeanSmile(memory=str(tmp_path), **change))[1] == []
        same = joblib.Memory(str(tmp_path), verbose=0)
        assert self.run(MeanSmile(memory=same, **change))[1] == []

    def test_parameters_are(self, tmp_path):
        self.run(MeanSmile(memory=str(tmp_path)))
        assert len(self.run(MeanSmile(scale=2.0, memory=str(tmp_path)))[1]) == 5

    def test_learnt_state_is(self, tmp_path):
        step = CentredSmile(memory=str(tmp_path)).fit(some_clips())
        assert len(self.run(step)[1]) == 5
        assert self.run(clone(step).fit(some_clips()))[1] == []
        other, worked = self.run(clone(step).fit(some_clips(3)))
        assert len(worked) == 5
        np.testing.assert_array_equal(
            other[0].smile, CentredSmile().fit(some_clips(3)).transform(some_clips())[0].smile)

    def test_kind_of_step_is(self, tmp_path):
        self.run(MeanSmile(memory=str(tmp_path)))
        assert len(self.run(CentredSmile(memory=str(tmp_path)).fit(some_clips()))[1]) == 5

    def test_only_new_and_changed_clips_are_computed(self, tmp_path):
        clips = some_clips()
        self.run(MeanSmile(memory=str(tmp_path)), clips[:3])
        assert self.run(MeanSmile(memory=str(tmp_path)), clips)[1] == ["clip3", "clip4"]
        changed = [clips[0].replace(aus=clips[0].aus + 1), *clips[1:]]
        done, worked = self.run(MeanSmile(memory=str(tmp_path)), changed)
        assert worked == ["clip0"]
        np.testing.assert_allclose(done[0].smile, clips[0].aus.mean(axis=1) + 1)

    def test_frames_are_the_callers(self, tmp_path, make_video):
        path = make_video(n=4)
        clip = Clip(frames=path, aus=np.ones((4, 17)))
        for _ in range(2):
            (done,), _ = self.run(MeanSmile(memory=str(tmp_path)), [clip])
            assert done.frames is clip.frames
        assert self.run(MeanSmile(memory=str(tmp_path)), [Clip(frames=path, aus=np.ones((4, 17)))]
                        )[1] == []
        os.utime(path, ns=(9, 9))
        replaced = Clip(frames=path, aus=np.ones((4, 17)))
        assert len(self.run(MeanSmile(memory=str(tmp_path)), [replaced])[1]) == 1

    def test_pictures_are_not_kept(self, tmp_path):
        pictures = np.random.default_rng(0).integers(0, 256, (4, 100, 110, 3), np.uint8)
        clip = Clip(frames=pictures, aus=np.ones((4, 17)), fps=9)
        (done,), _ = self.run(MeanSmile(memory=str(tmp_path)), [clip])
        assert done.frames is clip.frames
        assert sum(f.stat().st_size for f in tmp_path.rglob("*.*")) < pictures.size / 2

    def test_what_comes_from_the_cache_is_frozen(self, tmp_path):
        for _ in range(2):
            (done, *_), _ = self.run(MeanSmile(memory=str(tmp_path)))
            with pytest.raises(ValueError, match="read-only"):
                done.smile[0] = 1

    def test_that_there_is_nobody_is_kept_and_other_failures_are_not(self, tmp_path, monkeypatch):
        three = Clip(aus=np.full((3, 17), 3.0), fps=10, name="three")
        step = MeanSmile(memory=str(tmp_path))
        for _ in range(2):
            with pytest.raises(NoFaceError, match="item 0: no frame was measured"):
                step.transform([BAD])
            with pytest.raises(ValueError, match="three"):
                step.transform([three])
        monkeypatch.setattr(MeanSmile, "transform_clip", lambda self, clip: clip.replace(
            smile=np.zeros(3)))
        # The name is not part of what was kept.
        with pytest.raises(NoFaceError, match="other name: no frame was measured"):
            step.transform([BAD.replace(name="other name")])
        assert (step.transform([three])[0].smile == 0).all()
        tally = transform_clips(step, [BAD, three], on_error="skip").tally
        assert (tally.measured, tally.kept) == (0, 2)

    def test_the_step_is_not_changed(self, tmp_path):
        step = CentredSmile(memory=str(tmp_path), n_jobs=1).fit(some_clips())
        before = dict(vars(step))
        step.transform(some_clips())
        assert vars(step) == before

    def test_clips_that_have_the_field_pass_through(self, tmp_path):
        clip = some_clips()[0].replace(smile=np.zeros(4))
        assert MeanSmile().transform([clip])[0] is clip
        (done,), worked = self.run(MeanSmile(memory=str(tmp_path)), [clip])
        np.testing.assert_array_equal(done.smile, 0)
        assert worked == []


class TestParallel:
    def test_equals_serial_and_keeps_the_order(self, tmp_path):
        clips = some_clips(7)
        step = CentredSmile(n_jobs=2).fit(clips)
        serial = clone(step).set_params(n_jobs=None).fit(clips).transform(clips)
        for memory in (None, str(tmp_path), str(tmp_path)):
            parallel = step.set_params(memory=memory).transform(clips)
            assert [c.name for c in parallel] == [c.name for c in clips]
            for a, b in zip(serial, parallel, strict=True):
                np.testing.assert_array_equal(a.smile, b.smile)
                with pytest.raises(ValueError, match="read-only"):
                    b.smile[0] = 0
        # What two processes kept, one finds.
        MeanSmile.computed.clear()
        step.set_params(n_jobs=None).transform(clips)
        assert MeanSmile.computed == []

    def test_errors_cross_processes(self):
        step = MeanSmile(n_jobs=2)
        with pytest.raises(NoFaceError, match=r"^bad one: no frame was measured$") as caught:
            step.transform([*some_clips(), BAD.replace(name="bad one")])
        assert (caught.value.clip, caught.value.problem) == ("bad one", "no frame was measured")
        with pytest.raises(ZeroDivisionError, match="four") as caught:
            step.transform([*some_clips(), Clip(aus=np.full((2, 17), 4.0), fps=9)])
        assert "item 5" in caught.value.__notes__[0]
        result = transform_clips(step, [BAD, *some_clips(), BAD], on_error="skip")
        np.testing.assert_array_equal(result.index, np.arange(1, 6))
        assert list(result.failures["clip"]) == ["item 0", "item 6"]

    def test_videos_cross_processes(self, make_video):
        clips = [Clip(frames=make_video(f"{i}.mp4", n=3 + i), aus=np.ones((3 + i, 17)))
                 for i in range(3)]
        done = MeanSmile(n_jobs=2).transform(clips)
        assert [len(list(c.frames)) for c in done] == [3, 4, 5]


class TestProgress:
    @pytest.mark.parametrize("verbose", [1, True, 10])
    def test_on_stderr_only(self, capsys, verbose):
        MeanSmile(verbose=verbose).transform(some_clips())
        out, err = capsys.readouterr()
        assert out == ""
        assert "MeanSmile" in err
        assert "5/5" in err

    @pytest.mark.parametrize("verbose", [0, False])
    def test_silent(self, capsys, verbose):
        MeanSmile(verbose=verbose).fit_transform(some_clips())
        transform_clips(MeanSmile(verbose=verbose), some_clips(), on_error="skip")
        assert capsys.readouterr() == ("", "")


class TestHelpers:
    def test_require_fields(self):
        clip = Clip(aus=np.ones((2, 17)), name="x")
        require_fields(clip, ("aus",), "A", "b")
        with pytest.raises(ClipError, match=r"^x: A needs `faces` and `times`; do b"):
            require_fields(clip, ("faces", "aus", "times"), "A", "do b")

    @pytest.mark.parametrize(("value", "options"), [
        (0, {}), (1e-9, {}), (3, {"whole": True}), (np.int64(3), {"whole": True, "at_least": 3}),
        (np.float32(2), {"at_least": 2})])
    def test_check_positive_accepts(self, value, options):
        check_positive("x", value, **options)

    @pytest.mark.parametrize(("value", "options", "message"), [
        (-1, {}, "x must be a number of at least 0, not -1"),
        (float("nan"), {}, "x must be a number of at least 0, not nan"),
        (True, {}, "x must be a number of at least 0, not True"),
        ("3", {}, "x must be a number of at least 0, not '3'"),
        (None, {}, "x must be a number of at least 0, not None"),
        (2.0, {"whole": True, "at_least": 1}, "x must be a whole number of at least 1, not 2.0"),
        (2, {"whole": True, "at_least": 3}, "x must be a whole number of at least 3, not 2"),
    ])
    def test_check_positive_refuses(self, value, options, message):
        with pytest.raises(ValueError, match=message):
            check_positive("x", value, **options)

    def test_errors_pickle(self):
        for kind in (ClipError, VideoError, NoFaceError):
            again = pickle.loads(pickle.dumps(kind("a", "is bad")))
            assert type(again) is kind
            assert (again.clip, again.problem) == ("a", "is bad")


def test_no_warnings_from_a_plain_run(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MeanSmile(memory=str(tmp_path)).fit_transform(some_clips())
        assert len(as_clips(some_clips())) == 5
