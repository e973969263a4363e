"""Capabilities are data in the declaration: production code hardly ever finds them out by type."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from arcade_rl import contracts
from arcade_rl.contracts import VectorEnv, gives

ROOT = Path(contracts.__file__).parents[2]
MOST = 15


def test_few_lines_find_out_by_type_what_is_declared() -> None:
    names = "|".join(contracts.__all__)
    asks = re.compile(rf"isinstance\([^)]*\b({names})\b")
    folders = [ROOT / "arcade_rl", *ROOT.glob("plugins/*/arcade_rl_*")]
    assert len(folders) == 5
    lines = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for folder in folders
        for path in sorted(folder.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if asks.search(line)
    ]
    print(f"{len(lines)} lines ask for a type of the contract:", *lines, sep="\n")
    assert len(lines) <= MOST


def test_a_method_of_its_own_is_told_from_a_default() -> None:
    class Staged(VectorEnv):
        def set_stage(self, stage: int) -> None: ...

        def reset(self, seeds: Any, rows: Any = None) -> Any: ...
        def step(self, actions: Any) -> Any: ...
        def close(self) -> None: ...

    class Later(Staged): ...

    assert gives(Later(), VectorEnv, "set_stage")
    assert not gives(Later(), VectorEnv, "action_masks")
