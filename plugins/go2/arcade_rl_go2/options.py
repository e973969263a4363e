"""The `[options]` table of Go2."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from arcade_rl.config import Options

TaskName: TypeAlias = Literal["walk", "stand-up-and-walk", "turn", "terrain"]
CameraName: TypeAlias = Literal["follow", "fixed", "front", "above"]
"""Where pictures are taken from: beside the robot; at (3, -2.5, 1.5) looking at where it starts; ahead of
it; from above. All but "fixed" go where the robot goes."""


def _is_pair(value: object) -> object:
    if isinstance(value, list | tuple) and len(value) == 2:
        return value
    raise ValueError(f"{value!r} is no range; expected [lowest, highest]")


Bound: TypeAlias = Annotated[float, Field(ge=-1000, le=1000)]
Range: TypeAlias = Annotated[tuple[Bound, Bound], Field(strict=False), BeforeValidator(_is_pair)]
"""Lowest and highest; TOML has it as an array."""


class Between(Options):
    """A table whose pairs of numbers are ranges."""

    @model_validator(mode="after")
    def _is_in_order(self) -> Between:
        for name, value in self:
            if isinstance(value, tuple) and value[0] > value[1]:
                raise ValueError(
                    f"{name} is [{value[0]:g}, {value[1]:g}]; expected [lowest, highest]"
                )
        return self


class Command(Between):
    """The velocity that is asked for, drawn anew every few seconds. Unset: the task's own."""

    forward: Range | None = None
    """m/s, in the base's frame."""
    left: Range | None = None
    """m/s."""
    turn: Range | None = None
    """rad/s, to the left."""
    every_s: Annotated[float, Field(gt=0, le=1e6)] = 4.0


class Randomize(Between):
    """What differs from one episode to the next. Unset: nothing does."""

    friction: Range | None = None
    """Friction of all links, as a multiple of the model's. 0.5 to 1.25 is usual."""
    mass_kg: Range | None = None
    """Added to the base."""
    push_m_s: Annotated[float, Field(ge=0, le=1000)] = 0.0
    """The highest sudden change of the base's horizontal velocity along each axis; 0: no pushes."""
    push_every_s: Annotated[float, Field(gt=0, le=1e6)] = 5.0

    @model_validator(mode="after")
    def _keeps_a_robot(self) -> Randomize:
        if self.friction is not None and self.friction[0] <= 0:
            raise ValueError(f"friction begins at {self.friction[0]:g}; expected more than 0")
        if self.mass_kg is not None and self.mass_kg[0] < -3:
            raise ValueError(f"mass_kg begins at {self.mass_kg[0]:g}; expected -3 or more")
        return self


class Go2Options(Options):
    """What the robot is to do, and how it is simulated and shown."""

    task: TaskName = "walk"
    """What the robot is rewarded for, and when an episode ends."""
    control_hz: Annotated[int, Field(ge=15, le=50)] | None = None
    """Decisions a second. Unset: the task's own, 50, or 15 for stand-up-and-walk."""
    episode_s: Annotated[float, Field(gt=0, le=600)] | None = None
    """Seconds after which an episode is truncated. Unset: the task's own, 20, or 400 steps of
    stand-up-and-walk."""
    start_rad: Annotated[float, Field(ge=0, le=0.5)] | None = None
    """Each joint starts at most so far from the default pose. Unset: the task's own, 0.1, or 0.02 of
    stand-up-and-walk."""
    command: Command = Command()
    randomize: Randomize = Randomize()
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device of the simulation; "auto": a GPU where there is one."""
    camera: CameraName = "follow"
    """Camera of films that name no other."""

    @model_validator(mode="after")
    def _goes_along_its_strip(self) -> Go2Options:
        asked = self.command.forward
        if self.task == "terrain" and asked is not None and sum(asked) <= 0:
            raise ValueError(
                f"command.forward of terrain is [{asked[0]:g}, {asked[1]:g}]; expected a mean above 0: "
                "its strips of ground lead forward"
            )
        return self
