"""The cockpit as a program: its screens, its keys, and the thread that reads the runs."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from textual import events
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import ContentSwitcher

from arcade_rl.tui.board import BoardRow, RunBoard
from arcade_rl.tui.compare_view import CompareScreen
from arcade_rl.tui.dialogs import PageDialog, PlainText
from arcade_rl.tui.episodes_view import EpisodesView
from arcade_rl.tui.films_view import FilmsView
from arcade_rl.tui.footer import KeyLine
from arcade_rl.tui.glyphs import ASCII, UNICODE, fitted, safe
from arcade_rl.tui.help import HELP_COLUMNS, LOG_COLUMNS, help_rows, log_rows, sign_of
from arcade_rl.tui.invocation import Caller, Invocation
from arcade_rl.tui.jobs import CommandLog, StartedCommand, remove_left_outputs
from arcade_rl.tui.run_rows import counted_states
from arcade_rl.tui.run_view import RunView
from arcade_rl.tui.runs_view import RunsView
from arcade_rl.tui.settings import CockpitSettings, remember_settings, remembered_settings
from arcade_rl.tui.start_view import StartView
from arcade_rl.tui.steering import ON_RUNS, Steering
from arcade_rl.tui.terminal import DARK, LIGHT, TerminalDriver, theme_of_terminal
from arcade_rl.tui.view import View

LOOK_INTERVAL_S = 1.0
POLL_INTERVAL_S = 0.5
LEAST = (60, 20)
"""(columns, lines) of the smallest terminal that has screens; a smaller one has one line."""
BATCH = 40
"""Runs that are read before the first of them are shown."""
ASK = "\x1b[6n"
"""Asks a terminal where its cursor is; the answer comes once everything before is drawn."""
PATIENCE_S, MUTE_S = 10.0, 0.2
"""Time after which a terminal is taken for one that does not answer, and the time that such a one is
given to draw, seconds."""
Found = TypeVar("Found")
VIEWS: Mapping[str, type[View]] = {
    "runs": RunsView,
    "run": RunView,
    "episodes": EpisodesView,
    "films": FilmsView,
    "start": StartView,
}
"""The screens by their names."""
NUMBERS = {"runs": 1, "run": 2, "episodes": 3, "films": 4, "start": 5}
"""The key of each screen."""


@dataclass(frozen=True, slots=True)
class CockpitOptions:
    """What the command line says."""

    root: Path
    """The folder of runs."""
    runs_dir: Path | None = None
    """The folder as the user named it; None where commands find it by themselves."""
    is_read_only: bool = False
    is_demo: bool = False
    is_ascii: bool = False


class Cockpit(App[None]):
    """The cockpit."""

    TITLE = "arcade-rl"
    CSS_PATH = "cockpit.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "show('runs')", "Runs", show=False),
        Binding("2", "show('run')", "Run", show=False),
        Binding("3", "show('episodes')", "Episodes", show=False),
        Binding("4", "show('films')", "Films", show=False),
        Binding("5", "show('start')", "Start", show=False),
        Binding("p", "pause_run", "Pause"),
        Binding("r", "resume_run", "Resume"),
        Binding("s", "stop_run", "Stop"),
        Binding("at", "log", "Commands"),
        Binding("question_mark", "help", "Help"),
        Binding("q", "quit", "Quit"),
        # From here on a narrow footer has no room.
        Binding("f", "fork_run", "Fork"),
        Binding("w", "watch_run", "Window"),
        Binding("e", "export_run", "Film"),
        Binding("v", "evaluate_run", "Evaluate"),
        Binding("K", "kill_run", "Kill"),
        Binding("D", "delete_run", "Delete"),
        Binding("y", "copy", "Copy the command"),
        Binding("colon", "command_palette", "Palette"),
        Binding("escape", "leave", "Back", show=False),
    ]

    def __init__(self, options: CockpitOptions) -> None:
        super().__init__(driver_class=TerminalDriver)
        self.options = options
        self.glyphs = ASCII if options.is_ascii else UNICODE
        self.caller = Caller(options.runs_dir)
        self.settings: CockpitSettings = remembered_settings()
        self.board = RunBoard(options.root)
        self.rows: list[BoardRow] = []
        self.commands = CommandLog()
        self.steering = Steering(self)
        self.chosen = ""
        """Name of the run that the other screens are about."""
        self.marked: dict[str, int] = {}
        """Number of the colour of each marked run, by name."""
        self.unsaved = ""
        """Why the settings could not be written at the end; "" where they were."""
        self._is_looking = self._was_up = False
        self._said = ""
        self._applying: tuple[bool, ...] = ()
        self._answers: deque[Callable[[], None]] = deque()
        self._patience: Timer | None = None
        self._is_mute = False

    # --- what is on the screen -------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield PlainText(id="tiny")
        yield PlainText(id="top")
        with ContentSwitcher(initial="runs", id="screens"):
            for name, kind in VIEWS.items():
                yield kind(id=name)
        yield PlainText(id="status")
        yield KeyLine()

    def on_mount(self) -> None:
        self.theme = self.settings.theme or theme_of_terminal(os.environ.get("COLORFGBG", ""))
        self.theme_changed_signal.subscribe(self, self._remember_theme)
        self.set_class(self.options.is_ascii, "ascii")
        self.screen.set_class(self.options.is_ascii, "ascii")
        self.shown.main().focus()
        self.call_after_refresh(self._begin)  # a thread beside would hold up the first picture
        self._draw_top()

    def _begin(self) -> None:
        """Begin to look at the runs."""
        self._look_soon()
        self.set_interval(LOOK_INTERVAL_S, self._look_soon)
        self.set_interval(POLL_INTERVAL_S, self._poll)
        self.run_worker(remove_left_outputs, thread=True, group="left")

    @property
    def _offered(self) -> list[str]:
        """The screens that there are: all of them, or those that change nothing."""
        return [name for name in VIEWS if name != "start" or not self.options.is_read_only]

    @property
    def shown(self) -> View:
        """The screen that is shown."""
        name = self.screen_stack[0].query_one(ContentSwitcher).current or "runs"
        return self.view(name)

    def view(self, name: str) -> View:
        """A screen by its name."""
        return self.screen_stack[0].query_one(f"#{name}", View)

    @property
    def chosen_row(self) -> BoardRow | None:
        """The run that the screens are about; None where there is none."""
        return next((row for row in self.rows if row.name == self.chosen), None)

    def on_resize(self, event: events.Resize) -> None:
        width, height = event.size
        is_tiny = width < LEAST[0] or height < LEAST[1]
        classes = {"-tiny": is_tiny, "-wide": width >= 110, "-tall": height >= 34}
        self.screen_stack[0].update_classes(classes)
        self.call_after_refresh(self._draw_top)  # by then the new size is everybody's
        self.call_after_refresh(self.draw_status)

    def say(self, text: str) -> None:
        """Show one line below the screens."""
        self._said = text
        self.draw_status()

    def _draw_top(self) -> None:
        base, width = self.screen_stack[0], self.size.width
        parts: list[Content | str] = [" "]
        for name in self._offered:
            view, number = self.view(name), NUMBERS[name]
            about = f" {self.chosen}" if view.id == "run" and self.chosen else ""
            text = safe(f" {number} {view.title}{about[:24]} ", self.glyphs)
            parts.append(Content.styled(text, "reverse bold" if view is self.shown else ""))
        left = Content.assemble(*parts)
        notes = [name for name, is_so in (("demo", self.options.is_demo), ("read-only", self.options.is_read_only)) if is_so]  # fmt: skip
        room = width - left.cell_length - 2
        whole = safe("  ".join([*notes, counted_states(self.rows)]), self.glyphs)
        brief = safe("  ".join([*notes, f"{len(self.rows)} runs"]), self.glyphs)
        right = whole if len(whole) <= room else brief
        right = fitted(right, room, self.glyphs, right=True) if room > 0 else ""
        base.query_one("#top", PlainText).update(
            Content.assemble(left, " ", Content.styled(right, "dim")), layout=False
        )
        summary = f"{LEAST[0]}x{LEAST[1]} is needed, q quits; {counted_states(self.rows)}"
        base.query_one("#tiny", PlainText).say(fitted(summary, max(width, 1), self.glyphs))

    def draw_status(self) -> None:
        """Draw the line below the screens: what was said last, and the command of the panel."""
        width, command = self.size.width, self.shown.command
        right = safe(command, self.glyphs)
        if len(right) > max(width // 2, width - len(self._said) - 4):
            right = ""
        left = fitted(f" {self._said}", max(width - len(right) - 2, 0), self.glyphs)
        text = Content.assemble(left, " ", Content.styled(right, "dim"), " ")
        self.screen_stack[0].query_one("#status", PlainText).update(text, layout=False)

    # --- runs ------------------------------------------------------------------------------------

    def _look_soon(self) -> None:
        if not self._is_looking:
            self._is_looking = True
            self.run_worker(self._look, thread=True, group="board")

    def _look(self) -> None:
        """Read what has changed in the runs. Runs in a thread of its own."""
        try:
            before = [row.name for row in self.board.rows()]
            rows = self.board.find()
            if [row.name for row in rows] != before:
                self.hand_over(self.show_rows, rows)
            changed = 0
            for changed, _ in enumerate(self.board.look(), 1):
                if changed % BATCH == 0:
                    self.hand_over(self.show_rows, self.board.rows())
            if changed:
                self.hand_over(self.show_rows, self.board.rows())
            self.hand_over(self._tell_views)
        finally:
            self._is_looking = False

    def show_rows(self, rows: list[BoardRow]) -> None:
        """Show the runs as they are now."""
        if not self._is_up:
            return
        self.rows = rows
        names = {row.name for row in rows}
        if self.chosen not in names and self.shown.id == "runs":
            self.chosen = ""
        for name in set(self.marked) - names:
            del self.marked[name]
        runs = self.view("runs")
        runs.rows_changed()
        if not self.chosen and isinstance(runs, RunsView) and runs.chosen is not None:
            self.choose(runs.chosen.name)
        self._draw_top()
        self._offer_keys()

    @property
    def _is_up(self) -> bool:
        """Whether all screens are there; the first look may end before they are."""
        if not self._was_up:
            views = self.screen_stack[0].query(View) if self.screen_stack else ()
            self._was_up = len(views) == len(VIEWS) and all(view.children for view in views)
        return self._was_up

    def _tell_views(self) -> None:
        if self._is_up and self.shown.id != "runs":
            self.shown.rows_changed()

    def choose(self, name: str) -> None:
        """Let the other screens be about a run."""
        if name != self.chosen:
            self.chosen = name
            self._draw_top()
            self._offer_keys()

    def _offer_keys(self) -> None:
        """Let the footer show the keys that apply. Drawing it anew is slow, and mostly in vain."""
        applying = tuple(self.steering.applies(action) for action in ON_RUNS)
        if applying != self._applying:
            self._applying = applying
            self.refresh_bindings()

    def hand_over(self, take: Callable[..., None], *found: Any) -> None:
        """Call something with what a thread has found, in the thread of the screens, and wait for it.
        Nothing is called at the end, while the screens are taken down piece by piece."""

        def arrive() -> None:
            if self.is_running:
                take(*found)

        self.call_from_thread(arrive)

    def in_thread(self, find: Callable[[], Found], take: Callable[[Found], None]) -> None:
        """Find something in a thread of its own, and hand it over here."""

        def work() -> None:
            self.hand_over(take, find())

        self.run_worker(work, thread=True, group="found")

    # --- commands --------------------------------------------------------------------------------

    def start(self, call: Invocation, purpose: str) -> StartedCommand | None:
        """Start a command, and say so."""
        if self.options.is_read_only and call.words[0] not in ("watch", "episodes"):
            self.say("nothing is changed with --read-only")
            return None
        try:
            command = self.commands.start(call, purpose)
        except OSError as error:
            self.say(f"{call} cannot be started: {error}")
            return None
        self.say(f"{call}")
        return command

    async def _poll(self) -> None:
        """Look at the commands, and leave where the terminal is gone."""
        if isinstance(self._driver, TerminalDriver) and self._driver.is_gone:
            await self.action_quit()
        else:
            self._poll_commands()

    def _poll_commands(self) -> None:
        for command in self.commands.poll():
            if command.is_over:
                is_good = command.exit_code == 0
                said = command.last_line or (
                    "done" if is_good else f"exit code {command.exit_code}"
                )
                said = said.removeprefix("arcade-rl: error: ")
                text = safe(f"{command.purpose}: {said}", self.glyphs)
                if is_good:
                    self.notify(text, markup=False, timeout=8)
                else:
                    self.notify(text, severity="error", markup=False, timeout=20)
                self._look_soon()
            self.shown.rows_changed()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ON_RUNS:
            return len(self.screen_stack) == 1 and self.steering.applies(action)
        if action == "show" and parameters == ("start",):
            return not self.options.is_read_only
        return True

    def get_key_display(self, binding: Binding) -> str:
        return sign_of(binding.key)

    def _on_run(self, act: Callable[[BoardRow], None]) -> None:
        row = self.chosen_row
        if row is None:
            self.say("no run is chosen")
        else:
            act(row)

    def action_pause_run(self) -> None:
        self._on_run(self.steering.pause)

    def action_resume_run(self) -> None:
        self._on_run(self.steering.resume)

    def action_fork_run(self) -> None:
        self._on_run(self.steering.fork)

    def action_stop_run(self) -> None:
        self._on_run(self.steering.stop)

    def action_kill_run(self) -> None:
        self._on_run(self.steering.kill)

    def action_delete_run(self) -> None:
        self._on_run(self.steering.delete)

    def action_evaluate_run(self) -> None:
        self._on_run(self.steering.evaluate)

    def action_export_run(self) -> None:
        self._on_run(self.steering.export)

    def action_watch_run(self) -> None:
        self._on_run(self.steering.watch)

    # --- the terminal itself -----------------------------------------------------------------------

    def ask_terminal(self, answered: Callable[[], None]) -> None:
        """Call `answered` once the terminal has drawn everything that it was sent. A terminal that
        gives no answer is taken to need a moment."""
        driver = self._driver
        if driver is None or self.is_headless:
            self.call_later(answered)
        elif self._is_mute:
            self.set_timer(MUTE_S, answered)
        else:
            self._answers.append(answered)
            driver.write(ASK)
            if self._patience is None:
                self._patience = self.set_timer(PATIENCE_S, self._give_up)

    def on_cursor_position(self) -> None:
        """The terminal has answered."""
        if self._patience is not None:
            self._patience.stop()
            self._patience = None
        if self._answers:
            self._answers.popleft()()

    def _give_up(self) -> None:
        """The terminal does not answer."""
        self._patience, self._is_mute = None, True
        while self._answers:
            self._answers.popleft()()

    # --- going about -----------------------------------------------------------------------------

    def action_show(self, name: str) -> None:
        """Show one of the five screens."""
        switcher = self.screen_stack[0].query_one(ContentSwitcher)
        if name != "runs" and name != "start" and self.chosen_row is None:
            self.say("no run is chosen")
            return
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if name != switcher.current:
            self.shown.left()
        switcher.current = name
        self._said = ""
        view = self.view(name)
        view.opened()
        view.main().focus()
        self._draw_top()
        self.draw_status()

    def action_leave(self) -> None:
        if not self.shown.leave() and self.shown.id != "runs":
            self.action_show("runs")

    def open_episode(self, number: int) -> None:
        """Show the table of episodes, with the cursor on one."""
        self.action_show("episodes")
        view = self.view("episodes")
        if isinstance(view, EpisodesView):
            view.go_to(number)

    def open_fork(self, parent: str, config: str) -> None:
        """Show the form for a run that begins with a checkpoint."""
        view = self.view("start")
        if isinstance(view, StartView):
            view.fork(parent, config)
        self.action_show("start")

    def compare(self) -> None:
        """Show the marked runs over each other."""
        chosen = [row for row in self.rows if row.name in self.marked]
        if len(chosen) < 2:
            self.say("mark two runs or more with space, and then compare them")
            return
        pinned = self.settings.pinned
        chosen.sort(key=lambda row: row.name != pinned)
        self.push_screen(CompareScreen(chosen, dict(self.marked), self.glyphs))

    def action_copy(self) -> None:
        text = self.shown.copied
        if text:
            self.copy_to_clipboard(text)
            self.say(f"copied: {text}")

    def action_log(self) -> None:
        rows = lambda: log_rows(self.commands.commands)  # noqa: E731
        title = "Commands: what was done, and the command line that does the same"
        self.push_screen(PageDialog(title, LOG_COLUMNS, rows, self.glyphs, "nothing was done yet"))

    def action_help(self) -> None:
        shown = self.screen if isinstance(self.screen, CompareScreen) else self.shown
        rows = help_rows(self.screen.active_bindings, shown.command)
        title = f"Keys on the screen {shown.title}"
        self.push_screen(PageDialog(title, HELP_COLUMNS, lambda: rows, self.glyphs))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield from super().get_system_commands(screen)
        for name in self._offered:
            view, number = self.view(name), NUMBERS[name]
            text = f"Go to screen {number}"
            yield SystemCommand(view.title, text, lambda name=name: self.action_show(name))

    def _remember_theme(self, _: object) -> None:
        if self.theme not in (DARK, LIGHT) or self.settings.theme:
            self.settings = replace(self.settings, theme=self.theme)

    async def action_quit(self) -> None:
        try:
            remember_settings(self.settings)
        except OSError as error:
            self.unsaved = f"the settings of the cockpit are not remembered: {error}"
        self.commands.close()
        self.exit()
