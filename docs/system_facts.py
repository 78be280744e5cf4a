"""Facts about the systems for their pages: counted and looked up in the package, never typed."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from smilegenuine.datasets.published import PUBLISHED, published_figures
from smilegenuine.features.auda import feature_names
from smilegenuine.features.dmarkers import DMarkers
from smilegenuine.running.number_text import percent
from smilegenuine.systems.named_systems import FUSIONS, looks_at, make_system

#: Data sets, as they are called in text.
SETS = {"uva-nemo": "UvA-NEMO", "mmi": "MMI", "spos": "SPOS", "bbc": "BBC"}

DRAWN = Path(__file__).parent / "systems" / "drawn"


@dataclass(frozen=True)
class Facts:
    """What is known of a system from its code.

    Attributes
    ----------
    name : str
        For `make_system`.
    estimator : classifier
        The last step, not fitted.
    steps : tuple of str
        Names of the pipeline's steps.
    fields : tuple of str
        Fields of the clips that it looks at.
    net : torch.nn.Module or None
        The network as it is made by default.
    parameters : int
        Of the networks, all together; 0 where there are none.
    n_embed : int
        Final-branch features.
    blocks : dict of str to int
        Of an ensemble of machines: what each sees, and of how many features.
    branches : dict of str to Facts
        Of a fusion.
    """

    name: str
    estimator: Any
    steps: tuple[str, ...]
    fields: tuple[str, ...]
    net: Any = None
    parameters: int = 0
    n_embed: int = 1
    blocks: dict[str, int] = field(default_factory=dict)
    branches: dict[str, Facts] = field(default_factory=dict)


@functools.cache
def facts(name: str) -> Facts:
    """Return what is known of a system from its code.

    Parameters
    ----------
    name : str
        One of `smilegenuine.systems.named_systems.SYSTEMS`.

    Returns
    -------
    Facts
    """
    system = make_system(name)
    known: dict[str, Any] = {
        "name": name, "estimator": system[-1], "steps": tuple(system.named_steps),
        "fields": tuple(sorted(looks_at(name)))}
    if name in FUSIONS:
        branches = {branch: facts(branch) for branch in FUSIONS[name]}
        return Facts(**known, branches=branches,
                     parameters=sum(b.parameters for b in branches.values()),
                     n_embed=sum(b.n_embed for b in branches.values()))
    if hasattr(system[-1], "_blocks"):
        every = np.arange(10**6)
        return Facts(**known, blocks={block: len(every[columns])
                                      for block, columns in system[-1]._blocks().items()})
    net = network(name)
    return Facts(**known, net=net, n_embed=net.n_embed,
                 parameters=sum(p.numel() for p in net.parameters()))


def network(name: str) -> Any:
    """Make the network of a system as its classifier makes it by default.

    Parameters
    ----------
    name : str

    Returns
    -------
    torch.nn.Module
    """
    estimator = make_system(name)[-1]
    # What fitting learns of the shape of the inputs, and nothing else, decides the network's.
    if name in ("auda-au", "auda-cross"):
        width = len(feature_names(estimator.level, estimator.windows, estimator.phases[:1]))
        estimator.mean_ = np.zeros((len(estimator.phases), width))
    if hasattr(estimator, "points"):
        estimator.n_points_ = len(estimator._chosen_points())
        estimator.marker_mean_ = np.zeros(len(DMarkers().get_feature_names_out()))
    module, options = estimator._module()
    return module(**options)


def facts_table(name: str) -> list[tuple[str, str]]:
    """Return the rows of the table at the head of a system's page.

    Parameters
    ----------
    name : str

    Returns
    -------
    list of (str, str)
        What, and what it is, in Markdown.
    """
    known = facts(name)
    clf = known.estimator
    rows = [("made by", f'`make_system("{name}")`'),
            ("steps", " → ".join(f"`{step}`" for step in known.steps)),
            ("last step", f"`{type(clf).__name__}`")]
    if known.branches:
        rows.append(("branches", ", ".join(f"[{b}]({b}.md)" for b in known.branches)))
    if known.blocks:
        rows.append(("first level", f"{len(known.blocks)} machines on "
                     f"{sum(known.blocks.values()):,} features"))
    rows.append(("final-branch features", f"{known.n_embed:,}" if not known.blocks else
                 "none: its decision value, as a branch of a fusion"))
    if known.parameters:
        rows.append(("parameters of the networks" if known.branches else "parameters",
                     f"{known.parameters:,}"))
    if known.net is not None:
        rows.append(("training", f"Adam, step {clf.lr:g}, batches of {clf.batch_size}, at most "
                     f"{clf.max_epochs} epochs, penalty {clf.norm_penalty:g} · Σ‖W‖₂"))
        rows.append(("stops", f"after {clf.patience} epochs without a better loss on "
                     f"{clf.validation_fraction:.0%} of the training clips' subjects, held out; "
                     "the best epoch's weights are kept"))
    return rows


def published_table(name: str) -> pd.DataFrame:
    """Return the published figures of a system.

    Parameters
    ----------
    name : str

    Returns
    -------
    DataFrame
        A row a data set: `data set`, `accuracy` as text in per cent, `source`, `protocol`.
    """
    rows = []
    for data_set in PUBLISHED:
        table = published_figures(data_set)
        rows += [{"data set": SETS[data_set], "accuracy": percent(row["accuracy"], row["sd"]),
                  "source": row["source"], "protocol": row["protocol"]}
                 for row in table[table["system"] == name].to_dict("records")]
    return pd.DataFrame(rows, columns=["data set", "accuracy", "source", "protocol"])
