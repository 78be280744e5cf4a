"""Several systems over the same folds: whole subjects, every answer kept, runs that go on."""

from __future__ import annotations

import json
import threading
import warnings

import numpy as np
import pandas as pd
import pytest
from drawn import known_clips
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import balanced_accuracy_score, f1_score, roc_auc_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    LeaveOneGroupOut,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

import smilegenuine.evaluation.evaluate as module
from smilegenuine import AUDA, Clip
from smilegenuine.evaluation.evaluate import Evaluation, _portable, evaluate

GROUPS = np.repeat(list("cabfde"), [4, 6, 5, 4, 7, 6])
Y = np.resize(["posed", "spontaneous", "spontaneous"], 32)
X = np.random.default_rng(0).normal(size=(32, 3)) + (Y == "posed")[:, None]
LOG: list = []


@pytest.fixture(autouse=True)
def no_noise():
    """Nothing here is to be warned of, and nobody remembers the test before."""
    LOG.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


class Witness(ClassifierMixin, BaseEstimator):
    """Notes on what it is trained; answers by the first column, and fails when told to."""

    def __init__(self, name="w", fail_on=(), error=ValueError):
        self.name = name
        self.fail_on = fail_on
        self.error = error

    def fit(self, X, y):
        LOG.append(self.name)
        if len(LOG) in self.fail_on:
            raise self.error("cannot learn")
        self.classes_ = np.unique(y)
        self.known_ = list(X)
        return self

    def predict(self, X):
        return self.classes_[(np.asarray(X)[:, 0] < 0.5).astype(int)]


class Grouped(Witness):
    """Wants to know the subjects."""

    def fit(self, X, y, groups=None):
        LOG.append(None if groups is None else list(groups))
        self.classes_ = np.unique(y)
        return self


class Listener(Witness):
    """Takes clips, and notes whose they are."""

    def fit(self, X, y):
        LOG.append([clip.subject for clip in X])
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        LOG.append([clip.subject for clip in X])
        return np.full(len(X), self.classes_[0])


class Passing(TransformerMixin, BaseEstimator):
    """Notes what passes; learns nothing."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        LOG.append(len(X))
        return X


def both():
    return {"log": LogisticRegression(), "svm": LinearSVC(C=0.1)}


class TestFolds:
    def test_the_same_for_all(self):
        found = evaluate(both(), X, Y, GROUPS, cv=3)
        assert isinstance(found, Evaluation)
        table = found.predictions
        assert list(table) == ["system", "fold", "index", "clip", "subject", "truth", "decision",
                               "score"]
        one, other = (table.query(f"system == '{name}'").reset_index(drop=True) for name in both())
        shared = ["fold", "index", "clip", "subject", "truth"]
        pd.testing.assert_frame_equal(one[shared], other[shared])
        assert sorted(one["index"]) == list(range(32))
        np.testing.assert_array_equal(one["subject"], GROUPS[one["index"]])
        np.testing.assert_array_equal(one["truth"], Y[one["index"]])
        assert one.groupby("subject")["fold"].nunique().max() == 1
        assert found.train_sizes.tolist() == (32 - one["fold"].value_counts().sort_index()).tolist()

    def test_what_is_said_is_what_scikit_learn_says(self):
        systems = {**both(), "bayes": GaussianNB()}
        found = evaluate(systems, X, Y, GROUPS, cv=3)
        for fold, (train, test) in enumerate(GroupKFold(3).split(X, Y, GROUPS), 1):
            for name, estimator in systems.items():
                model = clone(estimator).fit(X[train], Y[train])
                said = found.predictions.query(f"system == '{name}' and fold == {fold}")
                np.testing.assert_array_equal(said["index"], test)
                np.testing.assert_array_equal(said["decision"], model.predict(X[test]))
                np.testing.assert_array_equal(
                    said["score"], model.predict_proba(X[test])[:, 1] if name == "bayes"
                    else model.decision_function(X[test]))
                row = found.scores.query(f"system == '{name}' and fold == {fold}").iloc[0]
                assert row[["clips", "subjects"]].tolist() == [len(test), len(set(GROUPS[test]))]
                assert row["accuracy"] == model.score(X[test], Y[test])
                assert row["balanced accuracy"] == balanced_accuracy_score(
                    Y[test], said["decision"])
                assert row["AUC"] == pytest.approx(roc_auc_score(Y[test], said["score"]))
                assert row["F1"] == pytest.approx(
                    f1_score(Y[test], said["decision"], pos_label="spontaneous"))
        assert (found.scores[["fit time (s)", "predict time (ms)"]] > 0).all(axis=None)

    @pytest.mark.parametrize("table", [pd.DataFrame(X, columns=list("abc")), X.tolist()])
    @pytest.mark.parametrize("labels", [Y == "spontaneous", pd.Series(Y, index=range(50, 82)),
                                        list(Y), (Y == "spontaneous") * 1.0])
    def test_tables_and_labels_of_every_kind(self, table, labels):
        known = evaluate(both(), X, Y, GROUPS, cv=3)
        found = evaluate(list(both().items()), table, labels, pd.Series(GROUPS), cv=3)
        columns = [c for c in known.scores if "time" not in c]
        pd.testing.assert_frame_equal(found.scores[columns], known.scores[columns])
        assert found.classes.tolist() == np.unique(labels).tolist()

    def test_at_most_as_many_as_subjects(self):
        assert evaluate(both(), X, Y, GROUPS).scores["fold"].max() == 6

    def test_splitters_and_pairs(self):
        found = evaluate(both(), X, Y, GROUPS, cv=LeaveOneGroupOut())
        assert (found.scores["subjects"] == 1).all()
        pairs = list(GroupShuffleSplit(5, test_size=2, random_state=0).split(X, Y, GROUPS))
        masks = [[np.isin(np.arange(32), part) for part in pair] for pair in pairs]
        known = evaluate(both(), X, Y, GROUPS, cv=pairs).predictions
        assert known.query("system == 'log'")["index"].duplicated().any()
        for cv in (GroupShuffleSplit(5, test_size=2, random_state=0), iter(pairs), masks):
            pd.testing.assert_frame_equal(evaluate(both(), X, Y, GROUPS, cv=cv).predictions, known)

    def test_order_does_not_depend_on_who_is_first(self):
        known = evaluate(both(), X, Y, GROUPS, cv=3)
        found = evaluate(both(), X, Y, GROUPS, cv=3, n_jobs=2)
        pd.testing.assert_frame_equal(found.predictions, known.predictions)
        assert found.scores[["system", "fold"]].to_numpy().tolist() == [
            [name, fold] for name in ("log", "svm") for fold in (1, 2, 3)]

    def test_fold_of_one_class(self):
        y = np.where(GROUPS == "a", "posed", Y)
        found = evaluate({"log": LogisticRegression()}, X, y, GROUPS, cv=LeaveOneGroupOut())
        assert found.scores["AUC"].isna().tolist() == [True] + [False] * 5
        assert found.scores["accuracy"].notna().all()
        assert found.summary().notna().all(axis=None)

    def test_a_system_without_scores(self):
        found = evaluate({"w": Witness()}, X, Y, GROUPS, cv=3)
        assert found.predictions["score"].isna().all()
        assert found.scores["AUC"].isna().all()
        assert "nan" not in found.to_markdown()

    def test_metadata(self):
        age = pd.Series(np.arange(32) % 3, index=np.arange(32)[::-1])
        for metadata in (pd.DataFrame({"age": age}), {"i": range(32), "age": age},
                         {"age": age.tolist()}):
            found = evaluate(both(), X, Y, GROUPS, cv=3, metadata=metadata)
            assert found.metadata["age"].tolist() == age.tolist()
            assert found.breakdown("age")["clips"].tolist() == [11, 11, 10] * 2

    def test_times(self, monkeypatch):
        """By a clock that shows 0, 1, 4, 9, … seconds: from 0 to 1, and from 4 to 9."""
        class Clock:
            def __getattr__(self, name):
                return lambda: next(ticks)

        ticks = (float(i * i) for i in range(4))
        monkeypatch.setattr(module, "time", Clock())
        found = evaluate({"w": Witness()}, X, Y, GROUPS, cv=[(range(10), range(10, 15))])
        assert found.scores["fit time (s)"].tolist() == [1.0]
        assert found.scores["predict time (ms)"].tolist() == [1000.0]

    def test_the_systems_stay_as_they_are(self):
        systems = both()
        evaluate(systems, X, Y, GROUPS, cv=2)
        assert not hasattr(systems["log"], "coef_")

    def test_progress(self, capsys):
        evaluate(both(), X, Y, GROUPS, cv=2)
        assert capsys.readouterr().err == ""
        evaluate(both(), X, Y, GROUPS, cv=2, verbose=True)
        assert "evaluating" in capsys.readouterr().err


class TestClips:
    def test_a_pipeline(self):
        smiles = known_clips(8, 2)
        paths = [clip.replace(name=None) for clip in smiles.data[:1]] + smiles.data[1:]
        system = make_pipeline(AUDA(phases=("smile",)), LogisticRegression(C=0.1))
        found = evaluate({"auda": system}, paths, smiles.target, smiles.groups, cv=4,
                         metadata={"gender": smiles.gender})
        table = found.predictions.sort_values("index")
        assert table["clip"].tolist() == ["", *(clip.name for clip in smiles.data[1:])]
        assert found.summary().loc[0, "accuracy"] > 0.5
        assert found.breakdown("gender")["clips"].sum() == 16

    def test_they_are_told_their_subject(self):
        clips = [Clip(smile=np.zeros(9), fps=25, name=str(i)) for i in range(6)]
        clips[3] = clips[3].replace(subject="twin")
        evaluate({"l": Listener()}, clips, [0, 1] * 3, [1, 1, 2, 2, 3, 3], cv=[([0, 1, 2, 3], [5])])
        assert LOG == [["1", "1", "2", "twin"], ["3"]]
        assert clips[0].subject is None

    def test_paths_are_handed_on(self, tmp_path):
        files = [tmp_path / f"{i}.mp4" for i in range(4)]
        found = evaluate({"p": make_pipeline(Passing(), Paths())}, files, [0, 1] * 2, list("aabb"))
        assert found.predictions.sort_values("index")["clip"].tolist() == list(map(str, files))


class Paths(Witness):
    """Takes anything."""

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


class TestSubjectsInside:
    """`groups` reach every `fit` that takes them."""

    def expected(self):
        return [list(GROUPS[train]) for train, _ in GroupKFold(2).split(X, Y, GROUPS)]

    @pytest.mark.parametrize("system", [
        Grouped(), make_pipeline(Passing(), Grouped()),
        Pipeline([("in", Pipeline([("g", Grouped())]))])], ids=["alone", "last", "deeper"])
    def test_fit(self, system):
        evaluate({"g": system}, X, Y, GROUPS, cv=2)
        assert [entry for entry in LOG if isinstance(entry, list)] == self.expected()

    def test_search_by_group(self):
        search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=GroupKFold(3))
        systems = {"a": search, "b": make_pipeline(Passing(), search)}
        scores = evaluate(systems, X, Y, GROUPS, cv=2).scores
        assert scores["accuracy"][:2].tolist() == scores["accuracy"][2:].tolist()

    @pytest.mark.parametrize("cv", [None, 2, KFold(2)])
    def test_search_that_knows_no_groups(self, cv):
        search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=cv)
        assert len(evaluate({"a": search}, X, Y, GROUPS, cv=2).scores) == 2

    def test_with_routing(self):
        from sklearn import config_context

        with config_context(enable_metadata_routing=True):
            systems = {"g": make_pipeline(Grouped().set_fit_request(groups=True)),
                       "log": LogisticRegression()}
            evaluate(systems, X, Y, GROUPS, cv=2)
        assert self.expected() == LOG


def test_a_clip_is_measured_once():
    """For the decision and the score of the test part; a fit passes through as well."""
    evaluate({"a": make_pipeline(Passing(), "passthrough", LogisticRegression())}, X, Y, GROUPS,
             cv=[(np.flatnonzero(GROUPS != "a"), np.flatnonzero(GROUPS == "a"))])
    assert LOG == [26, 6]


class TestStored:
    def run(self, folder, systems=None, **options):
        return evaluate({"a": Witness("a"), "b": Witness("b")} if systems is None else systems,
                        options.pop("X", X), Y, GROUPS, options.pop("cv", 3), results=folder,
                        **options)

    def test_nothing_is_run_twice(self, tmp_path):
        systems = {"log": LogisticRegression(), "w": Witness()}
        first = self.run(tmp_path / "r", systems)
        assert LOG == ["w"] * 3
        again = self.run(str(tmp_path / "r"), systems, metadata={"i": range(32)}, n_jobs=2)
        assert LOG == ["w"] * 3
        pd.testing.assert_frame_equal(first.scores, again.scores)
        pd.testing.assert_frame_equal(first.predictions, again.predictions)
        table = pd.read_csv(tmp_path / "r" / "scores.csv")
        pd.testing.assert_frame_equal(table, first.scores, check_dtype=False)
        assert not list(tmp_path.rglob(".part*"))

    def test_a_further_system(self, tmp_path):
        self.run(tmp_path)
        found = self.run(tmp_path, {"c": Witness("c")})
        assert "".join(LOG) == "aaabbbccc"
        assert found.scores["system"].unique().tolist() == ["c"]
        kept = pd.read_csv(tmp_path / "scores.csv")
        assert "".join(kept["system"]) == "cccaaabbb"
        self.run(tmp_path, {name: Witness(name) for name in "dbca"})
        assert "".join(LOG) == "aaabbbcccddd"

    def test_an_interrupted_run_goes_on(self, tmp_path):
        stops = {"a": Witness("a"), "b": Witness("b", (5,), KeyboardInterrupt)}
        with pytest.raises(KeyboardInterrupt):
            self.run(tmp_path, stops)
        finished = sorted(str(f.relative_to(tmp_path)) for f in tmp_path.glob("*/fold*"))
        assert finished == ["a/fold-001.json", "a/fold-002.json", "a/fold-003.json",
                            "b/fold-001.json"]
        assert len(pd.read_csv(tmp_path / "scores.csv")) == 4
        LOG.append("|")
        self.run(tmp_path, stops)
        assert "".join(LOG) == "aaabb|bb"

    def test_a_system_that_fails(self, tmp_path):
        with pytest.raises(RuntimeError, match=r"system 'a' failed in fold 2 of 3: ValueError: "
                                               r"cannot learn; 1 more of 6 failed\. What is fin"
                                               ) as caught:
            self.run(tmp_path, {"a": Witness("a", (2, 3)), "b": Witness("b")})
        assert isinstance(caught.value.__cause__, ValueError)
        assert "".join(LOG) == "aaabbb"
        assert len(pd.read_csv(tmp_path / "scores.csv")) == 4
        self.run(tmp_path, {"a": Witness("a", (2, 3)), "b": Witness("b")})
        assert "".join(LOG) == "aaabbbaa"

    def test_a_fix_by_another_parameter(self, tmp_path):
        with pytest.raises(RuntimeError, match="system 'a' failed in fold 1 of 3"):
            self.run(tmp_path, {"a": LogisticRegression(C=-1), "b": Witness("b")})
        self.run(tmp_path, {"a": LogisticRegression(C=1), "b": Witness("b")})
        assert "".join(LOG) == "bbb"

    def test_a_system_that_fails_elsewhere(self, tmp_path):
        systems = {"bad": LogisticRegression(C=-1), "log": LogisticRegression()}
        with pytest.raises(RuntimeError, match=r"system 'bad' failed in fold 1 of 3: InvalidPar.*; "
                                               r"2 more of 6 failed") as caught:
            self.run(tmp_path, systems, n_jobs=2)
        assert isinstance(caught.value.__cause__, ValueError)
        assert "In a worker process:" in caught.value.__cause__.__notes__[0]
        assert len(list(tmp_path.glob("log/fold*"))) == 3

    def test_damaged_and_missing_folds_are_run_again(self, tmp_path):
        known = self.run(tmp_path).predictions
        file = tmp_path / "b" / "fold-002.json"
        file.write_text(file.read_text()[:40])
        (tmp_path / "a" / "fold-003.json").unlink()
        (tmp_path / "scores.csv").unlink()
        pd.testing.assert_frame_equal(self.run(tmp_path).predictions, known)
        assert "".join(LOG) == "aaabbbab"
        assert len(pd.read_csv(tmp_path / "scores.csv")) == 6

    @pytest.mark.parametrize(("change", "match"), [
        ({"cv": 2}, r"which differs in the folds \(cv\); write to another folder"),
        ({"X": X + 1}, r"which differs in the clips \(X\)"),
        ({"systems": {"c": Witness("c"), "a": Witness("a", (100,))}},
         r"another system 'a' \(fail_on was \[\] and is \[100\]\)"),
    ])
    def test_another_protocol(self, tmp_path, change, match):
        self.run(tmp_path)
        files = sorted(tmp_path.rglob("*"))
        with pytest.raises(ValueError, match=match):
            self.run(tmp_path, **change)
        assert "".join(LOG) == "aaabbb"
        assert sorted(tmp_path.rglob("*")) == files

    @pytest.mark.parametrize(("y", "groups", "match"), [
        (np.roll(Y, 1), GROUPS, "which differs in the labels"),
        (Y, np.char.add(GROUPS, "x"), r"which differs in the subjects \(groups\); "),
        (np.roll(Y, 1), GROUPS[::-1], r"the labels \(y\) and the subjects \(groups\) and the f"),
    ])
    def test_other_labels_and_subjects(self, tmp_path, y, groups, match):
        self.run(tmp_path)
        with pytest.raises(ValueError, match=match):
            evaluate({"a": Witness("a")}, X, y, groups, 3, results=tmp_path)

    def test_other_clips(self, tmp_path):
        smiles = known_clips(4, 2)
        systems = {"p": Paths()}
        evaluate(systems, smiles.data, smiles.target, smiles.groups, 2, results=tmp_path)
        again = evaluate(systems, list(smiles.data), list(smiles.target), list(smiles.groups), 2,
                         results=tmp_path)
        assert len(LOG) == 2
        first = again.predictions.iloc[0]
        assert first["clip"] == smiles.data[first["index"]].name
        others = [smiles.data[0].replace(name="another"), *smiles.data[1:]]
        with pytest.raises(ValueError, match=r"differs in the clips \(X\); "):
            evaluate(systems, others, smiles.target, smiles.groups, 2, results=tmp_path)

    def test_how_it_is_run_is_no_matter(self, tmp_path):
        self.run(tmp_path, {"a": make_pipeline(Passing(), LogisticRegression())})
        n = len(LOG)
        self.run(tmp_path, {"a": make_pipeline(Passing(), LogisticRegression(verbose=1),
                                               verbose=True)})
        assert len(LOG) == n

    def test_frozen_parts(self, tmp_path):
        for flip in (False, True):
            model = LogisticRegression().fit(X, Y[::-1] if flip else Y)
            if not flip:
                self.run(tmp_path, {"f": FrozenEstimator(model)})
                continue
            with pytest.raises(ValueError, match=r"another system 'f' \(estimator.coef_ was"):
                self.run(tmp_path, {"f": FrozenEstimator(model)})

    def test_a_finished_fold_is_there_before_the_next_begins(self, tmp_path, monkeypatch):
        seen, run = [], module._run

        def watched(*args):
            seen.append(len(list(tmp_path.glob("*/fold*"))))
            return run(*args)

        monkeypatch.setattr(module, "_run", watched)
        self.run(tmp_path)
        assert seen == [0, 1, 2, 3, 4, 5]
        record = json.loads((tmp_path / "a" / "fold-001.json").read_text())
        assert set(record["decision"]) <= {0, 1}


class TestRefusals:
    @pytest.mark.parametrize(("systems", "error", "match"), [
        (LogisticRegression(), TypeError, 'is LogisticRegression; write {"name": estimator}'),
        (make_pipeline(LogisticRegression()), TypeError, 'is Pipeline; write {"name": estimator}'),
        ("auda-svm", TypeError, "is 'auda-svm'; write {\"name\": estimator}"),
        ({}, ValueError, "systems is empty; write"), ([], ValueError, "systems is empty"),
        (3, TypeError, "systems must be a mapping of names to estimators, or a list"),
        ([LogisticRegression()], TypeError, "systems must be a mapping"),
        ({1: LogisticRegression()}, TypeError, "a system's name must be a text, not 1"),
        ({" ": LogisticRegression()}, TypeError, "a system's name must be a text, not ' '"),
        ([("a", LinearSVC()), ("a", LinearSVC())], ValueError, "two systems are called 'a'; give"),
        ({"a": LogisticRegression}, TypeError, r"'a' is the class LogisticRegression; write Log.*"),
        ({"a": object()}, TypeError, "of type object, which has no `fit` and no `predict`; give a"),
        ({"a": make_pipeline(Passing())}, TypeError, "'a' is of type Pipeline, which has no `pred"),
    ])
    def test_systems(self, systems, error, match):
        with pytest.raises(error, match=match):
            evaluate(systems, X, Y, GROUPS)

    @pytest.mark.parametrize(("cv", "error", "match"), [
        (KFold(3), ValueError, "fold 1: subject 'b' is in the training and in the test part; spl"),
        ([(np.arange(19), np.arange(19, 32)), ([0, 1], [2])], ValueError, "fold 2: subject 'c'"),
        ([([0, 3], [31])], ValueError, r"1 folds by subject leave clips of class 'posed' only to "
                                       r"train on \(fold 1\)"),
        ([(np.arange(10), [])], ValueError, "fold 1: the test part is empty"),
        ([([], [1])], ValueError, "fold 1: the training part is empty"),
        ([([0, 1], [32])], ValueError, "fold 1: the test part must hold positions of clips, 0 to"),
        ([([-1, 1], [3])], ValueError, "fold 1: the training part must hold positions"),
        ([([0.0, 1.0], [3])], ValueError, "fold 1: the training part must hold positions"),
        ([[True] * 32, [False] * 32], ValueError, "fold 1 of cv is not a pair"),
        ([], ValueError, "cv gives no folds"), (1, ValueError, "n_splits=1"),
        (2.5, TypeError, "cv must be a number of folds, a splitter such as GroupKFold"),
        ("5", TypeError, "cv must be"), (True, TypeError, "cv must be"), (None, TypeError, "cv m"),
    ])
    def test_folds(self, cv, error, match):
        warnings.filterwarnings("ignore", "The groups parameter is ignored")
        with pytest.raises(error, match=match):
            evaluate({"w": Witness()}, X, Y, GROUPS, cv)
        assert LOG == []

    @pytest.mark.parametrize(("y", "groups", "match"), [
        (Y, GROUPS[:31], "inconsistent numbers of samples"),
        (Y[:31], GROUPS, "inconsistent numbers of samples"),
        (Y, None, "groups must name the subject of each clip"),
        (Y[:, None], GROUPS, "y must hold the label of each clip"),
        (np.resize(list("abc"), 32), GROUPS, "must have two classes, .* not 3: 'a', 'b', 'c'"),
        (["posed"] * 32, GROUPS, "y must have two classes, .* not 1: 'posed'"),
        (np.arange(32), GROUPS, "not 32: '0', '1', '2', '3', '4', …"),
        ([*Y[:31], None], GROUPS, "y has no label for clip 31; leave such clips out"),
        (Y, pd.Series([*GROUPS[:5], np.nan, *GROUPS[6:]]), "groups has no subject for clip 5"),
        (Y, [*GROUPS[:5], float("nan"), *GROUPS[6:]], "groups has no subject for clip 5"),
        (Y, ["c"] * 32, "all clips are of one subject; folds by subject need at least two"),
    ])
    def test_labels_and_subjects(self, y, groups, match):
        with pytest.raises(ValueError, match=match):
            evaluate({"w": Witness()}, X, y, groups, 3)

    @pytest.mark.parametrize(("metadata", "error", "match"), [
        ({"age": range(31)}, ValueError, "metadata has 31 rows for 32 clips"),
        (pd.DataFrame({"age": range(33)}), ValueError, "metadata has 33 rows for 32 clips"),
        ("age", TypeError, "metadata must be a DataFrame or a mapping of columns, not str")])
    def test_metadata(self, metadata, error, match):
        with pytest.raises(error, match=match):
            evaluate({"w": Witness()}, X, Y, GROUPS, 3, metadata=metadata)

    def test_one_recording(self):
        with pytest.raises(TypeError, match="X must be a list of recordings; for a single one"):
            evaluate({"w": Witness()}, "smile.mp4", Y, GROUPS)

    def test_what_is_no_classifier(self):
        with pytest.raises(RuntimeError, match=r"ValueError: predict gave '.*', and the labels are "
                                               r"'0' and '1'; give a classifier"):
            evaluate({"line": LinearRegression()}, X, (Y == "posed") * 1, GROUPS, 2)

    def test_errors_without_a_folder(self):
        with pytest.raises(RuntimeError, match=r"in fold 1 of 2: ValueError: cannot learn$"):
            evaluate({"w": Witness(fail_on=(1,))}, X, Y, GROUPS, 2)
        assert len(LOG) == 2


class Awkward(Exception):
    """Cannot be pickled, as many exceptions cannot, whatever Dask teaches pickle about them."""

    def __init__(self, what, why):
        super().__init__(f"{what}: {why}")
        self.held = threading.Lock()


def test_errors_cross_process_borders():
    error = _portable(Awkward("video", "torn"))
    assert isinstance(error, RuntimeError)
    assert str(error) == "Awkward: video: torn"
    kept = KeyError("x")
    assert _portable(kept) is kept
    assert kept.__notes__ == ["In a worker process:\nKeyError: 'x'\n"]
