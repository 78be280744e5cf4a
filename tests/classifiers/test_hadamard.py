"""Blocks of columns, projected and multiplied."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification

from smilegenuine import HadamardClassifier


def quick(widths=None, **params):
    return HadamardClassifier(widths, **{"n_components": 5, "max_epochs": 3, "random_state": 0,
                                         **params})


@pytest.fixture(scope="module")
def table():
    return make_classification(60, 9, n_informative=5, random_state=1)


@pytest.mark.parametrize(("widths", "shapes"), [(None, [9]), ((2, 6, 1), [2, 6, 1]), ([9], [9])])
def test_a_projection_a_block(widths, shapes, table):
    clf = quick(widths).fit(*table)
    assert [p.in_features for p in clf.net_.module_.projections] == shapes
    assert clf.transform(table[0]).shape == (60, 5)


def test_what_no_line_tells_apart():
    # The class is the sign of a product: of two blocks, of which either alone says nothing.
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 4))
    y = (X[:, 0] * X[:, 2] > 0).astype(int)
    clf = quick((2, 2), n_components=8, max_epochs=60, lr=0.02, dropout=0.0, norm_penalty=0.0)
    assert clf.fit(X[:300], y[:300]).score(X[300:], y[300:]) > 0.85


def test_columns_have_names():
    X, y = make_classification(40, 9, random_state=1)
    frame = pd.DataFrame(X, columns=[f"f{i}" for i in range(9)])
    clf = quick().fit(frame, y)
    with pytest.raises(ValueError, match="feature names"):
        clf.predict(frame[frame.columns[::-1]])


def test_refitting_on_another_table(table):
    X, y = table
    clf = quick((4, 5)).fit(X, y)
    clf.set_params(widths=(1, 2), n_components=3).fit(X[:, :3], y)
    assert clf.n_features_in_ == 3
    assert clf.transform(X[:, :3]).shape == (60, 3)


def test_groups_with_gaps(table):
    with pytest.raises(ValueError, match="names no subject for some samples"):
        quick().fit(*table, groups=[None] * 60)


def test_nan_is_refused(table):
    X = table[0].copy()
    X[3, 2] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        quick().fit(X, table[1])


@pytest.mark.parametrize(("params", "message"), [
    ({"widths": (4, 4)}, r"widths \(4, 4\) add up to 8, but X has 9 columns"),
    ({"widths": (9, 0)}, "each of widths must be a whole number of at least 1, not 0"),
    ({"widths": 9}, "widths"), ({"widths": ()}, "widths"),
    ({"n_components": 0}, "n_components must be"), ({"dropout": 1.0}, "dropout must be below 1"),
    ({"dropout": -0.1}, "dropout must be a number of at least 0"),
])
def test_bad_parameters_are_named(params, message, table):
    with pytest.raises(ValueError, match=message):
        quick(**params).fit(*table)
