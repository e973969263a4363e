"""What people do in the window: they play, take over from an agent, and give back."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from arcade_rl.config import Resolved
from arcade_rl.contracts import Declaration, Frame
from arcade_rl.errors import MissingError, UsageError
from arcade_rl.overlay import text as texts
from arcade_rl.overlay.layout import Rect
from arcade_rl.playback.branches import Junction, junction_at, opposite
from arcade_rl.playback.driven import DrivenEpisode, DrivenSource
from arcade_rl.playback.driving import (
    THREADS,
    DrivenPerformance,
    Person,
    Places,
    begin_branch,
    begin_game,
    controls_of,
)
from arcade_rl.playback.references import episode_seeds
from arcade_rl.recording.recording import PERSON
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.plays import FOLDER, free_file, name_of
from arcade_rl.viewer.bar import HEIGHT
from arcade_rl.viewer.bindings import Bindings, bindings_file, read_bindings, write_bindings
from arcade_rl.viewer.hands import Hands
from arcade_rl.viewer.inputs import Origin, PadState, PadView, put_pad
from arcade_rl.viewer.mapping import MappingScreen

if TYPE_CHECKING:
    from arcade_rl.policies.actor import Actor
    from arcade_rl.viewer.viewer import Viewer

COUNTDOWN_S = 3.0
"""Time before a person takes over, s."""
KEEP_S = 30.0
"""Time after which what is played is written to its file again, s, so that little is lost where the
program is killed."""
PULSE_S = 0.05
"""Longest time between two looks at a countdown, s."""


@dataclass(frozen=True, slots=True)
class Match:
    """What somebody wants to play."""

    resolved: Resolved
    opponent: str | Path | None
    seed: int
    """Seed that the seeds of all games follow from."""
    output: Path | None = None
    """File of the first game; None for one in the folder of plays."""

    @property
    def persons(self) -> int:
        return 2 if self.opponent == PERSON else 1


class Driving:
    """The part of a viewer in which people play. Close it after use."""

    def __init__(self, viewer: Viewer, folder: Path | None, runs_dir: str | None) -> None:
        """`folder`: where recordings go; None for the usual folder."""
        self._viewer, self._folder, self._runs_dir = viewer, folder or FOLDER, runs_dir
        self.hands: Hands | None = None
        self.is_pad_shown = False
        self.screen: MappingScreen | None = None
        """The screen for keys and pads, while it is open."""
        self.files: list[Path] = []
        """Files of the games that were recorded, in order."""
        self._match: Match | None = None
        self._games = 0
        self._episode: DrivenEpisode | None = None
        self._keep_at = 0.0
        self._ready_at: float | None = None
        """When a countdown is over; None where none runs."""
        self._returns = False
        """Whether the agent plays as soon as the libraries of policies are there."""
        self._agent: tuple[DrivenPerformance, Actor] | None = None
        self._pads: dict[tuple[object, ...], PadView] = {}

    # --- playing -------------------------------------------------------------------------------

    def begin(self, match: Match) -> DrivenEpisode:
        """Prepare the first game; the countdown begins with `count_down`. Errors are those of
        `begin_game`."""
        self._match = match
        self._open_hands(match.resolved, match.persons)
        self.is_pad_shown = True
        self._episode = self._next_game(match.output)
        return self._episode

    def restart(self) -> None:
        """End the game, and begin another."""
        if self._match is None:
            raise MissingError("r is for arcade-rl play; here t takes over, from any moment")
        before = self._episode
        self.save()
        episode = self._next_game(None)
        try:
            self._show(episode, 0)
        except BaseException:
            episode.source.performance.close()
            raise
        self._episode = episode
        if before is not None:
            before.source.performance.close()
        self._viewer.player.play()
        self._viewer.shutter.restart()  # the game begins now, and not while it was opened

    def change_driver(self) -> None:
        """Let the person take over from whoever plays, or the agent from the person."""
        episode, player = self._episode, self._viewer.player
        if player.is_seeking:
            player.arrive()
        performance = None if episode is None else episode.source.performance
        if performance is None or performance.is_over or player.position < performance.played:
            self._branch()
        elif performance.has_failed:
            self._branch()  # the game that was played is gone; another plays its steps again
        elif performance.driver == PERSON:
            self._give_back()
        else:
            assert self.hands is not None, "a person took over before"
            performance.hand_over(Person(self.hands.controller(0), performance.env), PERSON)
            self.count_down()

    def count_down(self) -> None:
        """Let the person play in three seconds."""
        self._viewer.player.stop()
        self._ready_at = time.monotonic() + COUNTDOWN_S

    def open_mapping(self) -> None:
        """Open the screen for keys and pads of the game on show."""
        viewer = self._viewer
        viewer.player.stop()
        self._ready_at = None
        if self.hands is None:
            game = viewer.slide.session.played
            controls = game.declaration.pressed
            if controls is None:
                raise MissingError(f"{game.game.name} has no buttons")
            self.hands = self._made(game.game.name, game.declaration, 1)
        self.screen = MappingScreen(self.hands, self._keep)

    def save(self) -> None:
        """Write what is played by now. Errors are those of the disk."""
        episode = self._episode
        if episode is None:
            return
        is_new = episode.save()
        if is_new or (episode.is_saved and episode.path not in self.files):
            if episode.path not in self.files:
                self.files.append(episode.path)
            self._viewer.say(f"{episode.path}")
            self._viewer.read_markers()

    def close(self) -> None:
        """Free the game and the pads. What is played must have been saved."""
        if self._episode is not None:
            self._episode.source.performance.close()
            self._episode = None
        if self.hands is not None:
            self._viewer.window.listeners.remove(self.hands.take)
            self.hands.close()
            self.hands = None

    # --- hooks of the viewer -------------------------------------------------------------------

    @property
    def wait(self) -> float:
        """Seconds after which something has to be looked after."""
        is_busy = self._ready_at is not None or self.screen is not None
        return PULSE_S if is_busy else float("inf")

    def takes(self, key: str) -> bool:
        """Take in a key before the table of keys does; returns whether the key was one of the game
        or of the screen for keys and pads."""
        if self.screen is not None:
            self.screen.press(key)
            if self.screen.is_over:
                self.screen = None
            return True
        if key == "escape" or self.hands is None:
            return False
        if not self._is_at_hand:
            self.hands.forget_taps()  # the key that lets the game go on is no move in it
            return False
        return key in self.hands.keys

    def poll(self) -> None:
        """Take in that time has passed."""
        viewer = self._viewer
        if self.screen is not None and self.screen.listen():
            viewer.is_stale = True
        if self._ready_at is not None:
            self._count()
        if self.hands is not None and not self._is_live:
            self.hands.forget_taps()
        if self._returns:
            viewer.attempt(self._try_to_return)
        episode = self._episode
        if episode is None or episode.is_saved:
            return
        if episode.source.performance.is_over:
            viewer.attempt(self.save)
            if self._match is not None and episode.is_saved:
                viewer.say(f"the game is over, r begins another; {episode.path}")
        elif episode.source.performance.played and time.monotonic() >= self._keep_at:
            self._keep_at = time.monotonic() + KEEP_S
            viewer.attempt(episode.save)

    def _count(self) -> None:
        """Go on with a countdown, which ends early where somebody plays or seeks meanwhile."""
        viewer, ready_at = self._viewer, self._ready_at
        assert ready_at is not None, "a countdown runs"
        viewer.is_stale = True
        if viewer.player.is_playing or viewer.player.is_seeking:
            self._ready_at = None
        elif time.monotonic() >= ready_at:
            self._ready_at = None
            viewer.player.play()
            if self.hands is not None:
                self.hands.forget_taps()

    def draw(self, picture: Frame) -> None:
        """Draw what people press, the countdown and the screen for keys over a picture."""
        area = Rect(0, 0, picture.shape[1], picture.shape[0] - HEIGHT)
        if self.is_pad_shown:
            self._draw_pads(picture, area)
        if self._ready_at is not None:
            left = max(self._ready_at - time.monotonic(), 0.0)
            self._draw_count(picture, area, str(int(left) + 1))
        if self.screen is not None:
            self.screen.draw(picture[: area.height], self._viewer.look.theme)

    @property
    def way_on(self) -> str:
        """How a game goes on whose environment is gone; "" where none is."""
        episode = self._episode
        is_gone = episode is not None and episode.source.performance.has_failed
        return "t plays on from there, in another game" if is_gone else ""

    @property
    def words(self) -> str:
        """Who plays; "" where nobody does, as in a recording."""
        if self._episode is None or self._episode.source.performance.is_over:
            return ""
        return f"{self._episode.source.performance.driver} plays"

    @property
    def _is_at_hand(self) -> bool:
        """Whether a person plays just now, so that keys belong to the game."""
        if self._ready_at is not None:
            return True
        episode, player = self._episode, self._viewer.player
        return episode is not None and episode.source.performance.waits and player.is_playing

    @property
    def _is_live(self) -> bool:
        """Whether the next step that the clock asks for is one that a person plays."""
        episode, player = self._episode, self._viewer.player
        if episode is None or not player.is_playing:
            return False
        return player.position == episode.source.performance.played

    # --- games ---------------------------------------------------------------------------------

    def _open_hands(self, resolved: Resolved, persons: int) -> Hands:
        if self.hands is None or self.hands.persons != persons:
            controls_of(resolved)
            if self.hands is not None:
                self._viewer.window.listeners.remove(self.hands.take)
            self.hands = self._made(resolved.game.name, resolved.declaration, persons)
        return self.hands

    def _made(self, game: str, declaration: Declaration, persons: int) -> Hands:
        controls = declaration.pressed
        assert controls is not None, "people can play the game"
        hands = Hands(game, controls, read_bindings(), persons)
        self._viewer.window.listeners.append(hands.take)
        return hands

    def _keep(self, bindings: Bindings) -> None:
        try:
            write_bindings(bindings)
        except OSError as error:
            raise MissingError(f"{bindings_file()} cannot be written: {error.strerror}") from error
        self._viewer.say(f"kept in {bindings_file()}")

    def _seating(self, persons: int, opponent: str | Path | None) -> Places:
        assert self.hands is not None, "the hands are there"
        hands = [self.hands.controller(seat) for seat in range(persons)]
        return Places(hands, opponent)

    def _next_game(self, output: Path | None) -> DrivenEpisode:
        match = self._match
        assert match is not None, "somebody wants to play"
        self._games += 1
        seed = episode_seeds(match.seed, self._games)[-1]
        path = output or free_file(self._folder, match.resolved.game.name)
        seating = self._seating(match.persons, match.opponent)
        stock = self._viewer.stock
        performance = begin_game(match.resolved, seating, seed, name_of(path), stock)
        return DrivenEpisode(DrivenSource(performance, match.resolved, None), path)

    def _branch(self) -> None:
        """Begin an episode that goes on from the moment on show."""
        viewer, before = self._viewer, self._episode
        step, session = viewer.player.position, viewer.slide.session
        if session.is_at_end and not session.recording.is_stopped:
            raise UsageError("the episode is over here; go to an earlier moment and press t there")
        if before is not None:
            self.save()
        sha256 = "" if before is None else before.sha256
        junction = junction_at(viewer.slide.source, session, step, sha256)
        metadata = session.recording.metadata
        opponent = opposite(metadata, junction.resolved, self._runs_dir)
        persons = 2 if opponent == PERSON else 1
        self._open_hands(junction.resolved, persons)
        path = free_file(self._folder, metadata.game)
        performance = begin_branch(
            junction.resolved, self._seating(persons, opponent), session.recording,
            junction.parent, name_of(path), viewer.stock,
        )  # fmt: skip
        episode = DrivenEpisode(
            DrivenSource(performance, junction.resolved, junction.checkpoint), path
        )
        try:
            self._show(episode, step)
        except BaseException:
            performance.close()
            raise
        self._episode, self.is_pad_shown = episode, True
        if before is not None:
            before.source.performance.close()
        self._tell_branch(junction)
        self.count_down()

    def _tell_branch(self, junction: Junction) -> None:
        can_return = "" if junction.checkpoint is None else "; t gives back"
        self._viewer.say(f"you take over at step {junction.parent.step:,}{can_return}")

    def _show(self, episode: DrivenEpisode, step: int) -> None:
        viewer, before = self._viewer, self._viewer.programme
        viewer.programme = episode
        try:
            viewer.show(episode.source, step)
        except BaseException:
            viewer.programme = before
            raise

    # --- the agent -----------------------------------------------------------------------------

    def _give_back(self) -> None:
        episode = self._episode
        assert episode is not None, "a person plays"
        if episode.source.checkpoint is None:
            raise MissingError(
                "no agent is known here; take over in an episode of a run, or in one that its "
                "checkpoint plays, to give back"
            )
        self._ready_at = None
        self._viewer.player.stop()
        self._returns = True
        self._viewer.library.begin()
        self._viewer.say("the policy takes over")

    def _try_to_return(self) -> None:
        try:
            is_loaded = self._viewer.library.is_loaded
        except MissingError:
            self._returns = False
            raise
        if not is_loaded:
            return
        self._returns = False
        episode = self._episode
        assert episode is not None, "a person plays"
        performance, checkpoint = episode.source.performance, episode.source.checkpoint
        assert checkpoint is not None, "an agent is known"
        agent = self._agent_of(performance, episode.source.resolved, checkpoint)
        agent.join(performance.played)
        run = RunDirectory(checkpoint.absolute().parent.parent)
        performance.hand_over(agent, f"{run.name}@{int(checkpoint.name)}")
        self._viewer.player.play()

    def _agent_of(
        self, performance: DrivenPerformance, resolved: Resolved, checkpoint: Path
    ) -> Actor:
        from arcade_rl.playback.player import load_agent  # torch, which is loaded by now

        if self._agent is None or self._agent[0] is not performance:
            agent = load_agent(resolved, checkpoint, performance.env, performance.seed, THREADS)
            self._agent = performance, agent
        return self._agent[1]

    # --- drawing -------------------------------------------------------------------------------

    def _draw_pads(self, picture: Frame, area: Rect) -> None:
        viewer = self._viewer
        session, position = viewer.slide.session, viewer.player.position
        controls = session.declaration.pressed
        if controls is None or not position:
            return
        recording, theme = session.recording, viewer.look.theme
        actions = [recording.actions[position - 1]]
        replies = recording.replies_of(position - 1)
        if replies is not None and len(replies):
            actions.append(replies[-1])
        for seat, action in enumerate(actions):
            name = (theme, seat, tuple(button.name for button in controls.buttons))
            if name not in self._pads:
                self._pads[name] = PadView(name[2], theme)
            origin, label = self._origin(position, seat)
            state = PadState(controls.pressed_by(action), origin, label)
            put_pad(picture, self._pads[name].draw(state), area, at_right=seat == 0)

    def _origin(self, position: int, seat: int) -> tuple[Origin, str]:
        """Whose inputs a step shows."""
        recording, episode = self._viewer.slide.session.recording, self._episode
        it, play = recording.metadata, recording.play
        driver = play.driver_at(position - 1) if play is not None else f"{it.run}@{it.checkpoint}"
        who = it.opponent if seat else driver
        is_live = episode is not None and position == episode.source.performance.played
        if not is_live:
            return "recorded", f"RECORDED: {who}"
        return ("person", PERSON.upper()) if who == PERSON else ("agent", f"AGENT: {who}")

    def _draw_count(self, picture: Frame, area: Rect, text: str) -> None:
        theme = self._viewer.look.theme
        side = min(160, area.height // 2, area.width // 2)
        box = area.centred(side, side)
        view = picture[box.region]
        np.right_shift(view, 2, out=view)
        font = texts.Font(side * 2 // 3, 600, side // 4)
        wide = texts.width(text, font)
        baseline = box.y + (side + font.capital) // 2
        texts.draw(picture, text, box.x + (side - wide) // 2, baseline, font, theme.accent)


def any_seed() -> int:
    """A seed that nobody has chosen."""
    return int.from_bytes(os.urandom(4), "little") >> 1
