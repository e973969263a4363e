"""Episodes are cut out of rollouts, judged, and written beside the training."""

from __future__ import annotations

import contextlib
import re
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recorded import METADATA, assert_equal, recording

from arcade_rl.config.recording import (
    RETURN,
    All,
    AnyCriterion,
    Periodic,
    StageBoundary,
    StageTransition,
)
from arcade_rl.recording.criteria import Facts
from arcade_rl.recording.format import encode
from arcade_rl.recording.recorder import (
    EpisodeOutcome,
    Judges,
    Pending,
    Recorder,
    read_ring,
    write_ring,
)
from arcade_rl.recording.recording import Recording, Start
from arcade_rl.recording.segment import HEAD_BYTES, MAGIC, Segment, SegmentWriter
from arcade_rl.recording.tape import HostRollout
from arcade_rl.recording.writer import Counts, Writer

STEPS, ENVS = 16, 3
RNG = np.random.default_rng(0)


def played(number: int) -> HostRollout:
    """A rollout in which every number is another."""
    shape = (STEPS, ENVS)
    base = number * STEPS * ENVS + np.arange(STEPS * ENVS).reshape(shape)
    return HostRollout(
        actions=base.astype(np.int64),
        rewards=base.astype(np.float32),
        metrics=np.stack([base, -base], axis=2).astype(np.float32),
        values=(base / 64).astype(np.float16),
        distributions=np.stack([base, base + 1], axis=2).astype(np.float16),
        states=None,
        frames=None,
        reply_counts=None,
        reply_actions=None,
        print_steps=np.array([5, 16]),
        prints=np.stack([base[4], base[15]]).astype(np.uint32) + 1000,
        final_prints={
            (step, env): int(base[step, env]) for step in range(STEPS) for env in range(ENVS)
        },
    )


def outcome(number: int, step: int, env: int, length: int, stage: int = 0) -> EpisodeOutcome:
    metadata = replace(METADATA, number=number, environment=env, length=length, stage=stage)
    return EpisodeOutcome(
        step, Facts(number, stage, length, {RETURN: 0.0}), Start(number), metadata
    )


class Games:
    """Plays ENVS games whose episodes end at random, or at given steps."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._open = [0] * ENVS
        self._count = 0
        self.columns: list[tuple[int, int, int]] = []
        """(environment, first step, end) of each episode that ended, over all rollouts."""

    def play(self, number: int, ends: Any, stage: int = 0) -> None:
        outcomes = []
        for step in range(STEPS):
            for env in range(ENVS):
                if ends[step, env]:
                    self._count += 1
                    end = number * STEPS + step + 1
                    self.columns.append((env, self._open[env], end))
                    outcomes.append(outcome(self._count, step, env, end - self._open[env], stage))
                    self._open[env] = end
        self._recorder.take(played(number), outcomes)


def one_env(*steps: int, env: int = 0) -> Any:
    ends = np.zeros((STEPS, ENVS), np.bool_)
    ends[list(steps), env] = True
    return ends


def test_an_episode_has_its_own_steps_over_rollouts() -> None:
    found: list[Recording] = []
    games = Games(Recorder(ENVS, Judges([All(policy=True)], []), found.append))
    for number in range(40):
        games.play(number, RNG.random((STEPS, ENVS)) < (0.05 if number % 7 else 0.5))
    assert len(found) == len(games.columns) > 100
    rollouts = [played(number) for number in range(40)]
    for it, (env, start, end) in zip(found, games.columns, strict=True):
        for name in ("actions", "rewards", "metrics", "values", "distributions"):
            whole = np.concatenate([getattr(rollout, name)[:, env] for rollout in rollouts])
            assert getattr(it, name).tobytes() == whole[start:end].tobytes(), name
        prints = {
            STEPS * k + at: int(row[env])
            for k, r in enumerate(rollouts)
            for at, row in zip(r.print_steps.tolist(), r.prints, strict=True)
        }
        expected = {g - start: value for g, value in prints.items() if start <= g < end}
        expected[end - start] = (end - 1) * ENVS + env
        positions = it.fingerprints.positions.tolist()
        seen = dict(zip(positions, it.fingerprints.values.tolist(), strict=True))
        if start % STEPS == 0:  # what the first observation was may be forgotten with its rollout
            seen[0] = expected[0] = seen.get(0, expected.get(0, 0))
        assert seen == expected


def test_rollouts_are_let_go_once_no_open_episode_needs_them() -> None:
    recorder = Recorder(ENVS, Judges([All()], []), lambda _: None)
    games = Games(recorder)
    everyone = np.zeros((STEPS, ENVS), np.bool_)
    everyone[STEPS - 1] = True
    for number in range(5):
        games.play(number, one_env(3))
    assert len(recorder.tape._rollouts) == 5
    games.play(5, everyone)
    assert len(recorder.tape._rollouts) == 1  # could hold a fingerprint of the next episodes
    games.play(6, everyone)
    assert len(recorder.tape._rollouts) == 1


def test_one_environment_that_never_ends_does_not_hold_the_others() -> None:
    found: list[Recording] = []
    recorder = Recorder(ENVS, Judges([All(policy=True)], []), found.append)
    games = Games(recorder)
    ends = np.ones((STEPS, ENVS), np.bool_)
    ends[:, 1] = False
    for number in range(300):
        games.play(number, ends)
    whole = sum(placed.num_bytes for placed in list(recorder.tape._rollouts)[-1:])
    assert recorder.tape.num_bytes < whole * (300 / ENVS + 65)
    games.play(300, one_env(3, env=1))
    it = found[-1]
    expected = np.concatenate([played(number).actions[:, 1] for number in range(301)])
    assert it.actions.tolist() == expected[: 300 * STEPS + 4].tolist()
    assert it.distributions is not None
    assert len(it.distributions) == len(it) == len(expected) - 12
    at = [p for k in range(301) for p in (k * STEPS + 5, k * STEPS + 16) if p < len(it)]
    assert it.fingerprints.positions.tolist() == [*at, len(it)]
    assert it.fingerprints.values[:-1].tolist() == [(p - 1) * ENVS + 1 + 1000 for p in at]


def test_what_nobody_keeps_is_not_cut_out() -> None:
    found: list[Recording] = []
    games = Games(Recorder(ENVS, Judges([Periodic(every=3)], []), found.append))
    games.play(0, one_env(1, 4, 6, 9))
    assert [it.actions.tolist() for it in found] == [[15, 18]]


def test_an_episode_that_no_file_holds_is_lost_and_fails_no_chunk(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "s", capacity=100)
    recorder = Recorder(ENVS, Judges([*BEFORE, All()], []), writer.offer)
    wide = RNG.normal(size=(9, 1_000_000))
    ring = [pending(recording(9, number=1, states=wide), ["all"]), pending(recording(9), ["all"])]
    recorder.resume(ring)
    left = recorder.finish(is_last=False, stage=0)
    write_ring(tmp_path / "ring", left)
    assert [it.facts.number for it in read_ring(tmp_path / "ring")] == [123]
    assert writer.close() == Counts(offered=1, failed=1)
    assert "episode 1 cannot be written" in writer.trouble


def pending(it: Recording, reasons: list[str]) -> Pending:
    number, length = it.metadata.number, it.metadata.length
    return Pending(Facts(number, 0, length, {RETURN: 0.0}), it, reasons)


def test_the_last_episodes_of_the_stage_that_the_run_ends_in_are_kept() -> None:
    found: list[Recording] = []
    criteria: list[AnyCriterion] = [StageBoundary(first=0, last=2), StageTransition(before=3)]
    recorder = Recorder(ENVS, Judges(criteria, []), found.append)
    games = Games(recorder)
    games.play(0, one_env(*range(4)))
    recorder.stage_ended(0)
    games.play(1, one_env(*range(9)), stage=1)
    left = recorder.finish(is_last=True, stage=1)
    reasons = {it.metadata.number: it.metadata.reasons for it in found if it.metadata.number > 9}
    assert reasons == {12: ["stage_boundary"], 13: ["stage_boundary"]}
    assert [it.facts.number for it in left] == [11]


def test_policy_columns_are_kept_for_those_who_ask() -> None:
    found: list[Recording] = []
    judges = Judges([All(), Periodic(every=2)], [])
    Games(Recorder(ENVS, judges, found.append)).play(0, one_env(1, 2, 3, 4))
    assert [it.metadata.reasons for it in found] == [["all"], ["all", "periodic"]] * 2
    assert [it.values is None for it in found] == [True, False, True, False]
    assert [it.distributions is None for it in found] == [True, False, True, False]


BEFORE: list[AnyCriterion] = [StageTransition(before=3, after=2), Periodic(every=4)]


def test_episodes_before_a_stage_change_are_found_later() -> None:
    found: list[Recording] = []
    recorder = Recorder(ENVS, Judges(BEFORE, []), found.append)
    games = Games(recorder)
    games.play(0, one_env(*range(9)))
    recorder.stage_ended(0)
    games.play(1, one_env(*range(9)), stage=1)
    assert recorder.finish(is_last=True, stage=1)[0].facts.number == 17
    reasons = {it.metadata.number: it.metadata.reasons for it in found}
    assert reasons == {
        4: ["periodic"],
        7: ["stage_transition"],
        8: ["periodic", "stage_transition"],
        9: ["stage_transition"],
        10: ["stage_transition"],
        11: ["stage_transition"],
        12: ["periodic"],
        16: ["periodic"],
    }


def test_a_chunk_that_ends_before_a_stage_change_hands_its_ring_on() -> None:
    found: list[Recording] = []
    judges = Judges(BEFORE, [])
    first = Recorder(ENVS, judges, found.append)
    Games(first).play(0, one_env(*range(6)))
    ring = first.finish(is_last=False, stage=0)
    assert [pending.facts.number for pending in ring] == [4, 5, 6]
    assert not found
    second = Judges(BEFORE, [])
    second.remember(judges.memory())
    later = Recorder(ENVS, second, found.append)
    later.resume(ring)
    later.stage_ended(0)
    assert later.finish(is_last=True, stage=1) == []
    assert [(it.metadata.number, it.metadata.reasons) for it in found] == [
        (4, ["periodic", "stage_transition"]),
        (5, ["stage_transition"]),
        (6, ["stage_transition"]),
    ]
    assert all(it.values is not None for it in found)


def test_criteria_with_other_settings_remember_nothing() -> None:
    judges, other = Judges([StageTransition(after=2)], []), Judges([StageTransition(after=3)], [])
    judges.stage_ended(0, [])
    other.remember(judges.memory())
    assert other.reasons(Facts(1, 1, 1, {})) == []


def numbers(path: Path) -> list[int]:
    with Segment(path) as segment:
        assert not segment.damage
        return [segment.read(entry).metadata.number for entry in segment.entries]


def test_closing_writes_all_that_waits(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "s", capacity=100)
    episodes = [recording(50, number=number) for number in range(1, 60)]
    for it in episodes:
        writer.offer(it)
    assert writer.close() == Counts(offered=59, written=59)
    assert writer.trouble == ""
    with Segment(tmp_path / "s") as segment:
        for entry, it in zip(segment.entries, episodes, strict=True):
            assert_equal(segment.read(entry), it)


class Slow(SegmentWriter):
    """Waits before each episode until it is let on."""

    gate = threading.Semaphore(0)

    def append(self, number: int, reasons: list[str], frame: bytes) -> None:
        self.gate.acquire()
        super().append(number, reasons, frame)


def test_a_slow_disk_loses_whole_episodes_and_says_how_many(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "s", capacity=4, segment=Slow)
    for number in range(1, 21):
        writer.begin_rollout()
        writer.offer(recording(number=number))
        counts = writer.counts
        assert counts.offered == number
        assert number == counts.written + counts.dropped + counts.failed + counts.waiting
        assert counts.waiting <= 4
    assert writer.counts == Counts(offered=20, dropped=16, waiting=4)
    for _ in range(4):
        Slow.gate.release()
    assert writer.close() == Counts(offered=20, written=4, dropped=16)
    assert "4 episodes or more wait" in writer.trouble
    assert numbers(tmp_path / "s") == [1, 2, 3, 4]


def test_many_episodes_at_once_do_not_make_a_disk_slow(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "s", capacity=4)
    writer.begin_rollout()
    for number in range(1, 101):
        writer.offer(recording(20, number=number))
    assert writer.close() == Counts(offered=100, written=100)


def test_a_disk_that_catches_up_is_written_to_again(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "s", capacity=1, segment=Slow)
    for number in (1, 2, 3):
        if number == 3:
            Slow.gate.release()
            wait_until(lambda: writer.counts.written == 1)
            Slow.gate.release()
        writer.begin_rollout()
        writer.offer(recording(number=number))
    assert writer.close() == Counts(offered=3, written=2, dropped=1)
    assert numbers(tmp_path / "s") == [1, 3]


class Refusing(SegmentWriter):
    """A disk that has no room for every second episode."""

    def append(self, number: int, reasons: list[str], frame: bytes) -> None:
        if number % 2:
            raise OSError(28, "No space left on device")
        super().append(number, reasons, frame)


class Broken(SegmentWriter):
    def append(self, number: int, reasons: list[str], frame: bytes) -> None:
        raise TypeError("a fault of the program")


class Deadly(SegmentWriter):
    """Ends the thread at the third episode."""

    def append(self, number: int, reasons: list[str], frame: bytes) -> None:
        if number == 3:
            raise SystemExit("enough")
        super().append(number, reasons, frame)


class Endless(SegmentWriter):
    def close(self, may_drop: bool = False) -> None:
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("segment", "written", "trouble"),
    [
        (Refusing, 5, "episode 1 cannot be written: OSError: .*No space left"),
        (Broken, 0, "episode 1 cannot be written: TypeError: a fault of the program"),
        (Endless, 0, "the index cannot be written: OSError"),
        (Deadly, 0, "the writer ended: SystemExit: enough"),
    ],
)
def test_what_cannot_be_written_is_counted_and_told(
    segment: type[SegmentWriter], written: int, trouble: str, tmp_path: Path
) -> None:
    writer = Writer(tmp_path / "s", capacity=100, segment=segment)
    for number in range(1, 11):
        writer.offer(recording(number=number))
    counts = writer.close()
    assert counts == Counts(offered=10, written=written, failed=10 - written)
    assert counts.waiting == 0
    assert re.match(trouble, writer.trouble)


EPISODES = [recording(40, number=number) for number in range(1, 5)]


class NoRoomForTheIndex(SegmentWriter):
    """A disk that is full when all EPISODES are written."""

    room = len(MAGIC) + sum(HEAD_BYTES + len(encode(it)) for it in EPISODES)

    def _write(self, data: bytes) -> None:
        if self._end + len(data) > self.room:
            raise OSError(28, "No space left on device")
        super()._write(data)


def test_the_last_episodes_make_room_for_the_index(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "s", capacity=100, segment=NoRoomForTheIndex)
    for it in EPISODES:
        writer.offer(it)
    assert writer.close() == Counts(offered=4, written=3, failed=1)
    assert "no room for the index" in writer.trouble
    assert numbers(tmp_path / "s") == [1, 2, 3]


def test_one_episode_that_leaves_no_room_for_the_index_is_told_of(tmp_path: Path) -> None:
    class Tiny(NoRoomForTheIndex):
        room = len(MAGIC) + HEAD_BYTES + len(encode(EPISODES[0]))

    writer = Writer(tmp_path / "s", capacity=100, segment=Tiny)
    writer.offer(EPISODES[0])
    assert writer.close() == Counts(offered=1, failed=1)
    assert "no room for the index" in writer.trouble
    assert numbers(tmp_path / "s") == []


class Mute(SegmentWriter):
    """A fault of the program on a disk that takes no log either."""

    is_closed = False

    def append(self, number: int, reasons: list[str], frame: bytes) -> None:
        sys.stderr = open("/dev/full", "w", buffering=1)  # noqa: SIM115 - closed by the test
        if self.is_closed:
            sys.stderr.close()
        raise TypeError("a fault of the program")


class Shut(Mute):
    is_closed = True


@pytest.mark.parametrize("segment", [Mute, Shut])
def test_a_log_that_cannot_be_written_ends_nothing(
    segment: type[SegmentWriter], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", sys.stderr)  # puts it back
    writer = Writer(tmp_path / "s", capacity=100, segment=segment)
    writer.offer(recording())
    assert writer.close() == Counts(offered=1, failed=1)
    assert "TypeError" in writer.trouble
    with contextlib.suppress(OSError):
        sys.stderr.close()


def test_a_segment_that_cannot_be_made_loses_all_and_ends_nothing(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "nowhere" / "s", capacity=100)
    writer.offer(recording())
    assert writer.close() == Counts(offered=1, failed=1)
    assert "s cannot be made: FileNotFoundError" in writer.trouble


def wait_until(is_so: Any) -> None:
    for _ in range(500):
        if is_so():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to pass in 5 s")
