"""The panel NETWORK: from what the agent sees through every layer to what was taken, with the weights
that spoke for it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from arcade_rl.overlay import text as texts
from arcade_rl.overlay.blocks import Block, Layers, Outputs, SeenFeatures, SeenPictures
from arcade_rl.overlay.canvas import Canvas
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.links import draw_links
from arcade_rl.overlay.policy import count
from arcade_rl.overlay.theme import EMPTY, sign_map
from arcade_rl.policies.activity import Activity, Choices, Decision, Dials, Switches

LINES = "lines: the weights that counted most for the action taken"
NOWHERE = Rect(0, 0, 1, 1)
"""Of a block that was not placed yet."""


@dataclass(slots=True)
class _Part:
    """A block with what its place depends on."""

    block: Block
    role: str
    layer: int
    """Position in `Activity.layers`; -1 for what the agent sees."""
    is_dense: bool
    widths: tuple[int, ...] = ()
    option: int = 0
    box: Rect = NOWHERE

    @property
    def width(self) -> int:
        return self.widths[self.option]


class Network:
    """Blocks from left to right: shared ones at full height, then the actor's above the critic's."""

    def __init__(
        self,
        canvas: Canvas,
        box: Rect,
        activity: Activity,
        action_names: tuple[str, ...],
        feature_names: tuple[str, ...],
    ) -> None:
        self.canvas = canvas
        inside = canvas.panel(box, "NETWORK")
        self._draw_legend(box)
        parts = _parts(canvas, activity, action_names, feature_names)
        for line, height_box in _lines(parts, inside, canvas.style.px(14)):
            self._place(line, height_box)
        self.bodies = _bodies(parts, inside)
        self.parts = parts
        self.of_layer = {part.layer: part.block for part in parts if part.layer >= 0}
        self.outputs = [part.block for part in parts if isinstance(part.block, Outputs)]
        self.shown: Activity | None = None

    def _draw_legend(self, box: Rect) -> None:
        """What colours and lines mean, at the right of the heading."""
        canvas, style, theme = self.canvas, self.canvas.style, self.canvas.theme
        wide, height, gap = style.px(110), style.px(8), style.px(10)
        line = Rect(box.x, box.y + style.px(14), box.width - style.px(20), style.px(24))
        positive = self._write_before(line.right, line, "positive")
        bar = line.centred(wide, height)._replace(x=positive.x - gap - wide)
        table = sign_map(theme)[EMPTY + 1 :]
        canvas.ground[bar.region] = table[np.arange(wide) * len(table) // wide]
        negative = self._write_before(bar.x - gap, line, "negative")
        if negative.x - 3 * gap - texts.width(LINES, style.font(14.5)) > box.x + style.px(160):
            self._write_before(negative.x - 3 * gap, line, LINES)

    def _write_before(self, right: int, line: Rect, text: str) -> Rect:
        """Write a remark that ends there; returns its box."""
        font = self.canvas.style.font(14.5)
        wide = texts.width(text, font)
        box = Rect(right - wide, line.y, wide, line.height)
        self.canvas.write(text, box, font, self.canvas.theme.faint, ground=True)
        return box

    def _place(self, parts: list[_Part], box: Rect) -> None:
        """Find widths that fit, then share what is left among the gaps."""
        style = self.canvas.style
        label = style.px(24)
        shared = [part for part in parts if part.role == "shared"]
        actor = [part for part in parts if part.role == "actor"]
        critic = [part for part in parts if part.role == "critic"]
        split = box.rows([0.68, 0.32] if len(critic) < 2 else [0.6, 0.4], style.px(12))
        upper, lower = split if actor and critic else (box, box)
        for some, place in ((shared, box), (actor, upper), (critic, lower)):
            for part in some:
                widths = part.block.widths(place.height - label)
                least = self._label_width(part.block)
                part.widths, part.option = tuple(max(width, least) for width in widths), 0
        gap = style.px(26)
        _shrink(shared, actor, critic, box.width, gap)
        _grow(shared, actor, critic, box.width, gap)
        free = box.width - _total(shared, gap) - max(_total(actor, gap), _total(critic, gap))
        free -= gap if shared and (actor or critic) else 0
        gaps = _gaps(shared, max(actor, critic, key=lambda some: _total(some, gap)), gap, free)
        x = box.x
        for part, space in zip(shared, gaps, strict=False):
            x = self._place_part(part, Rect(x, box.y, part.width, box.height)) + space
        for branch, place in ((actor, upper), (critic, lower)):
            self._place_branch(branch, Rect(x, place.y, box.right - x, place.height), gap)

    def _place_branch(self, parts: list[_Part], box: Rect, gap: int) -> None:
        if not parts:
            return
        free = box.width - _total(parts, gap)
        gaps = _gaps([], parts, gap, free)
        x = box.x
        for part, space in zip(parts, gaps, strict=True):
            x = self._place_part(part, Rect(x, box.y, part.width, box.height)) + space

    def _place_part(self, part: _Part, box: Rect) -> int:
        """Draw the label and place the block below it; returns its right end."""
        style, theme = self.canvas.style, self.canvas.theme
        head = box.top(style.px(20))
        part.box = box.below(style.px(24))
        part.block.place(part.box, part.option)
        font = style.font(14.5, 600)
        wide = min(texts.width(texts.drawable(part.block.label), font), head.width)
        self.canvas.write(part.block.label, head.left(wide), font, theme.dim, ground=True)
        rest = head.beside(wide + style.px(8))
        if rest.width > style.px(8):
            self.canvas.write(part.block.dimensions, rest, style.font(14.5), theme.faint, ground=True)  # fmt: skip
        return box.right

    def _label_width(self, block: Block) -> int:
        style = self.canvas.style
        label = min(texts.width(block.label, style.font(14.5, 600)), style.px(150))
        return label + style.px(9) + texts.width(block.dimensions, style.font(14.5)) + 1

    def draw(self, activity: Activity) -> None:
        """Draw the activity; one that was drawn the last time is left as it is."""
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
    """Outputs of the actions that were taken; none for continuous ones."""
    if isinstance(decision, Dials):
        return frozenset()
    if isinstance(decision, Switches):
        return frozenset(np.flatnonzero(decision.taken).tolist())
    return frozenset(_starts(decision)[k] + action for k, action in enumerate(decision.taken))


def _starts(choices: Choices) -> list[int]:
    return [sum(choices.sizes[:k]) for k in range(len(choices.sizes))]


def _parts(
    canvas: Canvas, activity: Activity, names: tuple[str, ...], feature_names: tuple[str, ...]
) -> list[_Part]:
    parts = []
    for place, seen in enumerate(activity.seen):
        if seen.is_picture:
            block: Block = SeenPictures(canvas, place, seen.name, seen.values.shape)
        else:
            size = seen.values.size
            known = feature_names if len(feature_names) == size else ()
            block = SeenFeatures(canvas, place, seen.name, size, known)
        parts.append(_Part(block, "shared", -1, False))
    output = _output(activity)
    for place, layer in enumerate(activity.layers):
        if place == output:
            marks = not isinstance(activity.decision, Dials)
            block = Outputs(canvas, place, layer.label, names, marks)
        else:
            block = Layers(canvas, place, layer.label, layer.values.shape)
        parts.append(_Part(block, layer.role, place, not layer.is_maps))
    return parts


def _output(activity: Activity) -> int:
    """Position of the layer that gives the actions; -1 where none has as many units."""
    size = count(activity.decision)
    fitting = [
        place
        for place, layer in enumerate(activity.layers)
        if layer.role != "critic" and not layer.is_maps and layer.values.size == size
    ]
    return fitting[-1] if fitting and size <= 40 else -1


def _lines(parts: list[_Part], box: Rect, gap: int) -> list[tuple[list[_Part], Rect]]:
    """One line of blocks; two in a high box: pictures and maps above units."""
    maps = [part for part in parts if not part.is_dense]
    dense = [part for part in parts if part.is_dense]
    if box.height < 0.34 * box.width or not any(part.layer >= 0 for part in maps):
        return [(parts, box)]
    upper, lower = box.rows([0.52, 0.48], gap)
    return [(maps, upper), (dense, lower)]


def _bodies(parts: list[_Part], inside: Rect) -> list[Rect]:
    """What must be drawn on fresh ground: where links may be, and numbers as bars. Other blocks cover
    all of their room."""
    dense = [part.box for part in parts if part.is_dense]
    if dense:
        x, y = min(box.x for box in dense) - 4, min(box.y for box in dense) - 4
        dense = [Rect(x, y, inside.right + 6 - x, inside.bottom + 6 - y)]
    return dense + [part.box for part in parts if isinstance(part.block, SeenFeatures)]


def _total(parts: list[_Part], gap: int) -> int:
    return sum(part.width for part in parts) + gap * max(0, len(parts) - 1)


def _shrink(
    shared: list[_Part], actor: list[_Part], critic: list[_Part], room: int, gap: int
) -> None:
    """Narrow the widest block until all fit, or none can be narrower."""
    while True:
        branch = actor if _total(actor, gap) >= _total(critic, gap) else critic
        between = gap if shared and branch else 0
        if _total(shared, gap) + between + _total(branch, gap) <= room:
            return
        able = [part for part in shared + branch if part.option + 1 < len(part.widths)]
        if not able:
            return
        max(able, key=lambda part: part.width).option += 1


def _grow(
    shared: list[_Part], actor: list[_Part], critic: list[_Part], room: int, gap: int
) -> None:
    """Widen the narrowest blocks again as long as all fit."""
    grown = True
    while grown:
        grown = False
        for part in sorted(shared + actor + critic, key=lambda part: part.width):
            if part.option and part.layer >= 0 and not part.is_dense:
                part.option -= 1
                branch = max(_total(actor, gap), _total(critic, gap))
                if _total(shared, gap) + (gap if shared and branch else 0) + branch <= room:
                    grown = True
                else:
                    part.option += 1


def _gaps(shared: list[_Part], branch: list[_Part], gap: int, free: int) -> list[int]:
    """Gap after every block: what is left goes where links are, three times as much as elsewhere."""
    line = shared + branch
    weights = [3 if one.is_dense and after.is_dense else 1 for one, after in pairwise(line)]
    total = max(sum(weights), 1)
    return [*(gap + max(0, free) * weight // total for weight in weights), 0]
