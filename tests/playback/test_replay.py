"""A recorded episode is shown again, at any step and in any order, as it was or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from arcade_rl_toy import (
    STATE,
    StagedShowing,
    StagedToyEnv,
    StagedToyScreen,
    Toy,
    ToyOptions,
    picture,
)
from recorded import played

from arcade_rl.contracts import Purpose, ScreenStep
from arcade_rl.errors import PluginError, VerificationError
from arcade_rl.playback.replay import KEYFRAME_INTERVAL, PROOF, Moment, Replay
from arcade_rl.recording.format import decode, encode
from arcade_rl.recording.recording import Recording

GAME = Toy()
LONG = ToyOptions(length=700)
INEXACT = ToyOptions(inexact=True, length=40)
DECLARES = GAME.declare(LONG)
PER_STEP = 2
"""Frames of a step of the toy."""


class Counting(StagedToyScreen):
    """Counts the steps that it plays."""

    steps = 0

    def step(self, action: Any) -> ScreenStep:
        self.steps += 1
        return super().step(action)


def open_screen(kind: Any = Counting, options: ToyOptions = LONG) -> Any:
    return kind(StagedToyEnv(options, 1, "training"))


def open_replay(it: Recording, screen: Any | None = None) -> Replay:
    return Replay(it, open_screen() if screen is None else screen, DECLARES)


@pytest.fixture(scope="module")
def long() -> Recording:
    return played(GAME, LONG, 3)[0]


@pytest.fixture(scope="module")
def truth(long: Recording) -> list[bytes]:
    """The frames after every number of steps."""
    screen = open_screen()
    found = [screen.reset(3).tobytes()]
    return found + [frames_of(screen.step(action)) for action in long.actions]


def frames_of(shown: ScreenStep | Moment) -> bytes:
    return b"".join(frame.tobytes() for frame in shown.frames)


def places(count: int, seed: int = 0) -> list[int]:
    return np.random.default_rng(seed).integers(0, LONG.length + 1, count).tolist()


def test_every_moment_has_the_numbers_of_its_step(long: Recording, truth: list[bytes]) -> None:
    values = np.arange(len(long), dtype=np.float16)
    said = np.stack([values, -values], axis=1)
    it = replace(long, values=values, distributions=said)
    replay = open_replay(it)
    assert replay.moment == Moment(
        0,
        replay.moment.frames,
        None,
        None,
        0.0,
        0.0,
        {"hits": 0.0, "streak": 0.0},
        None,
        None,
        False,
    )
    moments = list(replay)
    assert [moment.step for moment in moments] == list(range(1, len(it) + 1))
    assert [moment.reward for moment in moments] == it.rewards.tolist()
    assert [moment.total for moment in moments] == np.cumsum(it.rewards).tolist()
    assert [moment.ended for moment in moments] == [False] * (len(it) - 1) + [True]
    assert [moment.metrics["hits"] for moment in moments] == it.metrics[:, 0].tolist()
    assert [moment.metrics["streak"] for moment in moments] == it.metrics[:, 1].tolist()
    assert [moment.value for moment in moments] == values.tolist()
    assert all((m.action, m.sound) == (it.actions[m.step - 1], None) for m in moments)
    assert all(np.array_equal(m.distribution, said[m.step - 1]) for m in moments)  # type: ignore[arg-type]
    assert [frames_of(moment) for moment in moments] == truth[1:]
    assert len(set(truth)) > 6


def test_any_step_is_found_in_any_order(long: Recording, truth: list[bytes]) -> None:
    replay = open_replay(long)
    for place in [len(long), 0, 1, KEYFRAME_INTERVAL, KEYFRAME_INTERVAL + 1, *places(200)]:
        moment = replay.seek(place)
        assert moment.step == replay.position == place
        assert frames_of(moment) == truth[place]
        assert moment.total == long.rewards[:place].sum()
    assert frames_of(replay.reset()) == truth[0]


def test_steps_go_forward_and_back_and_stay_within(long: Recording, truth: list[bytes]) -> None:
    replay = open_replay(long)
    replay.seek(len(long))
    back = [frames_of(replay.step(-1)) for _ in range(150)]
    assert back == truth[-2:-152:-1]
    assert [frames_of(replay.step()) for _ in range(150)] == truth[-150:]
    assert replay.step(5).step == len(long)
    assert replay.step(-9999).step == 0
    assert replay.step(0).step == 0
    assert frames_of(replay.step(100)) == truth[100]


@pytest.mark.parametrize("place", [-1, LONG.length + 1])
def test_a_step_that_is_not_there_is_refused(long: Recording, place: int) -> None:
    with pytest.raises(ValueError, match=f"step {place} of an episode of 700 steps"):
        open_replay(long).seek(place)


@pytest.mark.parametrize("place", [2.5, "3", None])
def test_a_step_is_a_whole_number(long: Recording, place: Any) -> None:
    with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
        open_replay(long).seek(place)


def test_a_closed_replay_moves_no_more(long: Recording) -> None:
    replay = open_replay(long)
    replay.seek(3)
    who = f"episode {long.metadata.number} of {long.metadata.run}"
    assert repr(replay) == f"<replay of {who}: step 3 of 700>"
    replay.close()
    for move in (replay.step, replay.reset, lambda: next(iter(replay))):
        with pytest.raises(ValueError, match=f"the replay of {who} is closed"):
            move()
    assert repr(replay) == f"<replay of {who}: step 3 of 700, closed>"


def test_a_moment_is_shown_without_its_pictures(long: Recording) -> None:
    shown = repr(open_replay(long).seek(3))
    assert "step=3" in shown
    assert "frames" not in shown
    assert "array(" not in shown.replace("action=array(", "").replace("distribution=array(", "")


@pytest.mark.parametrize("by", ["walking", "leaping"])
def test_a_second_jump_plays_few_steps_again(long: Recording, truth: list[bytes], by: str) -> None:
    screen = open_screen()
    replay = open_replay(long, screen)
    stops = [len(long)] if by == "walking" else [*range(90, len(long), 90), len(long)]
    for stop in stops:
        replay.seek(stop)
        replay.seek(stop - 20)
    for place in [*range(len(long) + 1), *range(len(long), -1, -7), *places(100)]:
        before = screen.steps
        assert frames_of(replay.seek(place)) == truth[place]
        assert screen.steps - before <= KEYFRAME_INTERVAL + PROOF


def test_a_step_beyond_what_was_seen_costs_little_too(long: Recording) -> None:
    """A saved state must have proven itself before it leads on; the one before it has."""
    screen = open_screen()
    replay = open_replay(long, screen)
    for place in range(70, len(long), 10):
        replay.seek(place)
        replay.seek(place - 5)
        before = screen.steps
        replay.seek(place + 1)
        assert screen.steps - before <= 2 * KEYFRAME_INTERVAL + PROOF


def test_a_screen_without_keyframes_begins_again(long: Recording, truth: list[bytes]) -> None:
    replay = Replay(long, open_screen(), replace(DECLARES, keyframes=False))
    assert all(frames_of(replay.seek(place)) == truth[place] for place in places(12))


class Forgetful(Counting):
    """A toy whose saved states leave the clock out, so that other buttons light up."""

    def save(self) -> object:
        return {name: getattr(self._env, name).copy() for name in STATE if name != "_clock"}


class Straying(Counting):
    """Shows something else from so many steps after a restored state on."""

    delay = 0
    left = 10**9
    restored = 0

    def reset(self, seed: int) -> Any:
        self.left = 10**9
        return super().reset(seed)

    def restore(self, state: Any) -> None:
        super().restore(state)
        self.left = self.delay
        self.restored += 1

    def step(self, action: Any) -> ScreenStep:
        shown = super().step(action)
        self.left -= 1
        if self.left < 0:
            shown = replace(shown, frames=[255 - shown.frames[0], shown.frames[1]])
        return shown


def test_states_that_lead_astray_are_noticed_and_forgotten(
    long: Recording, truth: list[bytes]
) -> None:
    screen = open_screen(Forgetful)
    replay = open_replay(long, screen)
    for place in [len(long), *places(60)]:
        assert frames_of(replay.seek(place)) == truth[place]
    assert screen.steps > 10 * len(long)


@pytest.mark.parametrize("delay", [0, 1, PROOF - 1])
def test_a_state_that_strays_soon_leads_to_nothing_new(
    long: Recording, truth: list[bytes], delay: int
) -> None:
    screen = open_screen(Straying)
    screen.delay = delay
    replay = open_replay(long, screen)
    for stop in range(100, len(long), 40):
        replay.seek(stop)
        for place in (stop - 30, stop + 25, stop - 90, stop):
            assert frames_of(replay.seek(place)) == truth[place]
    assert screen.restored > 3


def test_a_state_that_strays_late_is_put_right_from_the_start(
    long: Recording, truth: list[bytes]
) -> None:
    screen = open_screen(Straying)
    screen.delay = 40
    replay = open_replay(long, screen)
    for place in (100, 70, 140):
        replay.seek(place)
    assert screen.restored == 1
    assert frames_of(replay.moment) != truth[140]  # 40 steps were proof enough
    replay.reset()
    assert [frames_of(moment) for moment in replay] == truth[1:]
    screen.delay = 10**9
    assert all(frames_of(replay.seek(place)) == truth[place] for place in places(50))


class Flickering(Counting):
    """Another picture at every look."""

    looks = 0

    def reset(self, seed: int) -> Any:
        self.looks += 1
        return super().reset(seed) + np.uint8(self.looks)


def test_a_screen_that_shows_another_first_picture_is_told(long: Recording) -> None:
    replay = open_replay(long, open_screen(Flickering))
    replay.seek(10)
    with pytest.raises(VerificationError, match="looks otherwise at step 0 than it did before"):
        replay.reset()


def with_reward(it: Recording, step: int) -> Recording:
    rewards = it.rewards.copy()
    rewards[step - 1] += 1
    return replace(it, rewards=rewards)


def with_action(it: Recording, step: int) -> Recording:
    actions = it.actions.copy()
    actions[step - 1] = (actions[step - 1] + 1) % 4
    return replace(it, actions=actions)


def with_length(it: Recording, steps: int) -> Recording:
    metadata = replace(it.metadata, length=steps)
    columns = {
        name: np.resize(getattr(it, name), (steps, *getattr(it, name).shape[1:]))
        for name in ("actions", "rewards", "metrics")
    }
    return replace(it, metadata=metadata, **columns)


def test_another_reward_is_found_at_its_step(long: Recording) -> None:
    for step in (1, 333, 700):
        replay = open_replay(with_reward(long, step))
        for _ in range(2):
            with pytest.raises(
                VerificationError, match=f"episode 123 of first gives .* step {step};"
            ):
                replay.seek(700)
            assert replay.position == 0
        assert replay.seek(step - 1).step == step - 1


def test_another_action_is_found_at_its_step(long: Recording) -> None:
    hits = (np.flatnonzero(long.rewards) + 1).tolist()
    for step in (hits[0], hits[len(hits) // 2], hits[-1]):
        with pytest.raises(VerificationError, match=f"gives 0 at step {step}; recorded is 1"):
            open_replay(with_action(long, step)).seek(700)


@pytest.mark.parametrize(
    ("steps", "fault"),
    [
        (650, "goes on after step 650; recorded are 650 steps"),
        (701, "ends at step 700; recorded are 701"),
    ],
)
def test_another_length_is_found(long: Recording, steps: int, fault: str) -> None:
    with pytest.raises(VerificationError, match=fault):
        open_replay(with_length(long, steps)).seek(steps)


@pytest.mark.parametrize("purpose", ["training", "evaluation"])
@pytest.mark.parametrize("stage", [0, 1])
def test_an_episode_is_shown_in_its_stage_and_under_its_rules(stage: int, purpose: Purpose) -> None:
    options = ToyOptions(length=60, cuts=True)
    it, _ = played(GAME, options, 5, purpose, stage)
    assert list(Replay(it, GAME.make_screen(options, purpose, False), DECLARES))[-1].ended
    if purpose == "training":
        wrong = replace(it, metadata=replace(it.metadata, stage=1 - stage))
        with pytest.raises(VerificationError, match="gives"):
            list(Replay(wrong, GAME.make_screen(options, purpose, False), DECLARES))


@pytest.mark.parametrize(
    "table",
    [{"actions": "continuous"}, {"masks": True}, {"observation": "dict"}, {"curriculum": False}],
)
def test_every_kind_of_episode_survives_its_file(table: dict[str, Any]) -> None:
    options = ToyOptions.model_validate(table)
    it = decode(encode(played(GAME, options, 9)[0]))
    replay = Replay(it, GAME.make_screen(options, "training", False), DECLARES)
    assert list(replay)[-1].total == it.rewards.sum()


def test_frames_come_all_or_one_a_step(long: Recording) -> None:
    replay = open_replay(long)
    replay.seek(600)
    every = [(moment.step, frame.tobytes()) for frame, moment in replay.frames()]
    assert [step for step, _ in every] == [600 + k // PER_STEP + 1 for k in range(100 * PER_STEP)]
    replay.seek(600)
    last = [(moment.step, frame.tobytes()) for frame, moment in replay.frames(one_a_step=True)]
    assert last == every[1::PER_STEP]


def test_a_replay_knows_where_its_frames_lie(long: Recording) -> None:
    replay = open_replay(long)
    replay.seek(300)
    assert [replay.frames_before(step) for step in (1, 2, 300)] == [0, PER_STEP, 299 * PER_STEP]
    replay.seek(10)
    assert replay.frames_before(300) == 299 * PER_STEP


def test_a_replay_follows_an_episode_that_grows(long: Recording, truth: list[bytes]) -> None:
    replay = Replay(with_length(long, 5), open_screen(), DECLARES, is_over=False)
    assert frames_of(replay.seek(5)) == truth[5]
    assert not replay.moment.ended
    replay.grow(with_length(long, 300), is_over=False)
    assert replay.seek(300).total == long.rewards[:300].sum()
    replay.grow(long, is_over=True)
    assert frames_of(replay.seek(700)) == truth[700]
    assert replay.moment.ended


# --- games that cannot be re-run exactly -----------------------------------------------------------


@pytest.fixture(scope="module")
def inexact() -> tuple[Recording, list[bytes]]:
    """An episode, and the frames of its steps as the environment played them."""
    shown: list[bytes] = []

    class Watched(StagedToyEnv):
        def step(self, actions: Any) -> Any:
            lit = int(self.target()[0])
            batch = super().step(actions)
            pressed = picture(lit, pressed=batch.rewards[0] > 0)
            ended = bool((batch.terminated | batch.truncated)[0])
            after = pressed if ended else picture(int(self.target()[0]))
            shown.append(pressed.tobytes() + after.tobytes())
            return batch

    class Game(Toy):
        make_env = staticmethod(Watched)  # type: ignore[assignment]

    return played(Game(), INEXACT, 4)[0], shown


def test_states_show_what_was_played_in_any_order(inexact: tuple[Recording, list[bytes]]) -> None:
    recorded, shown = inexact
    it = decode(encode(recorded))
    replay = Replay(it, GAME.make_screen(INEXACT, "training", False), DECLARES)
    assert [frames_of(moment) for moment in replay] == shown
    for place in (40, 1, 17, 16, 18, 40):
        assert frames_of(replay.seek(place)) == shown[place - 1]
    assert replay.seek(40).ended
    assert replay.step(-1).total == it.rewards[:39].sum()
    assert len(replay.reset().frames) == 1


def test_a_jump_between_states_plays_nothing(inexact: tuple[Recording, list[bytes]]) -> None:
    class CountingStates(Counting, StagedShowing): ...

    screen = open_screen(CountingStates, INEXACT)
    replay = open_replay(inexact[0], screen)
    replay.seek(40)
    assert screen.steps == 0


def test_the_episode_would_not_play_again(inexact: tuple[Recording, list[bytes]]) -> None:
    without = replace(inexact[0], states=None)
    with pytest.raises(VerificationError, match="gives"):
        list(open_replay(without, open_screen(StagedShowing, INEXACT)))


def test_states_need_a_screen_that_shows_them(inexact: tuple[Recording, list[bytes]]) -> None:
    with pytest.raises(
        PluginError, match="the screen of toy has no show; expected a Screen with one"
    ):
        open_replay(inexact[0], open_screen())
