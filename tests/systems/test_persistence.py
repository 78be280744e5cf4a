"""Model files: what is saved comes back, and what is no model of this package is refused."""

from __future__ import annotations

import json
import pickle
import random
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import smilegenuine
from smilegenuine import (
    AUDA,
    AUDASVMEnsemble,
    BlockSVMEnsemble,
    CalibratedSystem,
    Clip,
    SubjectConformalClassifier,
    load_model,
    save_model,
)
from smilegenuine.systems.persistence import _is_own_estimator


def data(n: int = 40) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    y = np.array(["posed", "spontaneous"])[np.arange(n) % 2]
    return rng.normal(size=(n, 7)) + 2 * (y == "posed")[:, None], y


def ensemble() -> BlockSVMEnsemble:
    return BlockSVMEnsemble({"a": [0, 1, 2], "b": slice(3, 7)}, cv=2)


@pytest.fixture
def model(tmp_path) -> Pipeline:
    """A pipeline with a frozen step, classes of the package, and a cache."""
    X, y = data()
    frozen = FrozenEstimator(make_pipeline(StandardScaler(), PCA(7, random_state=0)).fit(X))
    return Pipeline([("pca", frozen), ("svm", ensemble())], memory=str(tmp_path / "kept")).fit(X, y)


@pytest.fixture
def saved(model, tmp_path) -> Path:
    return save_model(model, tmp_path / "model.sg", info={"data": "synthetic"})


def patch(path: Path, change) -> None:
    """Rewrite a model file with a changed schema."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(files["schema.json"])
    files["schema.json"] = json.dumps(change(schema) or schema).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


class TestRoundTrip:
    def test_predictions_are_equal(self, model, saved):
        X, _ = data(31)
        again = load_model(saved)
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
        np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
        np.testing.assert_array_equal(again.classes_, ["posed", "spontaneous"])
        assert isinstance(again[0], FrozenEstimator)
        assert again.get_params()["svm__blocks"] == model.get_params()["svm__blocks"]

    def test_clips_to_decisions(self, tmp_path):
        rng = np.random.default_rng(2)
        t = np.arange(40) / 25
        rise = np.clip(np.minimum(t, t[-1] - t) * 3, 0, 1)
        clips = [Clip(aus=rng.random((40, 17)) + (1 + i % 2) * rise[:, None], smile=rise, times=t,
                      subject=f"s{i // 2}") for i in range(8)]
        y = np.arange(8) % 2
        model = AUDASVMEnsemble(levels=("au",), phases=("onset", "smile"), cv=2).fit(clips, y)
        again = load_model(save_model(model, tmp_path / "m"))
        np.testing.assert_array_equal(again.predict_proba(clips), model.predict_proba(clips))

    def test_search(self, tmp_path):
        X, y = data()
        pipe = Pipeline([("scale", StandardScaler()), ("svm", ensemble())],
                        memory=str(tmp_path / "kept"))
        search = GridSearchCV(pipe, {"svm__C": [0.1, 1.0]}, cv=2).fit(X, y)
        again = load_model(save_model(search.best_estimator_, tmp_path / "m"))
        np.testing.assert_array_equal(again.predict(X), search.predict(X))
        assert search.best_estimator_.memory is not None

    def test_unfitted_step_without_learning(self, tmp_path):
        again = load_model(save_model(AUDA(level="au", windows=(5, 9)), tmp_path / "auda"))
        assert again.get_params() == AUDA(level="au", windows=(5, 9)).get_params()

    def test_again_and_again(self, saved, tmp_path):
        X, _ = data()
        once = load_model(saved)
        twice = load_model(save_model(once, tmp_path / "second", info={"data": "other"}))
        np.testing.assert_array_equal(once.predict(X), twice.predict(X))
        assert twice.info_["data"] == "other"

    def test_what_is_remembered_is_kept_when_it_is_saved_again(self, saved, tmp_path):
        once = load_model(saved)
        once.info_["smilegenuine"] = "0.0.1"  # saved by an earlier version
        again = load_model(save_model(once, tmp_path / "second", info={"run": 3})).info_
        assert (again["data"], again["run"]) == ("synthetic", 3)
        assert again["smilegenuine"] == smilegenuine.__version__


class TestSaving:
    def test_returns_the_path_and_leaves_nothing_else(self, saved, tmp_path):
        assert saved == tmp_path / "model.sg"
        assert sorted(f.name for f in tmp_path.iterdir()) == ["kept", "model.sg"]

    def test_folders_are_made_and_files_replaced(self, model, tmp_path):
        path = tmp_path / "new dir" / "größe" / "m.sg"
        save_model(model, str(path), info={"run": 1})
        save_model(model, path, info={"run": 2})
        assert load_model(path).info_["run"] == 2
        assert [f.name for f in path.parent.iterdir()] == ["m.sg"]

    def test_info(self, saved, model, tmp_path):
        info = load_model(saved).info_
        assert info["data"] == "synthetic"
        assert info["smilegenuine"] == smilegenuine.__version__
        assert {"scikit-learn", "numpy", "saved"} <= info.keys()
        rich = {"scores": [0.5, 1, None], "nested": {"a": [True, "b"]}, "array": np.arange(3)}
        again = load_model(save_model(model, tmp_path / "rich", info=rich)).info_
        assert again["scores"] == rich["scores"]
        assert again["nested"] == rich["nested"]
        np.testing.assert_array_equal(again["array"], np.arange(3))

    def test_cache_folders_are_left_out(self, model, tmp_path):
        model.set_params(memory=joblib.Memory(str(tmp_path / "my_secret_place"), verbose=0))
        frozen = FrozenEstimator(model)
        outer = Pipeline([("all", frozen)], memory=str(tmp_path / "my_secret_place"))
        path = save_model(outer, tmp_path / "m")
        assert b"my_secret_place" not in path.read_bytes()
        again = load_model(path)
        assert again.memory is again[0].estimator.memory is None
        # What is saved stays as it was.
        assert outer.memory is not None
        assert outer[0].estimator is model
        assert isinstance(model.memory, joblib.Memory)

    @pytest.mark.parametrize(("step", "kind"), [
        (FunctionTransformer(json.dumps), "json.dumps"),
        (FunctionTransformer(lambda x: x), "<lambda>"),
        (FunctionTransformer(load_model), "smilegenuine.systems.persistence.load_model")])
    def test_what_could_not_be_loaded_is_not_saved(self, saved, tmp_path, step, kind):
        before = saved.read_bytes()
        with pytest.raises(ValueError, match=rf"Pipeline is not saved: .* refuse its .*{kind}"):
            save_model(make_pipeline(step), saved)
        assert saved.read_bytes() == before
        assert sorted(f.name for f in tmp_path.iterdir()) == ["kept", "model.sg"]

    def test_info_that_could_not_be_loaded(self, model, tmp_path):
        with pytest.raises(ValueError, match="would refuse its pathlib"):
            save_model(model, tmp_path / "m", info={"where": Path("a")})
        assert not (tmp_path / "m").exists()


class TestRefusing:
    def test_missing(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"no\.sg: no such file; `smilegenuine train"):
            load_model(tmp_path / "no.sg")

    @pytest.mark.parametrize("content", [
        b"", b"no model", pickle.dumps({"model": 1}), b"PK\x03\x04" + b"\0" * 50, bytes(1000)])
    def test_not_a_model_file(self, tmp_path, content):
        path = tmp_path / "m.sg"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"m\.sg: not a smilegenuine model file, or cut off"):
            load_model(path)

    def test_some_zip(self, tmp_path):
        np.savez(tmp_path / "m.npz", a=np.arange(3))
        with pytest.raises(ValueError, match=r"m\.npz: not a smilegenuine model file"):
            load_model(tmp_path / "m.npz")

    @pytest.mark.parametrize("schema", [[], {}, 3, {"__loader__": "ObjectNode"}, "x"])
    def test_broken_schema(self, saved, schema):
        patch(saved, lambda _: schema or {"protocol": 0})
        with pytest.raises(ValueError, match=r"model\.sg: not a smilegenuine model file"):
            load_model(saved)

    @pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
    def test_cut_off(self, saved, share):
        data = saved.read_bytes()
        saved.write_bytes(data[:int(share * len(data))])
        with pytest.raises(ValueError, match=r"model\.sg: not a smilegenuine model file, or cut"):
            load_model(saved)

    def test_damaged(self, saved):
        # A flipped bit is either noticed or of no consequence; never another error, another model.
        rng, whole = random.Random(0), saved.read_bytes()
        X, _ = data()
        expected, noticed = load_model(saved).predict_proba(X), 0
        for _ in range(25):
            data_ = bytearray(whole)
            data_[rng.randrange(len(data_))] ^= 1 << rng.randrange(8)
            saved.write_bytes(data_)
            try:
                again = load_model(saved)
            except ValueError as error:
                noticed += str(saved) in str(error)
            else:
                np.testing.assert_array_equal(again.predict_proba(X), expected)
        assert noticed > 5

    def test_other_skops_files(self, tmp_path):
        for content in (StandardScaler(), {"model": 1}, [1, 2], {"format": 1, "model": 1}):
            skops.io.dump(content, tmp_path / "m.sg")
            with pytest.raises(ValueError, match=r"m\.sg: a skops file, but not one that smile"):
                load_model(tmp_path / "m.sg")

    def test_no_model_in_it(self, tmp_path):
        skops.io.dump({"format": 1, "info": {}, "model": {"a": 1}}, tmp_path / "m.sg")
        with pytest.raises(ValueError, match=r"m\.sg: holds no model but a dict"):
            load_model(tmp_path / "m.sg")

    def test_foreign_types(self, tmp_path):
        skops.io.dump({"format": 1, "info": {}, "model": FunctionTransformer(pickle.loads)},
                      tmp_path / "m.sg")
        with pytest.raises(ValueError, match=r"m\.sg: holds types that a model of this package "
                                             r"does not: .*loads.*It is not loaded"):
            load_model(tmp_path / "m.sg")

    @pytest.mark.parametrize("name", [
        "persistence.save_model", "persistence.Path", "persistence.os", "clip.Clip", "clip.np",
        "pipelines.make_system", "base.clone", "__main__.main", "nowhere.X"])
    def test_a_way_through_this_package_is_not_enough(self, saved, tmp_path, name):
        # skops calls the constructor of a "loss" with arguments from the file.
        target = tmp_path / "written by a file"
        module, _, function = f"smilegenuine.{name}".rpartition(".")

        def call(schema):
            victim = json.loads(json.dumps(schema))
            model = victim["content"]["model"]
            text = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode",
                    "content": json.dumps(str(target)), "is_json": True}
            nothing = {"__class__": "dict", "__module__": "builtins", "__loader__": "DictNode",
                       "content": {}, "key_types": model_key_types(model)}
            victim["content"]["model"] = {
                "__class__": function, "__module__": module, "__loader__": "LossNode",
                "content": nothing, "__reduce__": {"args": {
                    "__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode",
                    "content": [text, text]}}}
            return victim

        patch(saved, call)
        with pytest.raises(ValueError, match=rf"holds types that .* does not: {module}.{function}"):
            load_model(saved)
        assert not target.exists()

    def test_own_estimators(self):
        assert _is_own_estimator("smilegenuine.classifiers.block_ensemble.BlockSVMEnsemble")
        for name in ("BlockSVMEnsemble", "smilegenuine.BlockSVMEnsemble", "os.system",
                     "smilegenuine.classifiers.auda_svm.BlockSVMEnsemble",
                     "smilegenuine.clips.record.Clip",
                     "smilegenuine.systems.persistence.save_model"):
            assert not _is_own_estimator(name)

    def test_later_format(self, saved, monkeypatch):
        monkeypatch.setattr("smilegenuine.systems.persistence._FORMAT", 0)
        with pytest.raises(ValueError, match=r"model\.sg: written by smilegenuine .*Upgrade to"):
            load_model(saved)


def test_calibrated_and_abstaining_ones(tmp_path):
    X, y = data(60)
    model = SubjectConformalClassifier(CalibratedSystem(LogisticRegression(), "isotonic"), 0.3,
                                       holdout=0.4, random_state=0).fit(X, y)
    again = load_model(save_model(model, tmp_path / "model.sg"))
    np.testing.assert_array_equal(again.p_values(X), model.p_values(X))
    assert list(again.decide(X)) == list(model.decide(X))


def model_key_types(model: dict) -> dict:
    """The (empty) list node that skops stores with a dict for the types of its keys."""
    return {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": []}
