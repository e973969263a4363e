"""The chunk function: from a checkpoint and a spec to the next checkpoint, with its measurements.

All randomness comes from (run seed, chunk index), and every environment starts a new episode, so
the same chunk gives the same bytes however often it is tried. Episodes that are still open at the
end are not counted.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.utils import set_random_seed

from arcade_rl.contracts import SeedSource
from arcade_rl.envs.accounting import EndedEpisodes, refuse_non_finite
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl.errors import RunFailed, VerificationError
from arcade_rl.policies.load import non_finite, read_parameters, weights_sha256
from arcade_rl.recording.recorder import Pending, read_ring, write_ring
from arcade_rl.recording.versions import versions
from arcade_rl.runs import checkpoints
from arcade_rl.runs.checkpoints import WINDOW, CheckpointState
from arcade_rl.runs.events import Beat, Event, Notice, Recorded, Update
from arcade_rl.training.curriculum import Curriculum
from arcade_rl.training.learner import Learner
from arcade_rl.training.measure import Recent, as_event, make_logger
from arcade_rl.training.plan import STAGED_CHECKPOINT, STAGED_TENSORBOARD, ChunkSpec, plan_run
from arcade_rl.training.record import ChunkRecorder, Place

BEAT_INTERVAL_S = 1.0

_NOT_SAVED = [
    "_last_obs", "_last_episode_starts", "_last_original_obs", "ep_info_buffer",
    "ep_success_buffer", "start_time",
]  # fmt: skip

Emit = Callable[[Event], None]


def chunk_seeds(run_seed: int, chunk: int) -> tuple[int, int]:
    """(seed of torch, numpy and Python; seed of the episodes) of a chunk, each in [0, 2**32)."""
    learner, episodes = np.random.SeedSequence([run_seed, chunk]).generate_state(2)
    return int(learner), int(episodes)


@dataclass(slots=True)
class Counters:
    """What a run has done so far."""

    updates: int = 0
    steps: int = 0
    episodes: int = 0
    trained_s: float = 0.0


class Heartbeat:
    """Says from inside the training loop that it is alive, at most once a second."""

    def __init__(self, emit: Emit, model: OnPolicyAlgorithm) -> None:
        self._emit, self._model = emit, model
        self._last = 0.0

    def __call__(self) -> None:
        """Say it if the last time is long enough ago."""
        now = time.monotonic()
        if now - self._last >= BEAT_INTERVAL_S:
            self._last = now
            self._emit(Beat(self._model.num_timesteps))


class Chunk:
    """One attempt at a chunk by a learner."""

    def __init__(self, learner: Learner, spec: ChunkSpec, emit: Emit) -> None:
        self._learner, self._spec, self._emit = learner, spec, emit
        self._resolved = learner.resolved
        self._counters = Counters()
        self._recent = Recent(self._resolved, None)
        self._curriculum = Curriculum(self._resolved.declaration, 0, [])
        self._compiled = False
        self._memory: list[Any] = []
        """What the criteria of recording remember."""
        self._ring: list[Pending] = []
        """Episodes of which the criteria have not said the last word."""

    def run(self, should_stop: Callable[[], bool]) -> int:
        """Train and stage the checkpoint; returns the update that it ends on.

        `should_stop` is asked after every update; the chunk then ends early.
        """
        learner_seed, episode_seed = chunk_seeds(self._resolved.config.seed, self._spec.chunk)
        set_random_seed(learner_seed, using_cuda=self._learner.model.device.type == "cuda")
        if self._spec.checkpoint:
            self._restore(Path(self._spec.checkpoint))
        else:
            self._learner.model._setup_model()  # new weights, from this chunk's randomness
            self._choose_compiled()
        if self._spec.last_update > self._counters.updates:
            recorder = self._open_recorder()
            seeds = HashedSeeds(episode_seed, self._learner.model.n_envs)
            self._train(seeds, recorder, should_stop)
            self._finish_recording(recorder)
        self._stage_checkpoint()
        return self._counters.updates

    def _choose_compiled(self) -> None:
        """What is decided once for the whole run."""
        plan, learner = plan_run(self._resolved.config), self._learner
        verdict = learner.choose_compiled(plan.total_updates, len(plan.boundaries))
        if verdict is not None:
            self._compiled = verdict.compiled
            learner.use_compiled(verdict.compiled)
            self._emit(Notice("info", f"precision fast in {learner.dtype}, {verdict.reason}"))

    def _restore(self, directory: Path) -> None:
        checkpoints.verify(directory)
        state = checkpoints.read_state(directory)
        model = self._learner.model
        parameters = read_parameters(directory / checkpoints.MODEL, model.device)
        if weights_sha256(parameters) != state.weights_sha256:
            raise VerificationError(f"{directory}: the weights are not those that its state names")
        try:
            model.set_parameters(parameters, exact_match=True, device=model.device)
        except (RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise VerificationError(
                f"{directory}: the weights do not fit the configuration's networks: {reason}"
            ) from error
        model.num_timesteps = state.steps
        model._n_updates = state.gradient_epochs
        if state.normalization is not None:
            self._learner.normalization().restore(state.normalization)
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

    def _warn_of_another_machine(self, state: CheckpointState) -> None:
        """Sums may be rounded differently from those of the chunk before."""
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

    def _warn(self, text: str) -> None:
        self._emit(Notice("warning", text))

    def _open_recorder(self) -> ChunkRecorder | None:
        """None where no episode is kept: neither of this chunk nor from before."""
        if not (self._resolved.config.recording.criteria or self._ring):
            self._memory = []
            return None
        learner, steps = self._learner, self._counters.steps
        recorder = ChunkRecorder(
            self._resolved,
            self._spec,
            learner.distribution,
            learner.model.action_space,
            steps,
            time.time(),
        )
        recorder.resume(self._memory, self._ring)
        return recorder

    def _finish_recording(self, recorder: ChunkRecorder | None) -> None:
        """Wait for the disk, and say what became of the episodes."""
        if recorder is None:
            self._emit(Recorded(0, 0, 0, 0))
            return
        spec = self._spec
        is_last = self._counters.updates == spec.total_updates
        counts, self._ring = recorder.finish(is_last, self._curriculum.stage)
        self._memory = recorder.judges.memory()
        self._emit(Recorded(counts.offered, counts.written, counts.dropped, counts.failed))
        if counts.lost:
            self._warn(
                f"{counts.lost} of {counts.offered} episodes of chunk {spec.chunk} are not recorded: "
                f"{recorder.trouble}"
            )

    def _train(
        self, seeds: SeedSource, recorder: ChunkRecorder | None, should_stop: Callable[[], bool]
    ) -> None:
        learner, model, spec = self._learner, self._learner.model, self._spec
        logger, capture = make_logger(Path(spec.staging) / STAGED_TENSORBOARD)
        model.set_logger(logger)
        model.ep_info_buffer = deque(self._recent.sb3_rows(), maxlen=WINDOW)
        model.ep_success_buffer = deque(maxlen=WINDOW)
        model.start_time = time.time_ns()
        model._num_timesteps_at_start = model.num_timesteps
        total_steps = self._resolved.config.train.run_steps
        learner.begin(seeds, self._curriculum.stage, Heartbeat(self._emit, model))
        while self._counters.updates < spec.last_update:
            began, started = time.time(), time.perf_counter()
            iteration = learner.iterate(total_steps)
            played = time.perf_counter()
            counters = self._counters
            if recorder:
                place = Place(counters.episodes + 1, counters.steps, began, time.time())
                recorder.take(iteration, place)
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

    def _account(self, ended: EndedEpisodes, recorder: ChunkRecorder | None) -> None:
        """Count the episodes of the rollout, and go on to the next stage when it is time."""
        refuse_non_finite(ended, self._resolved.declaration)
        counters, model = self._counters, self._learner.model
        episodes = as_event(ended, self._resolved, counters.episodes + 1, counters.steps)
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
            if recorder:
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
        directory = Path(spec.staging) / STAGED_CHECKPOINT
        directory.mkdir()
        model.save(directory / checkpoints.MODEL, exclude=_NOT_SAVED)
        if self._ring:
            write_ring(directory / checkpoints.RING, self._ring)
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
            versions=versions(),
            compiled=self._compiled,
            dtype=self._learner.dtype,
            recorder=self._memory,
        )
        checkpoints.write_state(directory, state)
        checkpoints.seal(directory, spec.chunk)
        checkpoints.verify(directory)
