"""What a search over two pills clears at HI when a trained run values the boards at its leaves.

    .venv/bin/python scripts/bench_drmario_search.py RUN[@CKPT] [--levels 20] [--games 200] [--trust 0 3 10]
        [--beam 12] [--backend simulator] [--pills 1000] [--runs-dir DIR]

The placements that the run's policy likes best are looked at, behind each every drop of the next pill, and then
the run's value of the board, the mean over the pills that may come. A placement's logit and `--trust` times the
best of these values decide; 0 is the policy alone, except that a pill which clears the level is always seen.
Each row has the games cleared with Wilson's 95 % interval, and the medians of frames and pills over the cleared
ones, on the starts of evaluations.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from arcade_rl_drmario.baselines import boards_of
from arcade_rl_drmario.game import DrMario
from arcade_rl_drmario.options import DrMarioOptions
from arcade_rl_drmario.planning import leaves
from arcade_rl_drmario.planning.features import FEATURES
from arcade_rl_drmario.planning.search import CHANCES, MOST_DROPS, PILLS
from pydantic import BaseModel

from arcade_rl.config import Resolved
from arcade_rl.contracts import Asked, Opponent
from arcade_rl.envs.door import open_env
from arcade_rl.playback.evaluation import evaluate_built_in
from arcade_rl.playback.references import open_checkpoint
from arcade_rl.policies.actor import load_acting
from arcade_rl.runs import checkpoints
from arcade_rl.runs.evaluations import Evaluation

ENVS = 50
"""Games that are played at once."""
ENDED = 1e3
"""Worth of a placement that clears the level at once; minus this is the worth of one that loses."""


class LearnedSearch(Opponent):
    """Takes the placement with the highest sum of the policy's logit and a learned value two pills on."""

    def __init__(self, policy: Any, resolved: Resolved, beam: int, trust: float) -> None:
        self.networks, self.head = policy.mlp_extractor, policy.value_net
        self.beam, self.trust = beam, trust
        names = [term.name for term in resolved.declaration.terms]
        weights = dict(zip(names, resolved.weights, strict=True))
        viruses = 4 * (resolved.options.level + 1)  # type: ignore[attr-defined]
        self.virus = weights["virus"] / viruses**0.5
        self.gamma = resolved.config.train.gamma

    def choose(self, asked: Asked) -> npt.NDArray[Any]:
        bottles, pills, placements = boards_of(asked)
        count = len(bottles)
        logits = self.logits_of(asked, placements)
        beam = np.argsort(-logits, axis=1)[:, : self.beam]
        own = np.take_along_axis(logits, beam, 1)
        beam[own == -np.inf] = -1
        firsts = np.zeros(beam.shape, np.int64)
        features = np.empty((beam.size * MOST_DROPS, len(PILLS), FEATURES), np.float32)
        notes = np.empty((len(features), 5), np.int64)
        found = leaves.fill_leaves(bottles, pills, placements, beam, firsts, features, notes)
        best = np.full(beam.size, -np.inf)
        places = notes[:found, leaves.ROW] * beam.shape[1] + notes[:found, leaves.PLACE]
        np.maximum.at(best, places, self.values_of(features[:found], notes[:found]))
        totals = own + self.trust * self.virus * firsts + best.reshape(beam.shape)
        chosen = beam[np.arange(count), totals.argmax(axis=1)]
        placed: npt.NDArray[np.int64] = placements[np.arange(count), chosen].astype(np.int64)
        return placed

    def logits_of(self, asked: Asked, placements: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
        """The policy's logit of every candidate, minus infinity where there is none. (N, 128)"""
        seen = {
            key: torch.from_numpy(asked.observations[key]) for key in ("candidates", "placements")
        }
        with torch.no_grad():
            of_actions = self.networks.forward_actor(seen).numpy()
        at = np.maximum(placements, 0).astype(np.int64)
        found: npt.NDArray[np.float32] = np.where(
            placements >= 0, np.take_along_axis(of_actions, at, 1), -np.inf
        )
        return found

    def values_of(
        self, features: npt.NDArray[np.float32], notes: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        """What each leaf adds to the logit of the placement that leads there. (L,)"""
        with torch.no_grad():
            latent = self.networks.forward_critic({"state": torch.from_numpy(features)})
            learned = self.head(latent).squeeze(2).numpy().astype(np.float64) @ CHANCES
        at_once = np.where(notes[:, leaves.DEPTH] == 1, 2 * ENDED, ENDED)
        outcome = notes[:, leaves.OUTCOME]
        value = self.gamma * (self.virus * notes[:, leaves.KILLED] + self.gamma * learned)
        worth: npt.NDArray[np.float64] = np.select(
            [outcome == leaves.CLEARED, outcome == leaves.LOST],
            [at_once, -at_once],
            self.trust * value,
        )
        return worth


class Searching(DrMario):
    """The game with the search as a policy of its own."""

    def __init__(self, policy: Any, resolved: Resolved, beam: int, trust: float) -> None:
        self._search = LearnedSearch(policy, resolved, beam, trust)

    def make_opponent(self, options: BaseModel, name: str) -> Opponent:
        return self._search


def played(
    reference: str, level: int, trust: float, given: argparse.Namespace
) -> tuple[Evaluation, float]:
    """(what the search reaches, the milliseconds that a decision takes, with its part of the game)."""
    options = [f"options.level={level}", f"options.backend={given.backend}"]
    options.append(f"options.most_pills={given.pills}")
    _, resolved, path = open_checkpoint(reference, given.runs_dir, options)
    assert isinstance(resolved.options, DrMarioOptions)
    if resolved.options.observation != "candidates" or resolved.options.mode != "solo":
        raise SystemExit(f"{reference} sees {resolved.options.observation}, {resolved.options.mode}; expected candidates, solo")  # fmt: skip
    env = open_env(resolved.game, resolved.options, resolved.declaration, 1, "evaluation")
    policy, _ = load_acting(resolved, path, checkpoints.read_state(path), env, "cpu")
    env.close()
    searching = replace(resolved, game=Searching(policy, resolved, given.beam, trust))
    started = time.perf_counter()
    found = evaluate_built_in(
        searching, "greedy", given.games, ENVS, resolved.config.evaluation.seed
    )
    return found, 1000 * (time.perf_counter() - started) / sum(found.episodes.length)


def row(name: str, trust: float, level: int, found: Evaluation) -> str:
    """One line of the table."""
    cleared = np.array(found.episodes.metrics["cleared"]) > 0
    low, high = (100 * end for end in found.metrics["cleared"].interval or (0.0, 0.0))
    medians = "".join(
        f"{statistics.median(np.array(found.episodes.metrics[key])[cleared].tolist()):>9,.0f}"
        if cleared.any()
        else f"{'-':>9}"
        for key in ("frames", "pills")
    )
    part = f"{cleared.sum()}/{len(cleared)}"
    share = f"{100 * cleared.mean():>7.1f} [{low:.1f}, {high:.1f}]"
    return f"{name:<20}{trust:>7g}{level:>6}{part:>10}{share}{medians}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", metavar="RUN[@CKPT]")
    parser.add_argument("--levels", nargs="+", type=int, default=[20], metavar="LEVEL")
    parser.add_argument("--games", type=int, default=200, help="games of each row")
    parser.add_argument("--trust", nargs="+", type=float, default=[0.0, 3.0, 10.0])
    parser.add_argument("--beam", type=int, default=12, help="placements that are looked behind")
    parser.add_argument("--backend", choices=["simulator", "emulator"], default="simulator")
    parser.add_argument("--pills", type=int, default=1000, help="pills after which a game is lost")
    parser.add_argument("--runs-dir")
    given = parser.parse_args()
    if given.games < 2 or not 1 <= given.beam <= 128 or given.pills < 1:
        parser.error("expected 2 or more --games, a --beam of 1 to 128, and 1 or more --pills")
    print(
        f"{'run':<20}{'trust':>7}{'level':>6}{'cleared':>10}{'%':>7} 95 % interval{'frames':>9}{'pills':>9}"
        f"{'ms':>8}"
    )
    for reference in given.runs:
        for level in given.levels:
            for trust in given.trust:
                found, milliseconds = played(reference, level, trust, given)
                print(row(reference, trust, level, found), f"{milliseconds:7.2f}", flush=True)


if __name__ == "__main__":
    main()
