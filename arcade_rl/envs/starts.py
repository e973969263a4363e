"""Options of games whose episodes can begin from a start state."""

from __future__ import annotations

from typing import Any

from pydantic import PrivateAttr, field_validator

from arcade_rl.config import Options
from arcade_rl.recording.states import StartState, find_state, split_state

__all__ = ["StartOptions", "StartState"]


class StartOptions(Options):
    """What a game's `[options]` derive from, if its episodes can begin from a start state."""

    start: str = ""
    """Name of the start state that episodes begin from; its hash is added when a run is made.
    Empty: episodes begin as usual."""
    _start_state: StartState | None = PrivateAttr(None)

    @field_validator("start")
    @classmethod
    def _with_hash(cls, value: str) -> str:
        if not value:
            return value
        name, sha256 = split_state(value)
        return value if sha256 else f"{name}@{find_state(name).sha256}"

    def model_post_init(self, context: Any) -> None:
        """Read the state. The options carry its bytes into other processes."""
        if self.start:
            self._start_state = find_state(self.start)

    @property
    def start_state(self) -> StartState | None:
        """The state that episodes begin from; None where they begin as usual."""
        return self._start_state

    @property
    def start_name(self) -> str:
        """The name of the state and the beginning of its hash, for people."""
        name, _, sha256 = self.start.partition("@")
        return f"{name}@{sha256[:8]}" if sha256 else name
