"""The mathematics of adapting against direct computation, and against what chance does."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from smilegenuine.classifiers.adaptation import (
    Moments,
    balanced,
    moved,
    penalised_logistic,
    weights_of,
)

EXPECTED = Moments(np.array([[0.0] * 6, [1.0] * 6]), np.ones((2, 6)))


def test_the_layer_is_the_most_probable_one():
    rng = np.random.default_rng(0)
    columns, positive = rng.normal(size=(40, 4)) * 3, rng.random(40) < 0.4
    weight, start = rng.uniform(0.5, 2, 40), np.array([1.0, 0, 0, 0])
    precision = np.array([0.5, 1.0, 2.0, 0.1])

    def cost(theta):
        odds = columns @ theta
        return (weight * np.logaddexp(0, np.where(positive, -odds, odds))).sum() + (
            precision * (theta - start)**2).sum() / 2

    found = penalised_logistic(columns, positive, weight, start, precision)
    assert found == pytest.approx(minimize(cost, start, tol=1e-12).x, abs=1e-4)


def test_the_layer_is_found_from_far_away():
    columns = np.array([[40.0], [-35.0], [30.0]])  # where full steps of Newton's method diverge
    found = penalised_logistic(columns, np.array([False, True, False]), np.ones(3), np.array([5.0]),
                               np.array([1e-3]))
    odds = columns @ found
    p = 1 / (1 + np.exp(-odds))
    assert columns.T @ (p - [0, 1, 0]) + 1e-3 * (found - 5.0) == pytest.approx([0.0], abs=1e-4)


def test_classes_count_alike():
    assert balanced(np.array([True, False, False, False])) == pytest.approx([2, 2 / 3, 2 / 3,
                                                                             2 / 3])


def labelled_rows(n_subjects, shift, stretch, seed=0):
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(n_subjects), 4)
    positive = np.tile([True, False], 2 * n_subjects)
    rows = rng.normal(size=(4 * n_subjects, 6)) * stretch + shift
    rows[positive] += 1.0
    return rows, positive, who


def test_a_move_is_found():
    shift, stretch = np.array([2.0, -1, 0.5, 0, 0, 0]), np.array([1.0, 1, 2, 2, 0.5, 1])
    found = moved(*labelled_rows(200, shift, stretch), EXPECTED)
    assert found[0] == pytest.approx(shift, abs=0.2)
    assert found[1] == pytest.approx(stretch, rel=0.15)


def test_what_chance_shows_is_no_move():
    sizes = [np.abs(moved(*labelled_rows(8, 0.0, 1.0, seed), EXPECTED)[0]) for seed in range(30)]
    raw = []
    for seed in range(30):
        rows, positive, _ = labelled_rows(8, 0.0, 1.0, seed)
        raw.append(np.abs(0.5 * (rows[positive].mean(axis=0) + rows[~positive].mean(axis=0) - 1)))
    assert np.mean(sizes) < 0.4 * np.mean(raw)


def test_more_smiles_of_one_class_are_no_move():
    rows, positive, who = labelled_rows(200, 0.0, 1.0)
    kept = ~positive | (who % 10 == 0)
    assert rows[kept].mean() < 0.3  # where both classes together are expected at 0.5
    assert np.abs(moved(rows[kept], positive[kept], who[kept], EXPECTED)[0]).max() < 0.1


def test_a_column_that_one_class_lacks_has_not_moved():
    rows, positive, who = labelled_rows(50, 3.0, 1.0)
    rows[positive, 2] = np.nan
    shift, stretch = moved(rows, positive, who, EXPECTED)
    assert (shift[2], stretch[2]) == (0.0, 1.0)
    assert shift[3] == pytest.approx(3.0, abs=0.3)


def test_equals_count_alike():
    loss, who = np.ones((4, 12)), np.repeat(np.arange(6), 2)
    assert weights_of(loss, who) == pytest.approx([0.25] * 4)
    assert weights_of(loss[:1], who) == pytest.approx([1.0])


def test_it_is_the_likelihood_of_two_smiles_a_subject():
    loss = np.random.default_rng(0).random((3, 30))
    weights = weights_of(loss, np.repeat(np.arange(10), 3))
    odds = np.exp(20 * (loss[0].mean() - loss[1].mean()))
    assert weights[1] / weights[0] == pytest.approx(odds)
    # However many smiles each of them has.
    many = weights_of(np.repeat(loss, 4, axis=1), np.repeat(np.arange(10), 12))
    np.testing.assert_allclose(many, weights)
