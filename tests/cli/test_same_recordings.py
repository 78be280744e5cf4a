"""A recording that is there twice is noticed, whatever it is called and whenever it was written."""

from __future__ import annotations

import shutil

from cli_inputs import forbid_measuring
from lookalike_files import waves, write_openface
from lookalikes import tiny_smiles, write_uva_nemo


def test_the_command_does_not_test_on_copies_of_what_it_has_learnt(run, monkeypatch, tmp_path):
    forbid_measuring(monkeypatch)
    write_uva_nemo(tmp_path / "one", tiny_smiles(4, 2))
    shutil.copytree(tmp_path / "one", tmp_path / "two", copy_function=shutil.copyfile)
    for i, name in enumerate(("001_deliberate_smile_1", "002_spontaneous_smile_1")):
        write_openface(tmp_path / "of" / ("posed", "spontaneous")[i] / "ann" / f"{name}.csv",
                       waves(60, i))
    for other, n in (("uva-nemo", 8), ("openface", 2)):
        folder = tmp_path / {"uva-nemo": "two", "openface": "of"}[other]
        status, _, err = run("benchmark", "--data", "uva-nemo", tmp_path / "one", "--cross-corpus",
                             other, folder, "--systems", "auda-au", "--output", tmp_path / "out")
        assert status == 1
        assert f"{n} recordings of " in err
        assert "what is tested must not be known" in err
