"""Screen 5: starts a run, from a configuration that ships with a game or lies in a file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widgets import Input

from arcade_rl.config.seeds import parse_seeds
from arcade_rl.errors import ArcadeError, UsageError
from arcade_rl.tui.board import BoardRow
from arcade_rl.tui.dialogs import AskDialog, ChooseDialog, LineDialog, PlainText
from arcade_rl.tui.estimate import Estimate, estimate_from
from arcade_rl.tui.form import COLUMNS, StartForm, fault_of, game_help
from arcade_rl.tui.glyphs import fitted, safe
from arcade_rl.tui.invocation import Invocation
from arcade_rl.tui.rows import ShownCell, ShownColumn, ShownRow
from arcade_rl.tui.table import RowTable
from arcade_rl.tui.view import FilterLine, View

CHECK_DELAY_S = 0.2
NO_TARGET = "t chooses a configuration"
TOML_COLUMNS = (ShownColumn("line", "the configuration that the run will have", 20, grows=True),)


class StartView(View):
    """The form for a new run."""

    title = "Start"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "target", "Configuration"),
        Binding("N", "name", "Name"),
        Binding("S", "seeds", "Seeds"),
        Binding("s", "start", "Start"),
        Binding("slash", "filter", "Find a key"),
        Binding("backspace,delete", "reset", "Back to its default", show=False),
    ]
    DEFAULT_CSS = """
    StartView #head { height: 3; padding: 0 1; text-wrap: nowrap; text-overflow: clip; }
    StartView #keys { width: 3fr; }
    StartView #toml { width: 2fr; display: none; }
    StartView #about { height: 3; padding: 0 1; background: $panel; }
    """

    def compose(self) -> ComposeResult:
        glyphs = self.cockpit.glyphs
        yield PlainText(id="head")
        yield FilterLine("a part of a key, such as rate")
        with Horizontal():
            yield RowTable(COLUMNS, glyphs, id="keys", empty=NO_TARGET)
            yield RowTable(TOML_COLUMNS, glyphs, id="toml")
        yield PlainText(id="about")

    def on_mount(self) -> None:
        self.form = StartForm()
        self._wanted = ""
        self._is_checking = False
        self._timer: Timer | None = None
        self._estimate: Estimate | None = None
        self._estimated: dict[str, Any] = {}
        self._targets: list[tuple[str, str]] = []
        self._missing = ""
        """Why there are no targets, or not all; "" where nothing is wrong."""
        self._is_finding = False
        self._draw()

    @property
    def keys(self) -> RowTable:
        return self.query_one("#keys", RowTable)

    def main(self) -> RowTable:
        return self.keys

    @property
    def command(self) -> str:
        return str(self.form.checking) if self.form.target else ""

    @property
    def copied(self) -> str:
        return str(self.form.starting(self.cockpit.caller)) if self.form.target else ""

    def opened(self) -> None:
        if not self._targets or self._missing:
            self._find_soon()
        self._draw()

    # --- asking arcade-rl ------------------------------------------------------------------------

    def _find_soon(self) -> None:
        if not self._is_finding:
            self._is_finding = True
            self.run_worker(self._find_targets, thread=True, group="targets")

    def _find_targets(self) -> None:
        """Find the configurations that can be trained. Runs in a thread of its own."""
        targets: list[tuple[str, str]] = []
        missing = ""
        for words in (("config", "list", "--json"), ("plugins", "list", "--json")):
            try:
                rows = _rows_of(*words)
            except ArcadeError as error:
                missing = missing or str(error)
                continue
            usual = "" if words[0] == "config" else "with the defaults of the game"
            targets += [(one["name"], usual or one["summary"]) for one in rows]
        if not targets and not missing:
            missing = "no games are installed; `arcade-rl doctor` says how to get some"
        self.cockpit.hand_over(self._take_targets, targets, missing)

    def _take_targets(self, targets: list[tuple[str, str]], missing: str) -> None:
        self._targets, self._missing, self._is_finding = targets, missing, False
        self.say(missing)
        if targets and not self.form.target and self.is_shown:
            self.action_target()
        self._draw()

    def _check_soon(self) -> None:
        self._is_checking = True
        self._draw()
        self.cockpit.draw_status()  # the command of the form is another one
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(CHECK_DELAY_S, self._check)

    def _check(self) -> None:
        call, target = self.form.checking, self.form.target
        self.run_worker(lambda: self._ask(call, target), thread=True, exclusive=True, group="check")

    def _ask(self, call: Invocation, target: str) -> None:
        """Ask what the configuration is. Runs in a thread of its own."""
        done = _run(call.words)
        shown: object = None
        if not self.form.game_known and done.returncode == 0:
            game = json.loads(done.stdout)["values"]["game"]
            try:
                shown = _answer("plugins", "show", game, "--json")
            except ArcadeError as error:  # the form works without the help of the game's keys
                self.cockpit.hand_over(self.say, f"no help for the game's keys: {error}")
        self.cockpit.hand_over(self._take, call, target, done, shown)

    def _take(
        self, call: Invocation, target: str, done: subprocess.CompletedProcess[str], shown: object
    ) -> None:
        if target != self.form.target or call != self.form.checking:
            return
        self.form.take(done.returncode, done.stdout, done.stderr)
        if isinstance(shown, dict):
            self.form.helps |= game_help(shown)
            self.form.game_known = True
        self._is_checking = False
        self._draw()
        if self.form.values and self._estimated != self.form.values:
            self._estimated = values = self.form.values
            rows = list(self.cockpit.rows)
            self.run_worker(
                lambda: self._measure(rows, values), thread=True, exclusive=True, group="estimate"
            )

    def _measure(self, rows: Sequence[BoardRow], values: Mapping[str, Any]) -> None:
        """Look at what earlier runs of the game took. Runs in a thread of its own."""
        self.cockpit.hand_over(self._take_estimate, estimate_from(rows, values))

    def _take_estimate(self, found: Estimate | None) -> None:
        self._estimate = found
        self._draw()

    # --- drawing ---------------------------------------------------------------------------------

    def _draw(self) -> None:
        form, glyphs = self.form, self.cockpit.glyphs
        width = max(self.size.width - 2, 20)
        if not form.target:
            looking = "looking for games and their configurations" if self._is_finding else ""
            state = looking or self._missing or "t chooses a game or one of its configurations"
        elif form.fault:
            state = f"not valid: {form.fault}"
        elif self._is_checking or not form.values:
            state = "checking"
        else:
            took = "no earlier run of this game says how long it takes"
            if self._estimate:
                room = width - len("valid; ")
                took = self._estimate.words(form.total_steps, form.count, room)
            state = f"valid; {took}"
        name = form.name or "made up from game, time and seed"
        seeds = f"   seeds: {form.seeds}, {form.count} runs" if form.seeds else ""
        lines = [
            f"{form.title or 'no configuration'}   name: {name}{seeds}   s starts",
            state,
            self.copied,
        ]
        self.query_one("#head", PlainText).say("\n".join(fitted(x, width, glyphs) for x in lines))
        is_fault = bool(form.fault or (self._missing and not form.target and not self._is_finding))
        self.query_one("#head", PlainText).set_class(is_fault, "fault")
        self.keys.empty = "no key has this in its name" if form.target else NO_TARGET
        self.keys.show_rows(form.rows(self._wanted) if form.target else [])
        toml = [
            ShownRow(f"{k}", (ShownCell(line, "accent" if line.startswith("[") else ""),))
            for k, line in enumerate(form.toml.splitlines())
        ]
        self.query_one("#toml", RowTable).show_rows(toml)
        self._draw_about()

    def _draw_about(self) -> None:
        row = self.keys.row()
        text = self.form.about(row.key) if row else ""
        self.query_one("#about", PlainText).say(safe(text, self.cockpit.glyphs))

    def on_row_table_cursor_moved(self, event: RowTable.CursorMoved) -> None:
        if event.table is self.keys:
            self._draw_about()

    def fork(self, parent: str, config: str) -> None:
        """Fill the form for a run that begins with a checkpoint. `config`: the configuration of the
        run that the checkpoint belongs to."""
        self.form.choose(config, parent)
        self._check_soon()

    def on_resize(self) -> None:
        self._draw()

    # --- keys ------------------------------------------------------------------------------------

    def action_target(self) -> None:
        def take(target: str | None) -> None:
            if target:
                self.form.choose(target)
                self._check_soon()

        if self._targets:
            dialog = ChooseDialog("What is trained", self._targets, self.form.target, self.cockpit.glyphs)  # fmt: skip
            self.app.push_screen(dialog, take)
        elif self._is_finding:
            self.say("the games are still being looked for")
        else:
            self.say(f"{self._missing}; looking again")
            self._find_soon()
            self._draw()

    def action_name(self) -> None:
        def take(name: str | None) -> None:
            if name is not None:
                self.form.name = name.strip()
                self._draw()

        hint = "letters, digits, dots, dashes and underscores; empty for one that is made up"
        dialog = LineDialog(
            "Name of the run", self.form.name, hint, self.cockpit.glyphs,
            lambda name: self._fault_of(name.strip(), self.form.seeds),
        )  # fmt: skip
        self.app.push_screen(dialog, take)

    def action_seeds(self) -> None:
        def take(seeds: str | None) -> None:
            if seeds is not None:
                self.form.seeds = seeds.strip()
                self._draw()

        hint = "0..4 or 1,5,7: a run for each, all at once; empty for one run with the seed of the form"
        dialog = LineDialog(
            "Seeds", self.form.seeds, hint, self.cockpit.glyphs,
            lambda seeds: self._fault_of(self.form.name, seeds.strip()),
        )  # fmt: skip
        self.app.push_screen(dialog, take)

    def _fault_of(self, name: str, seeds: str) -> str:
        """What is wrong with a name and seeds together; "" where nothing is."""
        try:
            names = replace(self.form, name=name, seeds=seeds).names
            if seeds:
                parse_seeds(seeds)
        except UsageError as error:
            return str(error)
        taken = [one for one in names if one in {row.name for row in self.cockpit.rows}]
        return f"there is a run named {taken[0]}" if taken else ""

    def on_row_table_row_chosen(self, event: RowTable.RowChosen) -> None:
        row = event.table.row(event.index)
        if event.table is not self.keys or row is None or self.is_covered:
            return
        key, value = row.key, row.cells[2].text if row.cells[2].tone != "dim" else ""

        def take(text: str | None) -> None:
            if text is not None and text.strip() != value:
                self.form.set(key, text)
                self._check_soon()

        hint = f"{self.form.about(key)}  Empty: as in {self.form.parent or self.form.target}"
        self.app.push_screen(LineDialog(key, value, hint, self.cockpit.glyphs), take)

    def action_reset(self) -> None:
        row = self.keys.row()
        if row is not None and row.key in self.form.assignments:
            self.form.set(row.key, "")
            self._check_soon()

    def action_filter(self) -> None:
        self.query_one(FilterLine).open(self._wanted)

    def on_filter_line_filter_changed(self, event: FilterLine.FilterChanged) -> None:
        self._wanted = event.text
        self._draw()

    def on_input_submitted(self, _: Input.Submitted) -> None:
        self.keys.focus()

    def action_start(self) -> None:
        if not self.form.is_ready or self._is_checking:
            self.say(self.form.fault or "wait until the configuration is checked")
            return
        call = self.form.starting(self.cockpit.caller)

        def take(is_yes: bool | None) -> None:
            if is_yes:
                self.cockpit.start(call, f"start {self.form.name or self.form.title}")
                self.form.name = self.form.seeds = ""
                self.cockpit.action_show("runs")

        form, count = self.form, self.form.count
        what, they = ("this run", "It goes") if count == 1 else (f"{count} runs at once", "They go")
        took = "How long this takes is not known."
        if self._estimate:
            took = f"This takes {self._estimate.words(form.total_steps, count)}."
        lines = [f"{call}", took, f"{they} on when this screen is closed."]
        self.app.push_screen(AskDialog(f"Start {what}?", lines, self.cockpit.glyphs), take)

    def leave(self) -> bool:
        line = self.query_one(FilterLine)
        if line.is_open:
            line.close()
            self.keys.focus()
            return True
        return False


def _run(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run `arcade-rl` with these words to its end. A command that cannot be started has failed."""
    argv = Invocation(tuple(words)).argv
    try:
        return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    except OSError as error:
        return subprocess.CompletedProcess(argv, 1, "", str(error))


def _answer(*words: str) -> object:
    """What a command answers as JSON. ArcadeError, with the last line that the command wrote, where
    the command fails."""
    done = _run(words)
    if done.returncode == 0:
        return json.loads(done.stdout)
    raise ArcadeError(f"{Invocation(words)} failed: {fault_of(done.returncode, done.stderr)}")


def _rows_of(*words: str) -> list[dict[str, str]]:
    """What a command answers as a list of rows. Errors are those of `_answer`."""
    found = _answer(*words)
    return found if isinstance(found, list) else []
