"""The Python of the tour and the recipes: run as it stands, and what it prints as it came out.

A page's ```python blocks are one program. A ```text block right behind one is what it prints.
``python docs/code_blocks.py PAGE …`` runs pages and writes anew what they print.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).parent

_BLOCK = re.compile(r"```python\n(?P<code>.*?)```(?P<gap>\n+)(?:```text\n(?P<shown>.*?)```)?",
                    re.DOTALL)
_NUMBER = re.compile(r"[-+−]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


class Block(NamedTuple):
    """A piece of Python, and what the page shows that it prints (None: nothing is shown)."""

    code: str
    shown: str | None


def pages() -> list[Path]:
    """Return the pages whose Python runs as it stands.

    Returns
    -------
    list of Path
    """
    recipes = sorted(p for p in (DOCS / "recipes").glob("*.md") if p.name != "index.md")
    return [DOCS / "tour.md", DOCS / "science.md", *recipes]


def blocks(page: Path) -> list[Block]:
    """Return the Python of a page.

    Parameters
    ----------
    page : Path

    Returns
    -------
    list of Block
    """
    return [Block(m["code"], m["shown"]) for m in _BLOCK.finditer(page.read_text("utf-8"))]


def run(page: Path, folder: Path) -> list[str]:
    """Run the Python of a page, in a folder.

    Parameters
    ----------
    page : Path
    folder : Path
        Where the code reads and writes.

    Returns
    -------
    list of str
        What each block prints.
    """
    # As a module that is there: classes that a page defines can be pickled for other processes.
    space = {"__name__": "__main__"}
    printed = []
    with contextlib.chdir(folder):
        for i, block in enumerate(blocks(page), 1):
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(block.code, f"{page.name}, block {i}", "exec"), space)
            printed.append(out.getvalue())
    return printed


def differences(shown: str, printed: str, tolerance: float = 0.05) -> list[str]:
    """Say in what a page differs from what its code prints.

    Parameters
    ----------
    shown, printed : str
    tolerance : float, default=0.05
        By how much of itself, or of 1, a number may differ: other processors round otherwise.

    Returns
    -------
    list of str
        Empty where all is as shown. Blanks do not count: columns get wider with their numbers.
    """
    texts = [[" ".join(part.split()) for part in _NUMBER.split(text)] for text in (shown, printed)]
    found = [f"shown is {a!r}, printed {b!r}" for a, b in zip(*texts, strict=False) if a != b]
    numbers = [[float(n.replace("−", "-")) for n in _NUMBER.findall(t)] for t in (shown, printed)]
    if len(numbers[0]) != len(numbers[1]):
        found.append(f"{len(numbers[0])} numbers are shown, and {len(numbers[1])} printed")
    found += [f"shown is {a:g}, printed {b:g}" for a, b in zip(*numbers, strict=False)
              if abs(a - b) > tolerance * max(1.0, abs(b))]
    return found


def update(page: Path) -> None:
    """Run a page and write what it prints into it.

    Parameters
    ----------
    page : Path
    """
    with tempfile.TemporaryDirectory() as folder:
        printed = iter(run(page, Path(folder)))

    def fresh(match: re.Match[str]) -> str:
        out = next(printed)
        shown = "" if match["shown"] is None else f"```text\n{out}```"
        if out and match["shown"] is None:
            print(f"{page.name}: this is printed and not shown:\n{out}", file=sys.stderr)
        return f"```python\n{match['code']}```{match['gap']}{shown}"

    page.write_text(_BLOCK.sub(fresh, page.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    os.environ["MPLBACKEND"] = "Agg"
    for given in [Path(p) for p in sys.argv[1:]] or pages():
        update(given.resolve())
