"""What tests of pictures share: whether a picture can be read, also printed grey."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import colors
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.legend import Legend

from smilegenuine import Evaluation
from smilegenuine.evaluation.comparison import score


def boxes(figure) -> list:
    """The texts of a picture that are drawn, and where each is: (text, box)."""
    FigureCanvasAgg(figure).draw()
    found = [*figure.texts, *(t for legend in figure.legends for t in parts_of(legend))]
    for ax in figure.axes:
        legends = [child for child in ax.get_children() if isinstance(child, Legend)]
        found += [ax.title, ax._left_title, ax._right_title, *ax.texts,
                  *(t for legend in legends for t in parts_of(legend))]
        for axis in (ax.xaxis, ax.yaxis):
            found += [axis.label, axis.offsetText]
            low, high = sorted(axis.get_view_interval())  # ticks beyond exist but are not drawn
            ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            found += [label for t in ticks if low <= t.get_loc() <= high
                      for label in (t.label1, t.label2)]
    return [(text.get_text(), text.get_window_extent()) for text in dict.fromkeys(found)
            if text.get_visible() and text.get_text().strip()]


def parts_of(legend) -> list:
    return [legend.get_title(), *legend.get_texts()]


def check_readable(figure, least: int = 5) -> None:
    """No text is cut off at the page, and none is written over another."""
    items = boxes(figure)
    assert len(items) >= least
    page = figure.bbox
    for text, box in items:
        assert page.x0 - 1 <= box.x0, text
        assert box.x1 <= page.x1 + 1, text
        assert page.y0 - 1 <= box.y0, text
        assert box.y1 <= page.y1 + 1, text
    for i, (text, box) in enumerate(items):
        for other, other_box in items[i + 1:]:
            assert not box.overlaps(other_box), (text, other)


def lightness(colour) -> float:
    """L* of CIELAB over 100: how light a colour is where it is printed grey."""
    rgb = np.array(colors.to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    light = float(linear @ (0.2126, 0.7152, 0.0722))
    return 1.16 * np.cbrt(light) - 0.16 if light > 0.008856 else 9.033 * light


def look_of(line) -> tuple:
    """What is left of a line or a row of marks in grey: lightness, marker, filling and dashes."""
    style = str(line.get_linestyle()), str(line._dash_pattern)
    return (round(lightness(line.get_color()), 1), str(line.get_marker()),
            round(lightness(line.get_markerfacecolor()), 1), *style)


def made_evaluation(systems, n_folds: int = 5, per_fold: int = 12, *, skill: float = 1.5,
                    one_class_folds=(), without_scores=(), classes=(0, 1), seed: int = 0
                    ) -> Evaluation:
    """An evaluation of systems that say the truth plus noise; the later ones are better."""
    rng = np.random.default_rng(seed)
    n, classes = n_folds * per_fold, np.array(classes)
    truth = np.arange(n) % 2 == 1
    for fold in one_class_folds:
        truth[(fold - 1) * per_fold:fold * per_fold] = True
    rows, said = [], []
    for k, name in enumerate(systems):
        for fold in range(1, n_folds + 1):
            i = np.arange((fold - 1) * per_fold, fold * per_fold)
            values = rng.normal(size=per_fold) + (skill + 0.2 * k) * (truth[i] - 0.5)
            decision = values > 0
            if name in without_scores:
                values = np.full(per_fold, np.nan)
            rows.append({"system": name, "fold": fold, "clips": per_fold, "subjects": per_fold // 2,
                         **score(truth[i], decision, values), "fit time (s)": 1.0,
                         "predict time (ms)": 1.0})
            said.append(pd.DataFrame({
                "system": name, "fold": fold, "index": i, "clip": "", "subject": i // 2,
                "truth": classes[truth[i].astype(int)],
                "decision": classes[decision.astype(int)], "score": values}))
    return Evaluation(pd.DataFrame(rows), pd.concat(said, ignore_index=True), classes,
                      np.full(n_folds, n - per_fold), n)
