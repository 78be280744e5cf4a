"""How systems were compared, as reports say it."""

from __future__ import annotations

from dataclasses import dataclass

#: What is measured in pictures, as fields of clips call it, and as people do.
MEASURES = {"landmarks": "landmarks", "faces": "aligned faces", "aus": "action units"}


@dataclass(frozen=True)
class Protocol:
    """How systems were compared.

    Parameters
    ----------
    device : str
        As asked for.
    random_state : int
    max_epochs : int or None
        None: as published.
    points : str or None
        Of the face mesh; None: as published.
    n_jobs : int
    reference : str or None
    by : tuple of str
        Columns that scores are broken down by.
    seconds : float
        What the run took.
    kept : int
        Folds that an earlier run had finished.
    networks : bool
        There are networks among the systems.
    measured : tuple of (str, str)
        What was measured once for all systems, and the estimator that did it.
    given : tuple of str
        Fields that all clips came with.
    """

    device: str
    random_state: int
    max_epochs: int | None
    points: str | None
    n_jobs: int
    reference: str | None
    by: tuple[str, ...]
    seconds: float
    kept: int
    networks: bool
    measured: tuple[tuple[str, str], ...]
    given: tuple[str, ...] = ()

    def training(self) -> str:
        """Say what was asked for of networks, behind a comma."""
        epochs = f", networks of at most {self.max_epochs} epochs" \
            if self.max_epochs is not None and self.networks else ""
        points = f", points of the face mesh: {self.points}" if self.points else ""
        return f"; random state {self.random_state}{epochs}{points}"
