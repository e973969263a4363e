"""Many games at once, in Python's terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.errors import UsageError
from arcade_rl_drmario.simulator import batch
from arcade_rl_drmario.simulator.level import MOST_VIRUSES
from arcade_rl_drmario.simulator.reach import REACHED_SHAPE
from arcade_rl_drmario.simulator.scripts import LONGEST
from arcade_rl_drmario.simulator.state import (
    FIRST_WON,
    PLAYING,
    SIZE,
    STATE,
    UNBEGUN,
)

TOP_LEVEL = 24
MOST_FRAMES_PRESSED = 30
"""Frames of a press, at most: no pill rests and the next one falls within so many."""
MOST_FRAMES = 1 << 40

Numbers = int | npt.ArrayLike
"""One number for all, or an array."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Games as they were, scripts that are being played included."""

    games: npt.NDArray[np.uint8]
    """(N, 512), uint8."""
    scripts: npt.NDArray[np.uint8]
    """(N, players, 660), uint8."""
    pending: npt.NDArray[np.int64]
    """(N, players, 2), int64."""


class Simulator:
    """N games of one or two players, frame for frame what the cartridge plays.

    Everything is a pure function of seeds, levels, speeds and buttons. Start and Select do nothing:
    there is no pause. A game that has ended, or was never reset, stands still.

    | array | meaning |
    |---|---|
    | `state` | all bytes of the rules by name, (N,), `STATE`; writable |
    | `bytes` | the same as plain bytes, (N, 512), uint8 |
    | `counts` | what happened in the last run of frames: lines, passes with lines, lines sent to the other player, pieces of garbage that came, (N, players, 4), int64 |
    """

    def __init__(self, num_games: int, players: int = 1) -> None:
        if num_games < 1 or players not in (1, 2):
            raise UsageError(
                f"{num_games} games of {players} players; expected at least one game of 1 or 2"
            )
        self.num_games, self.players = num_games, players
        self.bytes = np.zeros((num_games, SIZE), np.uint8)
        self.state: npt.NDArray[Any] = self.bytes.view(STATE)[:, 0]
        self._scripts = np.zeros((num_games, players, LONGEST), np.uint8)
        self._pending = np.zeros((num_games, players, 2), np.int64)
        self._frames = np.zeros(num_games, np.int64)
        self.counts = np.zeros((num_games, players, 4), np.int64)
        self._buffers = (
            np.zeros(17, np.int64),
            np.zeros(REACHED_SHAPE, np.int64),
            np.zeros((16, 2), np.int64),
            np.zeros(16, np.int64),
        )
        self.state["outcome"] = UNBEGUN

    def reset(
        self,
        indices: npt.ArrayLike | None,
        seeds: Numbers,
        levels: Numbers,
        speeds: Numbers,
        frame_counters: Numbers = 0,
        most_viruses: Numbers = MOST_VIRUSES,
    ) -> None:
        """Begin games (all for None) at the frame before their first pill is thrown.

        `seeds`: the random number's state when the level begins, 2 to 65535; `levels`: 0 to 24 and
        `speeds`: 0 LOW, 1 MED, 2 HI, each for all, by game (n, 1) or by player (n, players);
        `frame_counters`: the console's frame counter, 0 to 255, whose parity soft drops obey;
        `most_viruses`: 1 to 84, for boards with fewer than the level has. These three are for all or by
        game (n,). UsageError for anything else: no game is reset then.
        """
        chosen = self._chosen(indices)
        by_game = ((), chosen.shape)
        by_player = ((), (chosen.size, 1), (chosen.size, self.players))
        seeds = _numbers("seeds", seeds, 2, 0xFFFF, by_game)
        levels = _numbers("levels", levels, 0, TOP_LEVEL, by_player)
        speeds = _numbers("speeds", speeds, 0, 2, by_player)
        counters = _numbers("frame_counters", frame_counters, 0, 0xFF, by_game)
        most = _numbers("most_viruses", most_viruses, 1, MOST_VIRUSES, by_game)
        self.bytes[chosen] = 0
        self.state["rng"][chosen] = seeds
        self.state["number_of_players"][chosen] = self.players
        self.state["frame_counter"][chosen] = counters
        players = self.state["players"][:, : self.players]
        players["level"][chosen] = levels
        players["speed"][chosen] = speeds
        self._start(chosen, most)

    def go_on(
        self, indices: npt.ArrayLike | None = None, frame_counters: Numbers | None = None
    ) -> None:
        """What Start does after a level or a round: the next one, from the same random stream.

        One player goes on to the next level with the score so far; two play the next round, with
        their crowns. A level that was not cleared begins once more. Without `frame_counters` they go on
        from where they stood, as if no frame had gone by.
        """
        chosen = self._chosen(indices)
        if frame_counters is not None:
            by_game = ((), chosen.shape)
            counters = _numbers("frame_counters", frame_counters, 0, 0xFF, by_game)
        outcomes = self.state["outcome"][chosen]
        if (outcomes == PLAYING).any():
            game = int(chosen[np.argmax(outcomes == PLAYING)])
            raise UsageError(f"game {game} is being played; expected one that has ended")
        if self.players == 1:
            levels = self.state["players"]["level"][:, 0]
            higher = levels[chosen] + (outcomes == FIRST_WON)
            levels[chosen] = np.minimum(higher, TOP_LEVEL)
        if frame_counters is not None:
            self.state["frame_counter"][chosen] = counters
        for buttons in ("pressed", "held"):
            self.state[buttons][chosen] = 0
        self._start(chosen, np.array(MOST_VIRUSES))

    def frame(self, buttons: npt.ArrayLike) -> None:
        """One frame of every game. `buttons`: held down, as the bits of `pad`, (N,) or (N, players).

        Scripts that were being played are given up.
        """
        held = np.asarray(buttons, np.uint8).reshape(self.num_games, self.players, 1)
        self._pending[:] = (1, 0)
        batch.run_games(self.bytes, held, self._pending, 1, False, self._frames, self.counts)
        self._pending[:] = 0

    @property
    def deciding(self) -> npt.NDArray[np.bool_]:
        """Whose pill falls without a script. (N, players), bool."""
        players = self.state["players"][:, : self.players]
        idle = self._pending[..., 0] == self._pending[..., 1]
        playing = self.state["outcome"][:, None] == PLAYING
        falling: npt.NDArray[np.bool_] = (players["next_action"] == 0) & idle & playing
        return falling

    def reachable(self) -> npt.NDArray[np.bool_]:
        """All that falling pills can come to, by placement. (N, players, 512), bool.

        A placement is 128 x rotation + 8 x row + column of the pill's bottom-left cell, row 0 at the
        top. Exact, from the state as it is, for all buttons but opposite directions at once.
        """
        possible = np.zeros((self.num_games, self.players, batch.PLACEMENTS), np.bool_)
        batch.find_placements(self.bytes, possible, self._buffers)
        return possible

    def script(
        self, game: int, placement: int, player: int = 0, traced: bool = False
    ) -> npt.NDArray[np.uint8]:
        """The buttons of every frame until the pill rests there. (frames,), uint8.

        Where the straight way leads there it is that, which no other beats; else a short one, not always
        the shortest. `traced`: one that was found backwards in any case. UsageError where the pill cannot
        come to rest there.
        """
        wanted = np.full((1, self.players), batch.NO_PLACEMENT)
        wanted[0, player] = placement
        _require("placement", wanted[0, player], 0, batch.PLACEMENTS - 1)
        scripts = np.zeros((1, self.players, LONGEST), np.uint8)
        pending = np.zeros((1, self.players, 2), np.int64)
        games = self.bytes[game][None]
        if batch.find_scripts(games, wanted, traced, self._buffers, scripts, pending) >= 0:
            raise _unreachable(game, player, placement)
        return scripts[0, player, : pending[0, player, 0]]

    def place(self, placements: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Bring pills to rest, and run every game to its next decision; returns the frames it took. (N,)

        `placements`: (N,) or (N, players), int; -1 for a pill that has a script already or does not
        fall, and to leave a game alone that waits for a decision. Two players decide at times of their
        own: a game stops as soon as one of them has to, while the other's script goes on later.
        A game that ends stops there. UsageError where a pill cannot come to rest as asked: no game
        has run then.
        """
        wanted = np.asarray(placements, np.int64).reshape(self.num_games, self.players)
        _require("placements", wanted, batch.NO_PLACEMENT, batch.PLACEMENTS - 1)
        kept = self._pending.copy()
        refused = batch.find_scripts(
            self.bytes, wanted, False, self._buffers, self._scripts, self._pending
        )
        if refused >= 0:
            self._pending = kept
            game, player = divmod(refused, self.players)
            raise _unreachable(game, player, int(wanted[game, player]))
        return self._run_on()

    def press(self, buttons: npt.ArrayLike, frames: int) -> npt.NDArray[np.int64]:
        """Hold buttons down for so many frames, 1 to 30, and run every game to its next decision;
        returns the frames it took. (N,)

        `buttons`: the bits of `pad`, (N,) or (N, players), int; -1 for a pill that has buttons already
        or does not fall, and to leave a game alone that waits for a decision. Where a pill comes to
        rest meanwhile, a game goes on to the next one.
        """
        wanted = np.asarray(buttons, np.int64).reshape(self.num_games, self.players)
        _require("buttons", wanted, -1, 0xFF)
        _require("frames", np.asarray(frames), 1, MOST_FRAMES_PRESSED)
        given = wanted >= 0
        if (given & ~self.deciding).any():
            game, player = np.argwhere(given & ~self.deciding)[0].tolist()
            raise UsageError(
                f"game {game}: buttons are given for player {player + 1}; expected -1 unless its pill falls"
                " and it holds no others"
            )
        self._scripts[given, :frames] = wanted[given][:, None]
        self._pending[given] = (frames, 0)
        return self._run_on()

    def _run_on(self) -> npt.NDArray[np.int64]:
        """Run every game to its next decision; returns the frames it took. (N,)"""
        batch.run_games(
            self.bytes, self._scripts, self._pending, MOST_FRAMES, True, self._frames, self.counts
        )
        return self._frames.copy()

    def run(self) -> npt.NDArray[np.int64]:
        """Run every game to its next decision without deciding any; returns the frames it took. (N,)"""
        return self.place(np.full((self.num_games, self.players), batch.NO_PLACEMENT))

    def save(self, indices: npt.ArrayLike | None = None) -> Snapshot:
        """Whole games (all for None), to go back to or to branch from."""
        chosen = self._chosen(indices)
        return Snapshot(self.bytes[chosen], self._scripts[chosen], self._pending[chosen])

    def restore(self, snapshot: Snapshot, indices: npt.ArrayLike | None = None) -> None:
        """Put games of a snapshot in the places of `indices` (all for None); one may go to many."""
        chosen = self._chosen(indices)
        self.bytes[chosen] = snapshot.games
        self._scripts[chosen] = snapshot.scripts
        self._pending[chosen] = snapshot.pending

    def _start(self, chosen: npt.NDArray[np.intp], most_viruses: npt.NDArray[Any]) -> None:
        self._pending[chosen] = 0
        most = np.broadcast_to(most_viruses, chosen.shape).astype(np.int64)
        batch.start_levels(self.bytes, chosen, most)

    def _chosen(self, indices: npt.ArrayLike | None) -> npt.NDArray[np.intp]:
        if indices is None:
            return np.arange(self.num_games)
        given = np.atleast_1d(np.asarray(indices))
        if given.dtype == np.bool_:
            raise UsageError("indices are a mask; expected numbers of games: use np.flatnonzero")
        if given.size and (given.dtype.kind not in "iu" or given.ndim > 1):
            raise UsageError(
                f"indices are {given.dtype} of shape {given.shape}; expected whole numbers, (n,)"
            )
        _require("indices", given, 0, self.num_games - 1)
        return given.astype(np.intp)


def _numbers(
    name: str, given: Numbers, lowest: int, highest: int, shapes: Sequence[tuple[int, ...]]
) -> npt.NDArray[Any]:
    """Whole numbers of one of these shapes, within both bounds. UsageError."""
    values = np.asarray(given)
    if values.shape not in shapes or (values.size and values.dtype.kind not in "iu"):
        raise UsageError(
            f"{name} are {values.dtype} of shape {values.shape}; expected whole numbers of shape "
            + " or ".join(map(str, dict.fromkeys(shapes)))
        )
    _require(name, values, lowest, highest)
    return values


def _require(name: str, values: npt.NDArray[Any], lowest: int, highest: int) -> None:
    if values.size and (values.min() < lowest or values.max() > highest):
        raise UsageError(
            f"{name} from {values.min()} to {values.max()}; expected {lowest} to {highest}"
        )


def _unreachable(game: int, player: int, placement: int) -> UsageError:
    return UsageError(
        f"game {game}: the pill of player {player + 1} cannot come to rest at placement {placement};"
        " expected one that `reachable` has while the pill falls without a script"
    )
