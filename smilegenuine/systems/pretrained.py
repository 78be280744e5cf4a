"""`load_pretrained`: the models in `data/`, each plain numbers in a compressed JSON file."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import numpy as np

from ..classifiers.kinematics_classifier import KinematicsClassifier
from ..face.landmarks import FaceLandmarks
from ..features.smile_kinematics import SmileKinematics
from .kinematics_pipeline import KinematicsPipeline

#: Name → what it looks at, in a line.
PRETRAINED = {"kinematics": "how long, how far and how fast lips and eyelids move in the smile"}

_FORMAT = 1
_ARRAYS = ("small_", "centre_", "spread_", "quantiles_", "kept_")


def load_pretrained(name: str = "kinematics", *, labels: Sequence[Any] = (0, 1),
                    n_jobs: int | None = None, memory: Any = None,
                    verbose: int | bool = False) -> KinematicsPipeline:
    """Return a fitted pipeline from video to decision, without any data of one's own.

    Parameters
    ----------
    name : {"kinematics"}, default="kinematics"
        "kinematics": durations, amplitudes and speeds of lips and eyelids, as MediaPipe's landmarks
        show them. It has learnt from smiles that were sampled from aggregate figures of 1,236
        recordings of UvA-NEMO; see docs/pretrained.md for what it can tell, and its `info_`.
    labels : (posed, spontaneous), default=(0, 1)
        What the classes are called, such as ``("posed", "spontaneous")``, in sorted order.
    n_jobs : int, optional
        Recordings in which landmarks are looked for at the same time.
    memory : str, Path, ClipCache or joblib.Memory, optional
        Cache folder of landmarks.
    verbose : int or bool, default=False
        Show progress.

    Returns
    -------
    KinematicsPipeline
        Steps `landmarks`, `kinematics` and `classifier`. The last takes tables of kinematics too:
        ``model["classifier"].predict_proba(table)``, with any of the columns, NaN allowed.

    Raises
    ------
    ValueError
        There is no such model, or `labels` are not two that differ.

    Examples
    --------
    >>> from smilegenuine import load_pretrained
    >>> model = load_pretrained("kinematics")
    >>> model.predict(["smile.mp4"])  # doctest: +SKIP
    array([1])
    >>> list(model.named_steps)
    ['landmarks', 'kinematics', 'classifier']
    """
    if name not in PRETRAINED:
        raise ValueError(f"there is no pretrained model {name!r}; there is "
                         f"{', '.join(PRETRAINED)}")
    stored = json.loads(gzip.decompress(
        (files(__package__) / "data" / f"{name}.json.gz").read_bytes()))
    classifier = classifier_of(stored["classifier"], labels)
    # Landmarks as they are: the kinematics smooth by themselves, and eyelids not at all.
    landmarks = FaceLandmarks(smooth=0.0, n_jobs=n_jobs, memory=memory, verbose=verbose)
    model = KinematicsPipeline([
        ("landmarks", landmarks),
        ("kinematics", SmileKinematics().set_output(transform="pandas")),
        ("classifier", classifier)])
    model.info_ = dict(stored["info"])
    return model


def stored_classifier(classifier: KinematicsClassifier) -> dict[str, Any]:
    """Return what a fitted classifier has learnt as plain lists and numbers.

    Parameters
    ----------
    classifier : KinematicsClassifier
        Fitted.

    Returns
    -------
    dict
        For `classifier_of`; can be written as JSON.
    """
    return {"format": _FORMAT, "params": _plain(classifier.get_params()),
            "columns": classifier.columns_, "features": list(classifier.feature_names_in_),
            "conditions": classifier.conditions_, "scales": classifier.scales_,
            "blocks": classifier.blocks_, "mixtures": _plain(classifier.mixtures_),
            **{name: _plain(getattr(classifier, name)) for name in _ARRAYS}}


def classifier_of(stored: dict[str, Any], labels: Sequence[Any] = (0, 1)) -> KinematicsClassifier:
    """Make the classifier that was stored.

    Parameters
    ----------
    stored : dict
        From `stored_classifier`.
    labels : (posed, spontaneous), default=(0, 1)

    Returns
    -------
    KinematicsClassifier
        Fitted.

    Raises
    ------
    ValueError
        It is of a later format, or `labels` are not two that differ.
    """
    if stored["format"] > _FORMAT:
        raise ValueError("the model was stored by a later version of smilegenuine; upgrade to read "
                         "it")
    classes = np.asarray(list(labels) if not isinstance(labels, str) else labels)
    if classes.shape != (2,) or classes[0] == classes[1]:
        raise ValueError("labels must be two that differ, of posed and spontaneous smiles, such as "
                         f"('posed', 'spontaneous'), not {labels!r}")
    first, second = classes.tolist()
    if not first < second:
        raise ValueError(f"scikit-learn sorts classes, and its scores take the last for positive: "
                         f"the label of posed smiles must come first in order, and {first!r} "
                         f"comes after {second!r}; write them otherwise, such as '0 {first}' and "
                         f"'1 {second}'")
    params: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v
                              for k, v in stored["params"].items()}
    classifier = KinematicsClassifier(**params)
    classifier.classes_ = classes
    classifier.columns_, classifier.conditions_ = stored["columns"], stored["conditions"]
    classifier.scales_ = stored["scales"]
    classifier.feature_names_in_ = np.array(stored["features"], dtype=object)
    classifier.n_features_in_ = len(stored["features"])
    classifier.blocks_ = stored["blocks"]
    classifier.mixtures_ = {signal: [{k: np.array(v) for k, v in mixture.items()}
                                     for mixture in both]
                            for signal, both in stored["mixtures"].items()}
    for name in _ARRAYS:
        setattr(classifier, name, np.array(stored[name]))
    return classifier


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        # Single precision is more than the figures have.
        return value.tolist() if value.dtype.kind in "iub" else [
            _plain(v) for v in value] if value.ndim > 1 else [
            float(f"{v:.7g}") for v in value]
    return value
