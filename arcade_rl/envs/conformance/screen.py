"""Whether the screen shows the episode that the evaluation environment played."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Declaration, Frame, Game, Screen, ScreenStep
from arcade_rl.envs.conformance.arrays import as_numpy
from arcade_rl.envs.conformance.play import Player, Seeds, hash_bytes, opened

SEED, OTHER_SEED = 31, 32
AGAIN_STEPS = 50


@dataclass(frozen=True, slots=True)
class Played:
    """One step of the evaluation environment."""

    action: npt.NDArray[Any]
    reward: np.float32
    ended: bool


def screen_faults(game: Game, options: Any, declaration: Declaration, steps: int) -> Iterator[str]:
    """Faults of frames, rewards and ends over one episode or `steps` steps, and of a second look."""
    played = play(game, options, steps)
    with closing(game.make_screen(options)) as screen:
        hashes = yield from _watch(screen, played, declaration)
        screen.reset(OTHER_SEED)
        again = _hashes(screen, played[:AGAIN_STEPS])
    if again != hashes[: len(again)]:
        yield f"the episode of seed {SEED} shows other frames the second time; expected the same"


def play(game: Game, options: Any, steps: int) -> list[Played]:
    """An episode of the second of two evaluation environments, up to `steps` steps."""
    played = []
    with opened(game, options, 2, "evaluation") as env:
        player = Player(env, Seeds([[OTHER_SEED], [SEED]]))
        for _ in range(steps):
            actions = player.choose()
            batch = env.step(actions)
            reward = np.float32(as_numpy(batch.rewards)[1])
            ended = bool(player.advance(batch)[1])
            played.append(Played(actions[1], reward, ended))
            if ended:
                break
    return played


def frame_hashes(game: Game, options: Any, steps: int) -> list[str]:
    """A hash of the frames of the reset and of every step."""
    played = play(game, options, steps)
    with closing(game.make_screen(options)) as screen:
        return _hashes(screen, played)


def _hashes(screen: Screen, played: list[Played]) -> list[str]:
    hashes = [hash_bytes(screen.reset(SEED).tobytes())]
    for step in played:
        frames = screen.step(step.action).frames
        hashes.append(hash_bytes(b"".join(frame.tobytes() for frame in frames)))
    return hashes


def _watch(
    screen: Screen, played: list[Played], declaration: Declaration
) -> Generator[str, None, list[str]]:
    """Faults of one look at the episode, the first of each kind; returns the hashes of its frames."""
    size = declaration.frame_size
    first = screen.reset(SEED)
    yield from frame_faults("the first frame", first, size)
    hashes, seen = [hash_bytes(first.tobytes())], set[str]()
    for number, expected in enumerate(played, start=1):
        shown = screen.step(expected.action)
        for kind, fault in _step_faults(shown, expected, size):
            if kind not in seen:
                yield f"step {number}: {fault}"
            seen.add(kind)
        hashes.append(hash_bytes(b"".join(frame.tobytes() for frame in shown.frames)))
        if shown.ended:
            break
    return hashes


def _step_faults(
    shown: ScreenStep, expected: Played, size: tuple[int, int]
) -> Iterator[tuple[str, str]]:
    """Kind and message of every fault of one step."""
    if len(shown.frames) == 0:
        yield "frames", "no frames; expected every frame of the step"
    for frame in shown.frames:
        for fault in frame_faults("a frame", frame, size):
            yield "frame", fault
    if np.float32(shown.reward) != expected.reward:
        yield (
            "reward",
            f"reward is {shown.reward}; expected {expected.reward}, the environment's reward",
        )
    if bool(shown.ended) != expected.ended:
        yield "ended", f"ended is {shown.ended}; expected {expected.ended}, as in the environment"


def frame_faults(label: str, frame: Frame, size: tuple[int, int]) -> Iterator[str]:
    """What keeps a frame from being an RGB picture of (width, height)."""
    shape = (size[1], size[0], 3)
    if not isinstance(frame, np.ndarray):
        yield f"{label} is a {type(frame).__name__}; expected a numpy array"
    elif frame.dtype != np.uint8 or frame.shape != shape:
        yield f"{label} is {frame.dtype} {frame.shape}; expected uint8 {shape}"
