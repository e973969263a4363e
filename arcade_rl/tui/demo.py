"""Made runs to look around in: no game plays, no network learns, and every number is made up."""

from __future__ import annotations

import math
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from arcade_rl.config import Config, dump_toml
from arcade_rl.runs.checkpoints import CheckpointState, RecentEpisodes
from arcade_rl.runs.database import Database, RecordingRow
from arcade_rl.runs.directory import Identity, RunDirectory
from arcade_rl.runs.events import ChunkLog, Episodes, Event, Update
from arcade_rl.runs.plan import plan_run
from arcade_rl.tui.measures import RATIO

GAME = "demo"
TERMS = ("score", "survival")
METRICS = ("score", "lives")
N_ENVS, N_STEPS = 8, 128
ROLLOUT = N_ENVS * N_STEPS
LAYERS = {
    "mlp_extractor.policy_net.0": 1.1e-3,
    "mlp_extractor.value_net.0": 1.3e-3,
    "action_net": 2.5e-3,
    "value_net": 1.6e-3,
}
"""Update/weight ratio of every layer at the beginning of a usual training."""
SPEED = 2_000.0
"""Steps per second of a made training."""


@dataclass(frozen=True, slots=True)
class DemoStory:
    """What happens in a made run."""

    name: str
    updates: int = 200
    updates_per_chunk: int = 20
    episodes_per_update: int = 8
    state: str = "finished"
    """The last word of the supervisor."""
    reason: str = ""
    done: float = 1.0
    """Part of the run that was trained."""
    collapses_at: float | None = None
    """Part of the run at which the policy stops exploring; None where it never does."""
    fails_at: int | None = None
    """Chunk that needed three attempts; None where all went well."""
    seed: int = 0
    learning_rate: float = 3e-4
    age_s: float = 86_400.0
    """Seconds since the run began."""


STORIES = (
    DemoStory("learned", seed=1, age_s=5 * 86_400),
    DemoStory("learned-slower", seed=2, learning_rate=1e-4, age_s=4 * 86_400),
    DemoStory("collapsed", state="stopped", done=0.8, collapses_at=0.3, seed=3, learning_rate=3e-3, age_s=2 * 86_400),
    DemoStory("tried-again", done=0.9, fails_at=4, seed=4, age_s=86_400, state="failed", reason="chunk 9 failed 3 times"),
    DemoStory("half-way", done=0.5, state="running", seed=5, age_s=3_600),
)  # fmt: skip


def make_demo(root: Path, now: float | None = None) -> list[RunDirectory]:
    """Make a few runs with different stories in a folder."""
    return [make_story(root, story, now) for story in STORIES]


def make_story(root: Path, story: DemoStory, now: float | None = None) -> RunDirectory:
    """Make one run, as old as its story says at the time `now`."""
    config = _config(story)
    run, began = RunDirectory(root / story.name), (now or time.time()) - story.age_s
    run.create(dump_toml(config).encode())
    with closing(Database.create(run.database, TERMS, METRICS)) as database:
        _fill(database, story, config, began)
        database.set_status(story.state, story.reason, 1 if story.state == "running" else None)
    run.identify(_identity(story, began))
    return run


def _config(story: DemoStory) -> Config:
    return Config.model_validate(
        {
            "game": GAME,
            "seed": story.seed,
            "train": {
                "total_steps": story.updates * ROLLOUT,
                "n_envs": N_ENVS,
                "n_steps": N_STEPS,
                "batch_size": 256,
                "learning_rate": story.learning_rate,
            },
            "chunk": {"steps": story.updates_per_chunk * ROLLOUT},
            "checkpoint": {"milestones": "50%"},
            "reward": dict.fromkeys(TERMS, 1.0),
        }
    )


def _identity(story: DemoStory, began: float) -> Identity:
    return Identity(
        run=story.name, game=GAME, seed=story.seed, created=began, command=["arcade-rl", "tui", "--demo"],
        versions={}, git_commit="", machine={}, main_metric="score",
    )  # fmt: skip


def _fill(database: Database, story: DemoStory, config: Config, began: float) -> None:
    plan, random = plan_run(config), np.random.default_rng(story.seed)
    last = round(plan.total_updates * story.done)
    first, chunk, number = 1, 1, 1
    returns: list[float] = []
    while first <= last:
        end = min(plan.next_boundary(first - 1), last)
        attempts = 3 if chunk == story.fails_at else 1
        for attempt in range(1, attempts):
            text = f"chunk {chunk} failed (died): the worker of attempt {attempt} was killed by signal 9"
            database.notify("warning", text, at=began + first * ROLLOUT / SPEED)
        began_with, events = number, list[Event]()
        for update in range(first, end + 1):
            at = began + update * ROLLOUT / SPEED
            episodes = _episodes(story, plan.total_updates, update, number, at, random)
            number += len(episodes)
            returns += episodes.columns["raw_return"]
            events += [episodes, _update(story, plan.total_updates, update, at, returns, random)]
        if end == plan.next_boundary(first - 1) or story.state != "running":
            state = _state(chunk, end, plan.total_steps, number - 1, returns[-100:])
            database.replay_chunk(ChunkLog(events, attempts, at, state))
            database.set_recordings(chunk, _recordings(began_with, number))
        else:
            database.begin_attempt(chunk, attempts, first, end)
            for event in events:
                database.record(chunk, attempts, event)
        first, chunk = end + 1, chunk + 1
    database.notify("info", "these are made-up numbers: nothing was trained", at=began)


def _recordings(first: int, end: int) -> list[RecordingRow]:
    """Rows of recordings, of which no file exists."""
    return [
        RecordingRow(number, 1000 * (number - first), 1000, ["all"]) for number in range(first, end)
    ]


def _skill(story: DemoStory, part: float) -> float:
    """How good the policy is at a part of the run, 0 to 1."""
    speed = 9.0 if story.learning_rate >= 3e-4 else 5.0
    learned = 1.0 / (1.0 + math.exp(-speed * (part - 0.4)))
    if story.collapses_at is not None and part > story.collapses_at:
        reached = 1.0 / (1.0 + math.exp(-speed * (story.collapses_at - 0.4)))
        return reached * math.exp(-3.0 * (part - story.collapses_at))
    return learned


def _episodes(
    story: DemoStory, total: int, update: int, first: int, at: float, random: np.random.Generator
) -> Episodes:
    count, skill = story.episodes_per_update, _skill(story, update / total)
    returns = np.maximum(random.normal(60.0 * skill, 4.0 + 6.0 * skill, count), 0.0).round()
    lengths = (100 + 300 * skill + random.integers(0, 60, count)).astype(int)
    columns = {
        "env": [k % N_ENVS for k in range(count)],
        "seed": random.integers(0, 2**31, count).tolist(),
        "stage": [0] * count,
        "length": lengths.tolist(),
        "step": [(update - 1) * ROLLOUT + (k + 1) * ROLLOUT // count for k in range(count)],
        "raw_return": returns.tolist(),
        "shaped_return": (returns * 0.1 + lengths * 0.01).tolist(),
        "truncated": [False] * count,
        "opponent": [""] * count,
    }
    terms = {"score": (returns * 0.1).tolist(), "survival": (lengths * 0.01).tolist()}
    metrics = {
        "score": returns.tolist(),
        "lives": random.integers(0, 4, count).astype(float).tolist(),
    }
    return Episodes(first, columns, terms, metrics, at)


def _update(
    story: DemoStory, total: int, update: int, at: float, returns: list[float], random: np.random.Generator
) -> Update:  # fmt: skip
    part, recent = update / total, returns[-100:]
    entropy = 1.38 * (1.0 - 0.55 * part)
    if story.collapses_at is not None and part > story.collapses_at:
        entropy = max(1.3 * math.exp(-25.0 * (part - story.collapses_at)), 0.004)
    noise = float(random.normal(0.0, 1.0))
    values = {
        "rollout/ep_rew_mean": float(np.mean(recent)),
        "train/entropy_loss": -entropy + 0.003 * noise,
        "train/approx_kl": max(0.009 + 0.002 * noise, 1e-4) * (story.learning_rate / 3e-4) ** 0.5,
        "train/clip_fraction": min(max(0.12 + 0.02 * noise, 0.0) * (story.learning_rate / 3e-4) ** 0.5, 1.0),
        "train/explained_variance": min(0.2 + 0.75 * _skill(story, part) + 0.02 * noise, 0.99),
        "train/value_loss": 4.0 * (1.1 - _skill(story, part)) + 0.1 * abs(noise),
        "train/policy_gradient_loss": -0.01 + 0.002 * noise,
        "train/loss": 1.5 * (1.1 - _skill(story, part)) + 0.05 * noise,
        "train/learning_rate": story.learning_rate,
        **{f"{RATIO}{layer}": size * (1.0 - 0.5 * part) * (story.learning_rate / 3e-4) ** 0.5 for layer, size in LAYERS.items()},
        "env/score": float(np.mean(recent)),
    }  # fmt: skip
    spent = ROLLOUT / SPEED
    phases = {"environment": 0.5 * spent, "inference": 0.15 * spent, "learn": 0.3 * spent}
    return Update(update, update * ROLLOUT, at, SPEED * (1.0 + 0.03 * noise), values, phases)


def _state(
    chunk: int, updates: int, total_steps: int, episodes: int, recent: list[float]
) -> CheckpointState:
    kept = RecentEpisodes(recent, recent, [100.0] * len(recent), {}, {"score": recent})
    return CheckpointState(
        chunk=chunk, parent=chunk - 1, updates=updates, steps=updates * ROLLOUT, total_steps=total_steps,
        episodes=episodes, gradient_epochs=10 * updates, trained_s=updates * ROLLOUT / SPEED,
        weights_sha256=f"{chunk:064x}", milestones=[], recent=kept, stage=0, stage_window=[],
        normalization=None, threads=1, versions={},
    )  # fmt: skip
