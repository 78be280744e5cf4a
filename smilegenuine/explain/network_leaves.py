"""Branches that are networks of this package: what they see, and what of it contributes."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from ..classifiers.auda_phases import AUDAPhaseClassifier
from ..classifiers.auda_sequence import AUDASequenceClassifier
from ..classifiers.deep import DeepClipClassifier
from ..classifiers.face_sequences import FaceSequenceClassifier
from ..classifiers.mesh_sequences import MeshSequenceClassifier
from ..clips.record import Clip
from ..features.auda import auda_features, signals_of
from ..features.clip_phases import phases_of
from ..features.dmarkers import feature_names as marker_names
from ..features.phases import PHASES, detect_phases
from .input_meaning import (
    Meaning,
    Part,
    auda_meaning,
    auda_moments,
    face_columns,
    marker_meaning,
    mesh_columns,
    phase_moments,
    sequence_part,
    side_by_side,
    signal_columns,
    table_part,
)
from .network_gradients import network_path
from .nodes import Head, Leaf, Options, Seen
from .swapped_parts import columns_of, joined, spliced, table_groups, warped

Inputs = dict[str, np.ndarray]


def network_leaf(name: str, classifier: Any) -> Leaf | None:
    """Return a branch for a network of this package, None for others.

    Parameters
    ----------
    name : str
    classifier : fitted classifier

    Returns
    -------
    Leaf or None
    """
    for kind, leaf in ((AUDAPhaseClassifier, PhaseLeaf), (AUDASequenceClassifier, SequenceLeaf),
                       (FaceSequenceClassifier, FaceLeaf), (MeshSequenceClassifier, MeshLeaf)):
        if isinstance(classifier, kind):
            return leaf(name, classifier)
    return None


class NetworkLeaf(Leaf):
    """Base of the branches that are networks.

    Parameters
    ----------
    name : str
    classifier : DeepClipClassifier
        Fitted.

    Attributes
    ----------
    refine : bool
        The network is smooth enough for contributions to add up with enough steps.
    """

    refine = True

    def __init__(self, name: str, classifier: DeepClipClassifier) -> None:
        super().__init__(name)
        self.classifier = classifier

    def ask(self, seen: list[Seen]) -> tuple[np.ndarray, np.ndarray]:
        """Return final-branch features and logits."""
        return self._run([s.inputs for s in seen])

    def baseline(self, seen: Seen) -> tuple[np.ndarray, float]:
        """Return features and logit of the baseline."""
        features, decision = self._run([self.still(seen)])
        return features[0], float(decision[0])

    def _run(self, inputs: list[Inputs]) -> tuple[np.ndarray, np.ndarray]:
        features = self.classifier.embed_inputs(inputs)
        return features, self.classifier.decide_embedded(features)

    @abstractmethod
    def still(self, seen: Seen) -> Inputs:
        """Return the inputs of the baseline."""

    @abstractmethod
    def place(self, seen: Seen, contributions: Inputs) -> Part:
        """Put contributions in their place."""

    def part(self, seen: Seen, head: Head, options: Options) -> Part:
        """Return what the inputs contribute to a head, by integrated gradients."""
        c = self.classifier
        last, bias = c.last_layer()
        weights = head.decision * last
        if head.features is not None:
            weights = weights + head.features
        found = network_path(
            c.net_, _as_floats(self.still(seen)), _as_floats(seen.inputs), weights,
            head.decision * bias, n_steps=options.n_steps, refine=self.refine,
            windows=c.window_rows(len(seen.inputs["x"])), sequence=c.sequences)
        return self.place(seen, found.contributions)


def _as_floats(inputs: Inputs) -> Inputs:
    """Bytes become 0 to 1, as the network gets them."""
    return {name: v.astype(float) / 255.0 if v.dtype == np.uint8 else v.astype(float)
            for name, v in inputs.items()}


class PhaseLeaf(NetworkLeaf):
    """AUDA-features of phases; the baseline is the mean of the clips that were trained on."""

    classifier: AUDAPhaseClassifier

    @property
    def meaning(self) -> Meaning:
        """What the columns are about."""
        c = self.classifier
        return auda_meaning(c.level, c.windows, c.phases)

    def see(self, clip: Clip) -> Seen:
        """Return the scaled features of a clip."""
        _, smile, times = signals_of(clip)
        return Seen(self.classifier.network_input(clip), np.asarray(times),
                    detect_phases(smile, times), clip)

    def still(self, seen: Seen) -> Inputs:
        """Return zeros: the mean features."""
        return {"x": np.zeros_like(seen.inputs["x"])}

    def place(self, seen: Seen, contributions: Inputs) -> Part:
        """Put contributions where the features were read."""
        c = self.classifier
        aus, smile, times = signals_of(seen.clip)
        moments = auda_moments(aus, times, seen.phases, c.level, c.windows, c.phases)
        values = auda_features(aus, smile, times, levels=(c.level,), windows=c.windows,
                               phases=c.phases)[c.level]
        return table_part(contributions["x"].ravel(), values, self.meaning, moments)

    def groups(self) -> dict[str, list[Any]]:
        """Return units, pairs and phases."""
        return table_groups(self.meaning)

    def exchange(self, seen: Seen, donor: Seen, kind: str, name: Any) -> Seen:
        """Return features with some from another clip."""
        mine = columns_of(self.meaning, kind, name).reshape(seen.inputs["x"].shape)
        return _with(seen, x=np.where(mine, donor.inputs["x"], seen.inputs["x"]))


class SequenceLeaf(NetworkLeaf):
    """Signals over time; the baseline holds each at its mean over the clips trained on."""

    classifier: AUDASequenceClassifier

    def see(self, clip: Clip) -> Seen:
        """Return the scaled signals of a clip."""
        _, smile, times = signals_of(clip)
        return Seen(self.classifier.network_input(clip), np.asarray(times),
                    detect_phases(smile, times), clip, self.classifier.input_times(clip))

    def still(self, seen: Seen) -> Inputs:
        """Return zeros: the mean signals."""
        return {"x": np.zeros_like(seen.inputs["x"])}

    def place(self, seen: Seen, contributions: Inputs) -> Part:
        """Put contributions on frames and units."""
        return sequence_part(contributions["x"], signal_columns(self.classifier.streams),
                             np.asarray(seen.moments), seen.times, seen.phases)

    def groups(self) -> dict[str, list[Any]]:
        """Return units and phases."""
        columns = signal_columns(self.classifier.streams)
        return {"au": sorted({au for au in columns["au"] if au}), "phase": _PHASES,
                "smile": ["smile intensity"] if "smile" in self.classifier.streams else []}

    def exchange(self, seen: Seen, donor: Seen, kind: str, name: Any) -> Seen:
        """Return signals with some, or some of their time, from another clip."""
        whole = _of_time(seen, donor, kind, name)
        if whole is not None:
            return whole
        columns = signal_columns(self.classifier.streams)
        mine = (columns["au"] == name if kind == "au" else columns["source"] == kind).to_numpy()
        other = warped(seen, donor, donor.inputs["x"])
        return _with(seen, x=np.where(mine, other, seen.inputs["x"]).astype(np.float32))


class FaceLeaf(NetworkLeaf):
    """Faces over time; the baseline holds the first face that the network is shown."""

    classifier: FaceSequenceClassifier

    def see(self, clip: Clip) -> Seen:
        """Return the faces that the network is shown."""
        return _seen_frames(self.classifier, clip)

    def still(self, seen: Seen) -> Inputs:
        """Return the first face, held."""
        x = seen.inputs["x"]
        return {"x": np.broadcast_to(x[:1], x.shape)}

    def place(self, seen: Seen, contributions: Inputs) -> Part:
        """Put contributions on frames and parts of the face."""
        rows = contributions["x"].sum(axis=(1, 3))  # (T, height)
        columns, belongs = face_columns(rows.shape[1])
        return sequence_part(rows @ belongs, columns, np.asarray(seen.moments), seen.times,
                             seen.phases)

    def groups(self) -> dict[str, list[Any]]:
        """Return phases and bands of the face."""
        return {"phase": _PHASES, "region": list(face_columns(self.classifier.size)[0]["region"])}

    def exchange(self, seen: Seen, donor: Seen, kind: str, name: Any) -> Seen:
        """Return faces with a band, or some of their time, from another clip."""
        whole = _of_time(seen, donor, kind, name)
        if whole is not None:
            return whole
        columns, belongs = face_columns(self.classifier.size)
        mine = belongs[:, list(columns["region"]).index(name)].astype(bool)
        other = warped(seen, donor, donor.inputs["x"])
        x = seen.inputs["x"].copy()
        x[:, :, mine] = np.round(other[:, :, mine]).astype(x.dtype)
        return _with(seen, x=x)


class MeshLeaf(NetworkLeaf):
    """The face mesh over time, and D-Markers where the network is given them.

    The baseline holds the mesh at its first frame, and has the mean D-Markers.
    """

    classifier: MeshSequenceClassifier
    refine = False  # neighbours and curves are chosen, and no gradient sees a choice change

    @property
    def meaning(self) -> Meaning:
        """What the D-Markers are about."""
        return marker_meaning(list(marker_names()))

    def see(self, clip: Clip) -> Seen:
        """Return the mesh that the network is shown."""
        return _seen_frames(self.classifier, clip)

    def still(self, seen: Seen) -> Inputs:
        """Return the first mesh, held, and mean D-Markers."""
        x = seen.inputs["x"]
        still = {name: np.zeros_like(v) for name, v in seen.inputs.items()}
        return {**still, "x": np.broadcast_to(x[:1], x.shape)}

    def place(self, seen: Seen, contributions: Inputs) -> Part:
        """Put contributions on frames, parts of the face, and D-Markers."""
        columns, belongs = mesh_columns(self.classifier.points_)
        part = sequence_part(contributions["x"].sum(axis=2) @ belongs, columns,
                             np.asarray(seen.moments), seen.times, seen.phases)
        if "markers" not in contributions:
            return part
        c: Any = self.classifier
        values = seen.inputs["markers"] * c.marker_scale_ + c.marker_mean_
        markers = table_part(contributions["markers"], values, self.meaning, phase_moments(
            self.meaning, seen.phases, len(seen.times)))
        rows = side_by_side([Meaning(part.rows), Meaning(markers.rows)]).columns
        return Part(rows, part.over_time + markers.over_time, part.au_over_time)

    def groups(self) -> dict[str, list[Any]]:
        """Return phases and parts of the face; with D-Markers, their signals."""
        regions = list(mesh_columns(self.classifier.points_)[0]["region"])
        if hasattr(self.classifier, "fusion"):
            regions += table_groups(self.meaning)["region"]
        return {"phase": _PHASES, "region": regions}

    def exchange(self, seen: Seen, donor: Seen, kind: str, name: Any) -> Seen:
        """Return a mesh some of whose parts move, or some of whose time is, as in another clip."""
        markers = {}
        if "markers" in seen.inputs:
            mine = columns_of(self.meaning, kind, name)
            markers["markers"] = np.where(mine, donor.inputs["markers"], seen.inputs["markers"])
        whole = _of_time(seen, donor, kind, name)
        if whole is not None:
            return _with(whole, **markers)
        columns, belongs = mesh_columns(self.classifier.points_)
        x = seen.inputs["x"]
        if name in set(columns["region"]):
            # How it moves is exchanged, not where it is: that is the shape of the face.
            mine = belongs[:, list(columns["region"]).index(name)].astype(bool)
            moved = warped(seen, donor, donor.inputs["x"] - donor.inputs["x"][:1])
            x = np.where(mine[:, None], x[:1] + moved, x).astype(np.float32)
        return _with(seen, x=x, **markers)


_PHASES = [*PHASES[:3], "rest"]


def _seen_frames(classifier: FaceSequenceClassifier | MeshSequenceClassifier, clip: Clip) -> Seen:
    inputs = classifier.network_input(clip)  # raises where there are no times
    return Seen(inputs, np.asarray(clip.times), phases_of(clip), clip,
                classifier.input_times(clip))


def _of_time(seen: Seen, donor: Seen, kind: str, name: Any) -> Seen | None:
    """A phase from another clip; None for other kinds."""
    if kind != "phase":
        return None
    if name not in _PHASES:
        return seen
    x = joined(spliced(seen, donor, name), seen.inputs["x"], donor.inputs["x"])
    return _with(seen, x=x)


def _with(seen: Seen, **inputs: np.ndarray) -> Seen:
    return Seen({**seen.inputs, **inputs}, seen.times, seen.phases, seen.clip, seen.moments)
