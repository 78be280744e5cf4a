"""Effect sizes as a picture: the rows asked for, beside what is published, and readable."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pictures import check_readable, look_of

from smilegenuine.evaluation.effects import effect_sizes
from smilegenuine.plotting.forest_plot import EffectSizeDisplay

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

RESAMPLED = {"n_resamples": 100, "random_state": 0}


def clips(names=tuple("abcdef")):
    """A table in which the k-th feature is moved by k/4, up or down in turn."""
    rng = np.random.default_rng(0)
    y, groups = np.arange(60) % 2, np.arange(60) // 4
    moved = np.array([k / 4 * (-1) ** k for k in range(len(names))])
    table = rng.normal(size=(60, len(names))) + y[:, None] * moved
    return pd.DataFrame(table, columns=names), y, groups


def draw(*data, **params) -> EffectSizeDisplay:
    return EffectSizeDisplay.from_table(*(data or clips()), **(RESAMPLED | params))


def marks(display, marker: str = "o") -> list:
    return [line for line in display.ax_.lines if line.get_marker() == marker]


def names(display) -> list[str]:
    return [t.get_text() for t in display.ax_.get_legend().get_texts()]


def rows(display) -> list[str]:
    return [t.get_text() for t in display.ax_.get_yticklabels()]


class TestWhatIsDrawn:
    def test_effects_and_intervals(self):
        known = effect_sizes(*clips(), **RESAMPLED)
        display = draw()
        assert display.figure_ is display.ax_.figure
        assert rows(display) == list("abcdef")
        sure, unsure = marks(display)
        at = {int(y): x for line in (sure, unsure) for x, y in line.get_xydata()}
        assert at == pytest.approx(dict(enumerate(known["effect"])))
        significant = known["p adjusted"] < 0.05
        assert 0 < significant.sum() < 6
        assert sorted(sure.get_ydata()) == np.flatnonzero(significant).tolist()
        ends = {int(y): (x0, x1) for c in display.ax_.collections
                for (x0, y), (x1, _) in c.get_segments()}
        for k, row in known.iterrows():
            assert ends[k] == pytest.approx((row["lower"], row["upper"]))

    def test_the_strongest_in_the_order_of_the_table(self):
        known = effect_sizes(*clips(), **RESAMPLED)
        strongest = known["effect"].abs().nlargest(3).index.sort_values()
        assert rows(draw(features=3)) == known["feature"][strongest].tolist()

    def test_those_asked_for_in_their_order_and_corrected_for_all(self):
        display = draw(features=["e", "a"])
        assert rows(display) == ["e", "a"]
        known = effect_sizes(*clips(), **RESAMPLED).set_index("feature")
        np.testing.assert_array_equal(display.effects["p adjusted"],
                                      known.loc[["e", "a"], "p adjusted"])
        assert rows(draw(features="b")) == ["b"]

    def test_published_ones_are_beside_theirs(self):
        display = draw(published={"c": 0.5, "nobody's": 3.0, "e": -0.2})
        stars, = marks(display, "*")
        assert sorted(zip(np.round(stars.get_ydata() + 0.34), stars.get_xdata(), strict=True)) == [
            (2.0, 0.5), (4.0, -0.2)]
        assert names(display)[-1] == "published"
        assert "published" not in names(draw(published={}))
        series = draw(published=pd.Series({"c": 0.5}))
        assert len(marks(series, "*")[0].get_xdata()) == 1

    def test_which_way_is_which_class(self):
        table, y, groups = clips()
        words = np.array(["posed", "spontaneous"])[y]
        assert draw(table, words, groups).ax_.get_xlabel() == (
            "effect size (g)\n← posed larger      spontaneous larger →")
        assert draw().ax_.get_xlabel().endswith("← class 0 larger      class 1 larger →")
        assert draw(display_labels=("no", "yes")).ax_.get_xlabel().endswith("yes larger →")

    def test_from_what_was_measured_before(self):
        found = effect_sizes(*clips(), **RESAMPLED)
        assert EffectSizeDisplay(found).plot().ax_.get_xlabel().endswith("second class larger →")

    def test_what_has_no_effect_size(self):
        table, y, groups = clips()
        table["a"], table["b"] = 1.0, y
        display = draw(table, y, groups)
        assert [(t.get_text(), t.get_position()[1]) for t in display.ax_.texts] == [
            ("constant", 0), ("apart in every clip", 1)]
        check_readable(display.figure_)
        only = draw(table[["a"]], y, groups)
        check_readable(only.figure_, least=4)


class TestLayout:
    @pytest.mark.parametrize("case", ["one", "usual", "forty", "strange names"])
    def test_no_text_is_cut_off_or_written_over(self, case):
        columns = {"one": ["a"], "usual": list("abcdef"),
                   "forty": [f"onset_AU06xAU12_adjslope27_absdiff_mean_of_{k}" for k in range(40)],
                   "strange names": [r"cost$\foo$_a", "$x$ $y$", "_hidden"]}[case]
        table, y, groups = clips(columns)
        labels = np.array(["posed $x$, at the photographer's bidding", "spontaneous $y$"])
        display = draw(table, labels[y], groups, features=40, published={columns[0]: 0.3})
        check_readable(display.figure_, least=6 + len(columns))
        assert len(set(rows(display))) == len(columns)
        if case == "strange names":
            assert rows(display) == columns

    @pytest.mark.parametrize("size", [(5.0, 4.0), (12.0, 9.0)])
    def test_own_axes(self, size):
        figure = Figure(figsize=size, layout="constrained")
        display = draw(ax=figure.subplots(), published={"a": 0.1})
        assert display.figure_ is figure
        assert plt.get_fignums() == []
        check_readable(figure)

    def test_told_apart_in_grey(self):
        display = draw(published={"a": 0.1})
        (sure, unsure), (star,) = marks(display), marks(display, "*")
        assert abs(look_of(sure)[2] - look_of(unsure)[2]) > 0.3  # full and hollow
        assert look_of(star)[1] != look_of(unsure)[1]


class TestRefusals:
    @pytest.mark.parametrize(("features", "message"), [
        (["a", "z"], "z: no such feature; there are 6, the first a"),
        ([], "features names none: no such feature"),
        (0, "features must name some, or be how many, at least 1, not 0")])
    def test_features(self, features, message):
        with pytest.raises(ValueError, match=message):
            draw(features=features)

    def test_labels(self):
        with pytest.raises(ValueError, match="display_labels must be two, not 3"):
            draw(display_labels=("a", "b", "c"))

    @pytest.mark.parametrize(("effects", "what"), [
        (pd.DataFrame({"feature": ["a"]}), "no column 'effect'"),
        (pd.DataFrame(columns=["feature", "effect", "lower", "upper", "p adjusted"]), "no row")])
    def test_no_effects(self, effects, what):
        with pytest.raises(ValueError, match=f"effects must be what effect_sizes gives, .* {what}"):
            EffectSizeDisplay(effects).plot()
