"""What is on the screen of the cockpit, as text."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from textual.pilot import Pilot

from arcade_rl.tui.app import Cockpit


class Screenful:
    """A cockpit that a test types into and reads."""

    def __init__(self, app: Cockpit, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    async def settle(self) -> None:
        """Wait until everything is read and drawn."""
        await self.until(lambda: bool(self.app.rows) and all(row.state for row in self.app.rows))

    async def settled(self) -> list[str]:
        """The lines of the screen once nothing more comes: everything was read after the last key, and
        what was read is drawn."""
        app = self.app
        app._look_soon()  # what the last key opened is read at the latest with the next look
        before: list[str] = []

        def is_still() -> bool:
            nonlocal before
            is_idle = all(worker.is_finished for worker in app.workers) and not app._is_looking
            if not is_idle or app.screen._callbacks:
                before = []
                return False
            is_same, before = before == self.lines, self.lines
            return is_same

        await self.until(is_still)
        return self.lines

    async def until(self, condition: Callable[[], bool], timeout_s: float = 120.0) -> None:
        """Wait until the condition holds; the test fails if it never does."""
        end = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end, f"this did not come:\n{self.text}"
            await asyncio.sleep(0.02)
            await self.pilot.pause()
        await self.pilot.pause()

    async def shows(self, *texts: str) -> None:
        """Wait until all of these texts are on the screen."""
        await self.until(lambda: all(text in self.text for text in texts))

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        names = {" ": "space", ":": "colon", ">": "greater_than_sign", "=": "equals_sign"}
        names |= {
            "_": "underscore",
            "-": "minus",
            ".": "full_stop",
            "<": "less_than_sign",
            "%": "percent_sign",
        }
        await self.press(*(names.get(letter, letter) for letter in text))

    @property
    def lines(self) -> list[str]:
        """The lines of the screen."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]

    @property
    def text(self) -> str:
        """The whole screen."""
        return "\n".join(self.lines)

    @property
    def status(self) -> str:
        """The line below the screens."""
        return self.lines[-2]
