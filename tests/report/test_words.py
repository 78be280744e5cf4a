"""What reports say in words is what was found."""

from __future__ import annotations

import numpy as np
import pytest

from smilegenuine import AU_NAMES
from smilegenuine.report.words import (
    UNITS,
    held_out_text,
    percent,
    sentence,
    span_text,
    sure_text,
    what_text,
)
from smilegenuine.running.foreign_text import class_names

TESTED = {"folds": 5, "clips": 120, "subjects": 30, "accuracy lower": 0.66, "accuracy upper": 0.9,
          "confidence": 0.95}
HELD_OUT = {"sure from": [0.5, 0.6, 0.7, 0.8, 0.9], "clips": [40, 30, 30, 12, 0],
            "right": [21, 20, 25, 11, 0]}


def test_every_unit_has_its_name():
    assert tuple(UNITS) == AU_NAMES
    assert what_text("AU12") == "AU12, lip corner puller"


@pytest.mark.parametrize(("what", "text"), [
    ("AU06×AU45", "AU06, cheek raiser, and AU45, blink, together"), ("lip", "lip corners"),
    ("left eye", "left eye"), ("smile intensity", "smile intensity"),
    ("amplitude_max", "amplitude max"), ("x_1×y", "x_1×y")])
def test_what_counts(what, text):
    assert what_text(what) == text


def test_sentence_names_the_side_and_with_several_the_branch():
    row = {"branch": "b<1>", "what": "AU06", "phase": "onset", "contribution": -0.123}
    assert sentence(row, ["posed", "real"], 1, 0.5) == (
        "AU06, cheek raiser, in the onset: speaks for posed (−0.12)")
    assert "in the onset [b<1>]: speaks" in sentence(row, ["posed", "real"], 2, 0.5)
    assert sentence({**row, "phase": "", "contribution": 0.0012}, ["a", "b"], 1, 0.0012) == (
        "AU06, cheek raiser: speaks for b (+0.0012)")
    assert span_text("rest") == "outside the smile"


@pytest.mark.parametrize(("classes", "words"), [
    ([0, 1], ["posed", "spontaneous"]), (np.array([0, 1]), ["posed", "spontaneous"]),
    ([1, 2], ["class 1", "class 2"]), ([False, True], ["class False", "class True"]),
    (["a\u202e", "b"], ["a\\u202e", "b"])])
def test_classes(classes, words):
    assert class_names(classes) == words


@pytest.mark.parametrize(("p", "text"), [
    (0.5, "hardly"), (0.59, "hardly"), (0.6, "leans that"), (0.75, "fairly"), (0.9, "is sure"),
    (1.0, "is sure")])
def test_sure(p, text):
    assert text in sure_text(p)


def test_percent_is_never_certain():
    assert [percent(p) for p in (0.0, 0.004, 0.5, 0.994, 1.0)] == [
        "< 1 %", "< 1 %", "50 %", "99 %", "> 99 %"]


class TestHeldOut:
    def test_says_scores_interval_and_how_it_was_when_as_sure(self):
        info = {"scores by subject": {"accuracy": 0.784}, "tested": TESTED, "held out": HELD_OUT}
        text = held_out_text(info, 0.65)
        assert "right about 78 of 100 clips (95 % interval 66 to 90; 120 clips of 30" in text
        assert "as sure as of this one (60 to 70 %), it was right about 20 of 30 clips." in text
        assert "guessing" not in text
        assert "right about 11 of 12 clips, which are few" in held_out_text(info, 0.8)
        assert "Of no clip in those tests was it as sure" in held_out_text(info, 1.0)
        assert "(50 to 60 %)" in held_out_text(info, 0.5 - 1e-12)

    @pytest.mark.parametrize("info", [
        {}, {"scores by subject": None}, {"scores by subject": {}}, {"scores by subject": "good"},
        {"scores by subject": {"accuracy": float("nan")}},
        {"scores by subject": {"accuracy": "0.9"}}])
    def test_nothing_known(self, info):
        assert held_out_text(info, 0.7).endswith("it remembers no scores by subject.")

    @pytest.mark.parametrize(("accuracy", "tested"), [
        (0.5, {}), (0.7, {"accuracy lower": 0.45, "accuracy upper": 0.95})])
    def test_no_better_than_guessing(self, accuracy, tested):
        info = {"scores by subject": {"accuracy": accuracy}, "tested": tested}
        assert "no better than guessing" in held_out_text(info, 0.7)

    def test_drawn_people(self):
        info = {"scores by subject": {"accuracy": 0.9}, "drawn people": True}
        assert held_out_text(info, 0.7).endswith("Nothing is known about how it does on real ones.")

    @pytest.mark.parametrize("bins", [
        "x", {}, {**HELD_OUT, "clips": [1]}, {**HELD_OUT, "right": ["a"] * 5},
        {**HELD_OUT, "clips": [np.nan] * 5}, {**HELD_OUT, "sure from": 3}])
    def test_somebody_elses_words_are_left_out(self, bins):
        info = {"scores by subject": {"accuracy": 0.9}, "held out": bins}
        assert held_out_text(info, 0.7).endswith("right about 90 of 100 clips.")
