"""Write small videos, and patch the boxes of MP4 files: what OpenCV cannot write, and damage.

OpenCV's writer puts the index (`moov`) behind the pictures (`mdat`), so that chunk offsets stay
valid however the index grows.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np

_PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts")
_ONE = 0x10000  # 1.0 in 16.16 fixed point
# Degrees that a player has to turn the pictures clockwise -> a, b, c, d of the display matrix.
_TURNS = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


def write_video(path: Path, n: int, fps: float = 25.0, size: tuple[int, int] = (96, 64),
                codec: str = "mp4v") -> Path:
    """Write `n` frames, `picture(0)`, `picture(1)`, …"""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), fps, size)
    assert writer.isOpened()
    for i in range(n):
        writer.write(cv2.cvtColor(picture(i, size), cv2.COLOR_RGB2BGR))
    writer.release()
    return path

def picture(i: int, size: tuple[int, int] = (96, 64)) -> np.ndarray:
    """Draw the i-th frame: above left red (60 + 10 i, 32, 16), below left blue, right grey."""
    width, height = size
    frame = np.full((height, width, 3), 128, np.uint8)
    frame[:, :width // 2] = (60 + 10 * (i % 19), 32, 16)
    frame[height // 2:, :width // 2] = (0, 0, 200)
    return frame


def box_sizes(path: Path) -> dict[str, int]:
    """Give the top-level boxes of a file, in order, with their sizes in bytes."""
    return {kind.decode(): len(content) + 8 for kind, content in _split(path.read_bytes())}


def rotate(path: Path, degrees: int) -> None:
    """Say in the track header that the pictures are to be shown turned clockwise by `degrees`."""
    a, b, c, d = (v * _ONE for v in _TURNS[degrees])
    matrix = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)

    def patch(content: bytes) -> bytes:
        start = 40 if content[0] == 0 else 52  # version 1 has 64-bit times
        return content[:start] + matrix + content[start + 36:]

    _patch(path, {b"tkhd": patch})


def set_durations(path: Path, milliseconds: Sequence[int]) -> None:
    """Give each frame its own duration; durations and time scales become milliseconds."""
    runs = [(len(list(run)), ms) for ms, run in groupby(milliseconds)]
    table = struct.pack(">II", 0, len(runs)) + b"".join(struct.pack(">II", *r) for r in runs)
    total = sum(milliseconds)

    def header(content: bytes) -> bytes:
        assert content[0] == 0
        return content[:12] + struct.pack(">II", 1000, total) + content[20:]

    def track(content: bytes) -> bytes:
        assert content[0] == 0
        return content[:20] + struct.pack(">I", total) + content[24:]

    def edit(content: bytes) -> bytes:
        assert content[:8] == struct.pack(">II", 0, 1)
        return content[:8] + struct.pack(">I", total) + content[12:]

    _patch(path, {b"mvhd": header, b"mdhd": header, b"tkhd": track, b"elst": edit,
                  b"stts": lambda _: table})


def index_first(path: Path) -> None:
    """Put the index before the pictures, as for streaming, so that a cut file still has it."""
    boxes = dict(_split(path.read_bytes()))
    shift = len(boxes[b"moov"]) + 8

    def offsets(content: bytes) -> bytes:
        n, = struct.unpack_from(">I", content, 4)
        old = struct.unpack_from(f">{n}I", content, 8)
        return content[:8] + struct.pack(f">{n}I", *(o + shift for o in old))

    _patch(path, {b"stco": offsets})
    boxes = dict(_split(path.read_bytes()))
    path.write_bytes(_join([(kind, boxes[kind]) for kind in (b"ftyp", b"moov", b"free", b"mdat")]))


def overwrite_pictures(path: Path, start: float, stop: float) -> None:
    """Fill a part of the coded pictures (fractions of `mdat`) with rubbish; the index stays."""
    boxes = _split(path.read_bytes())
    damaged = []
    for kind, content in boxes:
        if kind == b"mdat":
            a, b = int(start * len(content)), int(stop * len(content))
            content = content[:a] + b"\xff" * (b - a) + content[b:]
        damaged.append((kind, content))
    path.write_bytes(_join(damaged))


def _split(data: bytes) -> list[tuple[bytes, bytes]]:
    boxes, at = [], 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            head, size = 16, struct.unpack_from(">Q", data, at + 8)[0]
        boxes.append((kind, data[at + head:at + size]))
        at += size
    return boxes


def _join(boxes: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(struct.pack(">I4s", len(content) + 8, kind) + content
                    for kind, content in boxes)


def _patch(path: Path, patches: dict[bytes, Callable[[bytes], bytes]]) -> None:
    done = set()

    def walk(boxes: list[tuple[bytes, bytes]]) -> bytes:
        out = []
        for kind, content in boxes:
            if kind in patches:
                content = patches[kind](content)
                done.add(kind)
            elif kind in _PARENTS:
                content = walk(_split(content))
            out.append((kind, content))
        return _join(out)

    boxes = _split(path.read_bytes())
    assert [k for k, _ in boxes].index(b"moov") > [k for k, _ in boxes].index(b"mdat")
    path.write_bytes(walk(boxes))
    assert done == set(patches), "a box to be patched is not in the file"
