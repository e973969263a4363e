"""The demo learns Breakout, whatever the seed."""

from __future__ import annotations

from pathlib import Path

import pytest
from supervised import call

from arcade_rl.runs.database import Database

CONFIG = Path(__file__).parent.parent / "configs" / "breakout" / "quick.toml"


@pytest.mark.very_slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_demo_ends_above_25_points(seed: int, tmp_path: Path) -> None:
    code, said = call(
        tmp_path, ["train", str(CONFIG), "--run", "r", "--set", f"seed={seed}"], timeout_s=1200.0
    )
    assert code == 0, said
    with Database.reading(tmp_path / "r" / "run.db") as database:
        chunks = database.chunks()
        mean = database.recent_mean("score", 100)
    assert len(chunks) == 10
    assert chunks[0].metrics["score"] is not None
    assert chunks[0].metrics["score"] < 10
    assert mean is not None
    assert mean >= 25
