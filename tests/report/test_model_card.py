"""Model cards: what is known is said, what is not known too, and what others wrote is code."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from html_page import NASTY
from scipy.special import expit
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline

import smilegenuine
from smilegenuine import (
    AU_NAMES,
    AUDA,
    AUDAPhaseClassifier,
    AUDASVMEnsemble,
    HOGActionUnits,
    StackingFusion,
    evaluate,
    load_drawn_action_units,
    load_model,
    make_system,
    save_model,
)
from smilegenuine.datasets import make_smile_signals, published_figures
from smilegenuine.datasets.published import PUBLISHED
from smilegenuine.evaluation.comparison import Evaluation
from smilegenuine.report.card_scores import certainty_bins, interval_of, scores_to_remember
from smilegenuine.report.model_card import LIMITS, model_card, title_of
from smilegenuine.report.sampled_models import UNSEEN, expected_share, expected_text, is_sampled
from smilegenuine.running.foreign_text import code, visible

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def smiles():
    return make_smile_signals(8, 2, random_state=0)


@pytest.fixture(scope="module")
def model(smiles):
    return AUDASVMEnsemble(levels=("au",), phases=("onset",)).fit(smiles.data, smiles.target)


@pytest.fixture(scope="module")
def found(smiles):
    return evaluate({"a": AUDASVMEnsemble(levels=("au",), phases=("onset",)),
                     "b": make_pipeline(AUDA(phases=("onset",)), LogisticRegression(C=0.01))},
                    smiles.data, smiles.target, smiles.groups, cv=4)


def part(card: str, title: str) -> str:
    return card.partition(f"## {title}\n\n")[2].partition("\n\n##")[0]


class TestWhatItIs:
    def test_pipeline_step_by_step(self, smiles):
        # Clips whose action units are known need no faces, and nothing is aligned.
        model = make_system("auda-svm", smile="passthrough", ensemble__levels=("au",),
                            ensemble__phases=("onset",)).fit(smiles.data, smiles.target)
        lines = part(model_card(model), "What it is").splitlines()
        assert lines[0].startswith("- Step `faces`: FaceAligner: Cut the main face out")
        assert "Trained on drawn people: the one that comes with the package." in lines[1]
        assert lines[2].startswith("- Decides: AUDASVMEnsemble: One SVM for each level")
        assert lines[2].endswith("Set: `levels=('au',), phases=('onset',)`.")
        assert lines[3:] == ["- Classes: `0`, `1`"]

    def test_somebody_elses_action_units(self, smiles):
        units = load_drawn_action_units()
        units.coef_ = units.coef_ + 1.0
        model = make_pipeline(FrozenEstimator(units), AUDA(phases=("onset",)),
                              LogisticRegression()).fit(smiles.data, smiles.target)
        assert "Trained on 5,996 frames; whose is not known." in model_card(model)

    def test_branches_of_a_fusion_and_their_weights(self, smiles):
        model = StackingFusion([
            ("net", AUDAPhaseClassifier("au", max_epochs=1, random_state=0, device="cpu")),
            ("svm", AUDASVMEnsemble(levels=("au",), phases=("onset",)))], random_state=0)
        card = model_card(model.fit(smiles.data, smiles.target))
        n = sum(w.numel() for w in model.estimators_[0].net_.module_.parameters())
        assert re.search(rf"- Branch `net`: AUDAPhaseClassifier: .* {n:,} weights\.", card)
        assert "- Branch `svm`: AUDASVMEnsemble" in card
        assert card.startswith("# Model card: StackingFusion\n")

    def test_search(self, smiles):
        search = GridSearchCV(make_pipeline(AUDA(phases=("onset",)), LogisticRegression()),
                              {"logisticregression__C": [0.01, 0.1]}, cv=GroupKFold(2))
        card = model_card(search.fit(smiles.data, smiles.target, groups=smiles.groups))
        best = search.best_params_["logisticregression__C"]
        assert "- Decides: LogisticRegression: " in card
        assert f"classifier. Set: `C={best}" in card
        assert title_of(search) == "LogisticRegression"

    @pytest.mark.parametrize(("model", "error"), [
        (3, TypeError), ("m.skops", TypeError), (AUDASVMEnsemble(), NotFittedError)])
    def test_what_has_no_card(self, model, error):
        with pytest.raises(error):
            model_card(model)


class TestWhatIsRemembered:
    def test_nothing(self, model):
        card = model_card(model)
        assert "Not known: nothing was remembered" in part(card, "What it was trained on")
        assert part(card, "How often it was right").startswith("- Not known: no scores by subject")
        assert part(card, "Versions") == "- Made with: not known; the model was never saved"
        assert "- The training data: not known" in part(card, "Licences")
        assert "Also remembered" not in card
        assert all(limit in card for limit in LIMITS)

    def test_all_of_it(self, model, found, tmp_path):
        info = {"system": "auda-svm", "trained on": "/data/a b", "clips": 16, "subjects": 8,
                "labels": {"0": 8, "1": 8}, "left out": 0, "random state": None,
                "drawn people": True, "versions": {"torch": "2.1"}, "mood": [1, "b"],
                "licence of the data": "CC BY 4.0", **scores_to_remember(found, "a")}
        saved = load_model(save_model(model, tmp_path / "m.skops", info=info))
        card = model_card(saved)
        assert card.startswith("# Model card: `auda-svm`\n")
        assert part(card, "What it was trained on").splitlines() == [
            "- Data: `/data/a b`", "- Clips: 16", "- Subjects: 8", "- Labels: `0` 8, `1` 8",
            "- Clips left out: 0",
            "- The people are drawn. Nothing is known about how it does on real ones."]
        right = part(card, "How often it was right")
        mean = found.scores[found.scores["system"] == "a"]["accuracy"].mean()
        assert f"- Accuracy: {100 * mean:.1f} %" in right
        assert "- Tested: folds 4, clips 16, subjects 8" in right
        versions = part(card, "Versions")
        assert f"smilegenuine `{smilegenuine.__version__}`" in versions
        assert "torch `2.1`" in versions
        assert "- Saved: `20" in versions
        assert part(card, "Also remembered").strip() == "- `mood`: `1`, `b`"
        assert "- The training data: `CC BY 4.0`" in card

    @pytest.mark.parametrize("value", [
        NASTY, "a`b``c", "# title", "[x](http://y)", "x" * 5000, "", "`", {NASTY: NASTY}, [NASTY]])
    def test_others_words_are_code(self, model, value):
        """Out of a code span nothing gets: no heading, no link, no HTML, no line of its own."""
        model.info_ = dict.fromkeys(("system", "trained on", "labels", "versions", "saved",
                                     "scores by subject", "tested", "held out",
                                     "licence of the data"), value) | {NASTY: value}
        try:
            card = model_card(model)
        finally:
            del model.info_
        plain = re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", card)
        assert "<" not in plain
        assert "](" not in plain
        assert "`" not in plain
        assert "\x1b" not in card
        assert [line[:3] for line in card.splitlines() if line.startswith("#")] == (
            ["# M"] + ["## "] * 7)
        assert len(card) < 20_000
        card.encode("utf-8")


class TestSampledSmiles:
    """Of a model that no recording has taught, an expectation is not told as a measurement."""

    info = {"system": "s", "clips": 30, "smiles": {"a": 20, "b": 10}, "drawn people": True,
            "certainty": {"lip": 0.9, "lip+eyelid": 0.95}, "accuracy as tracked": 0.75,
            "accuracy on samples": {"lip, sampled": 0.6, "lip, moving": 0.9, "both, x": 0.75}}

    def card(self, model, info) -> str:
        model.info_ = info
        try:
            return model_card(model)
        finally:
            del model.info_

    def test_card(self, model):
        card = self.card(model, self.info)
        assert card.startswith("# Model card: `s`, the pretrained model\n")
        learnt = part(card, "What it was trained on")
        assert "- Sampled smiles: 30: 20 `a`, 10 `b`\n" in learnt
        assert "Clips" not in learnt
        assert "people are drawn" not in card
        right = part(card, "How often it was right")
        assert "not known. It has not been tested on any." in right
        assert "- Expected: about three in four decisions" in right
        assert "60 % to 90 % from the lips alone, 75 % from both" in right
        assert "its mean probability is 90 % from the lips alone, 95 % from both" in right
        assert all(limit in card for limit in (*UNSEEN, *LIMITS))
        assert "Also remembered" not in card

    def test_of_an_adapted_one_it_is_said_what_it_has_seen(self, model):
        adapted = {"clips": 36, "subjects": 12, "left out": 2, "accuracy before": 0.61,
                   "accuracy on held-out subjects": 0.735}
        info = {**self.info, "adapted": adapted}
        card = self.card(model, info)
        assert card.startswith("# Model card: `s`, the pretrained model, adapted\n")
        learnt, right = part(card, "What it was trained on"), part(card, "How often it was right")
        assert "was seen before it was adapted: smiles were drawn" in learnt
        assert "- Then adapted to 36 clips of 12 subjects; 2 more were left out" in learnt
        assert "not known. It has not been tested" not in right
        for text in (right, expected_text(info)):
            assert "right about 73.5 % of their clips" in text
            assert "as it came about 61 %" in text
            assert "36 clips of 12 subjects" in text
        assert "- Expected, before it was adapted: about three in four decisions" in right
        assert "tested on no recording" not in expected_text(info)
        assert "Also remembered" not in card
        for less in ({"subjects": None}, {"accuracy before": None}, {"left out": 0}):
            card = self.card(model, {**info, "adapted": {**adapted, **less}})
            assert "None" not in card
            assert "0 more" not in card
        assert self.card(model, {**info, "adapted": NASTY})

    def test_what_it_does_not_remember_is_not_told(self, model):
        info = {key: self.info[key] for key in ("accuracy as tracked",)}
        card = self.card(model, {**info, "accuracy on samples": {}})
        assert "Sampled smiles" not in card
        assert "from the lips" not in card
        assert "mean probability" not in card
        assert "from the lips" not in expected_text({**info, "accuracy on samples": {}})

    def test_other_models_are_not_taken_for_one(self, model):
        for info in ({}, {"certainty": NASTY}, {"accuracy on samples": {}},
                     {"accuracy on samples": NASTY, "accuracy as tracked": 0.8},
                     {"accuracy on samples": {}, "accuracy as tracked": NASTY}):
            assert not is_sampled(info)
            assert "pretrained" not in self.card(model, info)
        assert "`certainty`: 3" in self.card(model, {"certainty": 3})

    @pytest.mark.parametrize(("share", "words"), [
        (0.794, "about four in five"), (0.76, "about three in four"), (0.5, "about one in two"),
        (0.88, "about nine in ten")])
    def test_expected(self, share, words):
        # Of the others, who were right about recordings, more is known.
        info = {**self.info, "accuracy as tracked": share}
        assert expected_share(info) == words
        assert expected_text(info).lower().startswith(f"{words} decisions of this model")
        assert f"right about {100 * share:.3g} % of sampled smiles" in expected_text(info)

    def test_of_what_is_known_the_most_modest_is_expected(self):
        info = {**self.info, "accuracy as tracked": 0.9, "certainty": {"eyelid": 0.66}}
        assert expected_share(info) == "about two in three"


    def test_others_words_are_code(self, model):
        card = self.card(model, {**self.info, "smiles": {NASTY: NASTY}, "certainty": {NASTY: 1},
                                 "accuracy on samples": {NASTY: NASTY}})
        plain = re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", card)
        assert "<" not in plain
        assert "`" not in plain


class TestScoresToRemember:
    def test_are_those_of_the_evaluation(self, found):
        info = scores_to_remember(found, "b")
        summary = found.summary().set_index("system").loc["b"]
        for title in ("accuracy", "balanced accuracy", "AUC"):
            assert info["scores by subject"][title] == summary[title]
        low, high, confidence = interval_of(info["tested"])
        assert low == pytest.approx(max(summary["accuracy lower"], 0.0))
        assert high == pytest.approx(min(summary["accuracy upper"], 1.0))
        assert confidence == 0.95
        assert (info["tested"]["folds"], info["tested"]["subjects"]) == (4, 8)

    def test_counts_by_certainty(self, found):
        bins = certainty_bins(scores_to_remember(found, "a")["held out"])
        said = found.predictions[found.predictions["system"] == "a"]
        sure = expit(said["score"].abs())
        right = said["truth"] == said["decision"]
        assert [low for low, *_ in bins] == [0.5, 0.6, 0.7, 0.8, 0.9]
        for low, high, clips, hits in bins:
            inside = (sure >= low) & (sure < (high if high < 1 else 2))
            assert (clips, hits) == (inside.sum(), (right & inside).sum())

    @pytest.mark.parametrize(("scores", "clips"), [
        ([0.95, 0.2, 0.6, 0.45], [1, 1, 0, 1, 1]),  # probabilities
        ([3.0, -1.0, 0.1, -0.01], [2, 0, 1, 0, 1]),  # log-odds
        ([3.0, -1.0, 0.1, np.nan], None), ([3.0, 1.0, 0.1, 0.2], None)])
    def test_what_scores_are(self, scores, clips):
        decided = np.array([1, 0, 1, 0])
        said = pd.DataFrame({"system": "s", "fold": 1, "index": range(4), "clip": "",
                             "subject": list("aabb"), "truth": decided, "decision": decided,
                             "score": scores})
        row = {"system": "s", "fold": 1, "clips": 4, "subjects": 2, "accuracy": 1.0,
               "balanced accuracy": 1.0, "AUC": 1.0, "F1": 1.0, "fit time (s)": 1.0,
               "predict time (ms)": 1.0}
        found = Evaluation(pd.DataFrame([row]), said, np.array([0, 1]), np.array([4]), 4)
        info = scores_to_remember(found)
        assert info.get("held out", {}).get("clips") == clips
        assert "accuracy lower" not in info["tested"]  # of one fold nothing is known of the spread

    def test_several_systems(self, found):
        with pytest.raises(ValueError, match="system must be one of a, b, not None"):
            scores_to_remember(found)
        with pytest.raises(ValueError, match="system must be one of a, b, not 'c'"):
            scores_to_remember(found, "c")

    def test_can_be_saved(self, found, model, tmp_path):
        info = scores_to_remember(found, "a")
        loaded = load_model(save_model(model, tmp_path / "m.skops", info=info)).info_
        assert {key: loaded[key] for key in info} == info


def test_code_holds_anything():
    for text in ("a", "`", "``", "a`", "`a", "a``b`c", " ", ""):
        fenced = code(text)
        fence = re.match("`+", fenced)[0]
        inside = fenced[len(fence):-len(fence)]
        assert fence not in inside
        assert inside.strip() == text.strip()
    assert visible("é\u202e") == "é\\u202e"


def test_a_dummy_has_a_card(smiles):
    model = make_pipeline(AUDA(phases=("onset",)), DummyClassifier()).fit(smiles.data,
                                                                         smiles.target)
    assert "- Decides: DummyClassifier: DummyClassifier makes predictions that ignore the input" \
        in model_card(model)


class TestThePackagedModel:
    """MODEL_CARD.md says what the file is."""

    card = (ROOT / "MODEL_CARD.md").read_text(encoding="utf-8")

    def test_file(self):
        file = ROOT / re.search(r"`(smilegenuine/\S+\.npz)`", self.card)[1]
        assert hashlib.sha256(file.read_bytes()).hexdigest() in self.card
        assert f"{file.stat().st_size / 1e3:.0f} kB" in self.card

    def test_numbers(self):
        model = load_drawn_action_units()
        assert f"{model.n_frames_:,} frames" in self.card
        assert f"{model.coef_.shape[1]:,} features" in self.card
        assert model.coef_.shape[0] == len(AU_NAMES)
        usual = HOGActionUnits()
        assert f"{usual.chip_size} × {usual.chip_size} pixels" in self.card
        assert f"{usual.n_components} first principal components" in self.card
        assert f"Gaussian of {usual.smooth:g} s" in self.card

    def test_every_unit_has_its_figures(self):
        rows = re.findall(r"(AU\d\d) \| (\.\d\d) \| (\.\d\d)", self.card)
        assert sorted(name for name, _, _ in rows) == list(AU_NAMES)
        for column, mean in ((1, ".87"), (2, ".48")):
            assert np.mean([float(row[column]) for row in rows]) == pytest.approx(
                float(mean), abs=0.006)


def test_citation_is_of_this_version():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    fields = dict(re.findall(r"(?m)^([a-z-]+): (.+)$", text))
    assert fields["cff-version"] == "1.2.0"
    assert fields["version"] == smilegenuine.__version__
    assert fields["license"] == "BSD-3-Clause"
    for source in {source for name in PUBLISHED for source in published_figures(name)["source"]}:
        assert source.partition("doi:")[2] in text
