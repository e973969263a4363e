"""A feed that cannot be written is told, and the training goes on without it."""

from __future__ import annotations

from pathlib import Path

from make_run import Made
from supervised import call, notices, state_of


def test_a_feed_that_cannot_be_written_ends_no_training(finished: Made, tmp_path: Path) -> None:
    run = finished.copy(tmp_path)
    for number in (999998, 999999):  # folders in the place of files that are to be deleted
        (run.feed / f"{number}.feed").mkdir()
    code, said = call(tmp_path, ["resume", run.name, "--steps", "2304"])
    assert code == 0, said
    assert "chunk 5 cannot be watched any further: " in said
    assert "999998.feed" in notices(run)
    state = state_of(run)
    assert state is not None
    assert state.steps == 2304
