"""Write small sets as the real ones lie on disk, spoil them, and load them."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest
from sklearn.utils import Bunch

from smilegenuine import Clip
from smilegenuine.clips.video import ArrayFrames

KINDS = ("posed", "spontaneous")
UVA_NEMO_DETAILS = "UvA-NEMO_Smile_Database_File_Details.txt"
_UVA_NEMO_HEAD = ("UvA-NEMO Smile Database", "File Details", "",
                  "Filename\tSubject Code\tGender\tAge\tSmile", "")


def tiny_smiles(n_subjects: int = 4, clips_per_subject: int = 2, *, n_frames: int = 3,
                size: int = 32, fps: float = 25.0) -> Bunch:
    """Give grey pictures, a posed and a spontaneous "smile" in turn, of people of known age."""
    n = n_subjects * clips_per_subject
    who = np.repeat(np.arange(n_subjects), clips_per_subject)
    target = np.arange(n) % 2
    shade = np.arange(n_frames, dtype=np.uint8)[:, None, None, None]
    clips = []
    for i in range(n):
        frames = np.full((n_frames, size, size, 3), 40 + 150 * i // n, np.uint8)
        frames[:, size // 2:, :size // 2] += shade
        clips.append(Clip(frames=ArrayFrames(frames), fps=fps, subject=f"s{who[i]:03d}"))
    return Bunch(data=clips, target=target, target_names=KINDS,
                 groups=np.array([clip.subject for clip in clips]),
                 gender=np.array(["female", "male"])[who % 2], age=8 + who)


def write_uva_nemo(root: Path, smiles: Bunch, *, newline: str = "\n", encoding: str = "utf-8",
                   n_folds: int = 10) -> list[str]:
    """Write videos, details and fold lists of UvA-NEMO; give the ids, in the order of the clips.

    Subjects go into the folds in turn, the first into fold 1.
    """
    codes = _numbers(smiles.groups)
    so_far: Counter = Counter()
    ids, rows = [], list(_UVA_NEMO_HEAD)
    for clip, target, group, gender, age in zip(smiles.data, smiles.target, smiles.groups,
                                                smiles.gender, smiles.age, strict=True):
        kind = ("deliberate", "spontaneous")[target]
        so_far[group, kind] += 1
        code = f"{codes[group]:03d}"
        ids.append(f"{code}_{kind}_smile_{so_far[group, kind]}")
        write_video(root / "videos" / f"{ids[-1]}.mp4", clip.frames, clip.fps)
        name = f"{ids[-1]}.mp4"
        rows.append(f"{name:<30}\t{code}\t{gender:<6}\t{int(age):<3}\t{kind:<11}")
    _write_text(root / UVA_NEMO_DETAILS, rows, newline, encoding)
    for letter, label in (("P", 0), ("S", 1)):
        for k in range(n_folds):
            listed = [name for name, target, group in zip(ids, smiles.target, smiles.groups,
                                                          strict=True)
                      if target == label and (codes[group] - 1) % n_folds == k]
            file = root / "folds" / f"{letter}_fold_all_{k + 1}.txt"
            _write_text(file, listed, newline, encoding)
    return ids


def write_spos(root: Path, smiles: Bunch, *, others: bool = True) -> list[str]:
    """Write folders of images as SPOS has them; give the ids, in the order of the clips.

    With `others`, each class also has a recording of disgust.
    """
    n, ids = 1, []
    for clip, target, group in zip(smiles.data, smiles.target, smiles.groups, strict=True):
        take, n = f"{group}-{n}", n + 1
        write_images(root / KINDS[target] / "happy" / take, clip.frames)
        ids.append(f"{KINDS[target]}_{take}")
    if others:
        for kind in KINDS:
            write_images(root / kind / "disgust" / f"{smiles.groups[0]}-{n}", smiles.data[0].frames)
    return ids


def write_mmi(root: Path, smiles: Bunch, *, labels: str | None = "csv", n_folds: int = 9,
              suffix: str = ".avi") -> list[str]:
    """Write sessions as MMI has them; give the ids of sessions, in the order of the clips.

    `labels` is "csv" (labels.csv, without subjects), "lists" (`labels/K/test.json`, subjects in
    turn) or None. One session more, of nobody's smile, has no label.
    """
    codes = _numbers(smiles.groups)
    so_far, ids = Counter(), []
    for clip, target, group, gender, age in zip(smiles.data, smiles.target, smiles.groups,
                                                smiles.gender, smiles.age, strict=True):
        so_far[group] += 1
        ids.append(str(2005 + len(ids) if target else 100 + len(ids)))
        write_session(root / "Sessions" / ids[-1], clip, codes[group], so_far[group], emotion=4,
                      person=f'gender="{gender}" age="{age}"', suffix=suffix)
    write_session(root / "Sessions" / "7", smiles.data[0], 1, 99, emotion=1, suffix=suffix)
    if labels == "csv":
        rows = [f"{name},{KINDS[target]}" for name, target in zip(ids, smiles.target, strict=True)]
        _write_text(root / "labels.csv", ["video,label", *rows])
    elif labels == "lists":
        folds = [(codes[group] - 1) % n_folds for group in smiles.groups]
        write_json_lists(root / "labels", ids, smiles.target, folds, n_folds)
    return ids


def write_session(folder: Path, clip: Clip, subject: int, n: int, *, emotion: int, person: str = "",
                  suffix: str = ".avi") -> None:
    """Write a session of MMI: the video, its metadata, and what the session is."""
    name = f"S{subject:03d}-{n:03d}"
    write_video(folder / f"{name}{suffix}", clip.frames, clip.fps)
    (folder / f"{name}.xml").write_text(
        f'<?xml version="1.0" encoding="utf-8"?>\n<Metadata>\n<Metatag Name="Posed" Value="0"/>\n'
        f'<Metatag Name="Emotion" Value="{emotion}"/>\n</Metadata>\n', encoding="utf-8")
    (folder / "session.xml").write_text(
        f'<?xml version="1.0" encoding="utf-8"?>\n<session sessionId="{folder.name}">\n'
        f'<subject id="{subject}" {person}/>\n<track filename="{name}{suffix}" view="0">'
        f'<annotation filename="{name}.xml"/></track>\n</session>\n', encoding="utf-8")


def write_bbc(root: Path, smiles: Bunch, *, lists: bool = False) -> list[str]:
    """Write the folders of the BBC's smiles; give the ids, in the order of the clips."""
    ids = []
    for i, (clip, target) in enumerate(zip(smiles.data, smiles.target, strict=True), start=1):
        folder = ("posed", "Genuine")[target]
        write_video(root / folder / f"smilecontent q{i:02d}.mp4", clip.frames, clip.fps)
        ids.append(f"{folder}_smilecontent q{i:02d}")
    if lists:
        write_json_lists(root / "labels", ids, smiles.target, np.arange(len(ids)) % 10, 10)
    return ids


# -- parts --------------------------------------------------------------------------------------

def write_video(file: Path, frames: Iterable[np.ndarray], fps: float) -> Path:
    """Write a video; `.avi` as Motion JPEG, others as MPEG-4."""
    file.parent.mkdir(parents=True, exist_ok=True)
    codec = cv2.VideoWriter.fourcc(*("MJPG" if file.suffix.lower() == ".avi" else "mp4v"))
    writer = None
    for frame in frames:
        if writer is None:
            writer = cv2.VideoWriter(str(file), codec, fps, (frame.shape[1], frame.shape[0]))
            assert writer.isOpened()
        writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    writer.release()
    return file


def write_images(folder: Path, frames: Iterable[np.ndarray], suffix: str = ".bmp") -> Path:
    """Write a folder of images, from 1."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, frame in enumerate(frames, start=1):
        # imwrite takes no name beyond the code page on Windows.
        cv2.imencode(suffix, cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))[1].tofile(
            folder / f"{i}{suffix}")
    return folder


def write_json_lists(folder: Path, ids: list[str], target: Iterable[int], folds: Iterable[int],
                     n_folds: int) -> None:
    """Write `K/test.json` and `K/train.json`, as published with landmark systems."""
    labelled = list(zip(ids, map(int, target), folds, strict=True))
    for k in range(n_folds):
        (folder / str(k + 1)).mkdir(parents=True, exist_ok=True)
        for part, inside in (("test", True), ("train", False)):
            (folder / str(k + 1) / f"{part}.json").write_text(
                json.dumps({name: y for name, y, fold in labelled if (fold == k) == inside}))


def _numbers(groups: Iterable[str]) -> dict[str, int]:
    return {group: k for k, group in enumerate(dict.fromkeys(groups), start=1)}


def _write_text(file: Path, lines: list[str], newline: str = "\n", encoding: str = "utf-8") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes("".join(line + newline for line in lines).encode(encoding))


# -- loading and spoiling -----------------------------------------------------------------------

def in_silence(load: Callable[..., Bunch], root: Path, **options) -> Bunch:
    """Load a set of which nothing is to be said."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return load(root, **options)


def told(load: Callable[..., Bunch], root: Path, **options) -> tuple[Bunch, str]:
    """Load a set, and give the one warning that came, which is about the caller's line."""
    with pytest.warns(UserWarning, match=r"clips? (are|is) left$") as caught:
        bunch = load(root, **options)
    assert len(caught) == 1
    assert Path(caught[0].filename) == Path(__file__)
    return bunch, str(caught[0].message)


def edit(file: Path, old: str, new: str) -> None:
    """Put other words in the first place where some stand; ends of lines stay."""
    text = file.read_bytes().decode()
    assert old in text
    file.write_bytes(text.replace(old, new, 1).encode())
