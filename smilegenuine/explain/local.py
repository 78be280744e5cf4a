"""`explain`: why a system decided as it did about one clip."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..classifiers.branches import decisions_of
from ..classifiers.opening import classes_of, open_system
from ..clips.au_table import AU_NAMES
from ..clips.record import as_clip
from ..clips.steps import check_positive
from ..features.clip_phases import phases_of
from .explanation import COLUMNS, Explanation
from .nodes import Head, Options, no_part
from .tree import node_of


def explain(model: Any, clip: Any, *, background: Any = None, n_steps: int = 32,
            n_orders: int = 8, random_state: int = 0) -> Explanation:
    """Attribute a system's decision about a clip to what the system saw in it.

    Parameters
    ----------
    model : fitted classifier, Pipeline or search
        Any system of `make_system`; any classifier of clips of this package; `StackingFusion` of
        these, also within each other; a pipeline of `AUDA` or `DMarkers` (or any transformer that
        names its features) and any classifier of scikit-learn's; a `KinematicsPipeline`, see also
        `reasons`; any other classifier of clips with action units.
    clip : recording
        One, anything that `as_clip` takes. It is measured by the steps of the pipeline.
    background : list of recordings, optional
        Clips that the model was trained on; their mean features are the baseline of classifiers in
        whose pipeline no scaler has kept them. Others know theirs.
    n_steps : int, default=32
        Places on the way from the baseline to the clip at which gradients of networks are taken;
        more are taken by itself where contributions do not add up.
    n_orders : int, default=8
        Random orders of Shapley values, of classifiers that are neither linear nor machines nor
        networks of this package.
    random_state : int, default=0
        Of these orders.

    Returns
    -------
    Explanation

    Raises
    ------
    ValueError
        Nothing is known of what the model sees, or `background` is needed.
    NotFittedError
        The model is not fitted.
    ClipError
        The clip cannot be opened or measured.

    Notes
    -----
    **Against a baseline.** Features are compared with their mean over the clips trained on;
    signals over time likewise; faces and meshes with the first frame that the network sees, held.
    Contributions are what makes the clip's decision differ from the baseline's. What a network
    makes of how somebody looks before anything moves is in the baseline, which then differs from
    person to person. Of smile kinematics the baseline is to know none of them: log-odds of 0.

    **How.** Linear tops of fusions, second levels of machines and linear models: exactly. RBF
    machines and networks: integrated gradients, along the straight way. Networks on the face mesh
    choose neighbours, and what jumps when a choice changes belongs to no point: it is in the row
    "not placed". `KinematicsClassifier`, adapted or not: Shapley values of the figures that are
    known, where one that takes no part is integrated out. Other models: Shapley values of
    action units, pairs or signals in each phase, from random orders. In all cases contributions add
    up to the difference of the decisions.

    A contribution says what the *model* used. Where two features move together, as most do, which
    of them it used is an accident of training; see the user guide for what that means.

    References
    ----------
    Sundararajan, Taly & Yan (2017), Axiomatic attribution for deep networks, arXiv:1703.01365;
    Lundberg & Lee (2017), A unified approach to interpreting model predictions, arXiv:1705.07874.

    Examples
    --------
    >>> from smilegenuine import AUDASVMEnsemble
    >>> from smilegenuine.datasets import make_smile_signals
    >>> from smilegenuine.explain import explain
    >>> smiles = make_smile_signals(24, 4, difference="au06", random_state=0)
    >>> model = AUDASVMEnsemble(levels=("au",)).fit(smiles.data, smiles.target)
    >>> explanation = explain(model, smiles.data[1])
    >>> explanation.by_au().abs().idxmax()
    'AU06'
    >>> total = explanation.table["contribution"].sum()
    >>> bool(abs(total - (explanation.decision - explanation.baseline_decision)) < 1e-6)
    True
    """
    check_positive("n_steps", n_steps, whole=True, at_least=1)
    check_positive("n_orders", n_orders, whole=True, at_least=1)
    system = open_system(model)
    if isinstance(clip, (list, tuple)):
        raise ValueError(f"explain takes one recording, not {len(clip)} in a {type(clip).__name__};"
                         " explain_global is for many")
    clip = system.measure([as_clip(clip)])[0]
    background = None if background is None else system.measure(background)
    options = Options(n_steps, n_orders, random_state, background)
    node = node_of(system.name, system.decider, background)
    seen = node.see(clip)
    parts = node.parts(seen, Head(None, 1.0), options)
    decision = float(decisions_of(system.decider, [clip])[0])
    _, baseline = node.baseline(seen)
    times = np.empty(0) if clip.times is None else np.asarray(clip.times)
    units = np.zeros((len(times), len(AU_NAMES)))
    over_time = pd.DataFrame(0.0, index=np.arange(len(times)), columns=[n for n, _ in parts])
    for name, part in parts:
        if len(part.over_time) == len(times):
            over_time[name] += part.over_time
            units += part.au_over_time
    missing = decision - float(baseline) - sum(
        float(part.rows["contribution"].sum()) for _, part in parts)
    if abs(missing) > 1e-9:  # of a top that is integrated along the way
        parts.append((system.name, no_part("not placed", missing, 0)))
    table = pd.concat([part.rows.assign(branch=name) for name, part in parts], ignore_index=True)
    return Explanation(table[list(COLUMNS)], over_time, units, times, phases_of(clip), decision,
                       float(baseline), classes_of(system.decider), clip)
