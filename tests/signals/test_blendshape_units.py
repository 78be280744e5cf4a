"""Action units from landmarks and blendshapes: of drawn people, as they are and as MediaPipe sees.

Most tests take true landmarks and make up blendshapes, so that they need no model.
"""

from __future__ import annotations

import numpy as np
import pytest
from blendshape_units import agreement, leaks, one_by_one
from faces_as_seen import bundle, why_no_landmarker
from scipy.spatial.transform import Rotation

from smilegenuine import AU_NAMES, Clip, ClipError, FaceLandmarks
from smilegenuine.datasets import make_smiles
from smilegenuine.face.blendshapes import BLENDSHAPE_NAMES
from smilegenuine.signals import blendshape_table as table
from smilegenuine.signals.blendshape_units import (
    BlendshapeActionUnits,
    find_blinks,
    resting_level,
    weigh_signals,
)

AU = {name: k for k, name in enumerate(AU_NAMES)}
SIGNAL = {name: k for k, name in enumerate(table.SIGNAL_NAMES)}

needs_model = [
    pytest.mark.needs_model,
    pytest.mark.skipif(bool(why_no_landmarker()), reason=why_no_landmarker() or "all is there"),
]


def made_up(aus: np.ndarray, **values: np.ndarray | float) -> np.ndarray:
    """(T, 52): smile, jaw, blink and squint after the units; others as said, both sides alike."""
    shapes = np.zeros((len(aus), 52))
    follow = {"mouthSmile": aus[:, AU["AU12"]] / 6, "jawOpen": aus[:, AU["AU26"]] / 8,
              "eyeBlink": aus[:, AU["AU45"]] / 7 + aus[:, AU["AU07"]] / 25,
              "eyeSquint": aus[:, AU["AU06"]] / 12 + aus[:, AU["AU07"]] / 12}
    for k, name in enumerate(BLENDSHAPE_NAMES):
        both = name.removesuffix("Left").removesuffix("Right")
        shapes[:, k] = {**follow, **values}.get(both, 0.0)
    return shapes


def seen(smiles, k: int, **changes) -> Clip:
    """A clip with true landmarks (in double precision) and made-up blendshapes."""
    fields = {"landmarks": np.asarray(smiles.landmarks[k], float), "name": f"clip {k}",
              "blendshapes": made_up(smiles.aus[k]), "times": smiles.times[k]}
    return Clip(**{**fields, **changes})


def measure(clip: Clip, **params) -> np.ndarray:
    return BlendshapeActionUnits(**params).fit([clip]).transform([clip])[0].aus


@pytest.fixture(scope="module")
def smiles():
    return make_smiles(7, 2, random_state=77)


@pytest.fixture(scope="module")
def clips(smiles):
    return [seen(smiles, k) for k in range(len(smiles.data))]


@pytest.fixture(scope="module")
def clip(clips):
    return clips[1]


@pytest.fixture(scope="module")
def found(clips, smiles):
    return agreement([c.aus for c in BlendshapeActionUnits().transform(clips)], smiles.aus)


class TestTruth:

    @pytest.mark.parametrize(("au", "least"), [("AU12", 0.98), ("AU06", 0.95), ("AU07", 0.9),
                                               ("AU25", 0.95), ("AU45", 0.95)])
    def test_follows_within_clips(self, found, au, least):
        assert found[au].n >= 3
        assert found[au].within >= least

    def test_peaks(self, found):
        assert found["AU12"].across >= 0.9
        assert abs(found["AU12"].bias) < 1.0
        assert found["AU06"].across >= 0.4

    def test_landmarks_alone_tell_a_smile(self, clips, smiles):
        blank = [c.replace(blendshapes=0.0 * c.blendshapes) for c in clips]
        found = agreement([c.aus for c in BlendshapeActionUnits().transform(blank)], smiles.aus)
        assert found["AU12"].within >= 0.95
        assert found["AU25"].within >= 0.9

    def test_blendshapes_alone_tell_a_smile(self, clips, smiles):
        still = np.repeat(clips[0].landmarks[:1], clips[0].n_frames, axis=0)
        aus = measure(clips[0].replace(landmarks=still))
        assert np.corrcoef(aus[:, AU["AU12"]], smiles.aus[0][:, AU["AU12"]])[0, 1] > 0.9
        assert aus[:, AU["AU02"]].max() < 1e-6  # nothing that it is read from has moved

    def test_another_frame_rate_changes_little(self):
        for k in range(2):
            slow, fast = (measure(seen(make_smiles(1, 2, fps=fps, random_state=5), k))
                          for fps in (25.0, 50.0))
            n = min(len(slow), -(-len(fast) // 2))
            change = np.abs(slow[:n] - fast[::2][:n])
            change[:, AU["AU45"]] = 0.0  # some blinks are two or three frames long
            assert change.max() < 0.4
            assert change.mean() < 0.05


class TestOneByOne:
    """The benchmark's clips in which each unit moves alone; from true landmarks only."""

    @pytest.fixture
    def turns(self):
        clips, truth = one_by_one(2)
        seen = [Clip(landmarks=np.asarray(c.frames.mesh()[0], float), blendshapes=made_up(aus),
                     fps=25) for c, aus in zip(clips, truth, strict=True)]
        return [c.aus for c in BlendshapeActionUnits().transform(seen)], truth

    def test_what_leaks(self, turns):
        seen = leaks(*turns)
        for au in ("AU12", "AU25", "AU26", "AU45"):
            k = AU[au]
            assert seen[k, k] > 2.0
            assert seen[k, k] == seen[k].max(), (au, seen[k])
        assert seen[AU["AU12"], [AU["AU05"], AU["AU06"], AU["AU07"], AU["AU45"]]].max() < 1.5
        assert seen[AU["AU45"], [AU["AU05"], AU["AU06"]]].max() < 0.5


class TestInvariance:
    def test_place_size_and_turn_of_the_picture(self, clip):
        turn = Rotation.from_euler("xyz", (20, -30, 15), degrees=True).as_matrix()
        moved = 3.5 * clip.landmarks @ turn.T + (400.0, -70.0, 12.0)
        np.testing.assert_allclose(measure(clip.replace(landmarks=moved)), measure(clip), atol=1e-6)

    def test_each_frame_for_itself(self, clip):
        rng = np.random.default_rng(0)
        turns = Rotation.from_euler("xyz", rng.normal(0, 15, (clip.n_frames, 3)), degrees=True)
        moved = clip.landmarks @ turns.as_matrix().swapaxes(1, 2)
        moved = rng.uniform(0.5, 2.0, (clip.n_frames, 1, 1)) * moved
        moved += rng.normal(0, 50, (clip.n_frames, 1, 3))
        np.testing.assert_allclose(measure(clip.replace(landmarks=moved)), measure(clip), atol=1e-6)

    @pytest.mark.parametrize("neutral", ["rest", "start", "median"])
    def test_a_persons_own_level_is_taken_off(self, clip, neutral):
        levels = np.random.default_rng(1).uniform(0.0, 0.3, 52)
        other = clip.replace(blendshapes=clip.blendshapes + levels)
        np.testing.assert_allclose(measure(other, neutral=neutral), measure(clip, neutral=neutral),
                                   atol=1e-9)

    def test_sides_may_differ(self, clip):
        """What one side does more and the other less is the same to a unit."""
        shapes = clip.blendshapes.copy()
        left, right = (BLENDSHAPE_NAMES.index(f"mouthSmile{side}") for side in ("Left", "Right"))
        shapes[:, left] *= 1.3
        shapes[:, right] *= 0.7
        np.testing.assert_allclose(measure(clip.replace(blendshapes=shapes)), measure(clip),
                                   atol=1e-9)


class TestNeutral:
    def level(self, smile: np.ndarray, neutral: str, fps: float = 25.0) -> float:
        signals = np.zeros((len(smile), len(SIGNAL)))
        signals[:, SIGNAL["mouthSmile"]] = smile
        return float(resting_level(signals, fps, neutral)[SIGNAL["mouthSmile"]])

    def test_rest_is_where_the_face_does_least(self):
        late = np.r_[np.full(60, 0.8), np.linspace(0.8, 0.2, 20), np.full(20, 0.2)]
        assert self.level(late, "rest") == pytest.approx(0.2, abs=0.02)
        assert self.level(late, "start") == pytest.approx(0.8)
        assert self.level(late, "median") == pytest.approx(0.8)

    def test_start_is_a_fifth_of_a_second(self):
        early = np.r_[np.zeros(5), np.ones(95)]
        assert self.level(early, "start") == 0.0
        assert self.level(early, "start", fps=100.0) == 1.0

    def test_moments_of_noise_are_no_rest(self):
        smile = np.r_[np.full(40, 0.3), np.full(60, 0.9)]
        smile[44::8] = 0.0
        assert self.level(smile, "rest") == pytest.approx(0.3)

    def test_a_unit_that_seems_to_fall_in_the_smile_does_not_make_it_rest(self):
        signals = np.zeros((100, len(SIGNAL)))
        smiling = np.clip((np.arange(100) - 30) / 20, 0, 1)
        signals[:, SIGNAL["mouthSmile"]] = 0.8 * smiling
        for name in ("mouth_width", "fold_width", "corner_lift", "corner_height"):
            signals[:, SIGNAL[name]] = 0.15 * smiling
        assert weigh_signals(signals, 25.0)[-1, AU["AU15"]] < -0.1
        assert resting_level(signals, 25.0, "rest")[SIGNAL["mouthSmile"]] == 0.0

    def test_none_is_the_average_drawn_person(self, clip):
        head = np.array([table.RESTING[name] for name in table.SIGNAL_NAMES])
        np.testing.assert_array_equal(resting_level(np.ones((5, len(SIGNAL))), 25.0, "none"), head)
        assert not np.allclose(measure(clip, neutral="none"), measure(clip))

    def test_nothing_happens_in_a_still(self, clip, smiles):
        top = [int(smiles.aus[1][:, AU["AU12"]].argmax())]
        still = Clip(landmarks=clip.landmarks[top], blendshapes=clip.blendshapes[top], fps=25)
        np.testing.assert_array_equal(measure(still), np.zeros((1, 17)))
        smiling = measure(still, neutral="none")
        assert np.isfinite(smiling).all()
        assert smiling[0, AU["AU12"]] > 1.0


class TestBlinks:
    @pytest.mark.parametrize("fps", [25.0, 30.0, 60.0])
    def test_short_closures_only(self, fps):
        t = np.arange(round(6 * fps)) / fps
        closure = 0.2 + 0.6 * (np.abs(t - 1.5) < 0.12) + 0.6 * (np.abs(t - 4.0) < 0.7)
        blinks = find_blinks(closure, fps)
        assert blinks[np.abs(t - 1.5) < 0.12].all()
        assert not blinks[np.abs(t - 1.5) > 0.12 + 0.08 + 2 / fps].any()

    def test_none(self):
        assert not find_blinks(np.linspace(0, 1, 50), 25.0).any()
        assert not find_blinks(np.r_[np.zeros(20), np.ones(20)], 25.0).any()
        assert not find_blinks(np.array([0.0, 1.0, 0.0]), 1.0).any()
        assert not find_blinks(0.05 * (np.arange(50) == 25), 25.0).any()

    def test_at_the_ends(self):
        closure = np.zeros(50)
        closure[-2:] = 0.7  # the recording ends as the eyes close: nobody knows for how long
        assert not find_blinks(closure, 25.0)[:40].any()

    @pytest.mark.parametrize("fps", [25.0, 100.0])
    def test_a_blink_does_not_squint(self, clip, fps):
        t = np.arange(round(4 * fps)) / fps
        closure = 0.7 * np.exp(-0.5 * ((t - 1.8) / 0.08) ** 2)
        aus = measure(Clip(landmarks=np.repeat(clip.landmarks[:1], len(t), axis=0), fps=fps,
                           blendshapes=made_up(np.zeros((len(t), 17)), eyeBlink=closure,
                                               eyeSquint=0.5 * closure)))
        assert aus[round(1.8 * fps), AU["AU45"]] > 3.0
        assert aus[:, [AU["AU05"], AU["AU06"], AU["AU07"]]].max() < 0.15

    def test_eyes_that_stay_shut_are_not_wide_open(self, clip):
        closure = np.clip((np.arange(clip.n_frames) - 30) / 10, 0, 0.8)
        still = np.repeat(clip.landmarks[:1], clip.n_frames, axis=0)
        aus = measure(clip.replace(landmarks=still, blendshapes=made_up(
            np.zeros((clip.n_frames, 17)), eyeBlink=closure)))
        assert aus[60:, AU["AU45"]].min() == 5.0
        assert aus[60:, AU["AU05"]].max() < 0.1

    def test_a_squint_is_carried_over_a_blink(self, clip):
        n = clip.n_frames
        squint = np.clip((np.arange(n) - 20) / 10, 0, 1)
        closure = 0.1 * squint + 0.7 * np.exp(-0.5 * ((np.arange(n) - 45) / 2.0) ** 2)
        still = np.repeat(clip.landmarks[:1], n, axis=0)
        aus = measure(clip.replace(landmarks=still, blendshapes=made_up(
            np.zeros((n, 17)), eyeBlink=closure, eyeSquint=0.4 * squint + 0.3 * closure)))
        assert aus[60, AU["AU07"]] > 0.5
        assert np.ptp(aus[38:60, AU["AU07"]]) < 0.1


class TestFrames:
    def test_not_valid_are_not_measured(self, clip):
        valid = np.ones(clip.n_frames, bool)
        valid[10:20] = False
        given = clip.replace(valid=valid)
        result = BlendshapeActionUnits().fit_transform([given])[0]
        np.testing.assert_array_equal(np.isnan(result.aus).all(axis=1), ~valid)
        np.testing.assert_array_equal(result.valid, valid)
        spoilt = clip.landmarks.copy()
        spoilt[10:20] = 1e6 * np.random.default_rng(0).normal(size=(10, 478, 3))
        np.testing.assert_array_equal(measure(given.replace(landmarks=spoilt)), result.aus)

    @pytest.mark.parametrize("field", ["landmarks", "blendshapes"])
    def test_without_a_value_are_not_measured(self, clip, field):
        holed = getattr(clip, field).copy()
        holed[7] = np.nan
        holed[12].flat[0] = np.nan  # one that nothing is read from
        result = BlendshapeActionUnits().transform([clip.replace(**{field: holed})])[0]
        assert np.flatnonzero(np.isnan(result.aus).any(axis=1)).tolist() == [7, 12]
        assert np.flatnonzero(~result.valid).tolist() == [7, 12]

    def test_points_that_are_no_face_are_not_measured(self, clip):
        flat = clip.landmarks.copy()
        flat[3] = 5.0
        assert np.flatnonzero(np.isnan(measure(clip.replace(landmarks=flat))).any(axis=1)) == [3]

    def test_intensities_stay_within_their_scale(self, clip):
        aus = measure(clip.replace(blendshapes=4.0 * clip.blendshapes))
        assert aus.min() == 0.0
        assert aus.max() == 5.0

    def test_smoothing(self, clip):
        rng = np.random.default_rng(0)
        noisy = clip.replace(landmarks=clip.landmarks + rng.normal(0, 0.5, clip.landmarks.shape))
        rough = [np.abs(np.diff(measure(noisy, smooth=s)[:, AU["AU25"]])).mean()
                 for s in (0.0, 0.04, 0.2)]
        assert rough[0] > 1.3 * rough[1] > 1.3 * rough[2]


class TestErrors:
    def test_fields_that_are_missing(self, clip):
        with pytest.raises(ClipError, match=r"clip 1: .*needs `blendshapes`; run FaceLandmarks"):
            measure(clip.replace(blendshapes=None))
        with pytest.raises(ClipError, match="needs `landmarks`; run FaceLandmarks first"):
            measure(clip.replace(landmarks=None))

    def test_no_frame_is_valid(self, clip):
        with pytest.raises(ClipError, match="clip 1: no frame is valid"):
            measure(clip.replace(valid=np.zeros(clip.n_frames, bool)))
        with pytest.raises(ClipError, match="clip 1: no frame is valid"):
            measure(clip.replace(landmarks=np.full((clip.n_frames, 478, 3), np.nan)))

    @pytest.mark.parametrize(("params", "message"), [
        ({"neutral": "mean"}, "neutral must be one of rest, start, median, none, not 'mean'"),
        ({"smooth": -0.1}, "smooth must be"), ({"smooth": "0.1"}, "smooth must be"),
    ])
    def test_bad_parameters(self, params, message, clip):
        with pytest.raises(ValueError, match=message):
            BlendshapeActionUnits(**params).fit([clip])


def test_known_action_units_pass(clip):
    known = clip.replace(aus=np.zeros((clip.n_frames, 17)))
    assert BlendshapeActionUnits().transform([known])[0] is known


class TestTable:
    def test_every_unit_has_few_terms(self):
        assert tuple(table.UNIT_RECIPES) == AU_NAMES == tuple(table.TRUST)
        for recipe in table.UNIT_RECIPES.values():
            assert 2 <= len(recipe) <= 6
            assert all(np.isfinite(weight) and weight != 0 for weight in recipe.values())
        assert set(table.TRUST.values()) <= {"good", "fair", "poor"}

    def test_signals_are_those_of_the_recipes(self):
        used = {name for recipe in table.UNIT_RECIPES.values() for name in recipe}
        assert set(table.SIGNAL_NAMES) == used == set(table.RESTING)

    @pytest.mark.parametrize(("au", "terms"), [
        ("AU01", "browInnerUp brow_inner_end"), ("AU02", "browOuterUp brow_middle"),
        ("AU04", "browDown -brow_inner"), ("AU05", "eyeWide lid_over_iris"),
        ("AU06", "eyeSquint lower_lid cheek -brow_outer"),
        ("AU07", "eyeSquint -eye_opening"), ("AU10", "mouthUpperUp upper_lip"),
        ("AU12", "mouthSmile corner_lift mouth_width"), ("AU14", "mouthDimple"),
        ("AU15", "mouthFrown -corner_height"), ("AU20", "mouthStretch mouth_width"),
        ("AU23", "-lower_lip_thickness"), ("AU25", "lip_gap -lower_lip"), ("AU26", "jawOpen chin"),
        ("AU45", "eyeBlink"),
    ])
    def test_a_units_own_doing_has_its_sign(self, au, terms):
        for term in terms.split():
            weight = table.UNIT_RECIPES[au][term.removeprefix("-")]
            assert (weight < 0) == term.startswith("-"), (au, term)

    def test_weights_are_where_the_recipes_say(self):
        weights = table.unit_weights()
        assert weights.shape == (17, len(table.SIGNAL_NAMES))
        assert weights[AU["AU12"], SIGNAL["mouthSmile"]] == table.UNIT_RECIPES["AU12"]["mouthSmile"]
        assert weights[AU["AU12"], SIGNAL["eyeBlink"]] == 0.0

    def test_a_blendshape_is_the_mean_of_both_sides(self):
        shapes = np.zeros((1, 52))
        shapes[0, BLENDSHAPE_NAMES.index("mouthSmileLeft")] = 0.4
        shapes[0, BLENDSHAPE_NAMES.index("jawOpen")] = 0.7
        signals = table.measure_signals(np.zeros((1, 478, 3)), shapes)[0]
        assert signals[SIGNAL["mouthSmile"]] == pytest.approx(0.2)
        assert signals[SIGNAL["jawOpen"]] == pytest.approx(0.7)


@pytest.mark.parametrize("mark", [pytest.param(None, marks=needs_model)], ids=["mediapipe"])
class TestSeen:
    def test_smiles_of_unseen_people(self, mark):
        smiles = make_smiles(1, 2, random_state=951)
        clips = FaceLandmarks(model=bundle()).transform(smiles.data)
        found = agreement([c.aus for c in BlendshapeActionUnits().transform(clips)], smiles.aus)
        assert found["AU12"].n == 2
        assert found["AU12"].within >= 0.95
        assert found["AU06"].n == 0 or found["AU06"].within >= 0.85

    def test_a_real_smile(self, mark, real):
        clip = FaceLandmarks(model=bundle()).transform([real / "single_face.mp4"])[0]
        smile = BlendshapeActionUnits().transform([clip])[0].aus[:, AU["AU12"]]
        assert smile[:10].max() < 0.5
        assert 2.0 < smile.max() <= 5.0
        assert smile[-1] < smile.max() - 1.0
