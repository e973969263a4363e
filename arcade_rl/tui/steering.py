"""What can be done to the chosen run. Everything is done by `arcade-rl` in a process of its own, but
for killing a supervisor, which no command does."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from arcade_rl import words
from arcade_rl.runs.lock import holder_of
from arcade_rl.runs.summary import stored_checkpoints
from arcade_rl.tui.board import BoardRow
from arcade_rl.tui.dialogs import AskDialog, ChooseDialog, LineDialog

if TYPE_CHECKING:
    from arcade_rl.tui.app import Cockpit

LIVE = ("pause_run", "stop_run", "kill_run")
"""Actions on runs that somebody supervises."""
AT_REST = ("resume_run", "delete_run")
"""Actions on runs that nobody supervises."""
WRITING = (*LIVE, *AT_REST, "evaluate_run", "export_run", "fork_run")
"""Actions that change a run or start something, which `--read-only` leaves out."""
ON_RUNS = (*WRITING, "watch_run")


class Steering:
    """The actions on the chosen run."""

    def __init__(self, cockpit: Cockpit) -> None:
        self._app = cockpit

    def applies(self, action: str) -> bool:
        """Whether an action can be done to the chosen run now."""
        row = self._app.chosen_row
        if row is None or (self._app.options.is_read_only and action in WRITING):
            return False
        if action in LIVE:
            return row.is_live
        if action in AT_REST:
            return not row.is_live
        return True

    def pause(self, row: BoardRow) -> None:
        """Put a run on hold, or let it go on."""
        caller = self._app.caller
        if row.state == "paused":
            self._app.start(caller.resume(row.name, is_paused=True), f"go on with {row.name}")
        else:
            self._app.start(caller.pause(row.name), f"pause {row.name}")

    def resume(self, row: BoardRow) -> None:
        """Let a run go on that nobody supervises. One that is done is asked how long it shall be."""
        if row.state != "done":
            self._app.start(self._app.caller.resume(row.name), f"resume {row.name}")
            return

        def take(text: str | None) -> None:
            if text is not None:
                call = self._app.caller.resume(row.name, int(text.replace("_", "")))
                self._app.start(call, f"train {row.name} longer")

        def fault_of(text: str) -> str:
            digits = text.replace("_", "")
            if not digits.isdecimal() or len(digits) > 12:
                return f"{text or 'nothing'} is not a number of steps"
            return "" if int(digits) > row.steps else f"{row.steps:,} steps are done; expected more"

        hint = f"{row.name} is done after {row.steps:,} steps; enter trains on"
        dialog = LineDialog(
            "Steps of the run in all", f"{2 * row.steps}", hint, self._app.glyphs, fault_of
        )
        self._app.push_screen(dialog, take)

    def fork(self, row: BoardRow) -> None:
        """Ask with which checkpoint of a run another one begins, and open the form for that one."""

        def found(names: list[tuple[str, str]]) -> None:
            def take(chunk: str | None) -> None:
                if chunk is not None:
                    self._app.open_fork(f"{row.name}@{chunk}", str(row.run.config))

            if not names:
                self._app.say(f"{row.name} keeps no checkpoint that can be read")
                return
            title = f"Fork {row.name}: a new run begins with"
            self._app.push_screen(ChooseDialog(title, names, names[0][0], self._app.glyphs), take)

        self._app.in_thread(lambda: checkpoints_of(row), found)

    def stop(self, row: BoardRow) -> None:
        """End a run after saving it."""
        self._app.start(self._app.caller.stop(row.name), f"stop {row.name}")

    def kill(self, row: BoardRow) -> None:
        """Kill the supervisor of a run, after a question."""

        def take(is_yes: bool | None) -> None:
            if is_yes:
                self._kill(row)

        lines = [
            f"{row.name} is supervised by process {row.pid}.",
            "The chunk that trains now is lost; `r` trains it again from the last checkpoint.",
            "`s` would save first.",
        ]
        self._app.push_screen(AskDialog(f"Kill {row.name}?", lines, self._app.glyphs), take)

    def _kill(self, row: BoardRow) -> None:
        holder = holder_of(row.run.lock)
        if holder is None or holder.pid != row.pid or not holder.pid:
            self._app.say(f"{row.name} is not supervised by process {row.pid} any more")
            return
        try:
            os.kill(holder.pid, signal.SIGKILL)
        except OSError as error:
            self._app.say(f"process {holder.pid} cannot be killed: {error.strerror}")
            return
        self._app.commands.note(f"kill -9 {holder.pid}", f"kill {row.name}", "killed")
        self._app.say(f"process {holder.pid} is killed")

    def delete(self, row: BoardRow) -> None:
        """Delete a run, after a question that says its size."""

        def measured(size: int) -> None:
            def take(is_yes: bool | None) -> None:
                if is_yes:
                    self._app.start(self._app.caller.delete(row.name), f"delete {row.name}")

            lines = [
                f"{row.path} goes for good, with {words.size(size)} of checkpoints, episodes and films.",
                f"{words.short_count(row.steps)} steps, {words.short_count(row.episodes)} episodes.",
            ]
            dialog = AskDialog(f"Delete {row.name}?", lines, self._app.glyphs)
            self._app.push_screen(dialog, take)

        self._app.in_thread(lambda: size_of(row), measured)

    def evaluate(self, row: BoardRow) -> None:
        """Measure the newest checkpoint of a run."""
        self._app.start(self._app.caller.evaluate(row.name), f"evaluate {row.name}")

    def watch(self, row: BoardRow) -> None:
        """Open a window that follows a run while it trains, and lets its newest checkpoint play
        otherwise."""
        self._app.start(self._app.caller.watch(row.name), f"window on {row.name}")

    def export(self, row: BoardRow) -> None:
        """Make the film of a run's milestones."""
        self._app.start(self._app.caller.milestones(row.name), f"film of {row.name}")


def checkpoints_of(row: BoardRow) -> list[tuple[str, str]]:
    """(chunk, what it is) of every checkpoint of a run that can be read, the newest first."""
    found = []
    for stored in reversed(stored_checkpoints(row.run, {})):
        if (state := stored.state) is None:
            continue
        labels = state.milestones_of(row.total_steps) if row.total_steps else []
        parts = [f"after {state.steps:,} steps", *labels]
        found.append((f"{stored.chunk}", ", ".join(parts)))
    return found


def size_of(row: BoardRow) -> int:
    """Size of everything in a run's directory, in bytes."""
    total = 0
    for folder, _, names in os.walk(row.path):
        for name in names:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size
            except OSError:  # deleted meanwhile
                continue
    return total
