"""A name of a public class means one thing in the whole core."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
MEANT_TWICE = {"Episode"}
"""The recorded episode of a notebook, `arcade_rl.Episode`, and the one that the author of a game writes,
`arcade_rl.adapters.Episode`: nobody imports both."""


def test_no_two_public_classes_share_a_name() -> None:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "arcade_rl").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    twice = {name: where for name, where in places.items() if len(where) > 1}
    assert {name: where for name, where in twice.items() if name not in MEANT_TWICE} == {}
