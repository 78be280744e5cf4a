"""The published AUDA package, as a zip and as a folder, whole and with all that can be wrong."""

from __future__ import annotations

import functools
import stat
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lookalike_files import auda_names, auda_texts, write_texts, write_zip
from lookalikes import UVA_NEMO_DETAILS

from smilegenuine import AU_NAMES, AUDA
from smilegenuine.clips.errors import ClipError
from smilegenuine.datasets import archives, load_auda, make_smile_signals
from smilegenuine.datasets.auda_columns import own_names, published_names
from smilegenuine.datasets.auda_package import read_numbers
from smilegenuine.features.auda import feature_names


@pytest.fixture(autouse=True)
def no_other_warnings():
    """What is not asked for by `pytest.warns` is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@functools.cache
def smiles():
    """Six smiles of three people."""
    return make_smile_signals(3, 2, fps=50, random_state=3)


@functools.cache
def _texts(features: bool, order: str) -> dict[str, str]:
    return auda_texts(smiles(), features=features, order=order)


def texts(features: bool = False, order: str = "published") -> dict[str, str]:
    """The files of the package, to be changed."""
    return dict(_texts(features, order))


def names() -> list[str]:
    """Videos in the order in which they are loaded: those of `smiles` are in it."""
    return sorted(auda_names(smiles()))


def listing(subject=lambda name: name[:3]) -> str:
    """Details as UvA-NEMO has them."""
    rows = [f"{name}.mp4".ljust(30) + f"\t{subject(name)}\tfemale\t3{name[2]} \t"
            + f"{name.split('_')[1]:<11}" for name in names()]
    return "\n".join(["UvA-NEMO", "", "", "head\tof\tthe\ttable\there", "", *rows]) + "\n"


def fold_lists(fold_of) -> dict[str, str]:
    """Fold lists of all videos."""
    return {f"{letter}_fold_all_{k}.txt": "".join(
        f"{name}\n" for name in names() if kind in name and fold_of(name) == k)
        for letter, kind in (("P", "deliberate"), ("S", "spontaneous")) for k in range(1, 11)}


class TestWhole:
    @pytest.mark.parametrize("top", ["", "AUDA paczka ąę/UvA-NEMO/"])
    def test_zip(self, tmp_path, top):
        found = load_auda(write_zip(tmp_path / "ä b.zip", texts(), top=top))
        assert [clip.name for clip in found.data] == names()
        assert list(found.metadata["video"]) == names()
        order = [auda_names(smiles()).index(name) for name in names()]
        np.testing.assert_array_equal(found.target, smiles().target[order])
        np.testing.assert_array_equal(found.groups, [name[:3] for name in names()])
        for clip, k in zip(found.data, order, strict=True):
            np.testing.assert_allclose(clip.aus, smiles().aus[k], atol=1e-6)
            np.testing.assert_allclose(clip.smile, smiles().smile[k], atol=1e-6)
            assert clip.fps == 50
            assert clip.valid is None
        assert found.target_names == ("posed", "spontaneous")
        assert found.folds is None
        assert found.features is None
        assert len(found.failures) == 0
        assert "10.7910/DVN/X5QGLA" in found.DESCR
        assert "the numbers that the names of the videos begin with" in found.DESCR
        assert {file.name for file in tmp_path.iterdir()} == {"ä b.zip"}  # nothing is unpacked

    def test_folder(self, tmp_path):
        whole = load_auda(write_zip(tmp_path / "a.zip", texts()))
        found = load_auda(write_texts(tmp_path / "auda", texts()))
        assert found.filenames == whole.filenames
        np.testing.assert_array_equal(found.data[3].aus, whole.data[3].aus)

    def test_a_folder_with_the_zip_in_it(self, tmp_path):
        (tmp_path / "auda").mkdir()
        write_zip(tmp_path / "auda" / "a.zip", texts())
        assert len(load_auda(tmp_path / "auda").data) == 6
        write_texts(tmp_path / "auda", {UVA_NEMO_DETAILS: listing(lambda n: f"p{n[2]}")})
        np.testing.assert_array_equal(load_auda(tmp_path / "auda").groups,
                                      [f"p{name[2]}" for name in names()])
        write_zip(tmp_path / "auda" / "b.zip", texts())
        with pytest.raises(ValueError, match=r"There are further zips in it \(a\.zip, b\.zip\)"):
            load_auda(tmp_path / "auda")

    def test_what_else_lies_about(self, tmp_path):
        more = {"__MACOSX/action_units/._x.txt": "\0", "action_units/.DS_Store": "\0",
                "README.txt": "hello", "smile_phases/001_deliberate_smile_1.txt": "0\n1\n",
                "features/AU-wise 13/001_deliberate_smile_1.txt": "1,2\n3,4\n"}
        found = load_auda(write_zip(tmp_path / "a.zip", more | texts()), features=["au"])
        assert len(found.data) == 6
        assert len(found.failures) == 0

    def test_columns_in_any_order_and_lines_with_blanks(self, tmp_path):
        changed = texts()
        file = f"action_units/{names()[0]}_aus.txt"
        rows = [line.split(",")[::-1] for line in changed[file].splitlines()]
        rows[0] = [f" {name}_r" for name in rows[0]]
        changed[file] = "\r\n".join(", ".join([str(k), *row, ""]) for k, row in enumerate(rows))
        whole = load_auda(write_zip(tmp_path / "a.zip", texts())).data[0]
        found = load_auda(write_zip(tmp_path / "b.zip", changed)).data[0]
        np.testing.assert_array_equal(found.aus, whole.aus)

    def test_names_without_more(self, tmp_path):
        plain = {name.replace("_aus", "").replace("_si", ""): text
                 for name, text in texts().items()}
        assert load_auda(write_zip(tmp_path / "a.zip", plain)).filenames == names()

    def test_windows_separators(self, tmp_path):
        odd = {name.replace("/", "\\"): text for name, text in texts().items()}
        assert load_auda(write_zip(tmp_path / "a.zip", odd)).filenames == names()

    def test_auda_takes_them(self, tmp_path):
        found = load_auda(write_zip(tmp_path / "a.zip", texts()))
        assert AUDA().fit_transform(found.data).shape == (6, 476)

    def test_another_rate(self, tmp_path):
        assert load_auda(write_zip(tmp_path / "a.zip", texts()), fps=25).data[0].fps == 25


class TestWhoIsWho:
    def test_details_and_folds_beside_the_zip(self, tmp_path):
        write_zip(tmp_path / "a.zip", texts())
        (tmp_path / UVA_NEMO_DETAILS).write_text(listing(lambda n: f"p{n[2]}"))
        write_texts(tmp_path / "folds", fold_lists(lambda name: int(name[2])))
        found = load_auda(tmp_path / "a.zip")
        np.testing.assert_array_equal(found.groups, [f"p{name[2]}" for name in names()])
        np.testing.assert_array_equal(found.metadata["age"], [30 + int(n[2]) for n in names()])
        assert set(found.metadata["gender"]) == {"female"}
        np.testing.assert_array_equal(found.folds.test_fold, [int(n[2]) - 1 for n in names()])
        assert f"Subjects: {UVA_NEMO_DETAILS}." in found.DESCR

    def test_details_in_the_folder(self, tmp_path):
        write_texts(tmp_path, {**texts(), "details.txt": listing(lambda n: f"p{n[2]}")})
        np.testing.assert_array_equal(load_auda(tmp_path).groups, [f"p{n[2]}" for n in names()])

    @pytest.mark.parametrize("given", ["nemo", "nemo/deep/details.txt"])
    def test_details_elsewhere(self, tmp_path, given):
        write_zip(tmp_path / "a.zip", texts())
        write_texts(tmp_path / "nemo" / "deep", {"details.txt": listing(lambda n: f"p{n[2]}"), **{
            f"folds/{k}": v for k, v in fold_lists(lambda name: 1 + int(name[2])).items()}})
        found = load_auda(tmp_path / "a.zip", details=tmp_path / given)
        np.testing.assert_array_equal(found.groups, [f"p{n[2]}" for n in names()])
        np.testing.assert_array_equal(found.folds.test_fold, [int(n[2]) for n in names()])

    def test_details_that_do_not_fit(self, tmp_path):
        kept = [line for line in listing().splitlines() if not line.startswith(names()[0])]
        kept.append("777_deliberate_smile_1.mp4\t777\tmale\t20\tdeliberate")
        kept[-2] = kept[-2].replace("\tspontaneous", "\tdeliberate")
        write_texts(tmp_path, {**texts(), UVA_NEMO_DETAILS: "\n".join(kept)})
        with pytest.warns(UserWarning, match="AUDA package in ") as caught:
            found = load_auda(tmp_path)
        said = str(caught[0].message)
        assert f"1 there, but not in {UVA_NEMO_DETAILS}: {names()[0]}" in said
        assert f"1 in {UVA_NEMO_DETAILS}, but not there: 777_deliberate_smile_1" in said
        assert "says the other kind, and not used" in said
        assert found.filenames == names()[1:-1]

    def test_a_subject_in_two_folds(self, tmp_path):
        write_texts(tmp_path, {**texts(), "details.txt": listing(lambda n: "p1"),
                               **fold_lists(lambda name: int(name[2]))})
        with pytest.raises(ValueError, match=r"with clips in more than one fold.*subject p1 in"):
            load_auda(tmp_path)

    def test_details_that_are_not_there(self, tmp_path):
        write_zip(tmp_path / "a.zip", texts())
        (tmp_path / "empty").mkdir()
        with pytest.raises(FileNotFoundError, match="no details of UvA-NEMO; give its file"):
            load_auda(tmp_path / "a.zip", details=tmp_path / "empty")
        with pytest.raises(FileNotFoundError, match="nowhere: no such file or folder"):
            load_auda(tmp_path / "a.zip", details=tmp_path / "nowhere")

    def test_labels_go_first(self, tmp_path):
        other = {name.replace("_aus", "").replace("_si", "").replace("deliberate_smile", "x"): text
                 for name, text in texts().items() if "deliberate" in name}
        stems = sorted({Path(name).stem for name in other})
        zipped = write_zip(tmp_path / "a.zip", other)
        with pytest.raises(ValueError, match="with a name that does not say the kind of smile"):
            load_auda(zipped)
        found = load_auda(zipped, labels=dict.fromkeys(stems, "genuine"))
        assert list(found.target) == [1] * len(stems)
        assert found.groups is None


class TestFeatures:
    def test_published_tables(self, tmp_path):
        found = load_auda(write_zip(tmp_path / "a.zip", texts(True)), features=True)
        assert set(found.features) == {"frame", "au", "cross"}
        assert set(found.features.au) == {"onset", "apex", "offset", "smile", "sequence"}
        assert found.features.au.onset.shape == (6, 119)
        assert found.features.cross.sequence.shape == (6, 1088)
        phases = ("onset", "apex", "offset", "smile", "sequence")
        for level, n_same in (("au", 2 * 17), ("cross", 4 * 136)):
            ours = AUDA(level, phases=phases).set_output(transform="pandas")
            ours = ours.fit_transform(found.data)
            for phase in phases:
                published = found.features[level][phase]
                same = published.columns.intersection(ours.columns)
                assert len(same) == n_same
                apart = (published[same] - ours[same]).abs()
                if level == "au":
                    assert apart.max().max() < 1e-5
                else:  # of moments of equal height, as in an apex, any may be taken
                    assert (apart < 1e-5).mean(axis=None) > (0.8 if phase == "apex" else 0.95)

    def test_frames_as_ours(self, tmp_path):
        found = load_auda(write_zip(tmp_path / "a.zip", texts(True)), features="frame")
        ours = AUDA("frame").set_output(transform="pandas").fit_transform(found.data)
        assert set(found.features) == {"frame"}
        for published, table in zip(found.features.frame, ours, strict=True):
            assert list(published) == list(table)
            np.testing.assert_allclose(published, table, atol=2e-4)

    def test_a_package_in_the_order_of_auda(self, tmp_path):
        found = load_auda(write_zip(tmp_path / "a.zip", texts(True, "own")),
                          features=["au", "cross"])
        ours = AUDA("cross", phases=("onset",)).set_output(transform="pandas")
        ours = ours.fit_transform(found.data)
        assert list(found.features.cross.onset) == list(ours)
        np.testing.assert_allclose(found.features.cross.onset, ours, atol=2e-4)

    def test_an_order_that_nobody_knows(self, tmp_path):
        changed = {name: ",".join(reversed(text.strip().split(","))) if "AU-wise" in name else text
                   for name, text in texts(True).items()}
        zipped = write_zip(tmp_path / "a.zip", changed)
        with pytest.warns(UserWarning, match="do not have the columns that the package's desc"):
            found = load_auda(zipped, features=["au", "cross"])
        assert list(found.features.au.apex)[:2] == ["apex_0", "apex_1"]
        assert list(found.features.cross.apex)[-1] == "apex_1087"

    def test_names(self):
        for level in ("au", "cross"):
            names = published_names(level, "onset")
            assert len(set(names)) == len(names) == {"au": 119, "cross": 1088}[level]
            assert own_names(level, "apex") == list(feature_names(level, phases=("apex",)))
        # The order of the description: amplitude, average, maximum, then pairs of windows.
        assert published_names("au", "onset")[16:19] == [
            "onset_AU45_range", "onset_AU01_mean", "onset_AU02_mean"]
        assert published_names("au", "onset")[51:54] == [
            "onset_AU01_delta9_mean", "onset_AU01_delta27_mean", "onset_AU02_delta9_mean"]
        assert published_names("cross", "apex")[:3] == [
            "apex_AU01xAU02_delta9_difference_min", "apex_AU01xAU02_delta27_difference_min",
            "apex_AU01xAU04_delta9_difference_min"]

    def test_faults(self, tmp_path):
        changed = texts(True)
        one, two, three = names()[:3]
        del changed[f"features/AU-wise onset/{one}.txt"]
        changed[f"features/AU-wise apex/{two}.txt"] = "1,2,3\n"
        changed[f"features/cross-AU apex/{two}.txt"] *= 2
        del changed[f"dynamics/{three}_delta_9.txt"]
        changed[f"dynamics/{three}_2nd_delta_27.txt"] = texts()[f"action_units/{one}_aus.txt"]
        with pytest.warns(UserWarning, match="AUDA package in ") as caught:
            found = load_auda(write_zip(tmp_path / "a.zip", changed), features=True)
        said = str(caught[0].message)
        assert len(caught) == 1
        assert f"1 without AU-wise features of the onset, which are NaN: {one}" in said
        assert "has 1 lines of 3 numbers, and one of 119 is needed" in said
        assert "has 2 lines of 1088 numbers, and one of 1088 is needed" in said
        assert f"1 without dynamics delta_9, which are NaN: {three}" in said
        assert "dynamics 2nd_delta_27 not to be read" in said
        assert said.endswith("; 6 clips are left")
        assert found.features.au.onset.loc[0].isna().all()
        assert found.features.au.onset.loc[1].notna().all()
        assert found.features.au.apex.loc[1].isna().all()
        assert found.features.frame[2].filter(regex="_slope9$").isna().all(axis=None)

    @pytest.mark.parametrize("features", ["onset", ["au", "x"]])
    def test_unknown(self, tmp_path, features):
        with pytest.raises(ValueError, match="features must be True, False or some of frame, au"):
            load_auda(write_zip(tmp_path / "a.zip", texts()), features=features)

    def test_a_package_without_features(self, tmp_path):
        found = load_auda(write_zip(tmp_path / "a.zip", texts()), features=["au", "cross"])
        assert dict(found.features) == {}


class TestFaults:
    def test_all_are_listed_at_once(self, tmp_path):
        changed = texts()
        a, b, c, d, e, f = names()
        del changed[f"smile_intensities/{a}_si.txt"]
        del changed[f"action_units/{b}_aus.txt"]
        changed[f"smile_intensities/{c}_si.txt"] += "0.5\n"
        lines = changed[f"action_units/{d}_aus.txt"].splitlines()
        lines[3] = lines[3].replace(lines[3].split(",")[2], "n/a")
        lines[7] = ",".join(["nan"] * 17)
        changed[f"action_units/{d}_aus.txt"] = "\n".join(lines)
        changed[f"action_units/{e}_aus.txt"] = changed[f"action_units/{e}_aus.txt"].replace(
            "AU45", "AU46", 1)
        zipped = write_zip(tmp_path / "a.zip", changed)
        with pytest.warns(UserWarning, match="AUDA package in ") as caught:
            found = load_auda(zipped)
        assert len(caught) == 1
        said = str(caught[0].message)
        assert f"1 with action units, but without smile intensities: {a}" in said
        assert f"1 with smile intensities, but without action units: {b}" in said
        n = len(smiles().smile[auda_names(smiles()).index(c)])
        assert f"{c}: has {n} frames of action units and {n + 1} of smile intensities" in said
        assert f"1 with cells that are no numbers, whose frames are not valid: {d} (2 of " in said
        assert f"action_units/{e}_aus.txt: no column AU45; the first line must name" in said
        assert said.endswith("; 2 clips are left")
        assert found.filenames == [d, f]
        np.testing.assert_array_equal(np.flatnonzero(~found.data[0].valid), [2, 6])
        assert AUDA().transform(found.data).shape == (2, 476)
        with pytest.raises(FileNotFoundError, match="but without smile intensities"):
            load_auda(zipped, on_error="raise")
        assert len(load_auda(zipped, on_error="skip").failures) == 5

    @pytest.mark.parametrize(("text", "message"), [
        ("", "the file is empty"), ("AU01,AU02\n", "has a header and no values"),
        ("1,2\n3,4\n", r"no column AU01, .*the first line must name"),
        (",".join(AU_NAMES) + "\n" + ",".join(["x"] * 17) + "\n", "frames of action units and"),
        (",".join(AU_NAMES) + "\n1,2,3\n", "line 2 has 3 cells, and 17 are needed; is it cut off")])
    def test_bad_action_units(self, tmp_path, text, message):
        changed = texts()
        changed[f"action_units/{names()[0]}_aus.txt"] = text
        with pytest.warns(UserWarning, match=f"1 not to be read: .*{message}"):
            found = load_auda(write_zip(tmp_path / "a.zip", changed))
        assert found.filenames == names()[1:]

    def test_no_number_at_all(self, tmp_path):
        changed = texts()
        for file in (f"smile_intensities/{names()[0]}_si.txt",):
            changed[file] = "nan\n" * len(changed[file].splitlines())
        with pytest.warns(UserWarning, match="no frame has both numbers"):
            load_auda(write_zip(tmp_path / "a.zip", changed))

    def test_a_video_twice(self, tmp_path):
        again = texts()
        again[f"action_units/{names()[0]}_copy.txt"] = again[f"action_units/{names()[0]}_aus.txt"]
        with pytest.warns(UserWarning, match=r"1 action units there twice, and not used \(keep "
                                             rf"one\): {names()[0]} in action_units/"):
            found = load_auda(write_zip(tmp_path / "a.zip", again))
        assert found.filenames == names()[1:]

    @pytest.mark.parametrize("on_error", ["warn", "raise", "skip"])
    @pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
    def test_a_zip_that_is_cut_off(self, tmp_path, share, on_error):
        zipped = write_zip(tmp_path / "a.zip", texts())
        whole = zipped.read_bytes()
        zipped.write_bytes(whole[:int(share * len(whole))])
        with pytest.raises(ValueError, match=r"a\.zip: is no zip, or is cut off; download it"):
            load_auda(zipped, on_error=on_error)

    def test_a_zip_with_damage(self, tmp_path):
        zipped = write_zip(tmp_path / "a.zip", texts())
        data = bytearray(zipped.read_bytes())
        with zipfile.ZipFile(zipped) as archive:
            start = archive.getinfo(f"action_units/{names()[0]}_aus.txt").header_offset + 200
        data[start:start + 300] = bytes(300)
        zipped.write_bytes(data)
        with pytest.warns(UserWarning, match="is damaged in the zip .*; download it again"):
            assert len(load_auda(zipped).data) == 5

    def test_nothing_is_written_outside(self, tmp_path):
        inside = tmp_path / "deep" / "er"
        inside.mkdir(parents=True)
        evil = "../evil", "../../evil.txt", "/tmp/evil_smilegenuine", "C:\\evil", "a/../../evil", \
            "..\\evil"
        zipped = inside / "a.zip"
        with zipfile.ZipFile(zipped, "w") as archive:
            for name, text in {**texts(), **dict.fromkeys(evil, "x")}.items():
                archive.writestr(name, text)
            link = zipfile.ZipInfo("action_units/link.txt")
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, "/etc/passwd")
        before = sorted(tmp_path.rglob("*"))
        with pytest.warns(UserWarning, match=r"7 entries of the zip that are links or lead out of "
                                             r"it, and not read \(download it again .*\.\./evil"):
            found = load_auda(zipped)
        assert len(found.data) == 6
        assert sorted(tmp_path.rglob("*")) == before
        assert not Path("/tmp/evil_smilegenuine").exists()

    def test_encrypted(self, tmp_path):
        zipped = write_zip(tmp_path / "a.zip", texts())
        data = zipped.read_bytes()  # the flag in the central directory
        place = data.index(b"PK\x01\x02")
        zipped.write_bytes(data[:place + 8] + b"\x01" + data[place + 9:])
        with pytest.raises(ValueError, match=r"a\.zip: is encrypted; unpack it with its password"):
            load_auda(zipped)

    def test_bombs(self, tmp_path, monkeypatch):
        monkeypatch.setattr(archives, "LARGEST_FILE", 200_000)
        large = texts()
        large[f"smile_intensities/{names()[0]}_si.txt"] = "0\n" * 200_000
        for path in (write_zip(tmp_path / "a.zip", large), write_texts(tmp_path / "x", large)):
            with pytest.warns(UserWarning, match=r"1 larger than 0 MB, and not read: smile_intens"):
                assert len(load_auda(path).data) == 5

    def test_a_zip_that_lies_about_its_sizes(self, tmp_path, monkeypatch):
        large = texts()
        large[f"smile_intensities/{names()[0]}_si.txt"] = "0\n" * 200_000
        zipped = write_zip(tmp_path / "a.zip", large)
        monkeypatch.setattr(archives, "LARGEST_FILE", 200_000)
        monkeypatch.setattr(archives, "_is_small", lambda *args: True)
        with pytest.warns(UserWarning, match="is larger than 0 MB"):
            assert len(load_auda(zipped).data) == 5

    def test_more_than_any_data_set(self, tmp_path, monkeypatch):
        monkeypatch.setattr(archives, "_LARGEST_WHOLE", 10_000)
        with pytest.raises(ValueError, match="would unpack to 0 GB, which no such data set has"):
            load_auda(write_zip(tmp_path / "a.zip", texts()))

    def test_other_zips_and_folders(self, tmp_path):
        inner = write_zip(tmp_path / "UvA-NEMO.zip", texts())
        outer = tmp_path / "dataverse_files.zip"
        with zipfile.ZipFile(outer, "w") as archive:
            archive.write(inner, "UvA-NEMO.zip")
            archive.writestr("MANIFEST.TXT", "x")
        with pytest.raises(ValueError, match=r"is no AUDA package; .*further zips in it \(UvA"):
            load_auda(outer)
        (tmp_path / "empty").mkdir()
        with pytest.raises(ValueError, match="empty: is no AUDA package; there is no text file in"):
            load_auda(tmp_path / "empty")
        (tmp_path / "a.txt").write_text("x")
        with pytest.raises(ValueError, match=r"a\.txt: is no zip, or is cut off"):
            load_auda(tmp_path / "a.txt")
        with pytest.raises(FileNotFoundError, match="nowhere: no such file or folder"):
            load_auda(tmp_path / "nowhere")


class TestNumbers:
    @pytest.mark.parametrize(("text", "header", "values"), [
        ("1,2\n3,4\n", [], [[1, 2], [3, 4]]), ("a,b\n1,2\n", ["a", "b"], [[1, 2]]),
        ("\ufeffa , b,\r\n1, x,\r\n", ["a", "b"], [[1, np.nan]]), ("-1e-3\nnan\n", [], [[-0.001],
                                                                                      [np.nan]]),
        ("nan,x\n1,2\n", [], [[np.nan, np.nan], [1, 2]])])
    def test_values(self, text, header, values):
        found = read_numbers(text.encode(), "a")
        assert found[0] == header
        np.testing.assert_array_equal(found[1], values)

    def test_lines_of_different_lengths(self):
        with pytest.raises(ClipError, match="a: line 3 has 1 cells, and 2 are needed"):
            read_numbers(b"x,y\n1,2\n3\n", "a")


def test_details_are_a_dataframe(tmp_path):
    found = load_auda(write_zip(tmp_path / "a.zip", texts()), labels=pd.DataFrame(
        {"video": names(), "label": [0, 1] * 3, "subject": list("aabbcc"), "hand": [1, 2] * 3}))
    np.testing.assert_array_equal(found.metadata["hand"], [1, 2] * 3)
    np.testing.assert_array_equal(found.groups, list("aabbcc"))
