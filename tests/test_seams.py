"""Rooms meet at what is public: nobody reads another's `_private` names, and none go in circles.

A room is the first folder under `smilegenuine/`, or a file that lies loose there.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "smilegenuine"

#: Private names that are read all the same → why. Imports by module and name, attributes by name.
EXEMPT = {
    "sklearn.utils._safe_indexing":
        "rows of lists, arrays and tables alike: documented for developers, and nothing public "
        "does it",
    "sklearn.utils.metaestimators._BaseComposition":
        "named branches as parameters: nothing public lets get_params and set_params see them",
}

# What collections.namedtuple and typing.NamedTuple call their public methods.
_OF_NAMED_TUPLES = {"_replace", "_fields", "_asdict", "_make"}
_READERS = {"getattr", "hasattr", "setattr", "delattr"}


def room_of(path: Path) -> str:
    """First folder, or the loose file's name."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def module_of(path: Path) -> str:
    """Dotted name; of a package that of its folder."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8"))
            for path in sorted(PACKAGE.rglob("*.py"))}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in _OF_NAMED_TUPLES


def is_own(node: ast.expr) -> bool:
    """Whether a name is read off `self`, `cls`, `super()` or `type(self)`: of the class itself, or
    inherited, from whatever room a base comes."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id == "super" or (node.func.id == "type" and is_own(node.args[0]))
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


# -- who defines what ----------------------------------------------------------------------------

@cache
def defined() -> dict[str, set[str]]:
    """The names that each room defines: functions, classes, variables, attributes of `self`."""
    rooms: dict[str, set[str]] = {}
    for path, tree in trees().items():
        mine = rooms.setdefault(room_of(path), set())
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                mine.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                mine.add(node.id)
            # What is set on another object patches it, and defines nothing.
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and \
                    is_own(node.value):
                mine.add(node.attr)
    return rooms


@cache
def classes() -> dict[str, set[str]]:
    """The classes that each room defines."""
    rooms: dict[str, set[str]] = {}
    for path, tree in trees().items():
        rooms.setdefault(room_of(path), set()).update(
            node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    return rooms


def names_in(node: ast.AST | None) -> set[str]:
    """The names in an annotation or an expression."""
    if node is None:
        return set()
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def kinds_of(variable: str, tree: ast.Module) -> set[str]:
    """The names that a variable is annotated with, or assigned a call of, anywhere in a module."""
    kinds: set[str] = set()
    for node in ast.walk(tree):
        if (isinstance(node, ast.arg) and node.arg == variable) or (
                isinstance(node, ast.AnnAssign) and names_in(node.target) == {variable}):
            kinds |= names_in(node.annotation)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and any(
                isinstance(t, ast.Name) and t.id == variable for t in node.targets):
            kinds |= names_in(node.value.func)
    return kinds


def is_of_the_room(name: str, node: ast.expr, path: Path) -> bool:
    """Whether `node.name` plausibly is the room's own.

    The room must define the name. Where other rooms define it as well, the object must be a class
    of this room, a call of one, or a variable that is annotated as one or made by one.
    """
    room = room_of(path)
    if name not in defined()[room]:
        return False
    if not any(name in names for other, names in defined().items() if other != room):
        return True
    known = names_in(node.func if isinstance(node, ast.Call) else node)
    if isinstance(node, ast.Name):
        known = known | kinds_of(node.id, trees()[path])
    return bool(known & classes()[room])


# -- what is read --------------------------------------------------------------------------------

def imports_of(path: Path) -> Iterator[tuple[str, str, int]]:
    """All imports, wherever they stand: module, name in it ("" for the module itself), line."""
    package = module_of(path).split(".") if path.name == "__init__.py" else \
        module_of(path).split(".")[:-1]
    for node in ast.walk(trees()[path]):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "", node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[:len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((module, alias.name, node.lineno) for alias in node.names)


def foreign_names(path: Path) -> Iterator[tuple[str, int]]:
    """Private names that a module reads and that are not its room's, with their lines."""
    own = f"{PACKAGE.name}.{room_of(path)}"
    for module, name, line in imports_of(path):
        # The version lies in a module of its own, for all rooms.
        private = [part for part in [*module.split("."), name]
                   if is_private(part) and part != "_version"]
        if private and module != own and not module.startswith(f"{own}."):
            yield f"{module}.{name}".rstrip("."), line
    for node in ast.walk(trees()[path]):
        if isinstance(node, ast.Attribute) and is_private(node.attr) and not is_own(node.value) \
                and not is_of_the_room(node.attr, node.value, path):
            yield node.attr, node.lineno
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and \
                node.func.id in _READERS and len(node.args) > 1 and \
                isinstance(node.args[1], ast.Constant) and is_private(str(node.args[1].value)):
            name = str(node.args[1].value)
            mine = is_own(node.args[0]) and name in defined()[room_of(path)]
            if not mine and not is_of_the_room(name, node.args[0], path):
                yield name, node.lineno


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")),
                         ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_room_reads_the_private_names_of_another(path):
    found = [f"{path.relative_to(ROOT)}:{line} {name}" for name, line in foreign_names(path)
             if name not in EXEMPT]
    assert not found, "make public what a neighbour needs, and document it: " + "; ".join(found)


def test_each_exemption_is_needed_and_says_why():
    read = {name for path in trees() for name, _ in foreign_names(path)}
    assert set(EXEMPT) <= read, set(EXEMPT) - read
    assert all(len(why) > 20 for why in EXEMPT.values())


def test_what_is_read_from_behind_is_seen(monkeypatch):
    """The rules, on a module that breaks them."""
    path = PACKAGE / "explain" / "made_up.py"
    code = """
from ..clips.video import _as_bgr
from .input_meaning import _columns
import sklearn.utils._tags
class Mine(Base):
    def own(self, classifier, mine: Mine):
        self._inherited = super()._also(type(self)._this)
        mine._known(self._x)._replace(a=1)
        Mine()._known, classifier._known, classifier._scaled, classifier.__dict__
        classifier._patched = 1
        getattr(classifier, "_asked", None), getattr(self, "_inherited", None)
    def _known(self): ...
"""
    known = {**trees(), path: ast.parse(code)}  # its own room and others define what follows
    this = sys.modules[__name__]
    monkeypatch.setattr(this, "trees", lambda: known)
    others = {room: set(names) for room, names in defined().items()}
    others["explain"] |= {"_known", "_inherited"}
    others["classifiers"].add("_known")
    monkeypatch.setattr(this, "defined", lambda: others)
    kinds = {**classes(), "explain": classes()["explain"] | {"Mine"}}
    monkeypatch.setattr(this, "classes", lambda: kinds)
    assert {name for name, _ in foreign_names(path)} == {
        "smilegenuine.clips.video._as_bgr", "sklearn.utils._tags", "_known", "_scaled", "_patched",
        "_asked"}
    assert sum(name == "_known" for name, _ in foreign_names(path)) == 1


# -- circles -------------------------------------------------------------------------------------

def graph() -> dict[str, set[str]]:
    """Which module imports which, those under TYPE_CHECKING and in functions too.

    Not those of the package itself, which names all that is public for type checkers.
    """
    modules = {module_of(path) for path in trees()}
    found: dict[str, set[str]] = {}
    for path in trees():
        if module_of(path) == PACKAGE.name:
            continue
        mine = found.setdefault(module_of(path), set())
        for module, name, _ in imports_of(path):
            target = f"{module}.{name}" if f"{module}.{name}" in modules else module
            if target in modules and target not in (PACKAGE.name, module_of(path)):
                mine.add(target)
    return found


def circle(edges: dict[str, set[str]]) -> list[str]:
    """A way that comes back to where it began; empty where there is none."""
    done: set[str] = set()

    def walk(at: str, way: list[str]) -> list[str]:
        if at in way:
            return [*way[way.index(at):], at]
        if at in done:
            return []
        for target in sorted(edges.get(at, ())):
            around = walk(target, [*way, at])
            if around:
                return around
        done.add(at)
        return []

    return next((around for start in sorted(edges) if (around := walk(start, []))), [])


def test_circles_are_found():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_no_modules_import_each_other_in_a_circle():
    assert not circle(graph())


def test_no_rooms_import_each_other_in_a_circle():
    rooms: dict[str, set[str]] = {}
    for module, targets in graph().items():
        room = module.split(".")[1]
        rooms.setdefault(room, set()).update(t.split(".")[1] for t in targets)
    assert not circle({room: targets - {room} for room, targets in rooms.items()})
