"""Answers about recordings: one way from a model and clips to rows, whoever asks."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from smiling import smiling

from smilegenuine import AUDASVMEnsemble, Clip, SubjectConformalClassifier, load_pretrained
from smilegenuine.answers import answer_recording, answer_recordings, ask
from smilegenuine.answers.smile_answers import answers_by_smile
from smilegenuine.datasets import make_smile_signals


@functools.cache
def smiles() -> Any:
    return make_smile_signals(8, 4, fps=25, random_state=3)


@functools.cache
def svm() -> AUDASVMEnsemble:
    return AUDASVMEnsemble(levels=("au",), cv=2).fit(smiles().data[:24], smiles().target[:24])


class TestAsking:
    def test_one_that_cannot_be_used_does_not_cost_the_others(self):
        clips = smiles().data[24:28]
        short = clips[0].replace(aus=clips[0].aus[:2], smile=clips[0].smile[:2],
                                 times=clips[0].times[:2])
        first, none, missing, last = ask(svm(), [clips[0], short, None, clips[1]])
        expected = svm().predict_proba([clips[0], clips[1]])
        np.testing.assert_allclose([first.probabilities, last.probabilities], expected)
        assert first.decision == svm().predict([clips[0]])[0]
        assert none.decision is missing.decision is None
        assert np.isnan(none.probability)
        assert "too short" in none.reason.problem
        assert missing.reason.problem == "no frame by then"

    def test_who_abstains_is_asked_to_decide(self):
        model = SubjectConformalClassifier(FrozenEstimator(svm()), 0.5)
        model.fit(smiles().data[24:], smiles().target[24:], smiles().groups[24:])
        model.set_params(error_rate=0.35)
        answers = ask(model, smiles().data)
        assert [a.decision for a in answers] == model.decide(smiles().data).tolist()
        assert "cannot tell" in [a.decision for a in answers]
        assert [a.decision for a in ask(model, smiles().data[24:26], decide=False)] == [None, None]


class TestRecordings:
    def test_rows_and_failures(self):
        clips = smiles().data[24:26]
        found = answer_recordings(svm(), [clips[0], "nowhere.mp4", clips[1]])
        assert found.decisions["clip"].tolist() == [clip.name for clip in clips]
        np.testing.assert_allclose(found.decisions[["P(0)", "P(1)"]], svm().predict_proba(clips))
        assert found.decisions["decision"].tolist() == svm().predict(clips).tolist()
        assert found.failures["clip"].tolist() == ["nowhere.mp4"]

    def test_a_nameless_clip_has_its_place(self):
        found = answer_recordings(svm(), [smiles().data[24].replace(name=None),
                                          Clip(aus=np.zeros((2, 17)), fps=25)])
        assert found.decisions["clip"].tolist() == ["item 0"]
        assert found.failures["error"][0].startswith("item 1: ")

    def test_nothing_can_be_used(self):
        found = answer_recordings(svm(), ["nowhere.mp4"])
        assert found.decisions.empty
        assert list(found.decisions) == ["clip", "decision", "P(0)", "P(1)"]

    def test_what_is_no_model(self):
        with pytest.raises(TypeError, match="load_model"):
            answer_recordings("model.skops", smiles().data[:1])
        with pytest.raises(NotFittedError):
            answer_recordings(AUDASVMEnsemble(), smiles().data[:1])


class TestSmiles:
    @pytest.mark.parametrize("wrap", [lambda m: m, FrozenEstimator,
                                      lambda m: FrozenEstimator(FrozenEstimator(m))])
    def test_a_row_a_smile_under_wrappers(self, wrap):
        model = load_pretrained(labels=("posed", "spontaneous"))
        clip = smiling([1.0, 6.0], 11.0, name="two")
        found = answer_recording(wrap(model), clip)
        expected = model.find_smiles([clip])
        assert answers_by_smile(wrap(model))
        assert [row["smile"] for row in found.rows] == [1, 2]
        assert [row["decision"] for row in found.rows] == expected["decision"].tolist()
        np.testing.assert_allclose([row["P(posed)"] for row in found.rows], expected["P(posed)"])
        assert all(answer.why for answer in found.answers)

    def test_nobody_smiles(self):
        still = smiling([], 4.0, name="still")
        table = answer_recordings(load_pretrained(), [still]).decisions
        assert table["smile"].tolist() == [0]
        assert table["decision"].tolist() == ["no smile found"]
