"""The game that an episode was played in, as it is installed here."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from arcade_rl.config import declared, describe
from arcade_rl.contracts import Declaration, Game, Purpose, Screen, gives
from arcade_rl.errors import MissingError, PluginError, UsageError, VerificationError
from arcade_rl.recording.recording import Metadata, Recording
from arcade_rl.registry import load_game


@dataclass(frozen=True, slots=True)
class PlayedGame:
    """A game with the options that it was played with."""

    game: Game
    options: Any
    declaration: Declaration

    def open_screen(
        self,
        purpose: Purpose,
        sound: bool = False,
        camera: str | None = None,
        size: tuple[int, int] | None = None,
    ) -> Screen:
        """Open the screen that shows an episode, seen from a camera of the declaration and at a
        size (width, height) where they are named.

        UsageError if the game has no such camera, or draws at one size only; PluginError if the
        game declares cameras and its screen has no view.
        """
        name = self.game.name
        if camera is not None:
            check_camera(camera, name, self.declaration)
        if size is not None and not self.declaration.cameras:
            one = self.declaration.frame_size
            drawn = "one size" if one is None else f"{one[0]}x{one[1]}"
            raise UsageError(f"{name} draws pictures of {drawn} and of no other size")
        screen = self.game.make_screen(self.options, purpose, sound)
        if not isinstance(screen, Screen):
            raise PluginError(
                f"{name}: make_screen gave {screen!r:.60}; expected a class that inherits from "
                "arcade_rl.contracts.Screen"
            )
        if not self.declaration.cameras:
            return screen
        with ExitStack() as failed:
            failed.callback(screen.close)
            if not gives(screen, Screen, "view"):
                raise PluginError(
                    f"{name} declares cameras, and its screen has no view; expected a Screen with one"
                )
            screen.view(camera, size)
            failed.pop_all()
        return screen


def check_camera(camera: str, game: str, declaration: Declaration) -> None:
    """Raise UsageError if the game has no such camera."""
    cameras = declaration.cameras
    if camera not in cameras:
        has = f"it has {', '.join(cameras)}" if cameras else "its pictures have one view only"
        raise UsageError(f"{game} has no camera {camera!r}; {has}")


def find_game(played: Metadata) -> PlayedGame:
    """The game that the episode was played in. MissingError if the game is not here or has another
    ROM, VerificationError if the game does not know the episode's options any more."""
    game = load_game(played.game)
    try:
        options = game.options.model_validate(played.options)
    except ValidationError as error:
        fault = describe(error, played.options, table="options")
        raise VerificationError(
            f"episode {played.number} of {played.run} has options that {played.game} does not take: "
            f"{fault}; install the version that it was played with"
        ) from error
    declaration = declared(game, options)
    if played.rom_sha256 != declaration.rom_sha256:
        raise MissingError(
            f"episode {played.number} of {played.run} was played with the ROM "
            f"{played.rom_sha256 or 'none'}, and {played.game} has {declaration.rom_sha256 or 'none'} "
            "here; install the one that it was played with"
        )
    return PlayedGame(game, options, declaration)


def find_playable(
    recording: Recording, find: Callable[[Metadata], PlayedGame] = find_game
) -> PlayedGame:
    """The game of a recording that is to be played, as `find` finds it. VerificationError also if the
    recording has actions that the game does not have."""
    played = find(recording.metadata)
    if fault := action_fault(recording, played.declaration):
        raise VerificationError(fault)
    return played


def action_fault(recording: Recording, declaration: Declaration) -> str:
    """What is wrong with the recorded actions, the answers of opponents and the lengths of steps;
    "" if the game can have them all."""
    actions, it, most = recording.actions, recording.metadata, len(declaration.actions) - 1
    seats = len(declaration.seats)
    if (recording.replies is None) != (seats == 1):
        has, expected = ("no", "some") if seats > 1 else ("", "none")
        return (
            f"episode {it.number} of {it.run} has {has} answers of opponents; expected {expected}, as "
            f"{it.game} has {seats} seats: the file was not made by it"
        )
    if (recording.frames is not None) != declaration.timed:
        has = "no lengths" if declaration.timed else "lengths"
        differ = "differ" if declaration.timed else "are alike"
        return (
            f"episode {it.number} of {it.run} has {has} of its steps, which {differ} in {it.game}: the file "
            "was not made by it"
        )
    is_choice = actions.ndim == 1 and actions.dtype.kind in "iu"
    if not is_choice or not len(actions) or (actions.min() >= 0 and actions.max() <= most):
        return ""
    return (
        f"episode {it.number} of {it.run} has actions {actions.min()} to {actions.max()}; expected "
        f"0 to {most} of {it.game}: the file was not made by it"
    )
