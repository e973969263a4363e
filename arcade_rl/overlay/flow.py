"""How the blocks of the panel NETWORK share its room: in lines from left to right, the actor's
blocks above the critic's."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from arcade_rl.overlay.blocks import Block
from arcade_rl.overlay.layout import Rect

LEAST = 40
"""Least width of a label, pixel."""


@dataclass(slots=True)
class FlowPart:
    """A block, and the facts that its place depends on."""

    block: Block
    role: str
    """Branch that the block belongs to: "shared", "actor" or "critic"."""
    layer: int
    """Position in `Activity.layers`; -1 for a part of the observation."""
    is_dense: bool
    """Whether the block shows a layer of units, and neither feature maps nor the observation."""
    label: int
    """Width of the block's label, pixel."""
    widths: tuple[int, ...] = ()
    """Possible widths of the block, the widest first, pixel."""
    option: int = 0
    """Position in `widths` of the width that the block has."""
    box: Rect = field(default_factory=lambda: Rect(0, 0, 1, 1))
    """Room of the block below its label, known once the block is placed."""

    @property
    def width(self) -> int:
        return self.widths[self.option]


def lines(
    parts: list[FlowPart], box: Rect, gap: int, least: int
) -> list[tuple[list[FlowPart], Rect]]:
    """The parts of each line, and the line's box. Labels that all have room beside each other need
    one line; otherwise there are as many lines as make the labels fit, each at least `least` pixels
    high. In a high box, pictures and feature maps lie above units."""
    maps = [part for part in parts if not part.is_dense]
    dense = [part for part in parts if part.is_dense]
    is_high = box.height >= 0.34 * box.width and any(part.layer >= 0 for part in maps)
    groups = [maps, dense] if is_high and dense else [parts]
    room = max(1, (box.height + gap) // (least + gap))
    cut = [piece for group in groups for piece in _pieces(group, box.width, gap, room - len(groups) + 1)]  # fmt: skip
    shares = [0.52, 0.48] if len(cut) == 2 else [1.0] * len(cut)
    return list(zip(cut, box.rows(shares, gap), strict=True))


def _pieces(parts: list[FlowPart], width: int, gap: int, most: int) -> list[list[FlowPart]]:
    """The shared parts in equal pieces that fit into the width, at most `most` pieces. The parts of
    the actor and of the critic stay with the last piece."""
    wide = sum(part.label + gap for part in parts if part.role != "critic")
    count = max(1, min(most, -(-wide // width)))
    shared = [part for part in parts if part.role == "shared"]
    others = [part for part in parts if part.role != "shared"]
    # Actor and critic lie above each other, so that their parts take half as many places.
    each = -(-(len(shared) + len(others) // 2) // count)
    pieces = [shared[k : k + each] for k in range(0, len(shared), each)] or [[]]
    pieces[-1] += others
    return pieces


@dataclass(slots=True)
class Line:
    """One line of the panel: shared parts side by side, and right of them those of the actor above
    those of the critic."""

    shared: list[FlowPart]
    actor: list[FlowPart]
    critic: list[FlowPart]
    box: Rect
    gap: int

    @classmethod
    def of(cls, parts: list[FlowPart], box: Rect, gap: int) -> Line:
        roles = ("shared", "actor", "critic")
        shared, actor, critic = ([part for part in parts if part.role == role] for role in roles)
        return cls(shared, actor, critic, box, gap)

    @property
    def parts(self) -> list[FlowPart]:
        return [*self.shared, *self.actor, *self.critic]

    def halves(self, gap: int) -> tuple[Rect, Rect]:
        """Boxes of the actor and of the critic over the whole width; both are the whole line where
        one of the two has no parts."""
        if not self.actor or not self.critic:
            return self.box, self.box
        shares = [0.68, 0.32] if len(self.critic) < 2 else [0.6, 0.4]
        upper, lower = self.box.rows(shares, gap)
        return upper, lower

    def fit(self, label: int, between: int) -> list[FlowPart]:
        """Choose a width for every part, below labels that are `label` pixels high, with `between`
        pixels between actor and critic. Parts that have no room at all are left out, from the
        middle of the line, and returned."""
        upper, lower = self.halves(between)
        branch = max(len(self.actor), len(self.critic))
        # A part keeps room for its label, or at least for its fair share of the line.
        fair = self.box.width // max(1, len(self.shared) + branch) - self.gap
        if (
            max(_labels(self.shared + some, self.gap) for some in (self.actor, self.critic))
            <= self.box.width
        ):
            fair = self.box.width
        for some, place in ((self.shared, self.box), (self.actor, upper), (self.critic, lower)):
            for part in some:
                least = min(part.label, max(fair, LEAST))
                widths = part.block.widths(place.height - label)
                part.widths, part.option = tuple(max(width, least) for width in widths), 0
        # Every part starts at its widest. Narrowing is tried first, leaving out is the last resort,
        # and the room that is left over in the end goes back to the parts.
        self._shrink()
        left_out = self._leave_out()
        self._grow()
        return left_out

    @property
    def width(self) -> int:
        """Width that all parts take with the least gaps, pixel."""
        branch = max(_total(self.actor, self.gap), _total(self.critic, self.gap))
        return _total(self.shared, self.gap) + (self.gap if self.shared and branch else 0) + branch

    def _shrink(self) -> None:
        """Narrow the widest part, again and again, until all parts fit or none can be narrower."""
        while self.width > self.box.width:
            # Only the wider of actor and critic decides how wide the line is.
            is_actor = _total(self.actor, self.gap) >= _total(self.critic, self.gap)
            counted = self.shared + (self.actor if is_actor else self.critic)
            able = [part for part in counted if part.option + 1 < len(part.widths)]
            if not able:
                return
            max(able, key=lambda part: part.width).option += 1

    def _leave_out(self) -> list[FlowPart]:
        """Take parts out of the middle of the longest chain until the rest fits: the first and the
        last part of a chain tell the most."""
        left_out = []
        while self.width > self.box.width:
            longest = max(self.shared, self.actor, self.critic, key=len)
            if len(longest) < 2:
                break
            left_out.append(longest.pop((len(longest) - 1) // 2))
            self._shrink()
        return left_out

    def _grow(self) -> None:
        """Widen parts again where that takes no room from others, and then maps, the narrowest
        first, as long as all parts fit."""
        # Widths below the least were raised to the least, so that several options can be equally
        # wide: the first of these fills its width best.
        for part in self.parts:
            part.option = part.widths.index(part.width)
        has_grown = True
        while has_grown:
            has_grown = False
            maps = [part for part in self.parts if part.option and not part.is_dense]
            for part in sorted(maps, key=lambda part: part.width):
                part.option -= 1
                if self.width <= self.box.width:
                    has_grown = True
                else:
                    part.option += 1

    def places(self, between: int) -> list[tuple[FlowPart, Rect]]:
        """The room of every part, its label included."""
        upper, lower = self.halves(between)
        longer = max(self.actor, self.critic, key=lambda some: _total(some, self.gap))
        gaps = _gaps(self.shared + longer, self.gap, self.box.width - self.width)
        found, x = [], self.box.x
        for part, gap in zip(self.shared, gaps, strict=False):
            found.append((part, Rect(x, self.box.y, part.width, self.box.height)))
            x += part.width + gap
        for branch, box in ((self.actor, upper), (self.critic, lower)):
            room = box.beside(x - box.x) if x > box.x else box
            found += _spread(branch, room, self.gap)
        return found


def _spread(parts: list[FlowPart], box: Rect, gap: int) -> list[tuple[FlowPart, Rect]]:
    gaps = _gaps(parts, gap, box.width - _total(parts, gap))
    found, x = [], box.x
    for part, space in zip(parts, gaps, strict=False):
        found.append((part, Rect(x, box.y, part.width, box.height)))
        x += part.width + space
    return found


def _total(parts: list[FlowPart], gap: int) -> int:
    return sum(part.width for part in parts) + gap * max(0, len(parts) - 1)


def _labels(parts: list[FlowPart], gap: int) -> int:
    """Width of the labels of all parts side by side, pixel."""
    return sum(part.label + gap for part in parts)


def _gaps(parts: list[FlowPart], gap: int, free: int) -> list[int]:
    """The gap after every part. Spare width is spread over the gaps; those between dense layers,
    where links are drawn, get three times as much as others."""
    weights = [3 if one.is_dense and after.is_dense else 1 for one, after in pairwise(parts)]
    total = max(sum(weights), 1)
    return [*(gap + max(0, free) * weight // total for weight in weights), 0]
