"""Every public estimator, once: how to make it, what it takes, and what it is exempt from, and why.

The contract tests run over this list; `test_contract.py` finds an estimator that is missing here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from drawn import aligned_action_units, aligned_smiles, known_clips

from smilegenuine import (
    AUDA,
    AUDASVMEnsemble,
    BlockSVMEnsemble,
    Clip,
    FaceAligner,
    HOGActionUnits,
    LBPSmileIntensity,
)
from smilegenuine.datasets import make_smiles


@dataclass(frozen=True)
class Entry:
    """An estimator under contract.

    Attributes
    ----------
    make : callable giving an unfitted estimator, small enough for tests
    clips : callable giving clips to fit on and their labels; None for estimators of tables
    measure : callable from what `transform` or `decision_function` gives to a list of arrays
    exempt : dict of the name of a check to the reason why it does not apply
    """

    make: Callable[[], Any]
    clips: Callable[[], tuple[list[Clip], Any]] | None
    measure: Callable[[Any], list[Any]] = list
    exempt: dict[str, str] = field(default_factory=dict)


def _short_videos() -> tuple[list[Clip], Any]:
    smiles = make_smiles(3, 2, fps=10, size=96, random_state=5)
    return smiles.data, smiles.target


def _faces() -> tuple[list[Clip], Any]:
    smiles = aligned_smiles()
    return smiles.data[:8], smiles.target[:8]


def _coded_faces() -> tuple[list[Clip], Any]:
    units = aligned_action_units()
    return units.data[:4], None


def _signals() -> tuple[list[Clip], Any]:
    smiles = known_clips(8, 4, random_state=2)
    return smiles.data, smiles.target


REGISTRY: dict[str, Entry] = {
    "FaceAligner": Entry(lambda: FaceAligner(size=48), _short_videos,
                         lambda clips: [c.faces for c in clips]),
    "LBPSmileIntensity": Entry(LBPSmileIntensity, _faces, lambda clips: [c.smile for c in clips]),
    "HOGActionUnits": Entry(lambda: HOGActionUnits(n_components=20), _coded_faces,
                            lambda clips: [c.aus for c in clips]),
    "AUDA": Entry(AUDA, _signals),
    "AUDASVMEnsemble": Entry(lambda: AUDASVMEnsemble(levels=("au",), cv=3), _signals),
    "BlockSVMEnsemble": Entry(BlockSVMEnsemble, None),
}
