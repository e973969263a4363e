"""Several episodes in the window at once: a wall, or ghosts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from arcade_rl.contracts import Frame
from arcade_rl.errors import ArcadeError, MissingError
from arcade_rl.overlay.layout import Rect
from arcade_rl.playback.driven import DrivenSource
from arcade_rl.playback.ensemble import (
    MOST_ON_WALL,
    EnsembleEntry,
    HandedEpisode,
    Kind,
)
from arcade_rl.playback.ensemble_choice import Lineup, ghosts_of, lineup_on_wall
from arcade_rl.playback.ensemble_process import EnsembleOrder, EnsembleProcess, EnsembleReport
from arcade_rl.playback.followed import FollowedPerformance
from arcade_rl.playback.programme import programme_of
from arcade_rl.playback.sources import BuiltInSource, FiledSource, Source
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.viewer.bar import Timeline, Words
from arcade_rl.viewer.picture import inner_size
from arcade_rl.viewer.transport import MOST_FRAMES, SPEEDS
from arcade_rl.viewer.window import Pointed

if TYPE_CHECKING:
    from arcade_rl.viewer.pursuit import Pursuit
    from arcade_rl.viewer.viewer import Viewer

PATIENCE_S = 0.008
"""Time between two looks at the process that draws, s."""
AHEAD = 300
"""Steps that an episode of a training must have left, so that nothing more of it is handed over."""
NOTHING = EnsembleReport({}, [], is_seeking=False, is_apart=False)
WITH_SEVERAL = ("change_theme", "take_screenshot", "change_full_screen", "show_help", "close")
"""Commands that do with several episodes what they do with one."""


class Several:
    """Several episodes on one clock, drawn by a process of their own. Close after use."""

    def __init__(
        self,
        viewer: Viewer,
        kind: Kind,
        entries: Sequence[EnsembleEntry],
        what: str,
        cast: Cast | None = None,
    ) -> None:
        """`what`: what the episodes have in common. `cast`: the episodes of a training that is
        followed, which takes the place of `entries`."""
        self.kind, self.what, self._viewer, self._cast = kind, what, viewer, cast
        self._entries = dict(enumerate(entries))
        self._process = EnsembleProcess(kind)
        self._new = self._entries if cast is None else cast.entries()
        self.report = NOTHING
        """What was shown last."""
        self.chosen = 0
        """Place of the episode that is marked."""
        self.is_playing, self.speed = True, 1.0
        self._due = 0.0
        """Frames that are due."""
        self._goal: int | None = None
        self.picture: Frame | None = None
        """What the process drew last; None before the first picture."""
        self._drawn_for: object = None
        self._rate = float(viewer.slide.session.declaration.frame_rate)
        self._is_told_apart = False

    def close(self) -> None:
        """End the process."""
        self._process.close()

    @property
    def position(self) -> int:
        """Steps that are done in the episode that is furthest."""
        return max((lane.step for lane in self.report.lanes.values()), default=0)

    @property
    def length(self) -> int:
        """Steps of the longest episode, as far as it is known."""
        return max((lane.length for lane in self.report.lanes.values()), default=0)

    @property
    def _opened(self) -> int:
        """Number of episodes that are opened."""
        return sum(lane.is_open for lane in self.report.lanes.values())

    # --- time ----------------------------------------------------------------------------------

    def turn(self, elapsed: float) -> bool:
        """Let time pass. Returns whether there is another picture. MissingError if the process that
        draws is gone."""
        if self.is_playing and not self.report.is_seeking:
            self._due = min(self._due + elapsed * self.speed * self._rate, MOST_FRAMES)
        try:
            return self._receive()
        except (EOFError, OSError) as error:
            raise MissingError(
                f"the process that draws the {self.kind} was ended by {self._process.end()}"
            ) from error

    def _receive(self) -> bool:
        """Take the answer to the last order, and give the next one."""
        answer = self._process.receive()
        if answer is not None:
            self.report, self.picture = answer
            self._say_apart()
        if not self._process.is_busy:
            self._order()
        return answer is not None

    def _order(self) -> None:
        """Let the process do what is due; nothing where nothing is."""
        look, window = self._viewer.look, self._viewer.window
        if self._cast is not None:
            self._new = {**self._new, **self._cast.news(self.report)}
        frames = int(self._due)
        looks = (inner_size(window.size), look.theme_name, look.signs, self.chosen)
        is_opening = not self.report.lanes or self._opened < len(self.report.lanes)
        is_idle = not frames and not self._new and self._goal is None and looks == self._drawn_for
        if is_idle and not self.report.is_seeking and not is_opening:
            return
        order = EnsembleOrder(*looks, frames=frames, seek=self._goal, entries=self._new)
        self._process.send(order)
        self._due -= frames
        self._new, self._goal, self._drawn_for = {}, None, looks

    def _say_apart(self) -> None:
        if self.report.is_apart and not self._is_told_apart:
            self._is_told_apart = True
            self._viewer.say("these pictures differ too much to lie over each other: side by side")

    # --- keys ----------------------------------------------------------------------------------

    def obey(self, command: str, key: str) -> None:
        """Do what a command of the table of keys means for several episodes. MissingError where it
        means nothing."""
        match command:
            case "play_or_pause":
                self.is_playing = not self.is_playing
            case "change_speed":
                place = SPEEDS.index(self.speed) + (1 if key == "+" else -1)
                self.speed = SPEEDS[min(max(place, 0), len(SPEEDS) - 1)]
            case "move_steps":
                self.seek(self.position + (10 if key == "]" else -10))
            case "go_to_end":
                self.seek(0 if key == "home" else self.length)
            case "go_to_tenth":
                self.seek(self.length * int(key) // 10)
            case "change_episode":
                self._choose_next(1 if key == "e" else -1)
            case "jump_to_now" if self._cast is not None:
                self._new = {**self._new, **self._cast.newest()}
            case _:
                raise MissingError(f"not with several episodes; {self._back} shows one again")

    def _choose_next(self, by: int) -> None:
        """Choose the next episode, or the one before where `by` is -1. An environment of which
        nothing has arrived yet has no place."""
        places = list(self.report.lanes) or [self.chosen]
        at = places.index(self.chosen) if self.chosen in places else 0
        self.chosen = places[(at + by) % len(places)]

    @property
    def _back(self) -> str:
        return "W" if self.kind == "wall" else "g"

    def seek(self, step: int) -> None:
        """Go to the moment after so many steps in every episode."""
        self._goal, self._due = max(step, 0), 0.0

    def point(self, event: Pointed, step: int | None) -> None:
        """Obey the mouse: `step` is what a point of the bar means, None for a point elsewhere."""
        if step is not None and event.is_down:
            self.seek(step)
            return
        place = self.place_at(event.x, event.y)
        if event.is_click and place is not None:
            self.chosen = place
            self.open_chosen()

    def place_at(self, x: int, y: int) -> int | None:
        """Place of the episode at a point of the picture; None where there is none."""
        places = zip(self.report.lanes, self.report.boxes, strict=True)
        return next((place for place, box in places if _holds(box, x, y)), None)

    def open_chosen(self) -> None:
        """Show the chosen episode alone, from the step on at which it is shown here. Errors are those
        of `Viewer.show`; the window then goes on with what it showed before."""
        viewer, lane = self._viewer, self.report.lanes.get(self.chosen)
        if lane is None:
            raise MissingError("no episode is open yet")
        if lane.fault:
            raise MissingError(lane.fault)
        if self._cast is not None:
            self._cast.open(viewer, self.chosen)
        else:
            self._open_recorded(viewer)
        viewer.leave_several()
        viewer.player.seek(lane.step, plays_on=True)
        viewer.say(lane.name)

    def _open_recorded(self, viewer: Viewer) -> None:
        source, before = self._entries[self.chosen].source, viewer.programme
        assert not isinstance(source, HandedEpisode), "recorded, or played by a checkpoint"
        viewer.programme = programme_of(source, _evaluation_seed(source))
        try:
            viewer.show(source)
        except (ArcadeError, OSError):
            viewer.programme = before
            raise

    # --- the picture ---------------------------------------------------------------------------

    def timeline(self) -> Timeline:
        """What lies along the bar."""
        return Timeline(self.length)

    def words(self, message: str, is_urgent: bool) -> Words:
        """The line of words at the bottom."""
        count = len(self.report.lanes)
        kind = "on the wall" if self.kind == "wall" else "as ghosts"
        left = f"{count} episodes {kind}   step {self.position:,}"
        middle = message or self._middle(count)
        right = f"{self.speed:g}x   {self._back} goes back"
        return Words(left, middle, right, self.is_playing, message if is_urgent else "")

    def _middle(self, count: int) -> str:
        """What goes on, or which episode is chosen."""
        lane = self.report.lanes.get(self.chosen)
        if lane is None:
            return self.what
        if self._opened < count:
            return f"opening {self._opened + 1} of {count}"
        if self.report.is_seeking:
            return "seeking"
        return f"{lane.name}   step {lane.step:,} of {lane.length:,}   Enter opens"


def _evaluation_seed(source: Source) -> int:
    """Seed of the evaluation that the games of a checkpoint belong to."""
    assert not isinstance(source, FiledSource | BuiltInSource), "the episode is of a run"
    return RunDirectory(source.run).configuration().evaluation.seed


def _holds(box: Rect, x: int, y: int) -> bool:
    return box.x <= x < box.right and box.y <= y < box.bottom


class Cast:
    """The present episode of every environment of a training, for a wall."""

    def __init__(self, pursuit: Pursuit) -> None:
        self._following, self._programme = pursuit.programme.following, pursuit.programme
        count = min(self._following.status.environments, MOST_ON_WALL)
        found = {env: self._following.newest(env) for env in range(count)}
        self._shown = {env: one for env, one in found.items() if one is not None}
        self._count = count
        self._sent: dict[int, tuple[int, bool]] = {}
        """Steps that were handed over, and whether the end was among them, by environment."""

    def entries(self) -> dict[int, EnsembleEntry]:
        """The episodes as they are now."""
        return {env: self._hand(env) for env in self._shown}

    def newest(self) -> dict[int, EnsembleEntry]:
        """The newest episode of every environment, from now on."""
        for env in range(self._count):
            if (newest := self._following.newest(env)) is not None:
                self._shown[env] = newest
        return self.entries()

    def news(self, report: EnsembleReport) -> dict[int, EnsembleEntry]:
        """What is to be handed over: more of episodes that are shown nearly as far as they are known,
        and the next episodes where one is over or dropped."""
        found = {}
        for env in range(self._count):
            shown, lane = self._shown.get(env), report.lanes.get(env)
            if shown is None:
                later = self._following.newest(env)
            elif shown.is_dropped or (lane is not None and lane.is_over and self._is_whole(env)):
                later = self._following.after(shown)
            else:
                later = None
            if later is not None:
                self._shown[env] = later
                found[env] = self._hand(env)
            elif shown is not None and lane is not None and self._needs_more(env, lane.step):
                found[env] = self._hand(env)
        return found

    def open(self, viewer: Viewer, environment: int) -> None:
        """Show the episode of an environment alone. Errors are those of `Viewer.show`."""
        before, source = self._programme.source, self._programme.source_of(self._shown[environment])
        self._programme.return_to(source)
        try:
            viewer.show(source)
        except (ArcadeError, OSError):
            self._programme.return_to(before)
            raise

    def _is_whole(self, env: int) -> bool:
        return self._sent.get(env, (0, False))[1]

    def _needs_more(self, env: int, step: int) -> bool:
        sent, is_over = self._sent.get(env, (0, False))
        shown = self._shown[env]
        has_more = shown.arrived > sent or shown.has_ended != is_over
        return has_more and sent - step < AHEAD

    def _hand(self, env: int) -> EnsembleEntry:
        shown: FollowedPerformance = self._shown[env]
        shown.play_to(shown.arrived)
        self._sent[env] = len(shown.recording), shown.is_over
        return EnsembleEntry(f"environment {env}", HandedEpisode(shown.recording, shown.is_over))


# --- commands ------------------------------------------------------------------------------------


def show_wall(viewer: Viewer, key: str) -> None:
    if _leaves(viewer, "wall"):
        return
    if viewer.pursuit is not None:
        lineup = Lineup((), "what trains now")
        cast = Cast(viewer.pursuit)
    else:
        lineup, cast = lineup_on_wall(_stored(viewer), viewer.slide.session), None
    viewer.show_several(Several(viewer, "wall", lineup.entries, lineup.what, cast))
    viewer.say(f"wall: {lineup.what}")


def show_ghosts(viewer: Viewer, key: str) -> None:
    if _leaves(viewer, "ghosts"):
        return
    lineup = ghosts_of(_stored(viewer), viewer.slide.session)
    viewer.show_several(Several(viewer, "ghosts", lineup.entries, lineup.what))
    viewer.say(f"ghosts: {lineup.what}")


def _stored(viewer: Viewer) -> Source:
    """The episode on show. MissingError for one that is being played, as no others belong to it."""
    source = viewer.slide.source
    if isinstance(source, DrivenSource):
        raise MissingError("a game is played here; others are shown beside what a run has played")
    return source


def _leaves(viewer: Viewer, kind: Kind) -> bool:
    """Go back to one episode, if several are shown already. Returns whether that was what the key
    asked for."""
    several = viewer.several
    if several is not None:
        viewer.leave_several()
    return several is not None and several.kind == kind


def open_chosen(viewer: Viewer, key: str) -> None:
    if viewer.several is None:
        raise MissingError("Enter opens an episode of a wall; W shows one")
    viewer.several.open_chosen()


def jump_to_now(viewer: Viewer, key: str) -> None:
    if viewer.pursuit is None:
        raise MissingError("no training is followed here; watch RUN while it trains")
    viewer.pursuit.catch_up()


_Command: TypeAlias = Callable[["Viewer", str], None]
SEVERAL_COMMANDS: dict[str, _Command] = {
    function.__name__: function for function in (show_wall, show_ghosts, open_chosen, jump_to_now)
}
"""The commands of this module, by their names."""
OPENING = ("show_wall", "show_ghosts", "open_chosen")
"""Commands that several episodes leave to this module."""


def press_with_several(viewer: Viewer, several: Several, command: str, key: str) -> bool:
    """Obey a key while several episodes are shown. False where the key does what it always does."""
    if key == "escape":
        viewer.leave_several()
        return True
    if command in WITH_SEVERAL or command in OPENING:
        return False
    several.obey(command, key)
    return True
