"""Branches that are networks of this package: what they see, and what of it contributes."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ..classifiers.auda_phases import AUDAPhaseClassifier
from ..classifiers.auda_sequence import AUDASequenceClassifier
from ..classifiers.deep import DeepClipClassifier
from ..classifiers.face_sequences import FaceSequenceClassifier
from ..classifiers.mesh_sequences import MeshSequenceClassifier
from ..clips.record import Clip
from ..features.auda import auda_features, signals_of
from ..features.clip_phases import phases_of
from ..features.dmarkers import feature_names as marker_names
from ..features.phases import PHASES
from .input_meaning import (
    Part,
    auda_meaning,
    auda_moments,
    face_columns,
    marker_meaning,
    mesh_columns,
    phase_moments,
    sequence_part,
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

    def see(self, clip: Clip) -> Seen:
        """Return what the network is shown of a clip."""
        inputs = self.classifier.network_input(clip)  # raises where there are no times
        return Seen(inputs, np.asarray(clip.times), phases_of(clip), clip)

    def still(self, seen: Seen) -> Inputs:
        """Return the inputs of the baseline: zeros, the means over the clips trained on."""
        return {name: np.zeros_like(v) for name, v in seen.inputs.items()}

    @abstractmethod
    def place(self, seen: Seen, contributions: Inputs) -> Part:
        """Put contributions in their place."""

    def part(self, seen: Seen, head: Head, options: Options) -> Part:
        """Return what the inputs contribute to a head, by integrated gradients."""
        c = self.classifier
        last, bias = c.last_layer()
        path = network_path(
            c.net_, _as_floats(self.still(seen)), _as_floats(seen.inputs), head.over(last),
            head.decision * bias, n_steps=options.n_steps, refine=self.refine,
            windows=c.window_rows(len(seen.inputs["x"])), sequence=c.sequences)
        return self.place(seen, path.contributions)


def _as_floats(inputs: Inputs) -> Inputs:
    """Bytes become 0 to 1, as the network gets them."""
    return {name: v.astype(float) / 255.0 if v.dtype == np.uint8 else v.astype(float)
            for name, v in inputs.items()}


class PhaseLeaf(NetworkLeaf):
    """AUDA-features of phases; the baseline is the mean of the clips that were trained on."""

    classifier: AUDAPhaseClassifier

    def __init__(self, name: str, classifier: AUDAPhaseClassifier) -> None:
        super().__init__(name, classifier)
        self.meaning = auda_meaning(classifier.level, classifier.windows, classifier.phases)

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
        columns = columns_of(self.meaning, kind, name).reshape(seen.inputs["x"].shape)
        return seen.with_inputs(x=np.where(columns, donor.inputs["x"], seen.inputs["x"]))


class FramesLeaf(NetworkLeaf):
    """Base of the branches that see a sequence of frames."""

    classifier: AUDASequenceClassifier | FaceSequenceClassifier | MeshSequenceClassifier

    def see(self, clip: Clip) -> Seen:
        """Return what the network is shown of a clip, and when."""
        return replace(super().see(clip), moments=self.classifier.input_times(clip))

    def place_frames(self, seen: Seen, contributions: np.ndarray, columns: pd.DataFrame) -> Part:
        """Put contributions (n, K) on frames and what the K columns are about."""
        return sequence_part(contributions, columns, np.asarray(seen.moments), seen.times,
                             seen.phases)

    def exchange(self, seen: Seen, donor: Seen, kind: str, name: Any) -> Seen:
        """Return a sequence with a phase, or a part of each frame, from another clip."""
        x, other = seen.inputs["x"], donor.inputs["x"]
        if kind != "phase":
            return seen.with_inputs(x=self.exchange_part(seen, donor, kind, name))
        return seen.with_inputs(x=joined(spliced(seen, donor, name), x, other)) \
            if name in _PHASES else seen

    @abstractmethod
    def exchange_part(self, seen: Seen, donor: Seen, kind: str, name: Any) -> np.ndarray:
        """Return the sequence with a part of each frame from another clip."""


class SequenceLeaf(FramesLeaf):
    """Signals over time; the baseline holds each at its mean over the clips trained on."""

    def __init__(self, name: str, classifier: AUDASequenceClassifier) -> None:
        super().__init__(name, classifier)
        self.columns = signal_columns(classifier.streams)

    def place(self, seen: Seen, contributions: Inputs) -> Part:
        """Put contributions on frames and units."""
        return self.place_frames(seen, contributions["x"], self.columns)

    def groups(self) -> dict[str, list[Any]]:
        """Return units and phases."""
        smile = (self.columns["source"] == "smile").any()
        return {"au": sorted({au for au in self.columns["au"] if au}), "phase": _PHASES,
                "smile": ["smile intensity"] if smile else []}

    def exchange_part(self, seen: Seen, donor: Seen, kind: str, name: Any) -> np.ndarray:
        """Return signals with those of a unit, or the smile intensity, from another clip."""
        exchanged = self.columns["au"] == name if kind == "au" else self.columns["source"] == kind
        other = warped(seen, donor, donor.inputs["x"])
        return np.where(exchanged, other, seen.inputs["x"]).astype(np.float32)


class FaceLeaf(FramesLeaf):
    """Faces over time; the baseline holds the first face that the network is shown."""

    classifier: FaceSequenceClassifier

    def still(self, seen: Seen) -> Inputs:
        """Return the first face, held."""
        x = seen.inputs["x"]
        return {"x": np.broadcast_to(x[:1], x.shape)}

    def place(self, seen: Seen, contributions: Inputs) -> Part:
        """Put contributions on frames and parts of the face."""
        rows = contributions["x"].sum(axis=(1, 3))  # (T, height)
        columns, belongs = face_columns(rows.shape[1])
        return self.place_frames(seen, rows @ belongs, columns)

    def groups(self) -> dict[str, list[Any]]:
        """Return phases and bands of the face."""
        return {"phase": _PHASES, "region": list(face_columns(self.classifier.size)[0]["region"])}

    def exchange_part(self, seen: Seen, donor: Seen, kind: str, name: Any) -> np.ndarray:
        """Return faces with a band from another clip."""
        columns, belongs = face_columns(self.classifier.size)
        band = belongs[:, list(columns["region"]).index(name)].astype(bool)
        other = warped(seen, donor, donor.inputs["x"])
        x = seen.inputs["x"].copy()
        x[:, :, band] = np.round(other[:, :, band]).astype(x.dtype)
        return x


class MeshLeaf(FramesLeaf):
    """The face mesh over time, and D-Markers where the network is given them.

    The baseline holds the mesh at its first frame, and has the mean D-Markers.
    """

    refine = False  # neighbours and curves are chosen, and no gradient sees a choice change

    def __init__(self, name: str, classifier: MeshSequenceClassifier) -> None:
        super().__init__(name, classifier)
        self.meaning = marker_meaning(list(marker_names()))
        self.columns, self.belongs = mesh_columns(classifier.points_)

    def still(self, seen: Seen) -> Inputs:
        """Return the first mesh, held, and mean D-Markers."""
        x = seen.inputs["x"]
        return {**super().still(seen), "x": np.broadcast_to(x[:1], x.shape)}

    def place(self, seen: Seen, contributions: Inputs) -> Part:
        """Put contributions on frames, parts of the face, and D-Markers."""
        part = self.place_frames(seen, contributions["x"].sum(axis=2) @ self.belongs, self.columns)
        if "markers" not in contributions:
            return part
        c: Any = self.classifier
        values = seen.inputs["markers"] * c.marker_scale_ + c.marker_mean_
        markers = table_part(contributions["markers"], values, self.meaning, phase_moments(
            self.meaning, seen.phases, len(seen.times)))
        return Part(pd.concat([part.rows, markers.rows], ignore_index=True),
                    part.over_time + markers.over_time, part.au_over_time)

    def groups(self) -> dict[str, list[Any]]:
        """Return phases and parts of the face; with D-Markers, their signals."""
        regions = list(self.columns["region"])
        if hasattr(self.classifier, "fusion"):
            regions += table_groups(self.meaning)["region"]
        return {"phase": _PHASES, "region": regions}

    def exchange(self, seen: Seen, donor: Seen, kind: str, name: Any) -> Seen:
        """Return mesh and D-Markers some of which, or some of whose time, are of another clip."""
        exchanged = super().exchange(seen, donor, kind, name)
        if "markers" not in seen.inputs:
            return exchanged
        columns = columns_of(self.meaning, kind, name)
        return exchanged.with_inputs(
            markers=np.where(columns, donor.inputs["markers"], seen.inputs["markers"]))

    def exchange_part(self, seen: Seen, donor: Seen, kind: str, name: Any) -> np.ndarray:
        """Return a mesh of which a part moves as in another clip."""
        x = seen.inputs["x"]
        if name not in set(self.columns["region"]):
            return x
        # How it moves is exchanged, not where it is: that is the shape of the face.
        points = self.belongs[:, list(self.columns["region"]).index(name)].astype(bool)
        moved = warped(seen, donor, donor.inputs["x"] - donor.inputs["x"][:1])
        return np.where(points[:, None], x[:1] + moved, x).astype(np.float32)


_PHASES = [*PHASES[:3], "rest"]
