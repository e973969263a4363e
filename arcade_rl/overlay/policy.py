"""The panel POLICY: what the policy made of the observation, and which action followed."""

from __future__ import annotations

from typing import TypeAlias

from arcade_rl.overlay.canvas import Canvas, fill
from arcade_rl.overlay.choices import ChoicesView
from arcade_rl.overlay.dials import DialsView
from arcade_rl.overlay.layout import FEW_ROWS, Rect
from arcade_rl.overlay.ratings import RatingsView
from arcade_rl.overlay.scene import Trace
from arcade_rl.overlay.switches import SwitchesView
from arcade_rl.overlay.value import Value
from arcade_rl.policies.activity import Activity, Choices, Decision, Dials, Ratings, Switches

View: TypeAlias = ChoicesView | SwitchesView | DialsView | RatingsView


class Policy:
    """The decision, and beside or below it the value estimate."""

    def __init__(
        self, canvas: Canvas, box: Rect, activity: Activity, names: tuple[str, ...]
    ) -> None:
        style, theme = canvas.style, canvas.theme
        decision = activity.decision
        inside = canvas.panel(box)
        self.value: Value | None = None
        gap = style.px(30)
        if activity.value is None:
            inside = canvas.heading(inside, "POLICY", kind(decision))
            self.view = view(canvas, inside, decision, names)
            return
        if self._is_beside(inside, decision, style.is_for_phone):
            left = inside.left(int((inside.width - gap) * 0.54))
            value = inside.beside(left.width + gap)
            left = canvas.heading(left, "POLICY", kind(decision))
            self.view = view(canvas, left, decision, names)
            fill(canvas.ground, Rect(value.x - gap // 2, value.y, 1, value.height), theme.rule)
        else:
            inside = canvas.heading(inside, "POLICY", kind(decision))
            rows = count(decision) * style.line(26) + style.line(24) + gap
            is_crowded = style.is_for_phone and not _is_few(decision)
            usual = style.line(24) if is_crowded else style.px(150 if style.is_for_phone else 128)
            least = min(style.px(210), max(usual, inside.height - rows))
            self.view = view(canvas, inside.top(inside.height - least), decision, names)
            used = max(self.view.bottom + gap - inside.y, int(inside.height * 0.32))
            value = inside.below(used)
            fill(canvas.ground, Rect(value.x, value.y - gap // 2, value.width, 1), theme.rule)
        self.value = Value(canvas, value)

    @staticmethod
    def _is_beside(room: Rect, decision: Decision, is_for_phone: bool) -> bool:
        """Whether the value stands beside the decision; else below. On a phone only few choices
        have room beside the value."""
        return room.width > 1.5 * room.height and (_is_few(decision) or not is_for_phone)

    def draw(self, activity: Activity, trace: Trace | None) -> None:
        self.view.draw(activity.decision)
        if self.value is not None:
            self.value.draw(activity.value, trace)


def _is_few(decision: Decision) -> bool:
    """Whether the decision is a choice out of a few actions."""
    return isinstance(decision, Choices) and count(decision) <= FEW_ROWS


def view(canvas: Canvas, box: Rect, decision: Decision, names: tuple[str, ...]) -> View:
    """The view that draws decisions of this kind."""
    if isinstance(decision, Choices):
        return ChoicesView(canvas, box, names, decision.sizes)
    if isinstance(decision, Switches):
        return SwitchesView(canvas, box, names)
    if isinstance(decision, Ratings):
        return RatingsView(canvas, box, names)
    return DialsView(canvas, box, names)


def kind(decision: Decision) -> str:
    """What the panel shows of a decision, in a few words."""
    if isinstance(decision, Choices):
        return "probability of each action"
    if isinstance(decision, Switches):
        return "probability of each button"
    if isinstance(decision, Ratings):
        return "what the best actions are worth"
    return "normal distribution of each action"


def count(decision: Decision) -> int:
    """Number of actions, buttons or dimensions of a decision."""
    if isinstance(decision, Dials):
        return len(decision.mean)
    return len(decision.values if isinstance(decision, Ratings) else decision.probabilities)


def named(names: tuple[str, ...], decision: Decision) -> tuple[str, ...]:
    """A name for every action; a number, such as "action 3", for an action without one."""
    return tuple(
        names[k] if k < len(names) and names[k] else f"action {k}" for k in range(count(decision))
    )
