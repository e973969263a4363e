"""The panel POLICY: what the policy made of the observation, and what it did."""

from __future__ import annotations

from typing import TypeAlias

from arcade_rl.overlay.canvas import Canvas, fill
from arcade_rl.overlay.choices import ChoicesView
from arcade_rl.overlay.dials import DialsView
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.scene import Trace
from arcade_rl.overlay.switches import SwitchesView
from arcade_rl.overlay.value import Value
from arcade_rl.policies.activity import Activity, Choices, Decision, Dials, Switches

View: TypeAlias = ChoicesView | SwitchesView | DialsView


class Policy:
    """The decision, and beside or below it the value estimate."""

    def __init__(
        self, canvas: Canvas, box: Rect, activity: Activity, names: tuple[str, ...]
    ) -> None:
        style, theme = canvas.style, canvas.theme
        decision = activity.decision
        inside = canvas.panel(box, "POLICY", kind(decision))
        self.value: Value | None = None
        gap = style.px(30)
        if activity.value is None:
            self.view = view(canvas, inside, decision, names)
            return
        if inside.width > 1.5 * inside.height:
            self.view = view(canvas, inside.left(int((inside.width - gap) * 0.54)), decision, names)
            value = box.inset(style.px(20), style.px(14))
            value = value.beside(int((inside.width - gap) * 0.54) + gap)
            fill(canvas.ground, Rect(value.x - gap // 2, value.y, 1, value.height), theme.rule)
        else:
            least = style.px(196)
            self.view = view(canvas, inside.top(inside.height - least), decision, names)
            used = max(self.view.bottom + gap - inside.y, int(inside.height * 0.32))
            value = inside.below(used)
            fill(canvas.ground, Rect(value.x, value.y - gap // 2, value.width, 1), theme.rule)
        self.value = Value(canvas, value)

    def draw(self, activity: Activity, trace: Trace | None) -> None:
        decision = activity.decision
        if (
            (isinstance(self.view, ChoicesView) and isinstance(decision, Choices))
            or (isinstance(self.view, SwitchesView) and isinstance(decision, Switches))
            or (isinstance(self.view, DialsView) and isinstance(decision, Dials))
        ):
            self.view.draw(decision)
        if self.value is not None:
            self.value.draw(activity.value, trace)


def view(canvas: Canvas, box: Rect, decision: Decision, names: tuple[str, ...]) -> View:
    """What draws decisions of this kind."""
    if isinstance(decision, Choices):
        return ChoicesView(canvas, box, names, decision.sizes)
    if isinstance(decision, Switches):
        return SwitchesView(canvas, box, names)
    return DialsView(canvas, box, names)


def kind(decision: Decision) -> str:
    """What is shown, in a few words."""
    if isinstance(decision, Choices):
        return "probability of each action"
    if isinstance(decision, Switches):
        return "probability of each button"
    return "normal distribution of each action"


def count(decision: Decision) -> int:
    """Actions, buttons or dimensions."""
    return len(decision.mean if isinstance(decision, Dials) else decision.probabilities)


def named(names: tuple[str, ...], decision: Decision) -> tuple[str, ...]:
    """A name for every action, a number where it has none."""
    return tuple(
        names[k] if k < len(names) and names[k] else f"action {k}" for k in range(count(decision))
    )
