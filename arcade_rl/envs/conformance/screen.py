"""Checks that the screen shows the episode that the environment played, for both purposes."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import (
    Declaration,
    Frame,
    Game,
    Instruments,
    Purpose,
    Screen,
    ScreenStep,
)
from arcade_rl.envs.capabilities import screen_lacks
from arcade_rl.envs.conformance.arrays import array_faults, as_numpy
from arcade_rl.envs.conformance.play import RandomPlayer, Seeds, hash_bytes, opened
from arcade_rl.envs.replies import replies_of

SEED, OTHER_SEED = 31, 32
AGAIN_STEPS = 50
MOST_SOUND_DRIFT = 0.05
"""Largest difference between the duration of the sound and of the frames, as part of the latter."""
SMALL = (160, 90)
"""(width, height) of the pictures that are drawn from every camera, pixel."""


@dataclass(frozen=True, slots=True)
class Setting:
    """The rules that an episode is played under."""

    purpose: Purpose
    stage: int
    """Number of the stage in which the episode starts, and so is played."""
    stages: int
    """Number of stages; 0 without a curriculum."""
    label: str


@dataclass(frozen=True, slots=True)
class PlayedStep:
    """One step of the environment."""

    action: npt.NDArray[Any]
    reward: np.float32
    ended: bool
    state: npt.NDArray[Any] | None
    replies: npt.NDArray[Any] | None
    """What opponents answered; None in a game of one seat."""

    def on(self, screen: Screen) -> ScreenStep:
        """Play the step on a screen."""
        asked = () if self.replies is None else (self.replies,)
        return screen.step(self.action, *asked)


def settings(declaration: Declaration) -> list[Setting]:
    """All settings: both purposes, each in every stage."""
    names = [stage.name for stage in declaration.stages]
    return [
        Setting(purpose, stage, len(names), f"{purpose}, stage {name}" if name else purpose)
        for purpose in get_args(Purpose)
        for stage, name in enumerate(names or [""])
    ]


def screen_faults(game: Game, options: Any, declaration: Declaration, steps: int) -> Iterator[str]:
    """Faults in showing one episode, or its first `steps` steps, under each setting."""
    with closing(game.make_screen(options, "training", False)) as screen:
        lacks = list(screen_lacks(screen, declaration))
    yield from lacks
    for setting in [] if lacks else settings(declaration):
        played = play(game, options, steps, setting)
        find = _state_faults if declaration.replay == "states" else _replay_faults
        for fault in find(game, options, declaration, setting, played):
            yield f"{setting.label}: {fault}"
        for fault in _view_faults(game, options, declaration, setting, played):
            yield f"{setting.label}: {fault}"


def play(game: Game, options: Any, steps: int, setting: Setting) -> list[PlayedStep]:
    """An episode of the second of two environments, up to `steps` steps. The stage of later
    episodes changes meanwhile, which must not matter."""
    played = []
    with opened(game, options, 2, setting.purpose) as env:
        _set_stage(env, setting, setting.stage)
        player = RandomPlayer(env, Seeds([[OTHER_SEED], [SEED]]))
        for _ in range(steps):
            actions = player.choose()
            batch = player.step(actions)
            reward = np.float32(as_numpy(batch.rewards)[1])
            state = None if batch.states is None else as_numpy(batch.states)[1].copy()
            replies = replies_of(batch, 1)
            ended = bool(player.advance(batch)[1])
            played.append(PlayedStep(actions[1], reward, ended, state, replies))
            if ended:
                break
            _set_stage(env, setting, (setting.stage + 1) % max(setting.stages, 1))
    return played


def frame_hashes(game: Game, options: Any, steps: int) -> list[str]:
    """Hashes of the frames of the reset and of every step, under each setting. Empty for a game
    whose screen shows states, because such a game need not play alike."""
    declaration, hashes = game.declare(options), list[str]()
    if declaration.replay == "states":
        return hashes
    for setting in settings(declaration):
        played = play(game, options, steps, setting)
        with closing(game.make_screen(options, setting.purpose, False)) as screen:
            _set_stage(screen, setting, setting.stage)
            hashes += _hashes(screen, played)
    return hashes


def _set_stage(staged: Any, setting: Setting, stage: int) -> None:
    if setting.stages:
        staged.set_stage(stage)


def _view_faults(
    game: Game, options: Any, declaration: Declaration, setting: Setting, played: list[PlayedStep]
) -> Iterator[str]:
    """Faults in the picture of one step from every camera, in another size, and in the usual
    picture afterwards."""
    with closing(game.make_screen(options, setting.purpose, False)) as screen:
        if not declaration.cameras:
            return
        _set_stage(screen, setting, setting.stage)
        usual, seen = (
            hash_bytes(_picture_of(screen, declaration, played[0]).tobytes()),
            dict[str, str](),
        )
        for camera in declaration.cameras:
            screen.view(camera, SMALL)
            frame = _picture_of(screen, declaration, played[0])
            yield from frame_faults(f"a frame from camera {camera}", frame, SMALL)
            shows = hash_bytes(frame.tobytes())
            if shows in seen:
                yield f"cameras {seen[shows]} and {camera} show the same picture; expected others"
            seen[shows] = camera
        screen.view(declaration.cameras[0], declaration.frame_size)
        if hash_bytes(_picture_of(screen, declaration, played[0]).tobytes()) != usual:
            yield f"camera {declaration.cameras[0]} shows another picture after others; expected the same"


def _picture_of(screen: Screen, declaration: Declaration, step: PlayedStep) -> Frame:
    """The last frame of the first step."""
    screen.reset(SEED)
    if declaration.replay == "states":
        return screen.show(step.state)[-1]  # type: ignore[arg-type]
    return step.on(screen).frames[-1]


def _replay_faults(
    game: Game, options: Any, declaration: Declaration, setting: Setting, played: list[PlayedStep]
) -> Iterator[str]:
    """Faults in frames, rewards, ends and sound, in showing them again, and in going back."""
    has_sound = declaration.sound_rate > 0
    with closing(game.make_screen(options, setting.purpose, has_sound)) as screen:
        _set_stage(screen, setting, setting.stage)
        hashes = yield from _watch(screen, played, declaration, declaration.frame_rate)
        screen.reset(OTHER_SEED)
        again = _hashes(screen, played[:AGAIN_STEPS])
        if declaration.keyframes:
            yield from _keyframe_faults(screen, played, hashes)
    if again != hashes[: len(again)]:
        yield f"the episode of seed {SEED} shows other frames the second time; expected the same"
    if has_sound:
        yield from _silence_faults(game, options, setting, played[:AGAIN_STEPS], hashes)


def _silence_faults(
    game: Game, options: Any, setting: Setting, played: list[PlayedStep], hashes: list[str]
) -> Iterator[str]:
    """Faults of a screen that was built without sound."""
    with closing(game.make_screen(options, setting.purpose, False)) as screen:
        _set_stage(screen, setting, setting.stage)
        if _hashes(screen, played) != hashes[: len(played) + 1]:
            yield "the screen shows other frames without sound; expected the same"
        screen.reset(SEED)
        if played[0].on(screen).sound is not None:
            yield "sound is given where none was asked for; expected None"


def _keyframe_faults(screen: Any, played: list[PlayedStep], hashes: list[str]) -> Iterator[str]:
    """Faults in the steps after going back to a saved state. `hashes` are those of the steps
    before."""
    middle = min(len(played), len(hashes) - 1) // 2
    screen.reset(SEED)
    for step in played[:middle]:
        step.on(screen)
    state = screen.save()
    after = played[middle : len(hashes) - 1][:AGAIN_STEPS]
    for step in after:
        step.on(screen)
    for _ in range(2):
        screen.restore(state)
        for number, step in enumerate(after, start=middle + 1):
            if _hash_step(step.on(screen)) != hashes[number]:
                yield (
                    f"step {number} differs after going back to the state that was saved after step "
                    f"{middle}; expected the same frames, reward and end"
                )
                return


def _hashes(screen: Screen, played: list[PlayedStep]) -> list[str]:
    first = screen.reset(SEED)
    return [
        hash_bytes(first.tobytes()),
        *(_hash_step(step.on(screen)) for step in played),
    ]


def _hash_step(shown: ScreenStep) -> str:
    told = f"{np.float32(shown.reward)} {bool(shown.ended)}".encode()
    return hash_bytes(b"".join(frame.tobytes() for frame in shown.frames) + told)


def _watch(
    screen: Screen, played: list[PlayedStep], declaration: Declaration, frame_rate: Fraction
) -> Generator[str, None, list[str]]:
    """The first fault of each kind in showing the episode. Returns hashes of the reset and the
    steps."""
    first = screen.reset(SEED)
    size = _expected_size(declaration, first)
    yield from frame_faults("the first frame", first, size)
    hashes, seen = [hash_bytes(first.tobytes())], set[str]()
    frames = samples = 0
    for number, expected in enumerate(played, start=1):
        shown = expected.on(screen)
        for kind, fault in (
            *_step_faults(shown, expected, size),
            *_sound_faults(shown, declaration),
        ):
            if kind not in seen:
                yield f"step {number}: {fault}"
            seen.add(kind)
        frames += len(shown.frames)
        samples += 0 if shown.sound is None else len(shown.sound)
        hashes.append(_hash_step(shown))
        if shown.ended:
            break
    if declaration.sound_rate and "sound" not in seen:
        yield from _drift_faults(frames / float(frame_rate), samples / declaration.sound_rate)
    return hashes


def _step_faults(
    shown: ScreenStep, expected: PlayedStep, size: tuple[int, int]
) -> Iterator[tuple[str, str]]:
    """(kind, message) of every fault in showing one step."""
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


def _sound_faults(shown: ScreenStep, declaration: Declaration) -> Iterator[tuple[str, str]]:
    sound, rate, channels = shown.sound, declaration.sound_rate, declaration.sound_channels
    if not rate and sound is not None:
        yield "sound", "sound is given; no sound_rate is declared"
    elif rate and sound is None:
        yield "sound", f"sound is None; expected samples, as sound_rate {rate} is declared"
    elif sound is not None and (sound.dtype != np.int16 or sound.shape[1:] != (channels,)):
        yield "sound", f"sound is {sound.dtype} {sound.shape}; expected int16 (samples, {channels})"


def _drift_faults(frames_s: float, sound_s: float) -> Iterator[str]:
    if abs(sound_s - frames_s) > MOST_SOUND_DRIFT * frames_s:
        yield f"the frames last {frames_s:.2f} s and their sound {sound_s:.2f} s; expected the same"


def _state_faults(
    game: Game, options: Any, declaration: Declaration, setting: Setting, played: list[PlayedStep]
) -> Iterator[str]:
    """Faults in showing states, in order and in reverse."""
    with closing(game.make_screen(options, setting.purpose, False)) as screen:
        _set_stage(screen, setting, setting.stage)
        first = screen.reset(SEED)
        size = _expected_size(declaration, first)
        yield from frame_faults("the first frame", first, size)
        hashes = []
        for step in played:
            assert step.state is not None, "the environment gives no states"
            frames = screen.show(step.state)
            if len(frames) == 0:
                yield "no frames of a state; expected every frame of the step"
            for frame in frames:
                yield from frame_faults("a frame", frame, size)
            hashes.append(hash_bytes(b"".join(frame.tobytes() for frame in frames)))
        yield from _instrument_faults(screen, declaration, played)
        for step, expected in zip(reversed(played), reversed(hashes), strict=True):
            frames = screen.show(step.state)  # type: ignore[arg-type]
            if hash_bytes(b"".join(frame.tobytes() for frame in frames)) != expected:
                yield "a state shows other frames after other states; expected the same"
                return


def _instrument_faults(
    screen: Screen, declaration: Declaration, played: list[PlayedStep]
) -> Iterator[str]:
    """The first fault of each kind in what the instruments show, in order and in reverse."""
    tracks, gauges = len(declaration.tracks), len(declaration.gauges)
    if not tracks and not gauges:
        return
    actions, shown, seen = np.stack([step.action for step in played]), [], set[str]()
    for number, step in enumerate(played, start=1):
        instruments = screen.instruments(step.state, actions[:number])  # type: ignore[arg-type]
        for label, array, count, dtype in (
            ("tracks", instruments.tracks, tracks, np.bool_),
            ("values", instruments.values, gauges, np.float32),
            ("targets", instruments.targets, gauges, np.float32),
        ):
            for fault in array_faults(label, array, (count,), dtype):
                if label not in seen:
                    yield f"step {number}: instruments: {fault}"
                seen.add(label)
        shown.append(_hash_instruments(instruments))
    for number in range(len(played), 0, -1):
        again = screen.instruments(played[number - 1].state, actions[:number])  # type: ignore[arg-type]
        if _hash_instruments(again) != shown[number - 1]:
            yield f"step {number}: the instruments show something else after other states; expected the same"
            return


def _hash_instruments(it: Instruments) -> str:
    return hash_bytes(b"".join(as_numpy(a).tobytes() for a in (it.tracks, it.values, it.targets)))


def _expected_size(declaration: Declaration, first: Frame) -> tuple[int, int]:
    """(width, height) that every frame must have: as declared, or else that of the first."""
    if declaration.frame_size is not None:
        return declaration.frame_size
    height, width, *_ = (*np.shape(first), 0, 0)
    return width, height


def frame_faults(label: str, frame: Frame, size: tuple[int, int]) -> Iterator[str]:
    """What keeps a frame from being an RGB picture of (width, height)."""
    shape = (size[1], size[0], 3)
    if not isinstance(frame, np.ndarray):
        yield f"{label} is a {type(frame).__name__}; expected a numpy array"
    elif frame.dtype != np.uint8 or frame.shape != shape:
        yield f"{label} is {frame.dtype} {frame.shape}; expected uint8 {shape}"
