"""The window on an episode: it takes keys, lets time pass, and draws."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from arcade_rl.contracts import Frame
from arcade_rl.errors import ArcadeError
from arcade_rl.overlay.layout import Detail
from arcade_rl.playback.driven import Showable
from arcade_rl.playback.followed_programme import FollowedEpisodes
from arcade_rl.playback.game_host import GameEndedError
from arcade_rl.playback.programme import Programme
from arcade_rl.playback.scenes import Billing
from arcade_rl.playback.stock import Stock
from arcade_rl.viewer.bar import Timeline, Words
from arcade_rl.viewer.clip import ClipJob, ClipOrder
from arcade_rl.viewer.commands import COMMANDS
from arcade_rl.viewer.driving import Driving, Match
from arcade_rl.viewer.editor import LineEditor
from arcade_rl.viewer.hearing import Sound
from arcade_rl.viewer.keys import BY_KEY
from arcade_rl.viewer.marks import Marks
from arcade_rl.viewer.output import Output
from arcade_rl.viewer.picture import Appearances, Picture
from arcade_rl.viewer.projector import PolicyLibrary, Projector, Slide, has_policy, needs_policy
from arcade_rl.viewer.pursuit import Pursuit
from arcade_rl.viewer.several import PATIENCE_S, Several, press_with_several
from arcade_rl.viewer.shutter import Shutter
from arcade_rl.viewer.telling import words_of
from arcade_rl.viewer.transport import Transport
from arcade_rl.viewer.window import Closed, Pointed, Pressed, Resized, ViewerWindow, WindowEvent

MESSAGE_S = 5.0
"""Time for which a message is shown, s."""
WITHOUT_GAME = ("change_full_screen", "show_help", "close", "change_sound", "map_inputs")
"""Commands that do not need the game on show."""
IDLE_S = 0.25
"""Longest time without a look at what goes on in the background, s."""


@dataclass(frozen=True, slots=True)
class ViewerOptions:
    """What the command line says about the window."""

    detail: Detail = "full"
    theme: str = "dark"
    signs: str = "blue-orange"
    camera: str | None = None
    folder: Path = Path()
    """Where clips and screenshots go."""
    export: Callable[[ClipOrder], Sequence[str]] | None = None
    """The command that writes a clip; None where clips cannot be written."""
    greeting: str = ""
    """What the window says first; "" for nothing."""
    plays: Path | None = None
    """Where episodes go that people play; None for the usual folder."""
    sound: bool = False
    """Whether games are heard, where there is a sound device."""
    runs_dir: str | None = None
    """Where runs live, for opponents of branches; None for the usual folder."""


class Viewer:
    """Shows the episodes of a programme in a window. Close the viewer after use."""

    def __init__(
        self, shown: Programme | Match, window: ViewerWindow, options: ViewerOptions
    ) -> None:
        """`shown`: the episodes to show, or what a person wants to play; errors are then those of
        `driving.begin_game`."""
        self.window, self.options = window, options
        self.look = Appearances(options.detail, options.theme, options.signs)
        self.editor: LineEditor | None = None
        self.is_closed = False
        self.output = Output(self)
        """The clips and screenshots that are written."""
        self.is_layer_next = False
        """Whether the next digit chooses a layer."""
        self.pursuit = Pursuit(self, shown) if isinstance(shown, FollowedEpisodes) else None
        """What follows the training; None where no training is followed."""
        self.several: Several | None = None
        """The wall or the ghosts that are shown in place of one episode; None where one is."""
        self._picture = Picture()
        self.sound = Sound() if options.sound else None
        """What is heard; None for a window without sound."""
        self.shutter = Shutter(window, self.sound, self._tick, self.draw)
        self._projector, self._library = Projector(options.camera, self.sound), PolicyLibrary()
        self.driving = Driving(self, options.plays, options.runs_dir)
        self.programme: Programme
        if isinstance(shown, Match):
            self.programme = self.driving.begin(shown)
        else:
            self.programme = shown
        self._message, self._message_until, self._is_urgent = "", 0.0, False
        self.lacks_policy = False
        """Whether the policy of the episode cannot be shown."""
        self.is_lost = False
        """Whether the emulator of the episode has ended, so that only what is drawn can be shown."""
        self._marks = Marks()
        self.is_stale = True
        """Whether the picture must be drawn anew."""
        self.slide: Slide
        self.player: Transport

    def open(self) -> None:
        """Open the first episode. A window that must wait for the policy says so meanwhile. Errors
        are those of `sources.opened`, and of `Pursuit.has_begun`."""
        if self.pursuit is not None:
            pursuit = self.pursuit
            self._wait(pursuit.has_begun, lambda: pursuit.splash)
            if self.is_closed:
                return
        if self.wants_policy and has_policy(self.programme.source):
            self._library.begin()
        if needs_policy(self.programme.source):
            self._library.begin()
            self._wait(lambda: self._library.is_loaded, lambda: "loading the policy")
        if not self.is_closed:
            self.show(self.programme.source)
            if self.options.greeting and not self._message:
                self.say(self.options.greeting)

    def close(self) -> list[ClipJob]:
        """Free the session; returns the clips that are still being written."""
        self.leave_several()
        self._projector.close()
        self._library.close()
        self.driving.close()
        if self.sound is not None:
            self.sound.close()
        return self.output.clips

    @property
    def library(self) -> PolicyLibrary:
        """The libraries of policies."""
        return self._library

    @property
    def stock(self) -> Stock:
        """What opens games, each in a process of its own."""
        return self._projector.stock

    @property
    def wants_policy(self) -> bool:
        """Whether what is shown needs the policy."""
        return self.look.detail == "full" or self.look.aside is not None

    # --- the loop ------------------------------------------------------------------------------

    def run(self) -> None:
        """Play until somebody closes the window."""
        if self.slide.session.performance.waits:
            self.driving.count_down()
        else:
            self.player.play()
        self.shutter.restart()
        while not self.is_closed:
            self.turn()

    def turn(self) -> None:
        """Wait for the next key or frame, and show what has changed."""
        events = self.window.events(self._patience())
        rests = not (self.several or self.player.is_playing or self.player.is_waiting)
        for event in events:
            self.take(event)
        if rests:
            self.shutter.restart()  # time passes from now on, where a key lets the episode play
        if self.is_closed:
            return
        self._poll()
        if self.several is not None:
            self._turn_several(self.several, self.shutter.elapsed())
        else:
            self.shutter.turn(self.is_stale)

    def _tick(self, seconds: float) -> bool:
        """Let time pass for the episode. Returns whether another frame is shown."""
        return self.attempt(lambda: self.player.tick(seconds)) is True

    def play_frames(self, frames: int) -> None:
        """Show so many frames one after the other, whatever the time; the policy is waited for."""
        if self.wants_policy and not self.lacks_policy:
            self._library.wait()
            if self.pursuit is not None:
                self.attempt(self.pursuit.wait_for_checkpoint)
            if self.slide.session.mind is None and not self._projector.is_ready(self.slide.session):
                self._projector.wait()
        self._poll()
        self.window.show(self.draw())
        for _ in range(frames):
            self.player.move_frame(1)
            self.window.show(self.draw())

    def take(self, event: WindowEvent) -> None:
        """Obey an event."""
        match event:
            case Pressed(key):
                self.press(key)
                self.is_stale = True
            case Pointed():
                self._point(event)
            case Resized():
                self.is_stale = True
            case Closed():
                self.is_closed = True

    def press(self, key: str) -> None:
        """Obey a key; one that types nothing, such as Shift, does nothing."""
        if not key:
            return
        if self.editor is not None:
            editor = self.editor
            self.attempt(lambda: editor.press(key))
            if editor.is_over and self.editor is editor:
                self.editor = None
            return
        if self.driving.takes(key):
            return
        entry = BY_KEY.get(key)
        if self.look.is_helping:
            self.look.is_helping = False
            if entry is None or entry.command != "close":
                return
        self.is_layer_next = self.is_layer_next and key.isdecimal()
        if entry is not None:
            self.attempt(lambda: self._obey(entry.command, key))

    def _obey(self, command: str, key: str) -> None:
        if self.several is not None and press_with_several(self, self.several, command, key):
            return
        if self.is_lost and command not in WITHOUT_GAME:
            self._find_again()
        COMMANDS[command](self, key)

    def attempt(self, action: Callable[[], object]) -> object:
        """Do something whose failure is told in the window."""
        try:
            return action()
        except GameEndedError as error:
            self._lose(error)
            return None
        except (ArcadeError, OSError) as error:
            self.player.stop()
            self.say(str(error), urgent=True)
            return None

    def say(self, text: str, urgent: bool = False) -> None:
        """Show a message for a while."""
        self._message, self._is_urgent = text, urgent
        self._message_until = time.monotonic() + MESSAGE_S * (2 if urgent else 1)
        self.is_stale = True

    def _lose(self, error: GameEndedError) -> None:
        """Go on without the game on show, whose process has ended, until a key wants it."""
        self.player.halt()
        self.is_lost = True
        step = f"at step {self.player.position:,}"
        self.say(
            f"{error} {step}; {self.driving.way_on or 'Space opens it there again'}", urgent=True
        )

    def _find_again(self) -> None:
        """Open the episode again at the step on show."""
        self.is_lost = False
        self.say("")
        self._open(self.programme.source, self.player.position)

    def _patience(self) -> float:
        """Seconds for which nothing has to be done."""
        must_draw = self.is_stale and not self.shutter.is_ready
        longest = 0.0 if must_draw else min(IDLE_S, self.driving.wait)
        if self.several is not None:
            return min(longest, PATIENCE_S)
        wait = self.shutter.wait
        return longest if wait is None else min(wait, longest)

    def _point(self, event: Pointed) -> None:
        step = self._picture.step_at(event.x, event.y)
        if (several := self.several) is not None:
            self.attempt(lambda: several.point(event, step))
            return
        if step is None:
            return
        if name := self.marker_at(step):
            self.say(name)
        if event.is_down and not (event.is_click and self.editor is not None):
            self.attempt(lambda: self._seek(step))

    def _seek(self, step: int) -> None:
        if self.is_lost:
            self._find_again()
        self.player.seek(step)

    def _poll(self) -> None:
        """Take in what happened in the background."""
        if self._message and time.monotonic() > self._message_until:
            self._message, self.is_stale = "", True
        if self.pursuit is not None:
            self.attempt(self.pursuit.turn)
        self.output.poll()
        if not self.is_lost:
            self.attempt(self._projector.stock.check)
        self.driving.poll()
        if self.sound is not None and not (self.player.is_playing and self.player.speed == 1.0):
            self.sound.rest(self.player.is_at_end)
        lacks_policy = self.slide.session.mind is None and not self.lacks_policy
        if self.wants_policy and lacks_policy and not self.is_lost:
            self._library.begin()
            if not self.player.is_seeking:  # a seek belongs to the session without the policy
                self._add_policy()

    # --- several episodes ----------------------------------------------------------------------

    def show_several(self, several: Several) -> None:
        """Show several episodes in place of one, which rests meanwhile."""
        self.leave_several()
        self.player.stop()
        self.several = several
        self.is_stale = True

    def leave_several(self) -> None:
        """Show one episode again."""
        if self.several is not None:
            self.several.close()
        self.several, self.is_stale = None, True

    def _turn_several(self, several: Several, elapsed: float) -> None:
        try:
            is_new = several.turn(elapsed)
        except ArcadeError as error:
            self.leave_several()
            self.say(str(error), urgent=True)
            return
        if is_new or self.is_stale:
            self.window.show(self.draw())

    # --- episodes ------------------------------------------------------------------------------

    def show(self, source: Showable, position: int = 0) -> None:
        """Show an episode in place of the present one, from a moment on. Errors are those of
        `sources.opened`; what was shown stays."""
        self._open(source, position)
        self.output.clip_start = None
        self._marks.forget_markers()
        self.attempt(self.read_markers)
        self.window.set_title(f"{self.programme.name} - {self.slide.session.played.game.name}")

    def read_markers(self) -> None:
        """Take in the markers of the episode."""
        self._marks.read(self.programme.markers)
        self.is_stale = True

    def marker_at(self, step: int) -> str:
        """Name of the marker of a step; "" where there is none."""
        return self._marks.name_at(step)

    def _open(self, source: Showable, position: int) -> None:
        """Open an episode with its policy if that is wanted, known and loaded, else without."""
        known, refusal = has_policy(source), ""
        is_wanted = known and self.wants_policy
        try:
            can_add = is_wanted and self._is_policy_here() and not self._projector.is_building
            with_policy = needs_policy(source) or can_add
            slide = self._project(source, with_policy, position)
        except ArcadeError as error:
            if needs_policy(source) or not is_wanted:
                raise
            slide, known, refusal = self._project(source, False, position), False, str(error)
        self.slide, self.lacks_policy = slide, not known
        self.is_lost = False
        self._replace_player()
        if refusal:
            self.say(refusal, urgent=True)

    def _project(self, source: Showable, with_policy: bool, position: int) -> Slide:
        room = self._picture.room(self.window.size, self.look)
        overlay = self._picture.overlay(room, self.look)
        return self._projector.open(source, with_policy, overlay, position)

    def _replace_player(self) -> None:
        before = getattr(self, "player", None)
        self.player = Transport(self.slide.session, Billing())
        self.shutter.load(self.player)
        self._marks.forget_landmarks()
        self.is_stale = True
        if before is not None:
            self.player.set_speed(before.speed)
            self.player.skipped = before.skipped
            if before.is_playing or before.is_waiting:
                self.player.play()

    def _add_policy(self) -> None:
        """Open the session anew with its policy, once the libraries of policies are there. Where
        that fails, the window says so and goes on without the policy."""
        try:
            if self._is_policy_here() and self._projector.is_ready(self.slide.session):
                self._open(self.programme.source, self.player.position)
        except (ArcadeError, OSError) as error:
            self.lacks_policy = True
            self.say(str(error), urgent=True)

    def _is_policy_here(self) -> bool:
        """Whether the policy can be opened at once. MissingError where that will never be so."""
        is_here = self.pursuit is None or self.pursuit.has_checkpoint()
        return self._library.is_loaded and is_here

    def _wait(self, is_done: Callable[[], bool], splash: Callable[[], str]) -> None:
        """Wait for something without which there is nothing to show, or until the window is
        closed."""
        while not is_done() and not self.is_closed:
            self.window.show(self._picture.splash(self.window.size, self.look, splash()))
            for event in self.window.events(0.05):
                if isinstance(event, Closed) or event in (Pressed("q"), Pressed("escape")):
                    self.is_closed = True

    # --- the picture ---------------------------------------------------------------------------

    def draw(self) -> Frame:
        """The picture of the window. (height, width, 3), uint8, RGB; the next call draws into the
        same array."""
        self.is_stale = False
        if (several := self.several) is not None:
            words = several.words(self._message, self._is_urgent)
            return self._picture.around(
                self.window.size, self.look, several.picture, several.timeline(), several.position, words
            )  # fmt: skip
        picture = self._draw_scene()
        self.driving.draw(picture)
        return picture

    def _draw_scene(self) -> Frame:
        """The picture of the episode. Where the game ends while it draws, the picture before it
        stays."""
        try:
            return self._picture.draw(
                self.window.size, self.look, self.player.scene, self.timeline(), self.player.position,
                self.player.goal, self.words(),
            )  # fmt: skip
        except GameEndedError as error:
            self._lose(error)
            return self._picture.last

    def timeline(self) -> Timeline:
        """What lies along the bar."""
        return self._marks.timeline(self.slide.session, self.output.clip_start)

    def words(self) -> Words:
        """The line of words at the bottom."""
        return words_of(self, self._message, self._is_urgent)
