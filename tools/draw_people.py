"""Draw the contact sheet of the documentation: twenty-four people, neutral and smiling.

    python tools/draw_people.py [--seed 2] [--output docs/images/people.jpg]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from smilegenuine import AU_NAMES
from smilegenuine.drawing.appearance import random_person
from smilegenuine.drawing.renderer import FaceRenderer

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "people.jpg"
COLUMNS, ROWS = 8, 3
SMILE = {"AU06": 2.5, "AU12": 3.6, "AU25": 2.5}


def pair(rng: np.random.Generator, size: int) -> np.ndarray:
    """One person, neutral above smiling: (2 size, size, 3), BGR."""
    renderer = FaceRenderer(random_person(rng), size)
    yaw, pitch, roll = rng.normal(0.0, (7.0, 4.0, 3.0))
    smile = np.array([SMILE.get(au, 0.0) for au in AU_NAMES])
    frames = [renderer.draw(aus, yaw=yaw, pitch=pitch, roll=roll) for aus in (0.0 * smile, smile)]
    return cv2.cvtColor(np.vstack(frames), cv2.COLOR_RGB2BGR)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--size", type=int, default=160)
    parser.add_argument("--output", type=Path, default=PICTURE)
    args = parser.parse_args()
    people = [pair(np.random.default_rng((args.seed, k)), args.size) for k in range(COLUMNS * ROWS)]
    rows = [np.hstack(people[i:i + COLUMNS]) for i in range(0, len(people), COLUMNS)]
    if not cv2.imwrite(str(args.output), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 88]):
        raise OSError(f"{args.output}: cannot be written")


if __name__ == "__main__":
    main()
