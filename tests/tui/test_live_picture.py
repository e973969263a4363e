"""The picture of a training that runs: what an environment plays, episode after episode."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from supervised import start, wait_until
from toy_runs import ENDLESS, TRAIN, begun

from arcade_rl.runs.directory import RunDirectory
from arcade_rl.tui.picture import PictureBox, PictureScreen

if TYPE_CHECKING:
    from tui.conftest import Opened


def test_a_training_is_shown_beside_its_curves_and_alone(
    cockpit: Opened, tmp_path: Path, leave_nothing_running: None
) -> None:
    command = start(tmp_path, [*TRAIN, *ENDLESS, "--set", "options.step_time_s=0.005"])
    wait_until(lambda: begun(RunDirectory(tmp_path / "r")))

    async def play() -> None:
        async with cockpit(tmp_path, (160, 50)) as screen:
            await screen.press("2")
            await screen.shows("Chunks")
            await screen.press("g")
            box = screen.app.screen.query_one("#picture", PictureBox)
            await screen.shows("live, environment 0  step")
            seen: set[str] = set()

            def is_another_episode() -> bool:
                line = next((line for line in screen.lines if "live, environment 0" in line), "")
                words = line.partition("live, environment 0")[2].split()
                seen.update(words[3:4] if len(words) > 4 and words[2] == "of" else ())
                return len(seen) > 1

            await screen.until(is_another_episode)
            assert box.pictures > 5
            projection = box._projection
            assert projection is not None
            await screen.press("1")
            await screen.until(lambda: projection.process.poll() is not None)
            assert box.subject is None
            await screen.pilot.resize_terminal(80, 24)
            await screen.press("2", "g")
            assert isinstance(screen.app.screen, PictureScreen)
            await screen.shows("live, environment 0  step")
            await screen.press("escape")
            assert not isinstance(screen.app.screen, PictureScreen)

    asyncio.run(play())
    assert command.process.poll() is None, "nobody disturbs the training"
