"""Opponents sit in environment processes too, and opposite every learner."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lab import UNSET, Lab, Trained, rows

from arcade_rl.contracts import StepBatch
from arcade_rl.envs.door import open_env
from arcade_rl.envs.processes import open_processes
from arcade_rl.envs.seats import Seated, built_in
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl.registry import load_game

pytestmark = pytest.mark.usefixtures("duel")

OWN = ["random", "perfect"]
ENVS, STEPS = 5, 60


def told(batch: StepBatch) -> list[Any]:
    assert batch.replies is not None
    assert batch.opponents is not None
    columns = (batch.rewards, batch.frames, batch.metrics, batch.episode_seeds, batch.opponents)
    return [
        *(np.asarray(column).tolist() for column in columns),
        *map(list, (batch.replies.counts, batch.replies.actions)),
    ]


def played(env: Any) -> list[Any]:
    env.reset(HashedSeeds(3, ENVS))
    found = []
    for t in range(STEPS):
        found.append(told(env.step(np.full(ENVS, t % 4))))
    return found


def test_every_number_of_processes_gives_what_one_gives() -> None:
    game = load_game("duel")
    options = game.options(saved_state="exact")
    declaration = game.declare(options)
    with closing(open_env(game, options, declaration, ENVS, "training")) as own:
        own.set_opponents(Seated([[built_in(game, options, OWN, name)] for name in OWN], [], ENVS))
        expected, later = played(own), [told(own.step(np.zeros(ENVS, np.int64))) for _ in range(20)]
    for processes in (1, 2, 3):
        opened = open_processes(game, options, declaration, ENVS, "training", processes, OWN)
        with closing(opened) as apart:
            assert played(apart) == expected
            saved = apart.save()
        again = open_processes(game, options, declaration, ENVS, "training", processes, OWN)
        with closing(again) as restored:
            source = HashedSeeds(3, ENVS)
            source = source.at(
                np.array([len({row[3][k] for row in expected}) for k in range(ENVS)])
            )
            restored.restore(saved, source)
            found = [told(restored.step(np.zeros(ENVS, np.int64))) for _ in range(5)]
        assert [row[-2:] for row in found] == [row[-2:] for row in later[:5]]


VARIANTS = {
    "in processes": ["train.env_processes=2", 'opponents.names=["random", "perfect"]'],
    "in processes, restored": ["train.env_processes=2", "options.saved_state=exact"],
    "A2C": ["train.algorithm=sb3:A2C", f"train.batch_size={UNSET}", f"train.n_epochs={UNSET}"],
    "recurrent": ["train.algorithm=sb3:RecurrentPPO", "train.policy_kwargs.lstm_hidden_size=8", "opponents.pool=2", 'opponents.names=["pool"]'],
    "by seconds": ["train.gamma_per=second", "train.normalize_rewards=true"],
}  # fmt: skip


@pytest.mark.parametrize(
    "assignments",
    [
        # the first test of this file restores what processes have saved
        pytest.param(it, id=name, marks=pytest.mark.very_slow if "restored" in name else ())
        for name, it in VARIANTS.items()
    ],
)
def test_where_a_run_is_cut_changes_nothing(tmp_path: Path, assignments: list[str]) -> None:
    def trained(name: str, *boundaries: int) -> list[Trained]:
        (tmp_path / name).mkdir()
        lab = Lab(
            tmp_path / name,
            [
                "game=duel",
                "train.total_steps=2048",
                "train.n_steps=64",
                "train.n_envs=4",
                *assignments,
            ],
        )
        chain = [lab.chunk(0, 0)]
        pool = chain[:1] if '["pool"]' in " ".join(assignments) else []
        for number, last in enumerate(boundaries, start=1):
            chain.append(lab.chunk(number, last, chain[-1], pool=pool, seated=pool))
        return chain

    whole, cut = trained("whole", 4), trained("cut", 1, 2, 4)
    assert rows(whole) == rows(cut)
    assert whole[-1].state.weights_sha256 == cut[-1].state.weights_sha256
