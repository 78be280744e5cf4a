"""Branches that decide from a table of features: machines of this package, and any classifier."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from ..classifiers.auda_svm import AUDASVMEnsemble
from ..classifiers.block_ensemble import BlockSVMEnsemble
from ..classifiers.branches import decisions_of
from ..classifiers.dmarker_svm import DMarkerSVMEnsemble
from ..classifiers.kinematic_decisions import KinematicDecisionsMixin
from ..clips.au_table import AU_NAMES
from ..clips.record import Clip
from ..features.auda import AUDA, signals_of
from ..features.clip_phases import phase_of_frames, phases_of
from ..features.dmarkers import DMarkers
from ..features.phases import detect_phases
from ..features.smile_kinematics import SmileKinematics
from .contract import DecidesByFeatures
from .input_meaning import (
    Meaning,
    Part,
    auda_meaning,
    auda_moments,
    described_meaning,
    kinematics_meaning,
    marker_meaning,
    phase_moments,
    side_by_side,
    table_part,
)
from .integrated_gradients import additive_path, machine_path, shapley_path
from .kinematic_reasons import kinematic_contributions, parameters_of
from .nodes import Head, Leaf, Options, Seen
from .swapped_parts import columns_of, table_groups


class TableLeaf(Leaf):
    """Base of the branches that decide from a row of features.

    Attributes
    ----------
    meaning : Meaning
        Of the columns.
    """

    meaning: Meaning

    def ask(self, seen: list[Seen]) -> tuple[np.ndarray, np.ndarray]:
        """Return decision values, which are the only feature of a machine."""
        decided = self.decide(np.stack([s.inputs["x"] for s in seen]))
        return decided[:, None], decided

    def baseline(self, seen: Seen) -> tuple[np.ndarray, float]:
        """Return the decision value of the baseline."""
        decided = self.decide(self.start()[None])
        return decided, float(decided[0])

    @abstractmethod
    def decide(self, table: np.ndarray) -> np.ndarray:
        """Return decision values of rows of features."""

    @abstractmethod
    def start(self) -> np.ndarray:
        """Return the features of the baseline."""

    @abstractmethod
    def contributions(self, row: np.ndarray, options: Options) -> np.ndarray:
        """Return what columns contribute to the decision value."""

    def part(self, seen: Seen, head: Head, options: Options) -> Part:
        """Return what the columns contribute to a head."""
        weight = head.of_decision()
        row = seen.inputs["x"]
        return table_part(weight * self.contributions(row, options), row, self.meaning,
                          self.moments(seen))

    def moments(self, seen: Seen) -> sparse.csr_matrix:
        """Say on which frames each column rests."""
        return phase_moments(self.meaning, seen.phases, len(seen.times))

    def groups(self) -> dict[str, list[Any]]:
        """Return units, pairs, phases and regions."""
        return table_groups(self.meaning)

    def exchange(self, seen: Seen, donor: Seen, kind: str, name: Any) -> Seen:
        """Return features with some from another clip."""
        mine = columns_of(self.meaning, kind, name)
        x = np.where(mine, donor.inputs["x"], seen.inputs["x"])
        return Seen({"x": x}, seen.times, seen.phases, seen.clip)


class MachineLeaf(TableLeaf):
    """Two levels of support vector machines; the baseline is the mean of the clips trained on.

    Exact for the second level and for linear machines; for RBF machines the way is integrated.
    """

    def __init__(self, name: str, ensemble: BlockSVMEnsemble, features: FeatureMaker) -> None:
        super().__init__(name)
        self.ensemble, self.features = ensemble, features
        self.meaning = features.meaning

    def see(self, clip: Clip) -> Seen:
        """Return the features of a clip."""
        return self.features.see(clip)

    def decide(self, table: np.ndarray) -> np.ndarray:
        """Return calibrated log-odds."""
        return self.ensemble.decision_function(table)

    def start(self) -> np.ndarray:
        """Return the mean features."""
        start = np.zeros(self.ensemble.n_features_in_)
        for name, columns in self.ensemble.columns_.items():
            start[columns] = self.ensemble.block_models_[name][0].mean_
        return start

    def contributions(self, row: np.ndarray, options: Options) -> np.ndarray:
        """Return what columns contribute to the log-odds."""
        found = np.zeros(len(row))
        weights = self.ensemble.slope_ * self.ensemble.final_.coef_[0]
        for weight, (name, columns) in zip(weights, self.ensemble.columns_.items(), strict=True):
            scaler, machine = self.ensemble.block_models_[name]
            seen = scaler.transform(row[None, columns])[0]
            found[columns] += weight * machine_path(machine, np.zeros(len(seen)), seen)
        return found

    def moments(self, seen: Seen) -> sparse.csr_matrix:
        """Say on which frames each feature rests."""
        return self.features.moments(seen)


class AnyTableLeaf(TableLeaf):
    """Any classifier of features of clips, at the end of a pipeline.

    Where the decision is a sum over columns, as of linear models, contributions are exact; else
    they are Shapley's values of action units, pairs or signals in each phase.
    """

    def __init__(self, name: str, classifier: Any, features: FeatureMaker,
                 background: list[Clip] | None) -> None:
        super().__init__(name)
        self.classifier, self.features = classifier, features
        self.meaning = features.meaning
        self._background = background

    def see(self, clip: Clip) -> Seen:
        """Return the features of a clip."""
        return self.features.see(clip)

    def decide(self, table: np.ndarray) -> np.ndarray:
        """Return decision values."""
        if hasattr(self.classifier, "feature_names_in_"):
            names = self.classifier.feature_names_in_
            return decisions_of(self.classifier, pd.DataFrame(table, columns=names))
        return decisions_of(self.classifier, table)

    def start(self) -> np.ndarray:
        """Return the features of the baseline."""
        background = self._background
        if background is not None:
            return np.mean([self.features.see(clip).inputs["x"] for clip in background], axis=0)
        mean = np.asarray(self.known_mean(), dtype=float)
        if mean.shape == (len(self.meaning.columns),):
            return mean
        raise ValueError(f"what {self.name!r} decides is explained against mean features, which "
                         "the model does not know itself; give background=, some of the clips that "
                         "it was trained on")

    def known_mean(self) -> Any:
        """Return the mean features of the training clips, where a scaler has kept them."""
        first = self.classifier[0] if hasattr(self.classifier, "steps") else self.classifier
        return getattr(first, "mean_", np.nan)

    def contributions(self, row: np.ndarray, options: Options) -> np.ndarray:
        """Return what columns contribute to the decision value."""
        start = self.start()
        found = additive_path(self.decide, start, row)
        if found is not None:
            return found
        columns = self.meaning.columns
        keys = ["au", "other_au", "region", "phase"]
        alone = columns["feature"].where((columns[keys] == "").all(axis=1), "")
        owners = columns.assign(alone=alone).groupby([*keys, "alone"], sort=False).ngroup(
            ).to_numpy()
        groups = shapley_path(self.decide, start, row, owners, n_orders=options.n_orders,
                              rng=np.random.default_rng(options.random_state))
        # A group's contribution is its own; within it, each column that moved bears the same.
        moved = (row != start).astype(float)
        count = np.bincount(owners, moved, len(groups))
        return np.where(moved > 0, groups[owners] / np.maximum(count[owners], 1.0), 0.0)

    def moments(self, seen: Seen) -> sparse.csr_matrix:
        """Say on which frames each feature rests."""
        return self.features.moments(seen)


class FeaturesLeaf(AnyTableLeaf):
    """A classifier of clips that says by which features it decides."""

    def __init__(self, name: str, classifier: DecidesByFeatures, background: list[Clip] | None
                 ) -> None:
        super().__init__(name, classifier, FeatureMaker(classifier), background)

    def decide(self, table: np.ndarray) -> np.ndarray:
        """Return decision values."""
        return np.asarray(self.classifier.decide_features(table), dtype=float).reshape(-1)

    def known_mean(self) -> Any:
        """Return the mean features, where the classifier says them."""
        return getattr(self.classifier, "mean_features_", np.nan)


class KinematicsLeaf(TableLeaf):
    """A `KinematicsClassifier`, adapted or not, of what `SmileKinematics` measures.

    Contributions are Shapley's values of the figures that are known; the baseline is knowing none,
    of which the log-odds are 0.
    """

    def __init__(self, name: str, classifier: KinematicDecisionsMixin, features: FeatureMaker
                 ) -> None:
        super().__init__(name)
        self.classifier, self.features = classifier, features
        self.meaning = features.meaning
        place = {parameter: k for k, parameter in enumerate(parameters_of(classifier))}
        self._places = [place.get(name, -1) for name in self.meaning.columns["feature"]]

    def see(self, clip: Clip) -> Seen:
        """Return the figures of a clip's main smile, and its phases."""
        seen = self.features.see(clip)
        smiles = self.features.step.find_smiles(clip)
        if len(smiles) < 2:
            return seen
        # Of several smiles, one is measured: what it contributes did not happen in another.
        main = max(range(len(smiles)), key=lambda k: smiles[k].rise)
        after = smiles[main - 1].end if main else -np.inf
        before = smiles[main + 1].start if main + 1 < len(smiles) else np.inf
        inside = (seen.times > after) & (seen.times < before)
        return replace(seen, phases=phases_of(clip.replace(valid=clip.mask & inside)))

    def decide(self, table: np.ndarray) -> np.ndarray:
        """Return log-odds."""
        return self.classifier.decision_function(self._named(table))

    def start(self) -> np.ndarray:
        """Return the figures of a clip of which none is known."""
        return np.full(len(self.meaning.columns), np.nan)

    def contributions(self, row: np.ndarray, options: Options) -> np.ndarray:
        """Return what figures contribute to the log-odds; 0 those that are not looked at."""
        found = kinematic_contributions(self.classifier, self._named(row[None]),
                                        n_orders=8 * options.n_orders,  # they cost little here
                                        random_state=options.random_state)
        return np.r_[found, 0.0][self._places]

    def part(self, seen: Seen, head: Head, options: Options) -> Part:
        """Return what the figures that are known and looked at contribute to a head."""
        whole = super().part(seen, head, options)
        known = np.isfinite(seen.inputs["x"]) & (np.array(self._places) >= 0)
        return Part(whole.rows[known].reset_index(drop=True), whole.over_time, whole.au_over_time)

    def _named(self, table: np.ndarray) -> Any:
        if hasattr(self.classifier, "feature_names_in_"):
            return pd.DataFrame(table, columns=list(self.meaning.columns["feature"]))
        return table


class FeatureMaker:
    """From clips to rows of features whose meaning is known.

    Parameters
    ----------
    step : AUDA, DMarkers, any fitted transformer of clips, or classifier with `features_of`
    """

    def __init__(self, step: Any) -> None:
        self.step = step
        if isinstance(step, AUDA):
            self._auda: list[tuple[str, Any]] = [(step.level, step)]
            self.meaning = auda_meaning(step.level, step.windows, step.phases)
        elif isinstance(step, AUDASVMEnsemble):
            self._auda = [(level, step) for level in step.levels]
            self.meaning = side_by_side([auda_meaning(level, step.windows, step.phases)
                                         for level in step.levels])
        else:
            self._auda = []
            self.meaning = _meaning_of(step)

    def see(self, clip: Clip) -> Seen:
        """Return the features of a clip."""
        row = self.step.features_of(clip) if hasattr(self.step, "features_of") else \
            np.asarray(self.step.transform([clip]), dtype=float)[0]
        row = np.asarray(row, dtype=float).reshape(-1)
        if len(row) != len(self.meaning.columns):
            raise ValueError(f"{type(self.step).__name__} gives {len(row)} features and names "
                             f"{len(self.meaning.columns)}")
        if self._auda:
            _, smile, times = signals_of(clip)
            return Seen({"x": row}, np.asarray(times), detect_phases(smile, times), clip)
        times = np.empty(0) if clip.times is None else np.asarray(clip.times)
        return Seen({"x": row}, times, phases_of(clip), clip)

    def moments(self, seen: Seen) -> sparse.csr_matrix:
        """Say on which frames each feature rests."""
        if not self._auda:
            return phase_moments(self.meaning, seen.phases, len(seen.times))
        aus, _, times = signals_of(seen.clip)
        return sparse.vstack([auda_moments(aus, times, seen.phases, level, step.windows,
                                           step.phases) for level, step in self._auda],
                             format="csr")


def _meaning_of(step: Any) -> Meaning:
    names = _names_of(step)
    if isinstance(step, (DMarkers, DMarkerSVMEnsemble)):
        return marker_meaning(names)
    if isinstance(step, SmileKinematics):
        return kinematics_meaning(names)
    described = step.describe_features() if hasattr(step, "describe_features") else {}
    return described_meaning(names, described, type(step).__name__)


def _names_of(step: Any) -> list[str]:
    try:
        return [str(name) for name in step.get_feature_names_out()]
    except (AttributeError, TypeError, ValueError):
        raise ValueError(f"{type(step).__name__} does not name its features; give it "
                         "get_feature_names_out") from None


class OpaqueLeaf(Leaf):
    """Any classifier of clips with action units of which nothing else is known.

    Contributions are Shapley's values of action units in each phase: a unit that does not take part
    stays at its level at rest. The baseline is the clip with all of them at rest.
    """

    def __init__(self, name: str, classifier: Any) -> None:
        super().__init__(name)
        self.classifier = classifier

    def see(self, clip: Clip) -> Seen:
        """Return the action units of a clip, and the same at rest."""
        aus, smile, times = signals_of(clip)
        found = detect_phases(smile, times)
        spans = _spans(found, len(times))
        rest = aus[spans == "rest"] if (spans == "rest").any() else aus[:1]
        still = np.broadcast_to(np.median(rest, axis=0), aus.shape)
        return Seen({"x": aus, "still": still}, np.asarray(times), found, clip)

    def ask(self, seen: list[Seen]) -> tuple[np.ndarray, np.ndarray]:
        """Return decision values."""
        decided = decisions_of(self.classifier, [s.clip.replace(aus=s.inputs["x"]) for s in seen])
        return decided[:, None], decided

    def baseline(self, seen: Seen) -> tuple[np.ndarray, float]:
        """Return the decision value of the clip at rest."""
        decided = decisions_of(self.classifier, [seen.clip.replace(aus=seen.inputs["still"])])
        return decided, float(decided[0])

    def part(self, seen: Seen, head: Head, options: Options) -> Part:
        """Return what units contribute in each phase, to a head."""
        weight = head.of_decision()
        aus, still = seen.inputs["x"], seen.inputs["still"]
        spans = _spans(seen.phases, len(aus))
        names = list(dict.fromkeys(spans))
        code = np.array([names.index(s) for s in spans])[:, None] * len(AU_NAMES)
        owners = (code + np.arange(len(AU_NAMES))).ravel()

        def decide(rows: np.ndarray) -> np.ndarray:
            return decisions_of(self.classifier, [
                seen.clip.replace(aus=row.reshape(aus.shape)) for row in rows])

        found = shapley_path(decide, still.ravel(), aus.ravel(), owners,
                             n_orders=max(1, options.n_orders // 4),
                             rng=np.random.default_rng(options.random_state))
        meaning = Meaning(pd.DataFrame([
            {"source": "action unit", "au": au, "other_au": "", "region": "", "phase": span,
             "feature": ""} for span in names for au in AU_NAMES]))
        weights = np.stack([(spans == s) / (spans == s).sum() for s in names])
        moments = sparse.csr_matrix(np.repeat(weights, len(AU_NAMES), axis=0))
        return table_part(weight * found, None, meaning, moments)

    def groups(self) -> dict[str, list[Any]]:
        """Return the action units."""
        return {"au": list(AU_NAMES)}

    def exchange(self, seen: Seen, donor: Seen, kind: str, name: Any) -> Seen:
        """Return a clip with a unit's curve from another one."""
        k = AU_NAMES.index(name)
        aus = seen.inputs["x"].copy()
        at = np.linspace(0.0, 1.0, len(aus))
        theirs = donor.inputs["x"][:, k]
        aus[:, k] = np.interp(at, np.linspace(0.0, 1.0, len(theirs)), theirs)
        return Seen({**seen.inputs, "x": aus}, seen.times, seen.phases, seen.clip)


def _spans(found: dict[str, slice], n_frames: int) -> np.ndarray:
    spans = phase_of_frames(found, n_frames)
    spans[spans == ""] = "rest"
    return spans
