"""Labelled sets: what loaders return, and every data set as it lies on disk."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from cli_inputs import KINDS, write_labelled_tables
from drawn import known_clips
from lookalike_files import (
    auda_texts,
    meshes,
    write_libreface,
    write_openface,
    write_pyfeat,
    write_texts,
)
from lookalikes import tiny_smiles, write_bbc, write_mmi, write_spos, write_uva_nemo

from smilegenuine.benchmark.comparing import with_folds
from smilegenuine.benchmark.sets import DATA_SETS, load_labelled


class TestLoaders:
    def test_argument_of_a_loader(self):
        data = load_labelled("cli_inputs:load_signals:3")
        assert len(data.clips) == 6
        assert list(data.metadata) == ["gender", "age", "shoe_size"]
        assert set(data.name_labels(data.y)) == {"posed", "spontaneous"}

    def test_loader_beside_the_user(self, tmp_path, monkeypatch):
        (tmp_path / "my_smiles_9.py").write_text("from cli_inputs import load_signals as load")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "path", [p for p in sys.path if p])
        assert len(load_labelled("my_smiles_9:load").clips) == 16

    def test_metadata(self):
        data = load_labelled("cli_inputs:load_folds_as_numbers")
        assert list(data.metadata) == ["video", "mood", "weather"]
        assert data.metadata["video"].to_list() == [clip.name for clip in data.clips]
        assert data.folds.test.tolist() == np.repeat([0, 1, 2, 3], 4).tolist()
        assert data.descriptions == ("Smiles of eight people\n\nWith four folds.",)

    def test_part(self):
        data = load_labelled("cli_inputs:load_folded")
        index = np.array([1, 4, 15])
        part = data.take(index, [data.clips[i] for i in index], data.failures)
        assert part.folds.test.tolist() == [0, 1, 3]
        assert part.places.tolist() == [1, 4, 15]
        assert part.take(np.array([2]), part.clips[2:], data.failures).places.tolist() == [15]
        assert part.metadata["video"].to_list() == [clip.name for clip in part.clips]


# -- from disk ----------------------------------------------------------------------------------

def write_landmarks(root: Path) -> None:
    for name, target in zip("abcdefgh", [0, 1] * 4, strict=True):
        file = root / KINDS[target] / f"person {name}" / "smile.npy"
        file.parent.mkdir(parents=True)
        np.save(file, meshes())


#: What writes a look-alike, how many clips it has, and folds of how many people are published.
LOOKALIKES = {
    "uva-nemo": (lambda root: write_uva_nemo(root, tiny_smiles(10, 2)), 20, 10),
    "spos": (lambda root: write_spos(root, tiny_smiles(7, 2)), 14, 7),
    "mmi": (lambda root: write_mmi(root, tiny_smiles(9, 2)), 18, 9),
    "bbc": (lambda root: write_bbc(root, tiny_smiles(20, 1)), 20, 10),
    "auda": (lambda root: write_texts(root, auda_texts(known_clips(6, 2))), 12, None),
    "openface": (partial(write_labelled_tables, write_openface), 12, None),
    "pyfeat": (partial(write_labelled_tables, write_pyfeat), 12, None),
    "libreface": (partial(write_labelled_tables, write_libreface), 12, None),
    "landmarks": (write_landmarks, 8, None),
}


@pytest.mark.filterwarnings("ignore::UserWarning")  # what is not known of timing, or not measured
@pytest.mark.parametrize("name", DATA_SETS)
def test_every_data_set_is_read(name, tmp_path):
    write, n_clips, n_folds = LOOKALIKES[name]
    write(tmp_path / name)
    data = load_labelled([name, str(tmp_path / name)])
    assert (len(data.clips), len(data.failures)) == (n_clips, 0)
    assert set(data.name_labels(data.y)) == set(KINDS)
    assert (data.data_set, data.drawn) == (name, False)
    assert data.name == f"{DATA_SETS[name].title} in {tmp_path / name}"
    folds = with_folds(data, None).folds
    made_here = n_folds is None or name in ("mmi", "bbc")  # whose lists are not in the folder
    assert folds.kind == ("by subject" if made_here else "published")
    assert folds.n == (n_folds or min(10, len(np.unique(data.groups))))
    own = with_folds(data, 3).folds
    assert (own.kind, own.n) == ("by subject", 3)


def test_folds_that_a_loader_made_are_not_called_published(tmp_path):
    write_bbc(tmp_path / "bbc", tiny_smiles(20, 1), lists=True)
    assert str(load_labelled(["bbc", str(tmp_path / "bbc")]).folds) == "10 published folds"
    write_bbc(tmp_path / "own", tiny_smiles(20, 1))
    assert str(load_labelled(["bbc", str(tmp_path / "own")]).folds) == "10 folds by subject"
