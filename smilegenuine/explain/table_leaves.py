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
    meaning_columns,
    phase_moments,
    side_by_side,
    table_part,
)
from .integrated_gradients import machine_path
from .kinematic_reasons import kinematic_contributions, parameters_of
from .nodes import Head, Leaf, Options, Seen
from .shapley_values import additive_contributions, grouped_shapley_values
from .swapped_parts import columns_of, table_groups


class TableLeaf(Leaf):
    """Base of the branches that decide from a row of features.

    Parameters
    ----------
    name : str
    features : FeatureMaker

    Attributes
    ----------
    meaning : Meaning
        Of the columns.
    """

    def __init__(self, name: str, features: FeatureMaker) -> None:
        super().__init__(name)
        self.features, self.meaning = features, features.meaning

    def see(self, clip: Clip) -> Seen:
        """Return the features of a clip."""
        return self.features.see(clip)

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
                          self.features.moments(seen))

    def groups(self) -> dict[str, list[Any]]:
        """Return units, pairs, phases and regions."""
        return table_groups(self.meaning)

    def exchange(self, seen: Seen, donor: Seen, kind: str, name: Any) -> Seen:
        """Return features with some from another clip."""
        columns = columns_of(self.meaning, kind, name)
        return seen.with_inputs(x=np.where(columns, donor.inputs["x"], seen.inputs["x"]))


class MachineLeaf(TableLeaf):
    """Two levels of support vector machines; the baseline is the mean of the clips trained on.

    Exact for the second level and for linear machines; for RBF machines the way is integrated.
    """

    def __init__(self, name: str, ensemble: BlockSVMEnsemble, features: FeatureMaker) -> None:
        super().__init__(name, features)
        self.ensemble = ensemble

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
        contributions = np.zeros(len(row))
        weights = self.ensemble.slope_ * self.ensemble.final_.coef_[0]
        for weight, (name, columns) in zip(weights, self.ensemble.columns_.items(), strict=True):
            scaler, machine = self.ensemble.block_models_[name]
            scaled = scaler.transform(row[None, columns])[0]
            contributions[columns] += weight * machine_path(machine, np.zeros(len(scaled)), scaled)
        return contributions


class AnyTableLeaf(TableLeaf):
    """Any classifier of features of clips, at the end of a pipeline.

    Where the decision is a sum over columns, as of linear models, contributions are exact; else
    they are Shapley values of action units, pairs or signals in each phase.
    """

    def __init__(self, name: str, classifier: Any, features: FeatureMaker,
                 background: list[Clip] | None) -> None:
        super().__init__(name, features)
        self.classifier, self.background = classifier, background

    def decide(self, table: np.ndarray) -> np.ndarray:
        """Return decision values."""
        names = getattr(self.classifier, "feature_names_in_", None)
        return decisions_of(self.classifier, table if names is None else
                            pd.DataFrame(table, columns=names))

    def start(self) -> np.ndarray:
        """Return the features of the baseline."""
        if self.background is not None:
            return np.mean([self.see(clip).inputs["x"] for clip in self.background], axis=0)
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
        contributions = additive_contributions(self.decide, start, row)
        if contributions is not None:
            return contributions
        columns = self.meaning.columns
        keys = ["au", "other_au", "region", "phase"]
        alone = columns["feature"].where((columns[keys] == "").all(axis=1), "")
        owners = columns.assign(alone=alone).groupby([*keys, "alone"], sort=False).ngroup(
            ).to_numpy()
        groups = grouped_shapley_values(self.decide, start, row, owners, n_orders=options.n_orders,
                                        rng=np.random.default_rng(options.random_state))
        # A group's contribution is its own; within it, each column that moved bears the same.
        moved = (row != start).astype(float)
        count = np.bincount(owners, moved, len(groups))
        return np.where(moved > 0, groups[owners] / np.maximum(count[owners], 1.0), 0.0)


class FeaturesLeaf(AnyTableLeaf):
    """A classifier of clips that says by which features it decides."""

    def __init__(self, name: str, classifier: DecidesByFeatures, background: list[Clip] | None
                 ) -> None:
        super().__init__(name, classifier, FeatureMaker(classifier), background)

    def decide(self, table: np.ndarray) -> np.ndarray:
        """Return decision values."""
        return np.asarray(self.classifier.decide_features(table), dtype=float).reshape(-1)

    def known_mean(self) -> Any:
        """Return the mean features, where the classifier knows them."""
        return getattr(self.classifier, "mean_features_", np.nan)


class KinematicsLeaf(TableLeaf):
    """A `KinematicsClassifier`, adapted or not, of what `SmileKinematics` measures.

    Contributions are Shapley values of the figures that are known; the baseline is knowing none,
    of which the log-odds are 0.
    """

    def __init__(self, name: str, classifier: KinematicDecisionsMixin, features: FeatureMaker
                 ) -> None:
        super().__init__(name, features)
        self.classifier = classifier
        place = {parameter: k for k, parameter in enumerate(parameters_of(classifier))}
        self._places = [place.get(name, -1) for name in self.meaning.columns["feature"]]

    def see(self, clip: Clip) -> Seen:
        """Return the figures of a clip's main smile, and its phases."""
        seen = super().see(clip)
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
        contributions = kinematic_contributions(
            self.classifier, self._named(row[None]), random_state=options.random_state,
            n_orders=8 * options.n_orders)  # they cost little here
        return np.r_[contributions, 0.0][self._places]

    def part(self, seen: Seen, head: Head, options: Options) -> Part:
        """Return what the figures that are known and looked at contribute to a head."""
        part = super().part(seen, head, options)
        known = np.isfinite(seen.inputs["x"]) & (np.array(self._places) >= 0)
        return replace(part, rows=part.rows[known].reset_index(drop=True))

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
        self._levels = (step.level,) if isinstance(step, AUDA) else \
            step.levels if isinstance(step, AUDASVMEnsemble) else ()
        self.meaning = side_by_side([auda_meaning(level, step.windows, step.phases)
                                     for level in self._levels]) if self._levels else \
            _meaning_of(step)

    def see(self, clip: Clip) -> Seen:
        """Return the features of a clip."""
        row = self.step.features_of(clip) if hasattr(self.step, "features_of") else \
            np.asarray(self.step.transform([clip]), dtype=float)[0]
        row = np.asarray(row, dtype=float).reshape(-1)
        if len(row) != len(self.meaning.columns):
            raise ValueError(f"{type(self.step).__name__} gives {len(row)} features and names "
                             f"{len(self.meaning.columns)}")
        times = np.empty(0) if clip.times is None else np.asarray(clip.times)
        return Seen({"x": row}, times, phases_of(clip), clip)

    def moments(self, seen: Seen) -> sparse.csr_matrix:
        """Return the frames on which each feature rests."""
        if not self._levels:
            return phase_moments(self.meaning, seen.phases, len(seen.times))
        aus, _, times = signals_of(seen.clip)
        return sparse.vstack([auda_moments(aus, times, seen.phases, level, self.step.windows,
                                           self.step.phases) for level in self._levels],
                             format="csr")


def _meaning_of(step: Any) -> Meaning:
    try:
        names = [str(name) for name in step.get_feature_names_out()]
    except (AttributeError, TypeError, ValueError):
        raise ValueError(f"{type(step).__name__} does not name its features; give it "
                         "get_feature_names_out") from None
    if isinstance(step, (DMarkers, DMarkerSVMEnsemble)):
        return marker_meaning(names)
    if isinstance(step, SmileKinematics):
        return kinematics_meaning(names)
    described = step.describe_features() if hasattr(step, "describe_features") else {}
    return described_meaning(names, described, type(step).__name__)


class OpaqueLeaf(Leaf):
    """Any classifier of clips with action units of which nothing else is known.

    Contributions are Shapley values of action units in each phase: a unit that does not take part
    stays at its level at rest. The baseline is the clip with all of them at rest.
    """

    def __init__(self, name: str, classifier: Any) -> None:
        super().__init__(name)
        self.classifier = classifier

    def see(self, clip: Clip) -> Seen:
        """Return the action units of a clip, and the same at rest."""
        aus, _, times = signals_of(clip)
        phases = phases_of(clip)
        resting = phase_of_frames(phases, len(times), "rest") == "rest"
        rest = aus[resting] if resting.any() else aus[:1]
        still = np.broadcast_to(np.median(rest, axis=0), aus.shape)
        return Seen({"x": aus, "still": still}, np.asarray(times), phases, clip)

    def ask(self, seen: list[Seen]) -> tuple[np.ndarray, np.ndarray]:
        """Return decision values."""
        decided = self._decide([(s.clip, s.inputs["x"]) for s in seen])
        return decided[:, None], decided

    def baseline(self, seen: Seen) -> tuple[np.ndarray, float]:
        """Return the decision value of the clip at rest."""
        decided = self._decide([(seen.clip, seen.inputs["still"])])
        return decided, float(decided[0])

    def _decide(self, clips: list[tuple[Clip, np.ndarray]]) -> np.ndarray:
        """Decision values of clips with other action units."""
        return decisions_of(self.classifier, [clip.replace(aus=aus) for clip, aus in clips])

    def part(self, seen: Seen, head: Head, options: Options) -> Part:
        """Return what units contribute in each phase, to a head."""
        weight = head.of_decision()
        aus, still = seen.inputs["x"], seen.inputs["still"]
        spans = phase_of_frames(seen.phases, len(aus), "rest")
        names = list(dict.fromkeys(spans))
        code = np.array([names.index(s) for s in spans])[:, None] * len(AU_NAMES)
        owners = (code + np.arange(len(AU_NAMES))).ravel()
        contributions = grouped_shapley_values(
            lambda rows: self._decide([(seen.clip, row.reshape(aus.shape)) for row in rows]),
            still.ravel(), aus.ravel(), owners, n_orders=max(1, options.n_orders // 4),
            rng=np.random.default_rng(options.random_state))
        n_units = len(AU_NAMES)
        meaning = Meaning(meaning_columns(
            "action unit", [""] * len(contributions), au=AU_NAMES * len(names),
            phase=np.repeat(names, n_units)))
        weights = np.stack([(spans == s) / (spans == s).sum() for s in names])
        moments = sparse.csr_matrix(np.repeat(weights, n_units, axis=0))
        return table_part(weight * contributions, None, meaning, moments)

    def groups(self) -> dict[str, list[Any]]:
        """Return the action units."""
        return {"au": list(AU_NAMES)}

    def exchange(self, seen: Seen, donor: Seen, kind: str, name: Any) -> Seen:
        """Return a clip with a unit's curve from another one."""
        k = AU_NAMES.index(name)
        aus = seen.inputs["x"].copy()
        at = np.linspace(0.0, 1.0, len(aus))
        curve = donor.inputs["x"][:, k]
        aus[:, k] = np.interp(at, np.linspace(0.0, 1.0, len(curve)), curve)
        return seen.with_inputs(x=aus)
