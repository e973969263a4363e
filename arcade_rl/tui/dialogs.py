"""Windows over a screen: questions, a line of text, a choice of several, a page to read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.visual import VisualType
from textual.widgets import Input, Static

from arcade_rl.tui.glyphs import Glyphs, safe
from arcade_rl.tui.rows import ShownCell, ShownColumn, ShownRow
from arcade_rl.tui.table import RowTable

WIDTH = 76
_CSS = """
    align: center middle;
"""


class PlainText(Static):
    """Text without markup: what is written is what is shown."""

    def __init__(
        self, text: str = "", *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(Content(text), id=id, classes=classes, markup=False)

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        """Show another text. Nothing is drawn where the text and its styles are as before."""
        before = self.content
        is_same = isinstance(before, Content) and isinstance(content, Content) and before.is_same(content)  # fmt: skip
        if not is_same:
            super().update(content, layout=layout)

    def say(self, text: str) -> None:
        """Show another text."""
        self.update(Content(text))


class DialogBox(Vertical):
    """The box of a dialog."""

    DEFAULT_CSS = """
    DialogBox { width: 76; max-width: 96%; height: auto; max-height: 90%; background: $surface;
        border: round $primary; padding: 0 1; }
    DialogBox.-large { width: 96%; height: 90%; }
    DialogBox > .title { text-style: bold; color: $text-primary; height: 1; }
    DialogBox > .hint { color: $text-muted; height: auto; }
    DialogBox > .fault { color: $text-error; height: auto; }
    DialogBox > Input { background: $panel; padding: 0 1; }
    """


class AskDialog(ModalScreen[bool]):
    """A question that is answered with yes or no. Enter alone is no."""

    CSS = f"AskDialog {{ {_CSS} }}"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n,escape,enter,q", "answer(False)", "No"),
    ]

    def __init__(self, title: str, lines: Sequence[str], glyphs: Glyphs) -> None:
        super().__init__()
        self._title, self._lines, self._glyphs = title, lines, glyphs

    def compose(self) -> ComposeResult:
        with DialogBox():
            yield PlainText(safe(self._title, self._glyphs), classes="title")
            yield PlainText("\n".join(safe(line, self._glyphs) for line in self._lines))
            yield PlainText("y yes   n no", classes="hint")

    def action_answer(self, is_yes: bool) -> None:
        self.dismiss(is_yes)


class LineDialog(ModalScreen[str | None]):
    """A line of text; None where the user left."""

    CSS = f"LineDialog {{ {_CSS} }}"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back")]

    def __init__(
        self,
        title: str,
        text: str,
        hint: str,
        glyphs: Glyphs,
        fault_of: Callable[[str], str] = lambda _: "",
    ) -> None:
        """`fault_of`: what is wrong with a text; "" where nothing is."""
        super().__init__()
        self._title, self._text, self._hint = title, text, hint
        self._glyphs, self._fault_of = glyphs, fault_of

    def compose(self) -> ComposeResult:
        with DialogBox():
            yield PlainText(safe(self._title, self._glyphs), classes="title")
            yield Input(self._text, select_on_focus=False, compact=True)
            yield PlainText("", classes="fault")
            yield PlainText(safe(self._hint, self._glyphs), classes="hint")

    def on_input_changed(self, event: Input.Changed) -> None:
        self.query_one(".fault", PlainText).say(safe(self._fault_of(event.value), self._glyphs))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if self._fault_of(event.value):
            return
        self.dismiss(event.value)

    def action_leave(self) -> None:
        self.dismiss(None)


class PickDialog(ModalScreen[list[str] | None]):
    """Several of a list, in the order of the list; None where the user left."""

    CSS = f"PickDialog {{ {_CSS} }}"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "choose", "Choose"),
        Binding("enter", "take", "Take", priority=True),
        Binding("escape,q", "leave", "Back"),
    ]

    def __init__(
        self, title: str, names: Sequence[tuple[str, str]], chosen: Collection[str], glyphs: Glyphs
    ) -> None:
        """`names`: (name, explanation) of everything that can be chosen."""
        super().__init__()
        self._title, self._names, self._chosen = title, names, set(chosen)
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        columns = (
            ShownColumn("mark", "", 2),
            ShownColumn("name", "name", 14),
            ShownColumn("what", "", 20, grows=True),
        )
        with DialogBox():
            yield PlainText(safe(self._title, self._glyphs), classes="title")
            table = RowTable(columns, self._glyphs)
            table.styles.height = min(len(self._names) + 1, 16)
            yield table
            yield PlainText("space choose   enter take   escape back", classes="hint")

    def on_mount(self) -> None:
        self._show()

    def _show(self) -> None:
        rows = [
            ShownRow(
                name,
                (
                    ShownCell(self._glyphs.marked if name in self._chosen else ""),
                    ShownCell(name),
                    ShownCell(what, "dim"),
                ),
            )
            for name, what in self._names
        ]
        self.query_one(RowTable).show_rows(rows)

    def action_choose(self) -> None:
        row = self.query_one(RowTable).row()
        if row is not None:
            self._chosen ^= {row.key}
            self._show()

    def action_take(self) -> None:
        self.dismiss([name for name, _ in self._names if name in self._chosen])

    def action_leave(self) -> None:
        self.dismiss(None)


class ChooseDialog(ModalScreen[str | None]):
    """One of a list; None where the user left."""

    CSS = f"ChooseDialog {{ {_CSS} }}"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "leave", "Back")]

    def __init__(
        self, title: str, names: Sequence[tuple[str, str]], chosen: str, glyphs: Glyphs
    ) -> None:
        """`names`: (name, explanation) of everything that can be chosen."""
        super().__init__()
        self._title, self._names, self._chosen, self._glyphs = title, names, chosen, glyphs

    def compose(self) -> ComposeResult:
        columns = (
            ShownColumn("name", "name", 20, grows=True, most=30),
            ShownColumn("what", "", 20, grows=True, most=120),
        )
        with DialogBox(classes="-large"):
            yield PlainText(safe(self._title, self._glyphs), classes="title")
            yield RowTable(columns, self._glyphs)
            yield PlainText("enter take   escape back", classes="hint")

    def on_mount(self) -> None:
        rows = [
            ShownRow(name, (ShownCell(name), ShownCell(what, "dim"))) for name, what in self._names
        ]
        place = next((k for k, row in enumerate(rows) if row.key == self._chosen), 0)
        table = self.query_one(RowTable)
        table.show(len(rows), lambda k: rows[k], place)
        table.focus()

    def on_row_table_row_chosen(self, event: RowTable.RowChosen) -> None:
        row = event.table.row(event.index)
        self.dismiss(row.key if row else None)

    def action_leave(self) -> None:
        self.dismiss(None)


class PageDialog(ModalScreen[None]):
    """Rows to read, such as the keys or the commands that were run."""

    CSS = f"PageDialog {{ {_CSS} }}"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "Copy"),
        Binding("escape,q,enter,question_mark,at", "leave", "Back", priority=True),
    ]

    def __init__(
        self,
        title: str,
        columns: Sequence[ShownColumn],
        rows: Callable[[], Sequence[ShownRow]],
        glyphs: Glyphs,
        empty: str = "",
    ) -> None:
        """`rows` gives the rows as they are now; the key of each is what `y` copies."""
        super().__init__()
        self._title, self._columns, self._rows = title, columns, rows
        self._glyphs, self._empty = glyphs, empty

    def compose(self) -> ComposeResult:
        with DialogBox(classes="-large"):
            yield PlainText(safe(self._title, self._glyphs), classes="title")
            yield RowTable(self._columns, self._glyphs, empty=self._empty)
            yield PlainText("y copies the line   escape back", classes="hint")

    def on_mount(self) -> None:
        self._show()
        self.set_interval(0.5, self._show)

    def _show(self) -> None:
        self.query_one(RowTable).show_rows(self._rows())

    def action_copy(self) -> None:
        row = self.query_one(RowTable).row()
        if row is not None:
            self.app.copy_to_clipboard(row.key)
            self.notify(f"copied: {safe(row.key, self._glyphs)}", markup=False)

    def action_leave(self) -> None:
        self.dismiss(None)
