"""The panel NETWORK: from the observation through every layer to the action taken, with the weights
that counted most for that action."""

from __future__ import annotations

import numpy as np

from arcade_rl.contracts import FeatureGroup, GameBoard
from arcade_rl.overlay import text as texts
from arcade_rl.overlay.blocks import Block, Layers, Outputs, SeenFeatures, SeenPictures
from arcade_rl.overlay.canvas import Canvas
from arcade_rl.overlay.flow import FlowPart, Line, lines
from arcade_rl.overlay.groups import SeenGroups
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.links import draw_links
from arcade_rl.overlay.policy import count
from arcade_rl.overlay.sites import SeenBoard
from arcade_rl.overlay.theme import EMPTY, sign_map
from arcade_rl.policies.activity import (
    Activity,
    Choices,
    Decision,
    Dials,
    Layer,
    Ratings,
    Switches,
)

LINES = "lines: the weights that counted most for the action taken"


class Network:
    """Blocks from left to right: shared layers at full height, then the actor's layers above the
    critic's."""

    def __init__(
        self,
        canvas: Canvas,
        box: Rect,
        activity: Activity,
        action_names: tuple[str, ...],
        feature_names: tuple[str, ...],
        feature_groups: tuple[FeatureGroup, ...] = (),
        board: GameBoard | None = None,
    ) -> None:
        self.canvas = canvas
        heading = "NETWORK" if activity.layers else "OBSERVATION" if board is None else "BOARD"
        inside = canvas.panel(box, heading)
        parts = _parts(canvas, activity, action_names, feature_names, feature_groups, board)
        gap = canvas.style.px(14)
        left_out, least = 0, max(canvas.style.px(76), canvas.style.line(20) + canvas.style.px(60))
        for some, place in lines(parts, inside, gap, least):
            left_out += self._place(Line.of(some, place, canvas.style.px(26)))
        self.parts = [part for part in parts if part.box.width > 1]
        if activity.layers:
            self._draw_legend(box, left_out)
        self.bodies = _bodies(self.parts, inside)
        self.of_layer = {part.layer: part.block for part in self.parts if part.layer >= 0}
        self.outputs = [part.block for part in self.parts if isinstance(part.block, Outputs)]
        self.shown: Activity | None = None

    def _draw_legend(self, box: Rect, left_out: int) -> None:
        """Write, right of the heading, what colours mean, and what lines mean or how many layers
        are not shown."""
        canvas, style, theme = self.canvas, self.canvas.style, self.canvas.theme
        wide, height, gap = style.px(110), style.px(8), style.px(10)
        line = Rect(box.x, box.y + style.px(14), box.width - style.px(20), style.line(24))
        positive = self._write_before(line.right, line, "positive")
        bar = line.centred(wide, height)._replace(x=positive.x - gap - wide)
        table = sign_map(theme)[EMPTY + 1 :]
        canvas.ground[bar.region] = table[np.arange(wide) * len(table) // wide]
        negative = self._write_before(bar.x - gap, line, "negative")
        remark = f"{left_out} layers have no room" if left_out else LINES
        if negative.x - 3 * gap - texts.width(remark, style.font(14.5)) > box.x + style.px(160):
            self._write_before(negative.x - 3 * gap, line, remark)

    def _write_before(self, right: int, line: Rect, text: str) -> Rect:
        """Write a remark that ends at the column `right`, and return the remark's box."""
        font = self.canvas.style.font(14.5)
        wide = texts.width(text, font)
        box = Rect(right - wide, line.y, wide, line.height)
        self.canvas.write(text, box, font, self.canvas.theme.faint, ground=True)
        return box

    @property
    def _head(self) -> int:
        """Height of a block's label, pixel."""
        return self.canvas.style.line(20)

    def _place(self, line: Line) -> int:
        """Place the parts of a line, and return how many layers have no room."""
        style = self.canvas.style
        left_out = line.fit(self._head + style.px(4), style.px(12))
        for part, box in line.places(style.px(12)):
            self._place_part(part, box)
        return len(left_out)

    def _place_part(self, part: FlowPart, box: Rect) -> None:
        """Draw the label and place the block below it."""
        style, theme = self.canvas.style, self.canvas.theme
        head = box.top(self._head)
        part.box = box.below(self._head + style.px(4))
        part.block.place(part.box, part.option)
        font = style.font(14.5, 600)
        wide = min(texts.width(texts.drawable(part.block.label), font), head.width)
        self.canvas.write(part.block.label, head.left(wide), font, theme.dim, ground=True)
        rest = head.beside(wide + style.px(8))
        if (
            texts.fit(part.block.dimensions, style.font(14.5), rest.width)[0]
            == part.block.dimensions
        ):
            self.canvas.write(part.block.dimensions, rest, style.font(14.5), theme.faint, ground=True)  # fmt: skip

    def draw(self, activity: Activity) -> None:
        """Draw the activity, unless this activity is the one that was drawn the last time."""
        if activity is self.shown:
            return
        self.shown = activity
        for box in self.bodies:
            self.canvas.restore(box)
        for output in self.outputs:
            output.taken = taken(activity.decision)
        for part in self.parts:
            part.block.draw(activity)
        draw_links(self.canvas, activity.links, self.of_layer)


def taken(decision: Decision) -> frozenset[int]:
    """Positions of the outputs of the taken actions; none for continuous actions."""
    if isinstance(decision, Dials | Ratings):
        return frozenset()
    if isinstance(decision, Switches):
        return frozenset(np.flatnonzero(decision.taken).tolist())
    return frozenset(_starts(decision)[k] + action for k, action in enumerate(decision.taken))


def _starts(choices: Choices) -> list[int]:
    return [sum(choices.sizes[:k]) for k in range(len(choices.sizes))]


def _parts(
    canvas: Canvas,
    activity: Activity,
    names: tuple[str, ...],
    feature_names: tuple[str, ...],
    feature_groups: tuple[FeatureGroup, ...],
    board: GameBoard | None,
) -> list[FlowPart]:
    parts = []
    for place, seen in enumerate(activity.seen):
        if board is not None:
            block: Block = SeenBoard(canvas, place, board)
        elif seen.is_picture:
            block = SeenPictures(canvas, place, seen.name, seen.values.shape)
        else:
            size = seen.values.size
            known = feature_names if len(feature_names) == size else ()
            if known and feature_groups:
                block = SeenGroups(canvas, place, seen.name, known, feature_groups)
            else:
                block = SeenFeatures(canvas, place, seen.name, size, known)
        parts.append(FlowPart(block, "shared", -1, False, label_width(canvas, block)))
    output = _output(activity)
    for place, layer in enumerate(activity.layers):
        if board is not None and _is_on(board, layer):
            continue
        if place == output:
            marks = not isinstance(activity.decision, Dials)
            block = Outputs(canvas, place, layer.label, names, marks)
        else:
            block = Layers(canvas, place, layer.label, layer.values.shape)
        width = label_width(canvas, block)
        parts.append(FlowPart(block, layer.role, place, not layer.is_maps, width))
    return parts


def _is_on(board: GameBoard, layer: Layer) -> bool:
    """Whether the board shows the outputs of this layer."""
    return layer.role != "critic" and layer.values.size == len(board.sites) and any(board.sites)


def label_width(canvas: Canvas, block: Block) -> int:
    """Width of a block's label and dimensions, pixel."""
    style = canvas.style
    label = min(texts.width(block.label, style.font(14.5, 600)), style.px(150))
    if style.is_for_phone:
        return label + 1
    return label + style.px(9) + texts.width(block.dimensions, style.font(14.5)) + 1


def _output(activity: Activity) -> int:
    """Position of the layer whose units are the actions; -1 where no layer has as many units as
    there are actions, or there are too many actions for a block with names."""
    size = count(activity.decision)
    fitting = [
        place
        for place, layer in enumerate(activity.layers)
        if layer.role != "critic" and not layer.is_maps and layer.values.size == size
    ]
    return fitting[-1] if fitting and size <= 40 else -1


def _bodies(parts: list[FlowPart], inside: Rect) -> list[Rect]:
    """The areas that must be drawn on fresh ground: those that links may cross, and the bars of
    features. Other blocks cover all of their room."""
    dense = [part.box for part in parts if part.is_dense]
    if dense:
        x, y = min(box.x for box in dense) - 4, min(box.y for box in dense) - 4
        dense = [Rect(x, y, inside.right + 6 - x, inside.bottom + 6 - y)]
    return dense + [part.box for part in parts if isinstance(part.block, SeenFeatures | SeenGroups)]
