"""What the tests of the command line write and change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from smilegenuine import Clip
from smilegenuine.au_table import AU_NAMES

KINDS = ("posed", "spontaneous")


def write_openface(file: Path, clip: Clip, seen: object = 1, times: bool = True) -> None:
    table = pd.DataFrame(clip.aus, columns=[f" {au}_r" for au in AU_NAMES])
    table.insert(0, " success", np.broadcast_to(seen, len(table)).astype(int))
    if times:
        table.insert(0, " timestamp", clip.times)
    table.insert(0, "frame", np.arange(1, len(table) + 1))
    table.to_csv(file, index=False)


def edited(tables: Path, change) -> Path:
    """set.csv, changed by a function of the DataFrame."""
    pd.DataFrame(change(pd.read_csv(tables / "set.csv"))).to_csv(tables / "new.csv", index=False)
    return tables / "new.csv"


def forbid_measuring(monkeypatch) -> None:
    def fail(*args, **kwargs):
        pytest.fail("recordings were measured before the mistake was found")

    for command in ("measuring", "extract"):
        monkeypatch.setattr(f"smilegenuine.cli.{command}.transform_clips", fail)
