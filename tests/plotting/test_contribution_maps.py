"""Maps of contributions: every one is in its cell, they add up, and all can be read."""

from __future__ import annotations

import functools
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pictures import check_readable
from plotting.made_explanations import FACE, MARKERS, PAIRS, SIX, SMILE, UNITS, UNPLACED, made

from smilegenuine import AUDASVMEnsemble
from smilegenuine.clips.au_table import AU_NAMES
from smilegenuine.datasets import make_smile_signals
from smilegenuine.explain import explain
from smilegenuine.plotting.contribution_maps import (
    PairMapDisplay,
    PhaseMapDisplay,
    contributions_by_phase,
    signed,
    strongest_rows,
)

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402


@functools.cache
def explained():
    """A decision of machines on units and pairs."""
    smiles = make_smile_signals(6, 4, fps=25, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = AUDASVMEnsemble(cv=2).fit(smiles.data, smiles.target)
    return model, smiles.data[1], explain(model, smiles.data[1])


def written(display) -> dict[tuple[int, int], str]:
    """(row, column) -> what is written there."""
    return {(round(t.get_position()[1]), round(t.get_position()[0])): t.get_text()
            for t in display.ax_.texts}


def header(ax) -> list:
    """The names of the columns, which stand on top."""
    return [t.label2 for t in ax.xaxis.get_major_ticks()]


def check_header(display) -> None:
    FigureCanvasAgg(display.figure_).draw()
    page = display.figure_.bbox
    boxes = [t.get_window_extent() for t in header(display.ax_)]
    title = display.ax_._left_title.get_window_extent()
    for k, box in enumerate(boxes):
        assert box.x1 <= page.x1 + 1
        assert box.y1 <= page.y1 + 1
        assert not title.overlaps(box)
        assert not any(box.overlaps(other) for other in boxes[k + 1:])


class TestSums:
    def test_units_with_pairs_in_halves(self):
        found = contributions_by_phase(made([*UNITS, *PAIRS]))
        assert list(found.columns) == ["onset", "apex", "offset"]
        assert found.loc["AU12"].tolist() == pytest.approx([0.3 + 0.25 - 0.35, 0.05, 0.0])
        assert found.loc["AU06"].tolist() == pytest.approx([1.2 + 0.25, -0.4, 0.0])
        assert found.loc["AU25"].tolist() == pytest.approx([-0.35, 0.05, -0.2])
        assert not {"AU01", "AU02"} & set(found.index)

    def test_they_are_those_of_the_explanation(self):
        _, _, explanation = explained()
        found = contributions_by_phase(explanation)
        expected = explanation.by_au_and_phase()
        assert set(found.columns) <= set(expected.columns)
        full = found.reindex(index=expected.index, columns=expected.columns).fillna(0.0)
        np.testing.assert_allclose(full, expected, atol=1e-9)
        assert found.to_numpy().sum() == pytest.approx(explanation.table["contribution"].sum())

    def test_everything_else_has_its_row(self):
        found = contributions_by_phase(made(SIX))
        assert found.to_numpy().sum() == pytest.approx(sum(row[-1] for row in SIX))
        assert found.loc["smile intensity", "apex"] == 0.25
        assert found.loc["not placed", "no phase"] == 0.35
        assert found.columns[-1] == "no phase"
        assert {"mouth (face)", "lip (D-Markers)"} <= set(found.index)

    def test_regions_of_one_kind_are_called_as_they_are(self):
        assert set(contributions_by_phase(made(FACE)).index) == {"mouth", "brows and eyes"}

    def test_features_and_branches_of_which_no_more_is_known(self):
        rows = [("forest", "feature", "", "", "", "", 0.5), ("net", "branch", "", "", "", "", 0.2)]
        explanation = made(rows)
        table = explanation.table.assign(feature=["speed", ""])
        found = contributions_by_phase(replace(explanation, table=table))
        assert found["no phase"].to_dict() == {"speed": 0.5, "net": 0.2}

    def test_strongest_rows(self):
        values = pd.DataFrame({"onset": [0.1, -2.0, 1.0, 0.5, 0.001, 0.3],
                               "apex": [0.0, 1.0, 0.0, -0.4, 0.0, 0.0]},
                              index=["a", "b", "c", "d", "e", "not placed"])
        found = strongest_rows(values, 2)
        assert list(found.index) == ["b", "c", "others (3)", "not placed"]
        assert found.loc["others (3)"].tolist() == pytest.approx([0.601, -0.4])
        assert list(strongest_rows(values, 3).index) == ["b", "c", "d", "others (2)", "not placed"]
        # One other is named, be it as small as it may.
        assert list(strongest_rows(values, 9).index) == ["b", "c", "d", "a", "e", "not placed"]

    @pytest.mark.parametrize(("value", "most", "text"), [
        (0.5, 0.9, "+0.50"), (-0.5, 9.0, "−0.50"), (-0.5, 90.0, "−0.5"), (0.004, 0.9, "0"),
        (-300.0, 500.0, "−300"), (0.00012, 0.0003, "+0.00012"), (0.0, 0.0, "0")])
    def test_signed(self, value, most, text):
        assert signed(value, most) == text


class TestPhaseMap:
    def test_cells(self):
        display = PhaseMapDisplay.from_explanation(made([*UNITS, *PAIRS]))
        assert list(display.drawn_.index) == ["AU06", "AU25", "AU12", "AU45"]
        np.testing.assert_array_equal(display.ax_.images[0].get_array(), display.drawn_)
        found = written(display)
        assert found[0, 0] == "+1.45"
        assert found[0, 1] == "−0.40"
        assert (3, 0) not in found
        assert found[0, 3] == "+1.05"  # sums
        assert found[4, 3] == signed(sum(row[-1] for row in [*UNITS, *PAIRS]), 1.45)
        assert [t.get_text() for t in display.ax_.get_yticklabels()] == [
            "AU06", "AU25", "AU12", "AU45", "sum"]
        assert [t.get_text() for t in header(display.ax_)] == ["onset", "apex", "offset", "sum"]
        assert "+ for spontaneous, − for posed" in display.ax_.get_xlabel()

    def test_colours(self):
        image = PhaseMapDisplay.from_explanation(made()).ax_.images[0]
        low, high = image.get_clim()
        assert (low, high) == (-1.2, 1.2)
        red, _, blue, _ = image.cmap(image.norm(1.2))
        assert blue > red
        red, _, blue, _ = image.cmap(image.norm(-1.2))
        assert red > blue

    def test_others_have_no_colour_and_are_summed(self):
        display = PhaseMapDisplay.from_explanation(made(SIX), n=1)
        assert list(display.drawn_.index)[1].startswith("others (")
        assert not display.ax_.images[0].get_array()[1].any()
        n_rows, n_columns = display.drawn_.shape
        total = sum(row[-1] for row in SIX)
        most = np.abs(display.drawn_.to_numpy()[[0, 2]]).max()
        assert written(display)[n_rows, n_columns] == signed(total, most)

    def test_small_columns_are_left_out_and_still_counted(self):
        rows = [*UNITS, ("auda_au", "action unit", "AU06", "", "", "rest", 0.009)]
        display = PhaseMapDisplay.from_explanation(made(rows))
        assert list(display.drawn_.columns) == ["onset", "apex", "offset"]
        assert display.row_sums_["AU06"] == pytest.approx(0.809)

    def test_from_estimator(self):
        model, clip, explanation = explained()
        display = PhaseMapDisplay.from_estimator(model, clip)
        expected = PhaseMapDisplay.from_explanation(explanation)
        pd.testing.assert_frame_equal(display.drawn_, expected.drawn_)
        assert display.ax_.get_title(loc="left") == clip.name

    @pytest.mark.parametrize("rows", [UNITS, SIX, FACE, MARKERS, UNITS[:1], SMILE, UNPLACED])
    def test_readable(self, rows):
        explanation = made(rows, classes=("$posed$ as told by somebody", "wholly $spontaneous"))
        name = "/recordings/" * 9 + "cost$_smile_2$.mp4"
        explanation = replace(explanation, clip=explanation.clip.replace(name=name))
        display = PhaseMapDisplay.from_explanation(explanation)
        check_readable(display.figure_)
        check_header(display)

    def test_of_a_system(self):
        display = PhaseMapDisplay.from_explanation(explained()[2])
        check_readable(display.figure_, least=60)
        check_header(display)

    def test_nothing_contributes(self):
        zero = made([(*row[:-1], 0.0) for row in SIX])
        display = PhaseMapDisplay.from_explanation(zero)
        assert [t.get_text() for t in display.ax_.texts] == ["nothing contributes"]
        check_readable(display.figure_, least=2)

    def test_labels_and_titles(self):
        explanation = made(classes=(0, 1))
        assert "+ for spontaneous, − for posed" in PhaseMapDisplay.from_explanation(
            explanation).ax_.get_xlabel()
        assert "+ for class 5, − for class 2" in PhaseMapDisplay.from_explanation(
            made(classes=(2, 5))).ax_.get_xlabel()
        display = PhaseMapDisplay.from_explanation(explanation, title="why?",
                                                   display_labels=("acted", "felt"))
        assert "+ for felt, − for acted" in display.ax_.get_xlabel()
        assert display.ax_.get_title(loc="left") == "why?"

    def test_own_axes(self):
        ax = Figure(layout="constrained").subplots()
        assert PhaseMapDisplay.from_explanation(made(), ax=ax).ax_ is ax
        assert plt.get_fignums() == []


class TestPairMap:
    def test_cells(self):
        display = PairMapDisplay.from_explanation(made([*UNITS, *PAIRS]))
        at = {au: k for k, au in enumerate(AU_NAMES)}
        values = display.values_
        assert values[at["AU12"], at["AU06"]] == pytest.approx(0.5)
        assert values[at["AU25"], at["AU12"]] == pytest.approx(-0.6)
        assert values[at["AU06"], at["AU06"]] == pytest.approx(0.8)
        assert np.isnan(values[np.triu_indices(17, 1)]).all()
        assert np.nansum(values) == pytest.approx(sum(row[-1] for row in [*UNITS, *PAIRS]))
        signs = {place: text for place, text in written(display).items() if text in ("+", "−")}
        assert signs == {(at["AU12"], at["AU06"]): "+", (at["AU25"], at["AU12"]): "−",
                         (at["AU06"], at["AU06"]): "+", (at["AU12"], at["AU12"]): "+",
                         (at["AU25"], at["AU25"]): "−"}

    def test_the_strongest_are_named(self):
        display = PairMapDisplay.from_explanation(made([*UNITS, *PAIRS]))
        assert display.ax_.texts[-1].get_text().splitlines() == [
            "strongest pairs", "AU12×AU25 −0.60", "AU06×AU12 +0.50"]

    def test_the_scale_is_that_of_the_pairs(self):
        display = PairMapDisplay.from_explanation(made([*UNITS, *PAIRS]))
        assert display.ax_.images[0].get_clim() == pytest.approx((-0.6, 0.6))
        assert "cut at the ends" in display.ax_.get_xlabel()  # AU06 alone has 0.8
        assert len(display.ax_.patches) == 17
        alone = PairMapDisplay.from_explanation(made(PAIRS))
        assert "cut" not in alone.ax_.get_xlabel()

    def test_one_phase(self):
        display = PairMapDisplay.from_explanation(made([*UNITS, *PAIRS]), phase="apex")
        assert np.nansum(display.values_) == pytest.approx(-0.4 + 0.1 + 0.1)
        assert display.ax_.get_title(loc="left").endswith(", apex")

    def test_from_estimator(self):
        model, clip, explanation = explained()
        display = PairMapDisplay.from_estimator(model, clip, phase="onset")
        rows = explanation.table[explanation.table["phase"] == "onset"]
        assert np.nansum(display.values_) == pytest.approx(rows["contribution"].sum())
        pairs = explanation.by_pair()
        whole = PairMapDisplay.from_explanation(explanation)
        first, second = pairs.index[0]
        place = AU_NAMES.index(second), AU_NAMES.index(first)
        assert whole.values_[place] == pytest.approx(pairs.iloc[0])
        check_readable(whole.figure_, least=40)
        FigureCanvasAgg(whole.figure_).draw()
        bar = whole.colorbar_.ax.get_tightbbox()
        assert not bar.overlaps(whole.ax_.texts[-1].get_window_extent())

    def test_nothing_contributes(self):
        display = PairMapDisplay.from_explanation(made([(*row[:-1], 0.0) for row in PAIRS]))
        assert display.ax_.texts[-1].get_text() == "no pair contributes"
        check_readable(display.figure_)


class TestRefusals:
    @pytest.mark.parametrize("display", [PhaseMapDisplay, PairMapDisplay])
    def test_no_explanation(self, display):
        with pytest.raises(TypeError, match=r"must be an Explanation, .* not DataFrame"):
            display.from_explanation(made().table)

    @pytest.mark.parametrize("labels", [("a",), ("a", "b", "c"), "ab"])
    def test_labels(self, labels):
        with pytest.raises(ValueError, match=r"display_labels must be two, for .*posed, spontan"):
            PhaseMapDisplay.from_explanation(made(), display_labels=labels)

    @pytest.mark.parametrize("n", [0, 2.5, True, "3"])
    def test_rows(self, n):
        with pytest.raises(ValueError, match="n must be a whole number of at least 1"):
            PhaseMapDisplay.from_explanation(made(), n=n)

    def test_no_pairs(self):
        with pytest.raises(ValueError, match=r"no branch that looks at pairs.* PhaseMapDisplay"):
            PairMapDisplay.from_explanation(made())

    def test_no_such_phase(self):
        with pytest.raises(ValueError, match="phase='begin': no such phase; there is onset, apex"):
            PairMapDisplay.from_explanation(made(PAIRS), phase="begin")
