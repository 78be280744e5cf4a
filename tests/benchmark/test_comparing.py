"""What a comparison does with what is known of clips."""

from __future__ import annotations

import numpy as np
import pandas as pd

from smilegenuine.benchmark.comparing import _kinds


class TestKinds:
    def test_ages(self):
        ages = pd.Series([8, 17.9, 18, 34, 35, 54.5, 55, 90, np.nan], name="Age")
        assert list(_kinds(ages).astype(object).fillna("?")) == [
            "<18", "<18", "18-34", "18-34", "35-54", "35-54", "≥55", "≥55", "?"]

    def test_numbers(self):
        kinds = _kinds(pd.Series([1.5, 2.5, 3.5, 4.5, 5.5, 6.5], name="size"))
        assert kinds.value_counts().to_list() == [2, 2, 2]
        assert kinds.cat.ordered

    def test_hardly_any_numbers(self):
        skewed = _kinds(pd.Series([0] * 9 + [1, 2, 3], name="count"))
        assert list(skewed.value_counts()) == [9, 3]
        for values in ([0, 1, 1, 2], ["a", "b"], [True, False]):
            column = pd.Series(values, name="kind")
            assert _kinds(column) is column
