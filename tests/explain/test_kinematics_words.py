"""Smile kinematics in words: each figure has its own, and no more is said than is so."""

from __future__ import annotations

import numpy as np
import pytest

from smilegenuine.explain.kinematics_words import (
    direction_of,
    number_text,
    parameter_words,
    short_words,
    unit_of,
)
from smilegenuine.features.smile_kinematics import KINEMATICS
from smilegenuine.running.foreign_text import class_names

NAMES = ["posed", "spontaneous"]
LOW, HIGH = [1.0, 2.0, 3.0, 4.0, 5.0], [3.0, 5.0, 6.0, 7.0, 9.0]
UNKNOWN = [np.nan] * 5


@pytest.mark.parametrize("parameter", KINEMATICS)
def test_every_figure_has_words_with_its_phase_value_and_unit(parameter):
    words = parameter_words(parameter, 0.64)
    signal, phase, _ = parameter.split("_", 2)
    assert phase in words
    assert {"lip": "lip", "eyelid": "eyelids"}[signal] in words
    assert ("64 %" if parameter.endswith("ratio") else f"0.64 {unit_of(parameter)}") in words
    assert "_" not in words + short_words(parameter, 0.64)
    assert short_words(parameter, 0.64).endswith(f"0.64 {unit_of(parameter)}".rstrip())


def test_no_two_figures_have_the_same_words():
    for words in (parameter_words, short_words):
        assert len({words(parameter, 1.0) for parameter in KINEMATICS}) == len(KINEMATICS)


@pytest.mark.parametrize(("parameter", "unit"), [
    ("lip_apex_duration_s", "s"), ("lip_onset_rise", "mouth widths"),
    ("eyelid_apex_wobble", "eye widths"), ("lip_offset_peak_speed_per_s", "mouth widths/s"),
    ("eyelid_onset_left_right_difference", "eye widths"), ("lip_onset_backtrack_ratio", ""),
    ("age", "")])
def test_units(parameter, unit):
    assert unit_of(parameter) == unit


def test_columns_of_other_tables():
    assert parameter_words("age", 30.0) == "age is 30"
    assert short_words("age", 30.0) == "age 30"


def test_a_figure_that_is_not_known():
    assert short_words("lip_onset_rise", np.nan) == "lips: onset rise not measured"


@pytest.mark.parametrize(("value", "text"), [
    (0.0, "0"), (-2e-4, "0"), (0.0312, "0.031"), (0.00072, "0.001"), (0.64, "0.64"), (1.26, "1.3"),
    (12.6, "13"), (-0.5, "-0.50")])
def test_numbers(value, text):
    assert number_text("lip_onset_rise", value) == text


def test_durations_are_written_to_the_hundredth():
    assert number_text("lip_onset_duration_s", 12.345) == "12.35"


@pytest.mark.parametrize(("classes", "names"), [
    ([0, 1], NAMES), (np.array([0, 1]), NAMES), (["acted", "felt"], ["acted", "felt"]),
    (np.array([2, 5]), ["class 2", "class 5"])])
def test_names_of_classes(classes, names):
    assert class_names(classes) == names


class TestDirection:
    @pytest.mark.parametrize(("value", "posed", "spontaneous", "text"), [
        (3.0, LOW, LOW, "usual for both"),
        (2.0, LOW, LOW, "usual for both"),  # at the quartile it is not beyond it
        (1.9, LOW, HIGH, "shorter than in most smiles of either kind"),
        (7.1, LOW, HIGH, "longer than in most smiles of either kind"),
        (4.0, LOW, HIGH, "shorter than in most spontaneous smiles, usual for posed ones"),
        (5.0, LOW, HIGH, "longer than in most posed smiles, usual for spontaneous ones"),
        (4.5, LOW, HIGH, "longer than in most posed smiles, shorter than in most spontaneous ones"),
        (4.5, LOW, UNKNOWN, "longer than in most posed smiles"),
        (3.0, LOW, UNKNOWN, "usual for posed ones"),
        (3.0, UNKNOWN, UNKNOWN, "")])
    def test_of_a_duration(self, value, posed, spontaneous, text):
        usual = np.array([posed, spontaneous])
        assert direction_of("lip_onset_duration_s", value, usual, NAMES) == text

    @pytest.mark.parametrize(("parameter", "less", "more"), [
        ("lip_onset_rise", "smaller", "larger"), ("eyelid_offset_fall", "smaller", "larger"),
        ("lip_onset_peak_speed_per_s", "slower", "faster"), ("lip_apex_wobble", "less", "more"),
        ("eyelid_onset_backtrack_ratio", "less", "more"), ("age", "smaller", "larger")])
    def test_words_of_each_figure(self, parameter, less, more):
        for value, word in ((0.0, less), (20.0, more)):
            assert direction_of(parameter, value, np.array([LOW, HIGH]), NAMES) == \
                f"{word} than in most smiles of either kind"
