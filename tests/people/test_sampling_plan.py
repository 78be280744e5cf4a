"""Takes: who smiles how often, and random numbers that nobody else's change."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from smilegenuine.people.sampling_plan import (
    AS_ON_UVA_NEMO,
    PlannedClip,
    person_rng,
    planned_clips,
    seed_of,
)


def listed(n_subjects: int, clips_per_subject: int | str = 4, seed: int = 0) -> list[PlannedClip]:
    return list(planned_clips(n_subjects, clips_per_subject, seed))


def plans(found: list[PlannedClip]) -> list[list[int]]:
    """The labels of each subject's clips, in turn."""
    labels: dict[str, list[int]] = {}
    for take in found:
        labels.setdefault(take.subject, []).append(take.label)
    return list(labels.values())


@pytest.fixture(scope="module")
def counts() -> list[Counter]:
    return [Counter(plan) for plan in plans(listed(400, AS_ON_UVA_NEMO))]


@pytest.mark.parametrize(("clips_per_subject", "expected"), [
    (1, [[0], [1], [0]]),
    (2, [[0, 1]] * 3),
    (3, [[0, 1, 0], [1, 0, 1], [0, 1, 0]]),
    (4, [[0, 1, 0, 1]] * 3),
])
def test_half_of_them_are_posed(clips_per_subject, expected):
    assert plans(listed(3, clips_per_subject)) == expected


@pytest.mark.parametrize("clips_per_subject", [1, 2, AS_ON_UVA_NEMO])
def test_one_subject(clips_per_subject):
    """Where there may be no clip of one kind at all."""
    few, more = listed(1, clips_per_subject), listed(40, clips_per_subject)
    assert [t.name for t in few] == [t.name for t in more if t.subject == "s000"]


def test_names():
    found = listed(2, 3)
    assert [(t.name, t.subject, t.number) for t in found] == [
        ("s000_0_posed", "s000", 0), ("s000_1_spontaneous", "s000", 0), ("s000_2_posed", "s000", 0),
        ("s001_0_spontaneous", "s001", 1), ("s001_1_posed", "s001", 1),
        ("s001_2_spontaneous", "s001", 1)]


class TestAsOnUvaNemo:
    def test_as_many_clips(self, counts):
        assert len(counts) == 400
        assert sum(c[0] for c in counts) == 643
        assert sum(c[1] for c in counts) == 597

    def test_of_as_many_subjects(self, counts):
        assert sum(c[0] > 0 for c in counts) == 368
        assert sum(c[1] > 0 for c in counts) == 357

    def test_one_to_three_of_a_kind(self, counts):
        for label in (0, 1):
            shares = Counter(c[label] for c in counts if c[label])
            assert set(shares) == {1, 2, 3}
            assert min(shares.values()) > 40

    def test_numbers_of_the_kinds_go_not_in_step(self, counts):
        both = np.array([[c[0], c[1]] for c in counts if c[0] and c[1]])
        assert abs(np.corrcoef(both.T)[0, 1]) < 0.15

    def test_any_part_is_alike(self, counts):
        for first in range(0, 400, 50):
            posed = sum(c[0] for c in counts[first:first + 50])
            assert posed == pytest.approx(643 / 8, abs=8)

    def test_kinds_take_turns_and_the_seed_does_not_matter(self):
        found = plans(listed(60, AS_ON_UVA_NEMO))
        assert found == plans(listed(60, AS_ON_UVA_NEMO, seed=9))
        for plan in found:
            both = min(plan.count(0), plan.count(1))
            assert plan[:2 * both] == [0, 1] * both
            assert len(set(plan[2 * both:])) <= 1


class TestRandomNumbers:
    @pytest.mark.parametrize("clips_per_subject", [1, 3, 4, AS_ON_UVA_NEMO])
    def test_the_first_subjects_do_not_depend_on_how_many(self, clips_per_subject):
        few, more = listed(7, clips_per_subject), listed(300, clips_per_subject)
        for one, other in zip(few, more, strict=False):
            assert (one.name, one.label) == (other.name, other.label)
            np.testing.assert_array_equal(one.scores, other.scores)
            np.testing.assert_array_equal(one.style.scores, other.style.scores)
            assert one.style.talks == other.style.talks
            assert one.rng.random() == other.rng.random()

    def test_every_clip_has_its_own(self):
        found = listed(30, 4)
        assert len({take.rng.random() for take in found}) == 120
        assert len({take.scores.tobytes() for take in found}) == 120
        assert len({take.style.scores.tobytes() for take in found}) == 30
        assert len({take.style.talks for take in found}) == 30
        assert len({person_rng(0, k).random() for k in range(30)}) == 30

    def test_looks_and_motion_have_generators_of_their_own(self):
        looks = {person_rng(0, k).random() for k in range(30)}
        assert not looks & {take.rng.random() for take in listed(30, 4)}

    def test_one_subject_keeps_one_style(self):
        found = listed(2, 4)
        assert found[0].style is found[3].style
        assert found[0].style is not found[4].style

    def test_other_seed(self):
        for one, other in zip(listed(3), listed(3, seed=1), strict=True):
            assert one.name == other.name
            assert (one.scores != other.scores).all()
            assert (one.style.scores != other.style.scores).all()
            assert one.rng.random() != other.rng.random()


class TestSeed:
    def test_numbers_stay_what_they_are(self):
        assert seed_of(0) == 0
        assert seed_of(np.int64(7)) == 7
        assert type(seed_of(np.int64(7))) is int
        assert seed_of(2**40) == 2**40

    def test_random_state_goes_on(self):
        state = np.random.RandomState(3)
        one, other = seed_of(state), seed_of(state)
        assert one == seed_of(np.random.RandomState(3)) != other
        assert one >= 0

    def test_none_is_always_another(self):
        assert seed_of(None) != seed_of(None)

    @pytest.mark.parametrize("wrong", [-1, np.int32(-5)])
    def test_negative(self, wrong):
        with pytest.raises(ValueError, match="random_state must not be negative, not -"):
            seed_of(wrong)

    @pytest.mark.parametrize("wrong", ["x", 1.5, [1, 2], np.random.default_rng(0)])
    def test_no_seed(self, wrong):
        with pytest.raises(ValueError, match="cannot be used to seed"):
            seed_of(wrong)
