"""The `[options]` table of Breakout."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from arcade_rl.envs.starts import StartOptions

FRAME_SKIP = 4
"""Emulator frames of one step."""
FRAME_STACK = 4
"""Pictures of an observation of pixels."""


class BreakoutOptions(StartOptions):
    """What is observed, and under which protocol."""

    observation: Literal["features", "pixels"] = "features"
    """42 numbers from the console's memory, or the last four pictures, grey, 84 x 84."""
    sticky: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    """Probability, at every frame, that the buttons stay as they were. 0 and 0.25 are the two
    accepted protocols."""
    max_frames: Annotated[int, Field(ge=1, le=10**9)] = 108_000
    """Frames after which an episode is truncated, rounded up to whole steps; half an hour."""
    episodic_life: bool = True
    """In training only: the learner does not look past a lost life. The game goes on."""
    noop_max: Annotated[int, Field(ge=0, le=60)] = 30
    """Bound on the frames that pass between the first serve and the first step, drawn from the seed."""

    @model_validator(mode="after")
    def _pixels_start_as_usual(self) -> BreakoutOptions:
        if self.start and self.observation == "pixels":
            raise ValueError(
                'start needs observation = "features": ale-py\'s environments of pixels take no '
                "saved state"
            )
        return self

    @property
    def max_steps(self) -> int:
        """Steps after which an episode is truncated."""
        return -(-self.max_frames // FRAME_SKIP)
