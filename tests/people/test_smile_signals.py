"""`make_smile_signals`: the set without pictures, its subjects, and what the variants change."""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from sklearn.utils import Bunch

from smilegenuine.clips.au_table import AU_NAMES
from smilegenuine.datasets import make_smile_signals, make_smiles, measure_smile

AU = {name: k for k, name in enumerate(AU_NAMES)}
FIELDS = ("times", "aus", "smile", "lips", "eyelids", "cheeks", "pose", "gaze")


@pytest.fixture(scope="module")
def smiles() -> Bunch:
    """As many clips of a subject as on UvA-NEMO, of 250 subjects."""
    return make_smile_signals(250, random_state=0)


@pytest.fixture(scope="module")
def figures(smiles) -> pd.DataFrame:
    return measured(smiles)


def measured(smiles: Bunch) -> pd.DataFrame:
    """The figures of each clip, and the most of each action unit."""
    table = pd.DataFrame([measure_smile(*clip) for clip in
                          zip(smiles.times, smiles.lips, smiles.eyelids, strict=True)])
    return table.assign(**{name: [aus[:, k].max() for aus in smiles.aus] for name, k in AU.items()})


def assert_same_motion(one: Bunch, other: Bunch, n: int | None = None) -> None:
    for field in FIELDS:
        for a, b in zip(one[field][:n], other[field][:n], strict=True):
            np.testing.assert_array_equal(a, b, err_msg=field)
    assert one.phases[:n] == other.phases[:n]


class TestBunch:
    def test_clips_know_the_truth(self):
        smiles = make_smile_signals(3, 4, fps=25, random_state=0)
        np.testing.assert_array_equal(smiles.target, [0, 1, 0, 1] * 3)
        np.testing.assert_array_equal(smiles.groups, np.repeat(["s000", "s001", "s002"], 4))
        assert smiles.target_names == ["posed", "spontaneous"]
        assert smiles.data[5].name == "s001_1_spontaneous"
        for i, clip in enumerate(smiles.data):
            assert clip.frames is clip.faces is None
            assert clip.subject == smiles.groups[i]
            assert clip.fps == pytest.approx(25)
            np.testing.assert_array_equal(clip.times, smiles.times[i])
            np.testing.assert_array_equal(clip.aus, smiles.aus[i])
            np.testing.assert_array_equal(clip.smile, smiles.smile[i])
            for field in FIELDS:
                assert len(smiles[field][i]) == clip.n_frames
            assert set(smiles.phases[i]) == {"onset", "apex", "offset", "smile"}
        assert "3 subjects, 12 clips, 25 frames a second" in smiles.DESCR
        assert "differ in: kinematics" in smiles.DESCR
        assert "say nothing about accuracy on people" in " ".join(smiles.DESCR.split())

    def test_as_on_uva_nemo_unasked(self):
        """The numbers of a whole set are those of `planned_clips`; here the first part of it."""
        few = make_smile_signals(12, random_state=0)
        counts = Counter(zip(few.groups, few.target, strict=True))
        assert set(counts.values()) == {1, 2, 3}
        assert few.data[0].fps == pytest.approx(50)

    def test_head_kept_still(self):
        smiles = make_smile_signals(2, 1, head_motion=0, random_state=0)
        for pose in smiles.pose:
            np.testing.assert_array_equal(pose, np.tile([0, 0, 0, 0, 0, 1.0], (len(pose), 1)))


class TestTheSameEveryTime:
    def test_same_seed(self):
        assert_same_motion(make_smile_signals(4, random_state=5),
                           make_smile_signals(4, random_state=np.int64(5)))

    def test_other_seed(self):
        one, other = (make_smile_signals(3, 2, random_state=seed) for seed in (5, 6))
        for a, b in zip(one.aus, other.aus, strict=True):
            assert a.shape != b.shape or np.abs(a - b).max() > 0.1

    def test_no_seed(self):
        one, other = make_smile_signals(1, 1), make_smile_signals(1, 1)
        assert one.smile[0].shape != other.smile[0].shape or (one.smile[0] != other.smile[0]).any()

    def test_random_state_object(self):
        state = np.random.RandomState(4)
        one, other = (make_smile_signals(1, 1, random_state=state) for _ in range(2))
        assert_same_motion(one, make_smile_signals(1, 1, random_state=np.random.RandomState(4)))
        assert one.aus[0].shape != other.aus[0].shape or (one.aus[0] != other.aus[0]).any()

    def test_the_first_subjects_do_not_depend_on_how_many(self, smiles):
        few = make_smile_signals(6, random_state=0)
        assert_same_motion(few, Bunch(**{f: smiles[f][:len(few.target)]
                                         for f in (*FIELDS, "phases")}))
        np.testing.assert_array_equal(few.target, smiles.target[:len(few.target)])

    @pytest.mark.parametrize("options", [
        {"clips_per_subject": 3, "fps": 50.0}, {"clips_per_subject": "uva-nemo", "fps": 25.0},
        {"clips_per_subject": 2, "fps": 30.0, "difference": "apex", "head_motion": 0.4},
    ], ids=str)
    def test_drawn_smiles_move_alike(self, options):
        """Whatever is done to the pictures."""
        signals = make_smile_signals(4, random_state=9, **options)
        drawn = make_smiles(4, random_state=9, compression=0.9, absences=0.5, size=48, **options)
        assert_same_motion(signals, drawn)
        assert [c.name for c in signals.data] == [c.name for c in drawn.data]
        np.testing.assert_array_equal(signals.target, drawn.target)
        np.testing.assert_array_equal(signals.groups, drawn.groups)


class TestEverySmile:
    def test_first_frame_is_neutral_and_says_nothing(self, smiles):
        np.testing.assert_array_equal([aus[0] for aus in smiles.aus], 0.0)
        np.testing.assert_array_equal([smile[0] for smile in smiles.smile], 0.0)
        np.testing.assert_array_equal([lips[0] for lips in smiles.lips], 0.5)
        np.testing.assert_array_equal([cheeks[0] for cheeks in smiles.cheeks], 0.5)
        eyes = pd.DataFrame([lids[0] for lids in smiles.eyelids]).groupby(smiles.groups)
        assert (eyes.nunique() == 1).all(axis=None)

    def test_bounds(self, smiles):
        for field, low, high in (("aus", 0, 5), ("smile", 0, 1), ("lips", -0.1, 1.1),
                                 ("cheeks", 0.5, 0.55)):
            values = np.concatenate(smiles[field])
            assert np.isfinite(values).all()
            assert low <= values.min()
            assert values.max() <= high
        for field in ("eyelids", "pose", "gaze"):
            assert np.isfinite(np.concatenate(smiles[field])).all()

    def test_lengths(self, smiles):
        seconds = np.array([times[-1] for times in smiles.times])
        assert seconds.min() > 0.4
        assert seconds.max() < 30

    def test_action_units_that_are_seen(self, smiles):
        most = np.concatenate(smiles.aus).max(axis=0)
        for name in AU_NAMES:
            if name != "AU09":  # no nose is wrinkled in a smile
                assert most[AU[name]] > 0.5, name
        assert most[AU["AU09"]] == 0

    def test_some_have_two_peaks(self, smiles):
        """The face has nearly come to rest and smiles again."""
        twice = []
        for aus, phases in zip(smiles.aus, smiles.phases, strict=True):
            fade = aus[phases["apex"].stop:, AU["AU12"]] / aus[:, AU["AU12"]].max()
            twice.append(bool((fade - np.minimum.accumulate(fade) > 0.15).any()))
        assert 0.03 < np.mean(twice) < 0.3

    def test_some_end_before_the_offset_is_over(self, smiles):
        cut = [phases["smile"].stop == len(times)
               for phases, times in zip(smiles.phases, smiles.times, strict=True)]
        assert 0.01 < np.mean(cut) < 0.035

    def test_some_speak(self, smiles):
        """AU20 comes with speech alone; jaw and lips move with it, from the offset on."""
        spoke = 0
        for aus, phases in zip(smiles.aus, smiles.phases, strict=True):
            says = np.flatnonzero(aus[:, AU["AU20"]])
            if len(says):
                spoke += 1
                assert says[0] > phases["apex"].stop - 2
                assert aus[says][:, [AU["AU25"], AU["AU26"]]].max() > 0.1
        assert spoke / len(smiles.aus) == pytest.approx(0.125, abs=0.04)

    def test_many_blink(self, smiles):
        blinks = np.array([aus[:, AU["AU45"]].max() > 1.5 for aus in smiles.aus])
        assert 0.15 < blinks.mean() < 0.6


class TestSubjects:
    @pytest.mark.parametrize("label", [0, 1])
    @pytest.mark.parametrize(("figure", "expected", "slack"), [
        ("lip_onset_rise", 0.35, 0.12), ("lip_offset_fall", 0.35, 0.12),
        ("lip_apex_wobble", 0.33, 0.13), ("lip_onset_duration_s", 0.26, 0.16)])
    def test_they_stay_themselves(self, smiles, figures, label, figure, expected, slack):
        """Two smiles of one kind of a person are as like as the share of the habits is."""
        ranks = figures[figure][smiles.target == label].rank()
        groups = smiles.groups[smiles.target == label]
        pairs = [pair for _, clips in ranks.groupby(groups) for pair in permutations(clips, 2)]
        assert len(pairs) > 300
        assert np.corrcoef(np.transpose(pairs))[0, 1] == pytest.approx(expected, abs=slack)

    def test_strangers_are_not_alike(self, smiles, figures):
        posed = figures["lip_onset_rise"][smiles.target == 0].to_numpy()
        groups = smiles.groups[smiles.target == 0]
        later = np.roll(posed, 7)
        assert (groups != np.roll(groups, 7)).all()
        assert abs(np.corrcoef(posed, later)[0, 1]) < 0.12


@cache
def variant(difference: str) -> tuple[Bunch, pd.DataFrame]:
    smiles = make_smile_signals(150, 4, difference=difference, random_state=0)
    return smiles, measured(smiles)


def effects(difference: str) -> pd.Series:
    """Cohen's d of every figure and of the most of every action unit."""
    smiles, table = variant(difference)
    posed, spontaneous = table[smiles.target == 0], table[smiles.target == 1]
    pooled = np.sqrt((posed.var() + spontaneous.var()) / 2).replace(0.0, 1.0)
    return (spontaneous.mean() - posed.mean()) / pooled


# What else is bound to follow: the clip lasts as long as its phases; the eyelids are measured in
# the lips' phases; cheeks that narrow the eye leave the lids' muscle less to do; a smile that is
# held unsteadily goes higher in between, and so does all that goes along with it.
FOLLOWS = {
    "none": set(),
    "au06": {"AU07"},
    "onset_speed": {"eyelid_onset_duration_s", "video_s", "smile_s"},
    "asymmetry": set(),
    "apex": {"AU12", "AU06", "AU10", "AU25", "AU26", "AU14"},
}
NAMED = {
    "none": {}, "au06": {"AU06": 1}, "asymmetry": {"lip_onset_left_right_difference": -1},
    "onset_speed": {"lip_onset_duration_s": 1, "lip_onset_peak_speed_per_s": -1},
    "apex": {"lip_apex_wobble": 1},
}


@pytest.mark.parametrize("difference", NAMED)
class TestVariants:
    def test_what_is_named_differs(self, difference):
        found = effects(difference)
        for figure, sign in NAMED[difference].items():
            assert sign * found[figure] >= 1.0, figure

    def test_nothing_else_does(self, difference):
        found = effects(difference).drop([*NAMED[difference], *FOLLOWS[difference]])
        assert len(found) > 30
        # Twice 300 clips: two thirds of chance differences are below 0.08.
        assert found.abs().max() < 0.26
        assert (found.abs() > 0.16).sum() <= 2

    def test_what_follows_differs_less(self, difference):
        found = effects(difference)
        named = min((abs(found[f]) for f in NAMED[difference]), default=0.0)
        for figure in FOLLOWS[difference] - {"eyelid_onset_duration_s"}:
            assert abs(found[figure]) < 0.65 * named

    def test_labels(self, difference):
        smiles, _ = variant(difference)
        assert smiles.target.mean() == 0.5
        assert f"differ in: {difference}" in smiles.DESCR


@pytest.mark.parametrize(("wrong", "message"), [
    ({"n_subjects": 0}, "n_subjects must be a whole number of at least 1, not 0"),
    ({"n_subjects": True}, "n_subjects must be a whole number of at least 1, not True"),
    ({"n_subjects": 2.0}, "n_subjects must be a whole number of at least 1, not 2.0"),
    ({"n_subjects": "3"}, "n_subjects must be a whole number of at least 1, not '3'"),
    ({"clips_per_subject": "imagenet"}, "clips_per_subject must be .* not 'imagenet'"),
    ({"clips_per_subject": "3"}, "clips_per_subject must be a whole number .* not '3'"),
    ({"clips_per_subject": 0}, "clips_per_subject must be a whole number of at least 1, not 0"),
    ({"clips_per_subject": None}, "clips_per_subject must be a whole number .* not None"),
    ({"fps": 0}, "fps must be a finite number above 0, not 0"),
    ({"fps": float("nan")}, "fps must be a finite number above 0, not nan"),
    ({"fps": "25"}, "fps must be a finite number above 0, not '25'"),
    ({"fps": True}, "fps must be a finite number above 0, not True"),
    ({"difference": "apexes"}, "difference must be one of 'kinematics', 'au06', .* not 'apexes'"),
    ({"difference": None}, "difference must be one of 'kinematics', .* not None"),
    ({"difference": 1}, "difference must be one of 'kinematics', .* not 1"),
    ({"head_motion": -0.1}, "head_motion must be a finite number of at least 0, not -0.1"),
    ({"head_motion": float("inf")}, "head_motion must be a finite number of at least 0, not inf"),
    ({"random_state": -1}, "random_state must not be negative, not -1"),
    ({"random_state": "x"}, "'x' cannot be used to seed"),
])
def test_bad_parameters(wrong, message):
    with pytest.raises(ValueError, match=message):
        make_smile_signals(**{"n_subjects": 1, "clips_per_subject": 1, **wrong})
