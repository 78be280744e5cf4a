"""The published figures: of systems that there are, with their sources."""

from __future__ import annotations

import numpy as np
import pytest

from smilegenuine.datasets import published_figures, published_rates
from smilegenuine.datasets.published import PUBLISHED
from smilegenuine.systems.named_systems import SYSTEMS, TABLE_ROWS


@pytest.mark.parametrize("data_set", PUBLISHED)
def test_every_row_is_of_a_system_and_says_where_it_stands(data_set):
    table = published_figures(data_set)
    assert list(table) == ["system", "accuracy", "sd", "source", "protocol"]
    assert set(table["system"]) <= set(SYSTEMS)
    assert table["system"].is_unique
    assert table["accuracy"].between(0.5, 1.0).all()
    assert table["source"].str.contains(r", doi:10\.\d+/\S+$").all()
    assert table["protocol"].str.contains("folds").all()


def test_core_paper():
    table = published_figures("uva-nemo").set_index("system")
    rows = table.loc[list(TABLE_ROWS)]
    assert [f"{100 * mean:.1f} ± {100 * sd:.1f}" for mean, sd in
            zip(rows["accuracy"], rows["sd"], strict=True)] == [
        "74.4 ± 1.9", "77.5 ± 4.3", "80.1 ± 2.9", "79.4 ± 4.0", "80.5 ± 2.1", "81.8 ± 2.9"]
    assert rows["source"].str.startswith("Pawlus").all()
    assert not rows["protocol"].str.contains("best on the test fold").any()


@pytest.mark.parametrize(("data_set", "mesh", "hada", "folds"), [
    ("uva-nemo", 85.0, 88.7, "ten folds by subject"), ("mmi", 99.0, 99.7, "nine folds by subject"),
    ("spos", 94.4, 98.5, "seven folds, leave one subject out"),
    ("bbc", 95.0, 100.0, "ten folds of two videos")])
def test_face_mesh(data_set, mesh, hada, folds):
    table = published_figures(data_set).set_index("system").loc[["meshsmilenet", "hadasmilenet"]]
    np.testing.assert_allclose(100 * table["accuracy"], [mesh, hada])
    assert table["sd"].isna().all()
    assert table["protocol"].str.startswith(folds).all()
    assert table["protocol"].str.contains("epoch is the one that is best on the test fold").all()


def test_by_frame_rate():
    table = published_rates("uva-nemo")
    np.testing.assert_allclose(table["fps"], [50, 50 / 3, 10, 5])
    np.testing.assert_allclose(100 * table["accuracy"], [67.0, 74.5, 85.0, 82.2])
    mesh = published_figures("uva-nemo").set_index("system").loc["meshsmilenet"]
    assert table.set_index("fps").loc[10, "accuracy"] == mesh["accuracy"]
    assert set(table["source"]) == {mesh["source"]}
    empty = published_rates("bbc")
    assert (len(empty), list(empty)) == (0, list(table))


@pytest.mark.parametrize("give", [published_figures, published_rates])
def test_other_data_sets(give):
    with pytest.raises(ValueError, match="no published figures are known of 'uva_nemo'; there are "
                                         "some of uva-nemo, mmi, spos, bbc"):
        give("uva_nemo")
