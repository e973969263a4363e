"""The chunk function: from a checkpoint and a spec to the next checkpoint, with its measurements.

All randomness of an update comes from (run seed, number of the update), and everything open travels
in the checkpoint. So the same chunk gives the same bytes however often it is tried, and where a run
is cut into chunks changes no byte of it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.utils import set_random_seed

from arcade_rl.config import Resolved, config_sha256, values_by_key
from arcade_rl.envs import preparing
from arcade_rl.envs.harvest import refuse_non_finite
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl.errors import DivergenceError, RunFailed, VerificationError
from arcade_rl.policies.load import non_finite, read_parameters, weights_sha256
from arcade_rl.recording.ended import EndedEpisodes
from arcade_rl.recording.feed import WATCHED
from arcade_rl.recording.recorder import Pending, read_ring, write_ring
from arcade_rl.recording.versions import versions
from arcade_rl.runs import checkpoints
from arcade_rl.runs.checkpoints import WINDOW, CheckpointState
from arcade_rl.runs.events import (
    Beat,
    Event,
    Finished,
    Notice,
    Preparing,
    Ready,
    Recorded,
    Update,
)
from arcade_rl.runs.plan import STAGED_CHECKPOINT, STAGED_TENSORBOARD, ChunkSpec, plan_run
from arcade_rl.training.carried import OPEN, Carried, read_carried, write_carried
from arcade_rl.training.curriculum import Curriculum
from arcade_rl.training.feed import ChunkFeed, Now
from arcade_rl.training.learner import Learner, open_learner
from arcade_rl.training.measure import Recent, as_event, make_logger
from arcade_rl.training.record import ChunkRecorder, Place

BEAT_INTERVAL_S = 1.0

_NOT_SAVED = [
    "_last_obs", "_last_episode_starts", "_last_original_obs", "ep_info_buffer",
    "ep_success_buffer", "start_time",
]  # fmt: skip

Emit = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Turn:
    """One attempt at a chunk, and where its files lie for the process that runs it."""

    spec: ChunkSpec
    checkpoint: Path | None
    """Directory of the checkpoint that the chunk starts from; None where the networks are new."""
    staging: Path
    """Directory for what the attempt makes, under the names of `runs.plan`."""
    pool: Sequence[Path] = ()
    """Directories of the checkpoints of `spec.pool`, in its order."""
    seated: Sequence[Path] = ()
    """Directories of the checkpoints of `spec.seated`, in its order."""
    rivals: Sequence[Path] = ()
    """Directories of the checkpoints of `spec.rivals`, each in a folder laid out like its run."""


def run_chunk(
    resolved: Resolved,
    wait_for_turn: Callable[[], Turn],
    emit: Emit,
    should_stop: Callable[[], bool],
) -> None:
    """Run one attempt at a chunk, as every engine does it: build environments and networks, emit
    `Ready`, wait for the turn, train, stage, emit `Finished`.

    The staged bytes follow from the configuration, the specification and the bytes of the
    checkpoint alone. `should_stop` is asked after every update. Raises what goes wrong.
    """
    preparing.hear(lambda text: emit(Preparing(text)))
    learner = open_learner(resolved)
    emit(Ready())
    last_update = Chunk(learner, wait_for_turn(), emit).run(should_stop)
    learner.close()
    emit(Finished(last_update))


def update_seed(run_seed: int, update: int) -> int:
    """Seed of torch, numpy and Python in an update, from 1. Update 0 makes the networks. In [0,
    2**32)."""
    return int(np.random.SeedSequence([run_seed, update]).generate_state(1)[0])


def episode_seed(run_seed: int) -> int:
    """Seed from which the seeds of all episodes of a run follow. In [0, 2**32)."""
    return int(np.random.SeedSequence(run_seed).generate_state(1)[0])


@dataclass(slots=True)
class Counters:
    """What a run has done so far."""

    updates: int = 0
    steps: int = 0
    episodes: int = 0
    trained_s: float = 0.0


class Heartbeat:
    """Says from inside the training loop that the loop is alive, at most once a second."""

    def __init__(self, emit: Emit, model: OnPolicyAlgorithm) -> None:
        self._emit, self._model = emit, model
        self._last = 0.0

    def __call__(self) -> None:
        """Emit a beat if the last beat is long enough ago."""
        now = time.monotonic()
        if now - self._last >= BEAT_INTERVAL_S:
            self._last = now
            self._emit(Beat(self._model.num_timesteps))


@contextmanager
def _fitting(directory: Path) -> Iterator[None]:
    """RunFailed if a verified checkpoint does not fit the networks: no other one would fit."""
    try:
        yield
    except (RuntimeError, ValueError, VerificationError) as error:
        raise RunFailed(
            f"{directory} is sound and does not fit the networks that the configuration and the game "
            f"make now ({str(error).splitlines()[0]}); go on with the versions that run.json names, or "
            "start a new run"
        ) from error


class Chunk:
    """One attempt at a chunk by a learner."""

    def __init__(self, learner: Learner, turn: Turn, emit: Emit) -> None:
        self._learner, self._spec, self._emit = learner, turn.spec, emit
        self._checkpoint, self._staging = turn.checkpoint, turn.staging
        self._turn = turn
        self._resolved = learner.resolved
        self._counters = Counters()
        self._recent = Recent(self._resolved, None)
        self._curriculum = Curriculum(self._resolved.declaration, 0, [])
        self._compiled = False
        self._memory: list[Any] = []
        """What the criteria of recording remember."""
        self._ring: list[Pending] = []
        """Episodes that a criterion may still name."""
        self._installed = versions(self._resolved.declaration.packages)
        self._versions = self._installed
        """Versions with which the checkpoint was made."""
        self._carried: Carried | None = None
        """Everything that the chunk before left open; None if new episodes begin."""

    def run(self, should_stop: Callable[[], bool]) -> int:
        """Train, stage the checkpoint, and return the number of the last update.

        `should_stop` is asked after every update; the chunk then ends early.
        """
        if self._checkpoint:
            self._restore(self._checkpoint)
        else:
            self._seed(0)
            self._learner.model._setup_model()  # new weights, from this seed's randomness
            self._choose_compiled()
        if self._spec.last_update > self._counters.updates:
            recorder = self._open_recorder()
            self._train(recorder, should_stop)
            self._finish_recording(recorder)
        self._stage_checkpoint()
        return self._counters.updates

    def _seed(self, update: int) -> None:
        """Seed everything random for an update."""
        seed = update_seed(self._resolved.config.seed, update)
        set_random_seed(seed, using_cuda=self._learner.model.device.type == "cuda")

    def _choose_compiled(self) -> None:
        """Decide, once for the whole run, whether networks are compiled."""
        plan, learner = plan_run(self._resolved.config), self._learner
        verdict = learner.choose_compiled(plan.total_updates)
        if verdict is not None:
            self._compiled = verdict.compiled
            learner.use_compiled(verdict.compiled)
            self._emit(Notice("info", f"learner: {learner.dtype}, {verdict.reason}"))

    def _restore(self, directory: Path) -> None:
        if (chunk := checkpoints.verify(directory)) != self._spec.parent:
            raise VerificationError(
                f"{directory} is the checkpoint of chunk {chunk}; chunk {self._spec.chunk} starts from "
                f"that of chunk {self._spec.parent}"
            )
        state = checkpoints.read_state(directory)
        model = self._learner.model
        parameters = read_parameters(directory / checkpoints.MODEL, model.device)
        if weights_sha256(parameters) != state.weights_sha256:
            raise VerificationError(f"{directory}: the weights are not those that its state names")
        with _fitting(directory):
            model.set_parameters(parameters, exact_match=True, device=model.device)
            if state.normalization is not None:
                self._learner.normalization().restore(state.normalization)
        model.num_timesteps = state.steps
        model._n_updates = state.gradient_epochs
        self._compiled = state.compiled
        self._learner.use_compiled(state.compiled)
        self._warn_of_another_machine(state)
        self._counters = Counters(state.updates, state.steps, state.episodes, state.trained_s)
        self._recent = Recent(self._resolved, state.recent)
        self._memory = state.recorder
        ring = directory / checkpoints.RING
        self._ring = read_ring(ring) if ring.exists() else []
        self._curriculum = Curriculum(
            self._resolved.declaration, state.stage, list(state.stage_window)
        )
        self._versions = state.versions
        self._restore_open(directory, state)

    def _restore_open(self, directory: Path, state: CheckpointState) -> None:
        """Read the open episodes. The first checkpoint of a run and those of an earlier version
        have none."""
        model = self._learner.model
        if self._spec.drops_open and state.open_episodes:
            self._warn(
                f"{state.open_episodes} open episodes of checkpoint {state.chunk} with "
                f"{state.open_steps:,} steps are given up, as asked: no mean contains them"
            )
        elif (directory / OPEN).exists():
            saved_state = self._resolved.declaration.saved_state
            self._carried = read_carried(directory, model.n_envs, saved_state)
        elif state.steps:
            self._warn(
                f"checkpoint {state.chunk} was made by an earlier version, which did not keep the "
                f"{model.n_envs} episodes that were open: new ones begin in all environments"
            )

    def _warn_of_another_machine(self, state: CheckpointState) -> None:
        """Warn if sums may be rounded differently from those of the chunk before."""
        chunk, threads, dtype = self._spec.chunk, self._learner.threads, self._learner.dtype
        if state.threads != threads:
            self._warn(
                f"chunk {chunk} trains on {threads} threads and the one before on {state.threads}: "
                f"another machine's bytes would differ. train.threads={state.threads} keeps the number"
            )
        if state.dtype != dtype:
            self._warn(
                f"chunk {chunk} computes in {dtype} and the one before in {state.dtype}, because the "
                "processor is another; train.precision=exact is float32 everywhere"
            )

    def _other_versions(self) -> str:
        """Advice for a message that an open episode has diverged."""
        then, now = self._versions, self._installed
        names = [
            name for name in sorted(then.keys() | now.keys()) if then.get(name) != now.get(name)
        ]
        others = ", ".join(
            f"{n} was {then.get(n, 'none')} and is {now.get(n, 'none')}" for n in names
        )
        cause = (
            f"{others}: install what it was"
            if names
            else "no version differs, but perhaps the machine does"
        )
        return f"{cause}. `arcade-rl resume {self._spec.run} --drop-open` gives open episodes up"

    def _warn(self, text: str) -> None:
        self._emit(Notice("warning", text))

    def _open_recorder(self) -> ChunkRecorder:
        learner, steps = self._learner, self._counters.steps
        recorder = ChunkRecorder(
            self._resolved,
            self._spec,
            self._staging,
            learner.distribution,
            learner.model.action_space,
            steps,
            time.time(),
            learner.opponent_name,
        )
        recorder.resume(self._memory, self._ring)
        if self._carried is not None:
            lost = recorder.go_on(self._carried.open, self._carried.tape, steps)
            if lost:
                self._warn(
                    f"{lost} open episodes began before recording was asked for and are not recorded"
                )
        return recorder

    def _finish_recording(self, recorder: ChunkRecorder) -> None:
        """Wait for the disk, and say what became of the episodes."""
        spec = self._spec
        self._carried = replace(self._learner.carry(), tape=recorder.open_tape())
        is_last = self._counters.updates == spec.total_updates
        counts, self._ring = recorder.finish(is_last, self._curriculum.stage)
        self._memory = recorder.judges.memory()
        self._emit(Recorded(counts.offered, counts.written, counts.dropped, counts.failed))
        if counts.lost:
            self._warn(
                f"{counts.lost} of {counts.offered} episodes of chunk {spec.chunk} are not recorded: "
                f"{recorder.trouble}"
            )

    def _train(self, recorder: ChunkRecorder, should_stop: Callable[[], bool]) -> None:
        learner, model, spec = self._learner, self._learner.model, self._spec
        logger, capture = make_logger(self._staging / STAGED_TENSORBOARD)
        model.set_logger(logger)
        model.ep_info_buffer = deque(self._recent.sb3_rows(), maxlen=WINDOW)
        model.ep_success_buffer = deque(maxlen=WINDOW)
        model.start_time = time.time_ns()
        model._num_timesteps_at_start = model.num_timesteps
        total_steps = self._resolved.config.train.run_steps
        turn = self._turn
        learner.seat(spec.run, turn.pool, turn.seated, turn.rivals)
        seeds = HashedSeeds(episode_seed(self._resolved.config.seed), model.n_envs)
        heartbeat = Heartbeat(self._emit, model)
        try:
            learner.begin(seeds, self._curriculum.stage, heartbeat, self._carried)
        except DivergenceError as error:
            raise DivergenceError(f"{error}; {self._other_versions()}") from error
        feed = self._open_feed(recorder)
        while self._counters.updates < spec.last_update:
            began, started = time.time(), time.perf_counter()
            self._seed(self._counters.updates + 1)
            iteration = learner.iterate(total_steps)
            played = time.perf_counter()
            counters = self._counters
            place = Place(counters.episodes + 1, counters.steps, began, time.time())
            taken = recorder.take(iteration, place)
            feed.take(taken, iteration.played.last_seeds(WATCHED), self._now(), place)
            iterated = time.perf_counter()
            counters.updates += 1
            self._account(iteration.ended, recorder)
            model.dump_logs(self._counters.updates)
            ended = time.perf_counter()
            record = iteration.phases["record"] + iterated - played
            phases = {**iteration.phases, "record": record, "log": ended - iterated}
            self._emit_update(capture.values, ended - started, phases)
            if should_stop():
                break
        logger.close()

    def _now(self) -> Now:
        return Now(self._counters.updates, self._counters.steps, self._curriculum.stage)

    def _open_feed(self, recorder: ChunkRecorder) -> ChunkFeed:
        """What those who watch are told, from the beginning of the chunk on."""
        train = self._resolved.config.train
        feed = ChunkFeed(
            self._spec,
            recorder,
            self._learner.opponents,
            self._emit,
            num_envs=train.n_envs,
            total_steps=train.run_steps,
            stages=[stage.name for stage in self._resolved.declaration.stages],
        )
        feed.begin(self._now(), self._carried.open if self._carried else None)
        return feed

    def _account(self, ended: EndedEpisodes, recorder: ChunkRecorder) -> None:
        """Count the episodes of the rollout, and go on to the next stage when it is time."""
        refuse_non_finite(ended, self._resolved.declaration)
        counters, model = self._counters, self._learner.model
        episodes = as_event(
            ended,
            self._resolved,
            counters.episodes + 1,
            counters.steps,
            self._learner.opponent_name,
        )
        counters.episodes += len(ended)
        counters.steps = model.num_timesteps
        if len(ended):
            self._emit(episodes)
            self._recent.add(episodes)
            assert model.ep_info_buffer is not None
            model.ep_info_buffer.extend(self._recent.sb3_rows()[-len(ended) :])
        self._recent.log(model.logger)
        stage = self._curriculum.stage
        if self._curriculum.observe(ended):
            recorder.stage_ended(stage)
            self._learner.set_stage(self._curriculum.stage)
            self._emit(Notice("info", f"stage {self._curriculum.name()} begins"))

    def _emit_update(
        self, values: dict[str, float], seconds: float, phases: dict[str, float]
    ) -> None:
        counters = self._counters
        counters.trained_s += seconds
        speed = self._resolved.config.train.rollout_steps / seconds
        self._emit(
            Update(counters.updates, counters.steps, time.time(), speed, dict(values), phases)
        )

    def _stage_checkpoint(self) -> None:
        """Write model, state and manifest into the staging directory, and verify them."""
        model, spec, counters = self._learner.model, self._spec, self._counters
        parameters = model.get_parameters()
        if broken := non_finite(parameters):
            raise RunFailed(
                f"weights are not finite after update {counters.updates}: {', '.join(broken[:3])}; "
                "lower train.learning_rate or train.max_grad_norm"
            )
        directory = self._staging / STAGED_CHECKPOINT
        directory.mkdir()
        model.save(directory / checkpoints.MODEL, exclude=_NOT_SAVED)
        if self._ring:
            write_ring(directory / checkpoints.RING, self._ring)
        if self._carried is not None:
            write_carried(directory, self._carried)
        state = CheckpointState(
            chunk=spec.chunk,
            parent=None if spec.parent < 0 else spec.parent,
            updates=counters.updates,
            steps=counters.steps,
            total_steps=self._resolved.config.train.run_steps,
            episodes=counters.episodes,
            gradient_epochs=model._n_updates,
            trained_s=counters.trained_s,
            weights_sha256=weights_sha256(parameters),
            milestones=spec.milestones if counters.updates == spec.last_update else [],
            recent=self._recent.episodes,
            stage=self._curriculum.stage,
            stage_window=self._curriculum.window,
            normalization=self._learner.normalization().export(),
            threads=self._learner.threads,
            versions=self._installed,
            compiled=self._compiled,
            dtype=self._learner.dtype,
            recorder=self._memory,
            open_episodes=0 if self._carried is None else len(self._carried.open.length),
            open_steps=0 if self._carried is None else int(self._carried.open.length.sum()),
            seated=self._learner.seated(),
            config=values_by_key(self._resolved),
            config_sha256=config_sha256(self._resolved.config),
        )
        checkpoints.write_state(directory, state)
        checkpoints.seal(directory, spec.chunk)
        checkpoints.verify(directory)
