"""One thing about the policy, drawn large beside the game: what the agent sees, or one layer."""

from __future__ import annotations

from arcade_rl.contracts import Frame
from arcade_rl.overlay import text as texts
from arcade_rl.overlay.blocks import Layers, SeenPictures
from arcade_rl.overlay.canvas import Canvas, Label, Style
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.theme import Theme
from arcade_rl.policies.activity import Activity, Seen
from arcade_rl.words import number

EYES = "eyes"
"""What a close-up shows of the agent rather than of its network."""
LINE = 21
"""Least height of a line with a number, pixel."""


class Closeup:
    """Draws a close-up in one size."""

    def __init__(self, size: tuple[int, int], theme: Theme, feature_names: tuple[str, ...]) -> None:
        self.size, self.theme, self._names = size, theme, feature_names
        self._panel: tuple[object, _Panel] | None = None

    def draw(self, activity: Activity | None, what: str | int) -> Frame:
        """The close-up of what the agent saw, `EYES`, or of the layer at this place of
        `Activity.layers`. (height, width, 3), uint8, RGB; the next call draws into the same
        array."""
        shape = _shape(activity, what)
        if self._panel is None or self._panel[0] != shape:
            self._panel = shape, _Panel(self.size, self.theme, activity, what, self._names)
        return self._panel[1].draw(activity)


def _shape(activity: Activity | None, what: str | int) -> object:
    if activity is None:
        return what
    seen = tuple(one.values.shape for one in activity.seen)
    return what, seen, tuple(one.values.shape for one in activity.layers)


class _Panel:
    """The parts of a close-up of one shape."""

    def __init__(
        self,
        size: tuple[int, int],
        theme: Theme,
        activity: Activity | None,
        what: str | int,
        names: tuple[str, ...],
    ) -> None:
        self.canvas = canvas = Canvas(size, Style(theme, 1.0))
        self._tiles: list[SeenPictures | Layers] = []
        self._numbers: list[tuple[int, list[Label]]] = []
        box = Rect(0, 0, *size).inset(6, 6)
        is_bare = activity is not None and what != EYES and not activity.layers
        if activity is None or is_bare:
            inside = canvas.panel(box, "NOT KNOWN")
            why = "a search has no layers" if is_bare else "at the start, or without its policy"
            canvas.write(why, inside.top(24), canvas.style.label, theme.faint, ground=True)
        elif what == EYES:
            inside = canvas.panel(box, self._heading(box, "WHAT THE AGENT SEES", "AGENT SEES"))
            for place, room in enumerate(inside.rows([1.0] * len(activity.seen), 12)):
                self._see(activity.seen[place], place, room, names)
        else:
            self._look_at(activity, int(what), box)
        canvas.begin()

    def draw(self, activity: Activity | None) -> Frame:
        if activity is not None:
            for tiles in self._tiles:
                tiles.draw(activity)
            for place, labels in self._numbers:
                values = activity.seen[place].values.tolist()
                for label, value in zip(labels, values, strict=False):
                    label.show(number(value, 3))
        return self.canvas.pixels

    def _heading(self, box: Rect, whole: str, short: str, aside: str = "") -> str:
        """The heading of a panel with this box: the short one, where there is no room for the whole
        one beside the remark."""
        style = self.canvas.style
        room = self.canvas.heading_room(box.inset(style.px(20), 0), aside)
        return texts.first_fitting((whole, short), style.heading, room)

    def _see(self, seen: Seen, place: int, room: Rect, names: tuple[str, ...]) -> None:
        if seen.is_picture:
            self._place(SeenPictures(self.canvas, place, seen.name, seen.values.shape), room)
        else:
            self._list(place, seen, room, names)

    def _look_at(self, activity: Activity, place: int, box: Rect) -> None:
        layer = activity.layers[min(place, len(activity.layers) - 1)]
        tiles = Layers(self.canvas, activity.layers.index(layer), layer.label, layer.values.shape)
        whole, aside = f"LAYER {place + 1}: {layer.label}", tiles.dimensions
        inside = self.canvas.panel(box, self._heading(box, whole, layer.label, aside), aside)
        self._place(tiles, inside)

    def _place(self, tiles: SeenPictures | Layers, room: Rect) -> None:
        """Place tiles as large as the room allows."""
        tiles.most = max(room.width // 2, tiles.most)
        found: tuple[int, int, int] | None = None
        for height in range(room.height, 0, -max(room.height // 40, 1)):
            tiles.widths(height)
            for option, tiling in enumerate(tiles.options):
                if tiling.size[0] <= room.width and tiling.size[1] <= room.height:
                    found = max(found or (0, 0, 0), (tiling.tile[0], height, option))
        if found is not None:
            tiles.widths(found[1])
            tiles.place(room.top(found[1]), found[2])
            self._tiles.append(tiles)

    def _list(self, place: int, seen: Seen, room: Rect, names: tuple[str, ...]) -> None:
        """Lines with the name and the value of each number, in columns, as many as have room."""
        style, count = self.canvas.style, len(seen.values)
        lines = max(1, min(room.height // LINE, count))
        columns = max(1, min(-(-count // lines), room.width // 150))
        shown, labels = min(count, lines * columns), list[Label]()
        if shown < count:
            shown -= 1  # the last line says how many have no room
        even = room.top(room.height // lines * lines)
        for column, box in enumerate(even.columns(columns, 14)):
            for line, row in enumerate(box.rows([1.0] * lines, 0)):
                k = column * lines + line
                if k >= shown:
                    if shown < count:
                        more = f"+ {count - shown} more"
                        self.canvas.write(more, row, style.row_font(14, 400, row.height), self.canvas.theme.faint, ground=True)  # fmt: skip
                    break
                name = names[k] if k < len(names) else f"{seen.name} {k + 1}".strip()
                wide = row.width * 3 // 5
                font = style.row_font(14, 400, row.height)
                self.canvas.write(name, row.left(wide), font, self.canvas.theme.dim, ground=True, kind="name")  # fmt: skip
                value = row.beside(wide)
                labels.append(Label(self.canvas, value, font, self.canvas.theme.text, "right", "figure"))  # fmt: skip
        self._numbers.append((place, labels))
