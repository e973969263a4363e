"""Where in a plugin's files a fault can be mended. This reads the files and runs nothing of them."""

from __future__ import annotations

import ast
import re
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["keyword", "set", "function", "text", "random"]

_ENV, _SCREEN, _GAME = ("VectorEnv", "Env", "Episode"), ("Screen", "Episode"), ("Game",)
_SCOPES = {
    **dict.fromkeys(("game", "declare", "declaration", "defaults"), _GAME),
    **dict.fromkeys(("screen", "ending", "starts"), _SCREEN),
}
"""Endings of the base classes in whose methods a check's faults usually are; `_ENV` for the others."""
_METHODS = {
    "declare": ("declare",),
    "declaration": ("declare",),
    "defaults": ("defaults",),
    "environment": ("__init__", "make_env", "open"),
    "cuts": ("restore", "reset", "begin"),
    "screen": ("step", "frames", "show"),
    "ending": ("step", "frames"),
    "starts": ("start_state",),
}
"""Methods that a check's faults are about where no word of the fault is in the files."""
_STEPS, _BEGINNINGS = ("step", "play"), ("reset", "begin")
_PLAYED_AGAIN = ("repeat", "number", "history", "named", "process", "cuts")
"""Checks that play an episode twice."""
_UNSEEDED = {"random", "default_rng", "urandom", "time", "time_ns", "perf_counter", "monotonic", "uuid4", "getpid", "environ", "hash", "shuffle", "choice", "randint"}  # fmt: skip
"""Names of what gives something else each time, or in each process."""
ADVICE = {
    "repeat": "everything random has to follow from the episode's seed alone",
    "process": "everything has to follow from the seed: no time, process number, hash of a text, or display",
    "number": "a row must neither see the other rows nor draw from a generator that all rows share",
    "history": "what an episode leaves behind has to be set anew where the next one begins",
    "named": "episode_seeds has to name the seed that the episode can be started from",
    "cuts": "reset(seeds, rows) and restore have to set everything that later steps depend on, and nothing else",
    "defaults": "the keys are those of docs/configuration.md",
    "ending": "draw the last frame before the environment begins its next episode, or inherit from adapters.Episode",
}
"""What to do about the faults of a check, in general."""


@dataclass(frozen=True, slots=True)
class Site:
    """A name in a file."""

    name: str
    kind: Kind
    path: Path
    line: int
    bases: tuple[str, ...]
    """Base classes of the class that the name is in, with theirs as far as they are in the files."""
    function: str
    """Name of the method that the name is in; "" outside of one."""


class AuthorCode:
    """The files of a plugin."""

    def __init__(self, module: str) -> None:
        self._module = module

    def of_error(self, error: BaseException) -> str:
        """The line of the plugin that an exception passed last; "" where it passed none."""
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if Path(frame.filename) in self._files]
        return _shown(Path(own[-1].filename), own[-1].lineno or 1) if own else ""

    def of_fault(self, check: str, message: str) -> str:
        """The line that a fault of this check is most likely about; "" where nothing is found."""
        site = next(self._candidates(check, message), None)
        return "" if site is None else _shown(site.path, site.line)

    def _candidates(self, check: str, message: str) -> Iterator[Site]:
        scope = _SCOPES.get(check, _ENV)
        if check in _PLAYED_AGAIN:
            yield from self._ranked((s for s in self._sites if s.kind == "random"), scope)
            yield from self._forgotten()
        said, _, expected = re.sub(r"^(\w+(, stage \w+)?: )?(step \d+: )?", "", message).partition(
            "; expected"
        )
        keys = re.findall(r"\w+\.(\w+)", said) if check == "defaults" else []
        for text in [*re.findall(r"'([^']+)'", said), *keys]:
            found = (s for s in self._sites if (s.name, s.kind) == (text, "text"))
            yield from self._ranked(found, scope)
        words = re.findall(r"[a-z_][a-z0-9_]*", said)
        rest = re.findall(r"[a-z_][a-z0-9_]*", expected)
        pairs = [f"{one}_{two}" for part in (words, rest) for one, two in pairwise(part)]
        for word in [*pairs, *words]:
            for kind in ("keyword", "set", "function"):
                found = (s for s in self._sites if (s.name, s.kind) == (word, kind))
                yield from (s for s in found if len(word) > 2 and _is_in(s, scope))
        for method in _METHODS.get(check, _STEPS):
            found = (s for s in self._sites if (s.name, s.kind) == (method, "function"))
            yield from self._ranked(found, scope)

    def _ranked(self, sites: Iterable[Site], scope: tuple[str, ...]) -> list[Site]:
        """The sites in classes of this kind first."""
        return sorted(sites, key=lambda site: not _is_in(site, scope))

    def _forgotten(self) -> Iterator[Site]:
        """Where a step changes something that no beginning of an episode sets."""
        owned = [s for s in self._sites if s.kind == "set" and _is_in(s, _ENV)]
        calls = self._calls
        begun = _reached(_BEGINNINGS, calls)
        anew = {site.name for site in owned if site.function in begun}
        during = _reached(_STEPS, calls) - begun
        yield from (s for s in owned if s.function in during and s.name not in anew)

    @cached_property
    def _files(self) -> frozenset[Path]:
        package = self._module.partition(".")[0]
        if package in ("", "__main__"):
            return frozenset()  # a game that no module offers
        spec = find_spec(package)
        folders = (spec.submodule_search_locations if spec else None) or []
        found = {path for folder in folders for path in Path(folder).rglob("*.py")}
        if spec and spec.origin and spec.origin.endswith(".py"):
            found.add(Path(spec.origin))
        return frozenset(found)

    @cached_property
    def _trees(self) -> dict[Path, ast.Module]:
        return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(self._files)}

    @cached_property
    def _sites(self) -> list[Site]:
        classes = {
            node.name: [_last_name(base) for base in node.bases]
            for tree in self._trees.values()
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
        }
        return [
            s for path, tree in self._trees.items() for s in _sites_of(path, tree, classes, (), "")
        ]

    @cached_property
    def _calls(self) -> dict[str, set[str]]:
        """Names of the functions that each function calls."""
        found: dict[str, set[str]] = {}
        for tree in self._trees.values():
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef):
                    called = (n.func for n in ast.walk(node) if isinstance(n, ast.Call))
                    found.setdefault(node.name, set()).update(map(_last_name, called))
        return found


def _reached(starts: Iterable[str], calls: dict[str, set[str]]) -> set[str]:
    """The functions that these call, directly or through others, and these themselves."""
    found, waiting = set[str](), list(starts)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += calls.get(name, ())
    return found


def _sites_of(
    path: Path, node: ast.AST, classes: dict[str, list[str]], bases: tuple[str, ...], function: str
) -> Iterator[Site]:
    if isinstance(node, ast.ClassDef):
        bases = (node.name, *_all_bases(node.name, classes))
    if isinstance(node, ast.FunctionDef):
        yield Site(node.name, "function", path, node.lineno, bases, function)
        function = node.name
    for name, kind, at in _names(node):
        yield Site(name, kind, path, at.lineno, bases, function)
    for child in ast.iter_child_nodes(node):
        yield from _sites_of(path, child, classes, bases, function)


def _names(node: ast.AST) -> Iterator[tuple[str, Kind, ast.expr]]:
    match node:
        case ast.Call():
            yield from ((k.arg, "keyword", k.value) for k in node.keywords if k.arg)
            if _last_name(node.func) in _UNSEEDED and not node.args:
                yield _last_name(node.func), "random", node
        case ast.Attribute(attr="environ"):
            yield node.attr, "random", node
        case ast.Assign() | ast.AugAssign() | ast.AnnAssign():
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                while isinstance(target, ast.Subscript):
                    target = target.value
                yield _last_name(target), "set", target
        case ast.Constant(value=str(text)):
            yield text, "text", node
        case _:
            return


def _all_bases(name: str, classes: dict[str, list[str]]) -> list[str]:
    """Names of the classes that a class inherits from. Two modules may give one name to two classes, so
    that a name can be its own base."""
    found, waiting = list[str](), list(classes.get(name, ()))
    while waiting:
        base = waiting.pop(0)
        if base not in found and base != name:
            found.append(base)
            waiting += classes.get(base, ())
    return found


def _is_in(site: Site, endings: tuple[str, ...]) -> bool:
    return any(base.endswith(endings) for base in site.bases)


def _last_name(node: ast.AST) -> str:
    return (
        node.attr
        if isinstance(node, ast.Attribute)
        else node.id
        if isinstance(node, ast.Name)
        else ""
    )


def _shown(path: Path, line: int) -> str:
    """A line of a file as people look for it."""
    text = path.read_text(encoding="utf-8").splitlines()[line - 1].strip()
    return f"{path.name}:{line}: {text[:100]}"
