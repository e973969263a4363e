"""What is kept from one session to the next is as good as new."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

import pytest
from alike import assert_alike
from make_run import Made, make_run

from arcade_rl.errors import VerificationError
from arcade_rl.overlay.scene import Scene
from arcade_rl.playback import player
from arcade_rl.playback import stock as module
from arcade_rl.playback.game import PlayedGame
from arcade_rl.playback.library import Run
from arcade_rl.playback.performance import Performance
from arcade_rl.playback.session import Session, Wants
from arcade_rl.playback.sources import PlayedSource, RecordedSource, Source, opened
from arcade_rl.playback.stock import Stock


@dataclass
class Count:
    """How often something was opened."""

    screens: int = 0
    environments: int = 0
    policies: int = 0


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> Count:
    """Counts screens, environments of reruns and policies from now on."""
    found = Count()

    def counted(owner: object, name: str, what: str) -> None:
        before = getattr(owner, name)

        def call(*arguments: object, **named: object) -> object:
            setattr(found, what, getattr(found, what) + 1)
            return before(*arguments, **named)

        monkeypatch.setattr(owner, name, call)

    counted(PlayedGame, "open_screen", "screens")
    counted(module, "open_env", "environments")
    counted(player, "load_acting", "policies")
    return found


@contextmanager
def shown(source: Source, stock: Stock | None = None) -> Iterator[Session]:
    wants = Wants("required") if stock is None else Wants("required", stock=stock)
    with opened(source, wants) as session:
        yield session


def scenes(session: Session) -> list[Scene]:
    """Scenes of some steps, forward and back."""
    return [session.scenes(session.seek(step))[-1] for step in (0, 1, 2, 9, 3, len(session), 5)]


@pytest.fixture(scope="module")
def breakout(tmp_path_factory: pytest.TempPathFactory) -> Made:
    words = ("game=breakout", "train.total_steps=1024", "checkpoint.every=1")
    return make_run(tmp_path_factory.mktemp("breakout"), *words, 'recording.criteria=["all"]')


@pytest.mark.parametrize("game", ["every", pytest.param("breakout", marks=pytest.mark.very_slow)])
def test_episodes_look_as_in_sessions_of_their_own(
    game: str, request: pytest.FixtureRequest, count: Count
) -> None:
    made: Made = request.getfixturevalue(game)
    numbers = [2, 1, 2, 1]
    with closing(Stock(2)) as stock:
        kept = []
        for number in numbers:
            with shown(RecordedSource(made.run.path, number), stock) as session:
                kept.append(scenes(session))
        assert (count.screens, count.environments) == (1, 1)
    for number, found in zip(numbers, kept, strict=True):
        with shown(RecordedSource(made.run.path, number)) as session:
            for one, expected in zip(found, scenes(session), strict=True):
                assert_alike(one, expected)
    assert (count.screens, count.environments) == (5, 5)


def test_a_session_that_is_open_keeps_what_it_has(every: Made, count: Count) -> None:
    one, other = (RecordedSource(every.run.path, number) for number in (1, 2))
    with closing(Stock(2)) as stock:
        with shown(one, stock) as session, shown(other, stock) as beside:
            before = scenes(session)[-1]
            scenes(beside)
            assert_alike(session.scenes(session.seek(5))[-1], before)
        assert (count.screens, count.environments) == (2, 2)


def test_an_environment_waits_until_it_is_needed(every: Made, count: Count) -> None:
    """So that the next episode takes over the simulator of the one before, once that is closed."""
    one, other = (RecordedSource(every.run.path, number) for number in (1, 2))
    with closing(Stock(2)) as stock:
        with shown(one, stock) as session:
            scenes(session)
            second = shown(other, stock)
            later = second.__enter__()
        scenes(later)
        second.__exit__(None, None, None)
        assert (count.screens, count.environments) == (2, 1)


def test_a_policy_is_loaded_once_for_each_checkpoint(every: Made, count: Count) -> None:
    by_checkpoint = {it.metadata.checkpoint: it.number for it in Run(every.run.path).iterate()}
    numbers = list(by_checkpoint.values())[:2]
    assert len(numbers) == 2
    with closing(Stock(2)) as stock:
        for number in numbers * 2:
            with shown(RecordedSource(every.run.path, number), stock) as session:
                scenes(session)
    assert count.policies == 2


def test_a_checkpoint_plays_game_after_game_as_before(every: Made, count: Count) -> None:
    sources = [PlayedSource(every.run.path, 4, seed, False) for seed in (8, 9, 8)]
    with closing(Stock(2)) as stock:
        kept = []
        for source in sources:
            with shown(source, stock) as session:
                kept.append(session.scenes(session.seek(5))[-1])
        assert (count.screens, count.environments) == (1, 1)
    for source, found in zip(sources, kept, strict=True):
        with shown(source) as session:
            assert_alike(found, session.scenes(session.seek(5))[-1])


def test_what_has_failed_is_used_by_nobody_else(every: Made, count: Count) -> None:
    source = RecordedSource(every.run.path, 1)
    with closing(Stock(2)) as stock:
        with shown(source, stock) as session:
            performance = session.performance
            rewards = performance.recording.rewards.copy()
            rewards[3] += 1.0
            forged = replace(performance.recording, rewards=rewards)
        with (
            Session(Performance(forged), Wants(stock=stock), session.about) as other,
            pytest.raises(VerificationError, match="recorded is"),
        ):
            other.seek(5)
        before = count.screens
        with shown(source, stock) as session:
            scenes(session)
        assert count.screens == before + 1


class Part:
    """Something that can be closed."""

    is_closed = False

    def close(self) -> None:
        self.is_closed = True


def test_what_is_too_much_is_closed_the_longest_unused_first() -> None:
    stock, parts = Stock(2), [Part() for _ in range(3)]
    for number, part in enumerate(parts):
        stock.give_back(number, part)
    assert [part.is_closed for part in parts] == [True, False, False]
    assert stock.take(2, Part) is parts[2]
    assert stock.take(0, Part) not in parts
    stock.close()
    assert [part.is_closed for part in parts] == [True, True, False]
    stock.give_back(2, parts[2])
    assert parts[2].is_closed


def test_by_default_nothing_is_kept() -> None:
    stock, part = Stock(), Part()
    stock.give_back("kind", part)
    assert part.is_closed
    assert [stock.remember("what", iter([1, 2]).__next__) for _ in range(2)] == [1, 1]
