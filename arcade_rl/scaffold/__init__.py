"""Writes the distribution of a new game: package, configuration, tests and a page, ready to be trained."""

from __future__ import annotations

import json
import keyword
import re
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from string import Template

from arcade_rl.errors import UsageError

OWN = "arcade-rl"
"""Name of the distribution that a game depends on."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a new game may begin from."""

    summary: str
    usual_id: str = ""
    """Name of the game in its library, where nobody gives one; "" for a kind without a library."""
    package: str = ""
    """The library's distribution; "" where arcade_rl brings it along."""
    metrics: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    steps: int = 100_000
    minutes: str = "a minute"
    people: str = "`arcade-rl play $name` is for people"


KINDS = {
    "blank": Kind("A small game of its own, written as one episode: to be changed rule by rule."),
    "gymnasium": Kind(
        "An environment of Gymnasium.",
        "CartPole-v1",
        metrics=("return", "length"),
        terms=("reward",),
        minutes="a few minutes",
        people="names of the actions like LEFT and RIGHT let people play",
    ),
    "ale": Kind(
        "An Atari game of ale-py.",
        "pong",
        "ale-py",
        ("score", "lives"),
        ("score_sign", "lives_lost"),
        1_000_000,
        "half an hour",
    ),
    "retro": Kind(
        "A game of stable-retro.",
        "Airstriker-Genesis-v0",
        "stable-retro",
        ("score",),
        ("score_sign",),
        300_000,
        "an hour",
    ),
}


def write(name: str, kind: str, identity: str, folder: Path) -> list[Path]:
    """Write the distribution of the game `name` into a folder that is empty or not there yet. Returns the
    files. `identity` is the game's name in its library; "" for the usual one.

    UsageError if a name is none, or the folder has something in it.
    """
    chosen = KINDS[kind]
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name) or keyword.iskeyword(name):
        raise UsageError(
            f"{name!r:.60} is no name for a game; expected lower case, digits and underscores, such as "
            "space_race"
        )
    if identity and not chosen.usual_id:
        raise UsageError(f"--id {identity:.60}: a game from {kind} has no library; leave --id out")
    if identity and not re.fullmatch(r"[\w./:-]{1,100}", identity):
        raise UsageError(f"--id {identity!r:.60}: expected a name such as {chosen.usual_id}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already; expected a new folder, by --output")
    identity = identity or chosen.usual_id
    values = _values(name, chosen, identity)
    package = folder / f"arcade_rl_{name}"
    family = "blank" if kind == "blank" else "library"
    places = {
        folder / "pyproject.toml": "pyproject.toml",
        folder / "README.md": "README.md",
        package / "__init__.py": f"{kind}.py",
        package / "configs" / name / "quick.toml": f"{family}.toml",
        folder / "tests" / f"test_{name}.py": f"{family}_test.py",
    }
    for path, template in places.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        text = filled(template, values)
        path.write_text(aligned(text) if path.suffix == ".md" else text, encoding="utf-8")
    return list(places)


def filled(template: str, values: dict[str, str]) -> str:
    """A template with its values."""
    text = (files(__name__) / "templates" / f"{template}.txt").read_text(encoding="utf-8")
    return Template(text).substitute(values)


def aligned(page: str) -> str:
    """A page whose commands have their comments, which begin with "  # ", below each other."""
    split = [line.partition("  # ") for line in page.splitlines()]
    width = max(len(command) for command, mark, _ in split if mark)
    lines = [f"{text:{width}}{mark}{comment}" if mark else text for text, mark, comment in split]
    return "\n".join([*lines, ""])


def _values(name: str, kind: Kind, identity: str) -> dict[str, str]:
    from arcade_rl.contracts import CONTRACT  # imports numpy, for which --help does not wait

    words = name.split("_")
    needed = [f"{OWN}>={version(OWN)}", *([kind.package] if kind.package else [])]
    return {
        "name": name,
        "dashed": name.replace("_", "-"),
        "title": " ".join(words).capitalize(),
        "camel": "".join(word.capitalize() for word in words),
        "id": identity,
        "contract": str(CONTRACT),
        "dependencies": ", ".join(map(json.dumps, needed)),
        "minutes": kind.minutes,
        "people": Template(kind.people).substitute(name=name),
        "steps": f"{kind.steps:_}",
        "chunk": f"{kind.steps // 5:_}",
        "main_metric": kind.metrics[0] if kind.metrics else "",
        "metric_names": json.dumps(kind.metrics),
        "term_names": json.dumps(kind.terms),
    }
