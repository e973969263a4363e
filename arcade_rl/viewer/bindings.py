"""Which keys and inputs of game pads press which button of a game, as people have set them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from arcade_rl.contracts import Controls
from arcade_rl.contracts.controls import PAD_INPUTS
from arcade_rl.errors import VerificationError
from arcade_rl.reading import ABSENT, read_file
from arcade_rl.runs.fields import built, parsed
from arcade_rl.runs.files import canonical_json, state_folder, write_atomically

FORMAT = 1
PAD = "pad:"
"""Beginning of the name of an input of a game pad; all others are keys."""
DEAD_ZONE = 0.25
"""Part of a stick's way that counts as nothing, where nothing else is set."""
DEAD_ZONES = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
"""Dead zones for people to choose from."""

Inputs = Mapping[str, Sequence[str]]
"""The inputs that press each button, by the button's name."""


@dataclass(frozen=True, slots=True)
class Bindings:
    """Content of the file."""

    games: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """What presses each button, by game and seat as `place_of` names them."""
    dead_zone: float = DEAD_ZONE
    """Part of a stick's way that counts as nothing, 0 to 1."""
    format: int = FORMAT

    def inputs(self, game: str, controls: Controls, seat: int) -> dict[str, list[str]]:
        """What presses each button of a game on a seat: as it was set, else as the game declares
        it. Buttons that the game does not have any more are left out."""
        kept = self.games.get(place_of(game, seat), {})
        return {
            name: list(kept.get(name, usual))
            for name, usual in usual_inputs(controls, seat).items()
        }

    def with_inputs(self, game: str, seat: int, inputs: Inputs) -> Bindings:
        """These bindings with other inputs for one seat of a game."""
        changed = {name: list(given) for name, given in inputs.items()}
        return replace(self, games={**self.games, place_of(game, seat): changed})


def place_of(game: str, seat: int) -> str:
    """The name of a game's seat in the file."""
    return game if seat == 0 else f"{game}:{seat + 1}"


def usual_inputs(controls: Controls, seat: int) -> dict[str, list[str]]:
    """What presses each button as the game declares it. Everybody has a game pad."""
    return {
        button.name: [
            *(button.other_keys if seat else button.keys), *(f"{PAD}{name}" for name in button.pad)
        ]
        for button in controls.buttons
    }  # fmt: skip


def bindings_file() -> Path:
    """The file, which need not exist."""
    return state_folder() / "controls.json"


def read_bindings() -> Bindings:
    """What was set, or nothing where there is no file. VerificationError if the file is damaged."""
    path = bindings_file()
    try:
        found = built(Bindings, parsed(read_file(path)))
    except ABSENT:
        return Bindings()
    except ValueError as error:
        raise VerificationError(
            f"{path} is not readable: {error}; delete it, or restore it"
        ) from None
    pads = {
        given
        for inputs in found.games.values()
        for all_of_one in inputs.values()
        for given in all_of_one
        if given.startswith(PAD)
    }
    unknown = sorted(pads - {f"{PAD}{name}" for name in PAD_INPUTS})
    if found.format != FORMAT or not 0 <= found.dead_zone < 1 or unknown:
        raise VerificationError(
            f"{path} is not readable: format {found.format}, dead zone {found.dead_zone}, inputs "
            f"{unknown}; expected format {FORMAT}, 0 to 1 and inputs that game pads have; delete it"
        )
    return found


def write_bindings(bindings: Bindings) -> None:
    """Keep what was set. OSError where that cannot be written."""
    path = bindings_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, canonical_json(asdict(bindings)))
