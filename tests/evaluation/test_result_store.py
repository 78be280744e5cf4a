"""What results depend on, and finished folds on disk: whole, of this protocol, or run again."""

from __future__ import annotations

import copy
import functools
import json
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from drawn import known_clips
from scipy import sparse
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from smilegenuine import AUDASVMEnsemble, Clip, FaceAligner
from smilegenuine.evaluation.result_store import FoldResult, ResultStore, describe, fingerprint

X = np.random.default_rng(0).normal(size=(12, 3))
Y = np.tile([0, 1], 6)
PROTOCOL = {"the labels": "1", "the folds": "2"}


class Tensor:
    """As one of torch looks from outside."""

    def __init__(self, values):
        self.values = values
        self.address = id(self)

    def detach(self):
        return self

    cpu = detach

    def numpy(self):
        return np.array(self.values)


class Network:
    """As one of torch looks from outside."""

    def __init__(self, weight):
        self.weight, self.hooks = weight, object()

    def state_dict(self):
        return {"weight": Tensor(self.weight)}


def frozen(**params):
    return FrozenEstimator(LogisticRegression(**params).fit(X, Y))


def clip(value, name="a"):
    return Clip(aus=np.full((9, 17), value), fps=25, name=name)


def pictures(value):
    return Clip(frames=np.full((3, 8, 8, 3), value, np.uint8))


class TestWhatResultsDependOn:
    @pytest.mark.parametrize(("a", "b"), [
        (LogisticRegression(), LogisticRegression(C=2.0)),
        (LogisticRegression(), DecisionTreeClassifier()),
        (Pipeline([("a", StandardScaler()), ("b", LogisticRegression())]),
         Pipeline([("a", StandardScaler()), ("c", LogisticRegression())])),
        (make_pipeline(StandardScaler(), LogisticRegression()),
         make_pipeline(StandardScaler(), LogisticRegression(C=2.0))),
        (make_pipeline(frozen()), make_pipeline(frozen(C=1e-3))),
        (FrozenEstimator(DecisionTreeClassifier(max_depth=1, random_state=0).fit(X, Y)),
         FrozenEstimator(DecisionTreeClassifier(max_depth=1, random_state=0).fit(X, Y[::-1]))),
        (GridSearchCV(LogisticRegression(), {"C": [1]}, cv=GroupKFold(2)),
         GridSearchCV(LogisticRegression(), {"C": [1]}, cv=GroupKFold(3))),
        (AUDASVMEnsemble(levels=("au",)), AUDASVMEnsemble(levels=("au", "cross"))),
        (FunctionTransformer(lambda x: x * 2.0), FunctionTransformer(lambda x: x * 3.0)),
        (FunctionTransformer(np.sqrt), FunctionTransformer(np.square)),
        (functools.partial(np.power, 2), functools.partial(np.power, 3)),
        (np.random.RandomState(0), np.random.RandomState(1)),
        (np.random.default_rng(0), np.random.default_rng(1)),
        (Tensor([1.0, 2.0]), Tensor([1.0, 3.0])), (Network([1.0]), Network([2.0])),
        (X, X + 1e-12), (X, X.T), (X, X.astype(np.float32)), (["a"], ["b"]), (b"a", b"b"),
        (pd.DataFrame(X, columns=list("abc")), pd.DataFrame(X, columns=list("abd"))),
        (sparse.csr_array(X), sparse.csr_array(X * 2)), ({"a": 1}, {"a": 2}), ({1, 2}, {1, 3}),
        (clip(0), clip(1)), (clip(0), clip(0, name="b")), (pictures(0), pictures(1)),
        (True, 1), (0.1, 0.1 + 1e-16 * 2), (float("nan"), None),
    ])
    def test_differs(self, a, b):
        assert fingerprint(a) != fingerprint(b)
        assert fingerprint(a) == fingerprint(copy.deepcopy(a))

    @pytest.mark.parametrize(("a", "b"), [
        (FaceAligner(), FaceAligner(n_jobs=2, verbose=True, memory="/tmp/somewhere")),
        (make_pipeline(AUDASVMEnsemble(n_jobs=2), memory="here", verbose=True),
         make_pipeline(AUDASVMEnsemble())),
        (FrozenEstimator(FaceAligner(n_jobs=2)), FrozenEstimator(FaceAligner(memory="there"))),
        ({"device": "cuda", "width": 3}, {"width": 3, "device": "cpu"}),
        (LogisticRegression().fit(X, Y), LogisticRegression()),
        (np.array(["a", "bc"]), np.array(["a", "bc"], dtype=object)), (np.array(["a"]), ["a"]),
        (X, np.asfortranarray(X)), ({"b": 1, "a": 2}, {"a": 2, "b": 1}), ((1, 2), [1, 2]),
        (np.float64(0.5), 0.5), (Tensor([1.0]), Tensor([1.0])), (Network([1.0]), Network([1.0])),
    ])
    def test_is_the_same(self, a, b):
        assert fingerprint(a) == fingerprint(b)

    def test_clones(self):
        system = Pipeline([("a", frozen()), ("b", LogisticRegression(C=3.0))])
        assert describe(clone(system)) == describe(system)
        assert "_sklearn_version" not in json.dumps(describe(system))

    def test_is_json(self):
        clips = known_clips(2, 2).data
        for thing in (clips, frozen(), DecisionTreeClassifier().fit(X, Y), X, np.inf, object()):
            json.dumps(describe(thing), allow_nan=False)

    def test_what_holds_itself(self):
        thing: list = [1]
        thing.append(thing)
        assert describe(thing) == [1, "builtins.list above"]

    def test_videos_go_by_their_path(self, make_video):
        a, b = Clip(frames=make_video("a.mp4")), Clip(frames=make_video("b.mp4"), name="a")
        key = fingerprint(a)
        assert a.n_frames  # it knows its times now
        assert fingerprint(a) == key
        assert fingerprint(a.replace(name="a")) != fingerprint(b)

    def test_other_processes_agree(self):
        code = ("from sklearn.linear_model import LogisticRegression as L; "
                "from smilegenuine.evaluation.evaluate import fingerprint; import sys; "
                "print(fingerprint([L(C=2.0), set('abcdefghij')]), 'torch' in sys.modules)")
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                              check=True).stdout
        known = fingerprint([LogisticRegression(C=2.0), set("abcdefghij")])
        assert said.split() == [known, "False"]


def result(n=3):
    return FoldResult(np.arange(n) % 2, np.array([0.1 + 0.2, np.nan, -np.inf])[:n], 1 / 3, 2.5)


def store_in(folder, protocol=PROTOCOL, **systems):
    return ResultStore(folder, protocol, systems or {"a": {"C": 1}})


class TestStore:
    def test_what_is_written_is_read(self, tmp_path):
        store = pickle.loads(pickle.dumps(store_in(tmp_path / "deep" / "er")))
        assert store.read("a", 2, 3) is None
        store.write("a", 2, result())
        for reader in (store, store_in(tmp_path / "deep" / "er")):
            found = reader.read("a", 2, 3)
            np.testing.assert_array_equal(found.decision, [0, 1, 0])
            np.testing.assert_array_equal(found.score, result().score)
            assert (found.fit_time, found.predict_time) == (1 / 3, 2.5)
            assert reader.read("a", 1, 3) is None
            assert reader.read("a", 2, 4) is None
        assert not list(tmp_path.rglob(".part*"))

    def test_cut_off_anywhere(self, tmp_path):
        store = store_in(tmp_path)
        store.write("a", 1, result())
        file = tmp_path / "a" / "fold-001.json"
        text = file.read_bytes()
        for n in range(len(text) - 2):
            file.write_bytes(text[:n])
            assert store.read("a", 1, 3) is None

    @pytest.mark.parametrize(("key", "value"), [
        ("key", "other"), ("system", "b"), ("fold", 2), ("decision", [0, 1]),
        ("decision", [0, 1, 2]), ("decision", ["x", 0, 1]), ("score", [0.5, 0.5]),
        ("score", "0.5"), ("fit time (s)", None)])
    def test_files_of_something_else(self, tmp_path, key, value):
        store = store_in(tmp_path)
        store.write("a", 1, result())
        file = tmp_path / "a" / "fold-001.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), key: value}))
        assert store.read("a", 1, 3) is None
        file.write_text("[1, 2]")
        assert store.read("a", 1, 3) is None

    def test_folds_copied_from_another_folder(self, tmp_path):
        store_in(tmp_path / "one").write("a", 1, result())
        other = store_in(tmp_path / "two", {**PROTOCOL, "the labels": "7"})
        (tmp_path / "one/a/fold-001.json").rename(tmp_path / "two/a/fold-001.json")
        assert other.read("a", 1, 3) is None

    def test_another_protocol(self, tmp_path):
        store_in(tmp_path).write("a", 1, result())
        with pytest.raises(ValueError, match="another protocol, which differs in the folds; write "
                                             "to another folder, or delete this one"):
            store_in(tmp_path, {**PROTOCOL, "the folds": "3"})
        with pytest.raises(ValueError, match="differs in the labels and the folds; "):
            store_in(tmp_path, {"the labels": "2", "the folds": "3"})
        assert store_in(tmp_path).read("a", 1, 3) is not None

    def test_another_system(self, tmp_path):
        one = {name: describe(Pipeline([("clf", LogisticRegression(C=C))]))
               for name, C in (("a", 1.0), ("b", 2.0))}
        store_in(tmp_path, a=one["a"]).write("a", 1, result())
        with pytest.raises(ValueError, match=r"another system 'a' \(steps\.clf\.C was 1\.0 and is "
                                             r"2\.0\); call it something else, write to another"):
            store_in(tmp_path, a=one["b"])
        with pytest.raises(ValueError, match=r"another system 'a' \(it was Pipeline and is None\)"):
            store_in(tmp_path, a=None)
        assert json.loads((tmp_path / "a" / "system.json").read_text())["system"] == one["a"]
        assert store_in(tmp_path, a=one["a"], b=one["b"]).systems() == ["a", "b"]
        assert store_in(tmp_path, b=one["b"]).systems() == ["a", "b"]

    def test_where_nothing_is_finished_anything_goes(self, tmp_path):
        store_in(tmp_path)
        store = store_in(tmp_path, {"the labels": "3"}, a={"C": 5})
        store.write("a", 1, result())
        assert store_in(tmp_path, {"the labels": "3"}, a={"C": 5}).read("a", 1, 3) is not None

    def test_damaged_records(self, tmp_path):
        store_in(tmp_path).write("a", 1, result())
        (tmp_path / "a" / "system.json").write_text('{"name": "a"')
        assert store_in(tmp_path, a={"C": 2}).read("a", 1, 3) is None
        assert store_in(tmp_path, a={"C": 2}).read("a", 1, 3) is None
        (tmp_path / "protocol.json").write_text("{")
        with pytest.raises(ValueError, match=r"protocol\.json cannot be read; write to another"):
            store_in(tmp_path)
        later = {"protocol": {}, "format": 9, "smilegenuine": "7"}
        (tmp_path / "protocol.json").write_text(json.dumps(later))
        with pytest.raises(ValueError, match="written by smilegenuine 7 in another form"):
            store_in(tmp_path)

    def test_names_that_are_no_file_names(self, tmp_path):
        names = ["a", "A", "a/b", "a b", "..", "ä", "a" * 300, "a" * 301, "con?", "/", "a.", "-"]
        store = ResultStore(tmp_path / "r", PROTOCOL, dict.fromkeys(names))
        for i, name in enumerate(names):
            store.write(name, i + 1, result())
        for i, name in enumerate(names):
            assert store.read(name, i + 1, 3) is not None
        assert store.systems() == sorted(names)
        folders = [f for f in (tmp_path / "r").iterdir() if f.is_dir()]
        assert len({f.name.lower() for f in folders}) == len(names)
        assert {f.name for f in tmp_path.iterdir()} == {"r"}

    def test_what_is_in_the_way(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(ValueError, match="file: results are kept in a folder, and this is a f"):
            store_in(tmp_path / "file")
        (tmp_path / "scores.csv").write_text("mine")
        with pytest.raises(ValueError, match=r"a scores\.csv is there that no evaluation wrote"):
            store_in(tmp_path)
        assert (tmp_path / "scores.csv").read_text() == "mine"

    def test_a_change_of_folder(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        store = store_in("r")
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        store.write("a", 1, result())
        assert (tmp_path / "r" / "a" / "fold-001.json").exists()
