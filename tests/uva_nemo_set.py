"""A small set laid out as UvA-NEMO, and where things lie in it."""

from __future__ import annotations

from pathlib import Path

from lookalikes import UVA_NEMO_DETAILS, tiny_smiles, write_uva_nemo

#: Clips, of twelve subjects.
N = 24


def write(root: Path) -> Path:
    """Write the set."""
    write_uva_nemo(root, tiny_smiles(12, 2, fps=50.0))
    return root


def details(root: Path) -> Path:
    """Give the file of details."""
    return root / UVA_NEMO_DETAILS


def video(root: Path, name: str) -> Path:
    """Give a video."""
    return root / "videos" / f"{name}.mp4"


def fold_list(root: Path, name: str) -> Path:
    """Give a list of folds."""
    return root / "folds" / f"{name}.txt"
