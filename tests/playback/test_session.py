"""What a film draws of an episode equals what is stored: a recording, a checkpoint, rows of run.db."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from arcade_rl_toy import BUTTONS, GAUGES, STRANGE
from make_run import Made, make_run
from recorded import played, recording
from sessions import NOBODY, open_eyes, session_of

from arcade_rl.contracts import Metric
from arcade_rl.errors import MissingError, PluginError, VerificationError
from arcade_rl.overlay.appearance import Appearance
from arcade_rl.overlay.scene import Scene
from arcade_rl.playback.evaluation import evaluate
from arcade_rl.playback.game import find_playable
from arcade_rl.playback.library import Run
from arcade_rl.playback.performance import Performance, Sights
from arcade_rl.playback.player import Player
from arcade_rl.playback.references import episode_seeds
from arcade_rl.playback.rerun import Rerun, RerunDivergenceError
from arcade_rl.playback.scenes import BANNER_S, Billing, title_of, weights_of
from arcade_rl.playback.session import About, Session, Wants
from arcade_rl.playback.sources import RecordedSource, opened
from arcade_rl.playback.tables import RunningMetrics
from arcade_rl.playback.verify import verify
from arcade_rl.policies.activity import Choices, Dials
from arcade_rl.recording.recording import Recording
from arcade_rl.registry import load_game
from arcade_rl.runs import checkpoints
from arcade_rl.runs.standing import POINTS, curve_at, standing_at

if TYPE_CHECKING:
    from conftest import PluginDist

CHUNK = 3


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_run(tmp_path_factory.mktemp("show"), "checkpoint.every=1")


def player_of(made: Made, chunk: int = CHUNK) -> Player:
    return Player(made.resolved, made.run.checkpoint(chunk))


def scenes_of(
    made: Made, episode: Recording | Performance, player: Player | None = None
) -> list[Scene]:
    recording = episode if isinstance(episode, Recording) else episode.recording
    metadata = recording.metadata
    title = title_of(made.resolved.config, metadata, "sampled", 7, True)
    standing, weights = standing_at(made.run, CHUNK), weights_of(metadata, made.resolved)
    about = About(title, "sampled", standing=standing, weights=weights)
    billing = Billing(2, 5, banner="50 %", detail="checkpoint 3")
    with session_of(episode, player, about) as session:
        return [scene for shown in session for scene in session.scenes(shown, billing)]


@pytest.mark.parametrize("deterministic", [True, False])
def test_a_checkpoint_plays_what_an_evaluation_plays(made: Made, deterministic: bool) -> None:
    measured = evaluate(made.resolved, made.run.checkpoint(CHUNK), 3, 1, 5, True).episodes
    seeds = episode_seeds(5, 3)
    with player_of(made) as player:
        played = [player.play(seed, k, deterministic) for k, seed in enumerate(seeds, 1)]
        again = player.play(seeds[2], 3, deterministic)
    recordings = [performance.recording for performance in played]
    assert [it.start.seed for it in recordings] == seeds == measured.seed
    assert np.array_equal(again.recording.actions, recordings[2].actions)
    if deterministic:
        assert [len(it) for it in recordings] == measured.length
        assert [it.metadata.raw_return for it in recordings] == measured.raw_return
        assert [it.metadata.metrics["streak"] for it in recordings] == measured.metrics["streak"]
    assert {it.metadata.purpose for it in recordings} == {"evaluation"}
    assert {it.metadata.checkpoint for it in recordings} == {CHUNK}
    found = list(verify(recordings))
    assert len(found) == 3
    assert not any(one.divergence or one.fault for one in found)


def test_playing_leaves_the_random_state_alone(made: Made) -> None:
    with player_of(made) as player:
        before = torch.get_rng_state()
        player.play(3, 1, deterministic=False)
    assert torch.equal(before, torch.get_rng_state())


def test_a_scene_shows_the_recording_and_the_forward_pass_that_led_to_it(made: Made) -> None:
    episode = Run(made.run.path).episodes(sort="-length", limit=1)[0]
    it = episode.recording
    assert it.distributions is None  # nothing of the policy is stored: it is computed
    with Player(made.resolved, made.run.checkpoint(it.metadata.checkpoint)) as player:
        scenes = scenes_of(made, it, player)
    weights = made.resolved.config.reward
    names = [metric.label for metric in made.resolved.declaration.metrics]
    ends = [scene for scene, later in zip(scenes, [*scenes[1:], None], strict=True)
            if later is None or later.playback.step != scene.playback.step]  # fmt: skip
    assert [scene.playback.frame for scene in scenes] == list(range(1, len(scenes) + 1))
    assert [scene.playback.step for scene in ends] == list(range(1, len(it) + 1))
    for k, scene in enumerate(ends):
        assert scene.activity is not None
        assert isinstance(scene.activity.decision, Choices)
        assert scene.activity.decision.taken == (it.actions[k],)
        assert scene.playback.total == pytest.approx(it.rewards[: k + 1].sum())
        assert [reading.label for reading in scene.playback.readings] == names
        assert scene.trace is not None
        assert scene.trace.values[-1] == np.float32(scene.activity.value or 0.0)
    sums = {
        name: sum({c.name: c.amount for c in s.playback.contributions}[name] for s in ends)
        for name, weight in weights.items()
        if weight
    }
    stored = {name: it.metadata.terms[name] * weight for name, weight in weights.items() if weight}
    assert set(stored) == {"hit", "miss"}  # a term without a weight is not shown
    assert sums == pytest.approx(stored, abs=1e-4)
    last = [reading.text for reading in ends[-1].playback.readings]
    assert last == [
        m.render(it.metadata.metrics[m.name]) for m in made.resolved.declaration.metrics
    ]


def test_an_activity_is_that_of_the_policy_on_what_the_agent_saw(made: Made) -> None:
    with player_of(made) as player:
        performance = player.play(11, 1, deterministic=True)
        with session_of(performance, player) as session:
            decisions = [s.activity.decision for s in session if s.activity is not None]
    assert len(decisions) == len(performance.recording)
    for decision in decisions:
        assert isinstance(decision, Choices)
        assert decision.taken[0] == decision.probabilities.argmax()  # as it was deterministic


def test_a_game_that_cannot_be_rerun_is_shown_with_what_was_seen(tmp_path: Path) -> None:
    made = make_run(tmp_path, "options.inexact=true", "options.actions=continuous")
    with Player(made.resolved, made.newest) as player:
        performance = player.play(11, 1, deterministic=True)
        assert performance.recording.states is not None
        assert performance.sights is not None
        assert len(performance.sights) == len(performance.recording)
        with session_of(performance, player) as session:
            shown = list(session)
    assert len(shown) == len(performance.recording)
    for k, one in enumerate(shown):
        assert one.activity is not None
        assert isinstance(one.activity.decision, Dials)
        assert one.activity.decision.mean == pytest.approx(performance.recording.actions[k])
        assert one.terms is not None
        assert one.terms["hit"] == one.moment.reward == 1 - one.terms["miss"]
    sums = {name: sum((one.terms or {})[name] for one in shown) for name in shown[0].terms or {}}
    assert sums == pytest.approx(performance.recording.metadata.terms)
    recorded = Run(made.run.path).episodes(limit=1)[0]
    with (
        Player(made.resolved, made.newest) as player,
        session_of(recorded.recording, player) as session,
    ):
        rest = list(session)
        assert {one.activity for one in rest} == {None}  # nobody knows what was seen
        assert {one.terms for one in rest} == {None}
    with pytest.raises(ValueError, match="no re-runs"):
        Rerun(find_playable(recorded.recording), Performance(recorded.recording))


RERUN = ("options.reruns=true", "options.instruments=true", 'recording.criteria=["all"]')


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A run of a game whose states are recorded, and that is played again all the same."""
    return make_run(tmp_path_factory.mktemp("states"), *RERUN, "checkpoint.every=1")


def test_recorded_states_are_shown_with_what_a_rerun_gives(states: Made) -> None:
    it = Run(states.run.path).episodes(sort="-length", limit=1)[0].recording
    assert it.states is not None
    with closing(open_eyes(Performance(it))) as eyes:
        sights = [sight for sight in map(eyes.sight, range(len(it))) if sight is not None]
    lit = np.array([sight.before.observation[:4].argmax() for sight in sights])
    assert lit.tolist() == it.states[:, 0].tolist()  # and so none is the environment's own array
    assert [sight.terms[0] for sight in sights] == it.rewards.tolist()
    with Player(states.resolved, states.run.checkpoint(it.metadata.checkpoint)) as player:
        scenes = scenes_of(states, it, player)
    for scene in scenes:
        assert scene.activity is not None
        assert [one.name for one in scene.playback.contributions] == ["hit", "miss"]


def test_a_rerun_that_differs_says_where(states: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    it = Run(states.run.path).episodes(sort="-length", limit=1)[0].recording
    monkeypatch.setenv("TOY_MACHINE", "1")
    fault = r"another state, its number 2, after step 5: "
    with (
        Rerun(find_playable(it), Performance(it)) as rerun,
        pytest.raises(RerunDivergenceError, match=fault) as found,
    ):
        rerun.play_to(len(it) - 1, Sights(None))
    assert found.value.step == STRANGE
    with session_of(it) as session:
        assert session.seek(STRANGE - 1).terms is not None
        with pytest.raises(MissingError, match=f"played otherwise here from step {STRANGE} on"):
            session.seek(STRANGE)
    with Session(Performance(it), Wants(), NOBODY) as session:
        shown = list(session)  # states alone leave nothing to compare
    assert [one.moment.reward for one in shown] == it.rewards.tolist()
    assert {one.terms for one in shown} == {None}


def test_an_interruption_ends_a_rerun(states: Made) -> None:
    it = Run(states.run.path).episodes(limit=1)[0].recording

    def stop() -> None:
        raise KeyboardInterrupt

    with closing(open_eyes(Performance(it), stop)) as eyes, pytest.raises(KeyboardInterrupt):
        eyes.sight(0)


def test_instruments_show_what_the_states_say(states: Made) -> None:
    it = Run(states.run.path).episodes(sort="-length", limit=1)[0].recording
    assert it.states is not None
    scenes = scenes_of(states, it)
    assert len(scenes) == 2 * len(it)
    for k, scene in enumerate(scenes[::2]):
        board = scene.dashboard
        assert board is not None
        assert (board.tracks, board.gauges) == (BUTTONS, GAUGES)
        assert (board.length, board.seconds) == (60, 4.0)  # two frames a step, 30 frames a second
        lit = it.states[: k + 1, 0].astype(int)
        assert board.history.tolist() == np.eye(4, dtype=bool)[lit].tolist()
        assert board.values.tolist() == [lit[-1]] * 2
        assert board.targets.tolist() == [it.actions[k], it.actions[0]]
    assert scenes[1].dashboard is scenes[0].dashboard  # both frames of a step have one


def test_the_history_of_tracks_is_that_of_the_last_seconds(tmp_path: Path) -> None:
    made = make_run(tmp_path, *RERUN, "options.length=100")
    it = Run(made.run.path).episodes(limit=1)[0].recording
    assert it.states is not None
    last = scenes_of(made, it)[-1].dashboard
    assert last is not None
    assert last.history.tolist() == np.eye(4, dtype=bool)[it.states[40:, 0].astype(int)].tolist()


def test_a_screen_without_the_instruments_that_are_declared_is_refused(
    plugin_dist: PluginDist,
) -> None:
    plugin_dist("arcade_rl_toy_broken", None, {"toy_no_instruments": "arcade_rl_toy_broken"})
    game = load_game("toy_no_instruments")
    it, _ = played(game, game.options(), 3)
    it = replace(it, metadata=replace(it.metadata, rom_sha256=""))
    fault = "toy_no_instruments declares tracks or gauges, and its screen has no instruments"
    with pytest.raises(PluginError, match=fault):
        Session(Performance(it), Wants(), NOBODY)


def test_a_game_without_instruments_has_no_dashboard(made: Made) -> None:
    it = Run(made.run.path).episodes(limit=1)[0].recording
    assert {scene.dashboard for scene in scenes_of(made, it)} == {None}


@pytest.mark.parametrize("chunk", range(5))
def test_the_standing_is_counted_from_the_rows(made: Made, chunk: int) -> None:
    found = standing_at(made.run, chunk)
    state = checkpoints.read_state(made.run.checkpoint(chunk))
    with sqlite3.connect(made.run.database) as connection:
        rows = connection.execute(
            "select raw_return from episodes where chunk <= ? order by number", (chunk,)
        ).fetchall()
        rates = connection.execute(
            "select json_extract(\"values\", '$.train/learning_rate') from updates "
            "where chunk <= ? order by number",
            (chunk,),
        ).fetchall()
    connection.close()
    returns = [row[0] for row in rows]
    assert found.episodes == len(returns) == state.episodes
    assert (found.steps, found.trained_s) == (state.steps, state.trained_s)
    assert found.progress == state.steps / 2048
    assert found.window == min(len(returns), 100)
    if chunk == 0:
        assert (found.mean_return, found.best_return, found.learning_rate) == (None, None, None)
    else:
        assert found.best_return == max(returns)
        assert found.mean_return == pytest.approx(sum(returns[-100:]) / len(returns[-100:]))
        assert found.learning_rate == rates[-1][0] == 3e-3


@pytest.mark.parametrize("part", [0.0, 0.3, 1.0])
def test_the_curve_is_counted_from_the_rows(made: Made, part: float) -> None:
    with sqlite3.connect(made.run.database) as connection:
        rows = connection.execute(
            "select step, metric_hits from episodes order by number"
        ).fetchall()
    connection.close()
    steps, values = np.array(rows).T
    now, total = int(part * 2048), 2048
    metric = made.resolved.declaration.metric("hits")
    curve = curve_at(made.run, metric, now)
    assert (curve.label, curve.step, curve.total_steps) == ("Hits", now, total)
    assert (curve.low, curve.high) == (0.0, values.max())
    past = np.flatnonzero(steps <= now)
    assert len(curve.steps) == len(np.unique(steps[past] * POINTS // total))
    if not len(past):
        return
    assert curve.steps[-1] == steps[past[-1]]
    for step, mean, best in zip(curve.steps, curve.means, curve.bests, strict=True):
        last = int(np.flatnonzero(steps == step)[-1])
        assert mean == pytest.approx(values[max(last - 99, 0) : last + 1].mean(), rel=1e-5)
        assert best == values[: last + 1].max()


def test_curves_of_one_run_share_their_past_and_their_limits(made: Made) -> None:
    metric = made.resolved.declaration.metric("hits")
    early, late = (curve_at(made.run, metric, step) for step in (700, 2048))
    assert 2 < len(early.steps) < len(late.steps)
    assert late.means[: len(early.means) - 1].tolist() == early.means[:-1].tolist()
    assert (early.low, early.high) == (late.low, late.high)


def test_without_the_metric_the_curve_is_that_of_the_return(made: Made) -> None:
    curve = curve_at(made.run, Metric("gone", "Gone"), 2048)
    assert curve.label == "Return"
    assert curve.means[-1] == pytest.approx(standing_at(made.run, 4).mean_return)


def test_an_episode_is_shown_with_the_curve_up_to_its_own_end(made: Made) -> None:
    episode = Run(made.run.path).episodes(sort="-number", limit=1)[0]
    overlay = Appearance((1280, 720), "none").overlay()
    with opened(RecordedSource(made.run.path, episode.number), Wants(overlay=overlay)) as session:
        (*_, scene) = session.next_scenes()
    assert scene.curve is not None
    assert scene.curve.step == scene.curve.steps[-1] == episode.metadata.step_end


def test_no_number_is_ahead_of_its_picture(made: Made) -> None:
    """What a step brings is told with the last frame of the step."""
    it = Run(made.run.path).episodes(sort="-length", limit=1)[0].recording
    scenes = scenes_of(made, it)
    told = [scene.playback.readings[0].text for scene in scenes]
    totals = [scene.playback.total for scene in scenes]
    assert told[:1] == ["0"]
    assert told[2::2] == told[1:-1:2]  # two frames a step: the first repeats what was
    assert totals[2::2] == totals[1:-1:2]
    assert totals[-1] == pytest.approx(it.rewards.sum())


def test_a_standing_of_no_chunk_is_refused(made: Made) -> None:
    with pytest.raises(MissingError, match="no checkpoint 9"):
        standing_at(made.run, 9)


def test_weights_that_were_changed_since_are_not_shown(made: Made) -> None:
    metadata = Run(made.run.path).episodes(limit=1)[0].metadata
    assert weights_of(metadata, made.resolved) == dict(made.resolved.config.reward)
    assert (
        weights_of(replace(metadata, shaped_return=metadata.shaped_return + 1), made.resolved)
        is None
    )
    assert weights_of(replace(metadata, terms={"other": 1.0}), made.resolved) is None


def test_a_metric_that_the_game_has_gained_since_is_not_shown(made: Made) -> None:
    it = Run(made.run.path).episodes(limit=1)[0].recording
    metadata = replace(it.metadata, metrics={"hits": it.metadata.metrics["hits"]})
    older = replace(it, metadata=metadata, metrics=it.metrics[:, :1])
    for scene in scenes_of(made, older):
        assert [reading.label for reading in scene.playback.readings] == ["Hits"]


def test_actions_that_the_game_does_not_have_are_refused(made: Made) -> None:
    it = Run(made.run.path).episodes(limit=1)[0].recording
    forged = replace(it, actions=np.where(np.arange(len(it)) == 3, 9, it.actions))
    with pytest.raises(VerificationError, match="has actions 0 to 9; expected 0 to 3 of toy"):
        Session(Performance(forged), Wants(), NOBODY)


def test_an_episode_that_is_played_otherwise_is_refused(made: Made) -> None:
    it = Run(made.run.path).episodes(sort="-return", limit=1)[0].recording
    actions = it.actions.copy()
    at = int(np.flatnonzero(it.rewards)[0])
    actions[at] = (actions[at] + 1) % 4
    with (
        session_of(replace(it, actions=actions)) as session,
        pytest.raises(VerificationError, match=f"gives 0 at step {at + 1}; recorded is 1"),
    ):
        list(session)


def test_a_banner_fades(made: Made) -> None:
    it = Run(made.run.path).episodes(sort="-length", limit=1)[0].recording
    rate = made.resolved.declaration.frame_rate
    assert rate == Fraction(30)
    opacities = [s.banner.opacity if s.banner else 0.0 for s in scenes_of(made, it)]
    assert opacities[0] == 1.0
    assert opacities == sorted(opacities, reverse=True)
    seen = sum(opacity > 0 for opacity in opacities)
    assert seen == min(len(opacities), int(BANNER_S * rate) - (BANNER_S * rate % 1 == 0))


def test_metrics_run_as_they_are_aggregated(made: Made) -> None:
    rows = np.array([[1, 1, 1, 1], [3, 3, 3, 3], [2, 2, 2, 2]], np.float32)
    kinds = ("last", "sum", "max", "mean")
    metrics = tuple(Metric(kind, kind, aggregation=kind) for kind in kinds)  # type: ignore[arg-type]
    declaration = replace(made.resolved.declaration, metrics=metrics[::-1])  # found by their names
    it = recording(3, metrics=rows)
    it = replace(it, metadata=replace(it.metadata, metrics=dict.fromkeys(kinds, 0.0)))
    expected = [[1, 1, 1, 1], [3, 4, 3, 2], [2, 6, 3, 2]]
    running = RunningMetrics(it.metadata, declaration)
    assert [list(running.after(it, step).values()) for step in (1, 2, 3)] == expected
    assert running.after(it, 0) == dict.fromkeys(kinds, 0.0)
    with pytest.raises(VerificationError, match="has a metric 'mean'; toy has last, sum, max"):
        RunningMetrics(it.metadata, replace(declaration, metrics=metrics[:3]))
