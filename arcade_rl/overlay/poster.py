"""A pane, or a tall picture with few words: the heading above the game, and the score large, with the
learning curve; and the same curve as a strip."""

from __future__ import annotations

from arcade_rl.overlay.canvas import Align, Canvas, Label, fill
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.learning import LearningView
from arcade_rl.overlay.scene import Scene
from arcade_rl.runs.standing import LearningCurve
from arcade_rl.words import number


class Poster:
    """Heading, score, a line of details and the curve."""

    def __init__(self, canvas: Canvas, name: Rect, score: Rect, has_curve: bool) -> None:
        style, theme = canvas.style, canvas.theme
        heading = style.font(38, 600)
        align: Align = "left" if score.x > name.x else "centre"
        self.heading = Label(canvas, name.inset(style.px(18), 0), heading, theme.text, align)
        inside = score.inset(style.px(18), style.px(12))
        is_row = inside.width > 2 * inside.height
        self.curve: LearningView | None = None
        if has_curve and is_row:
            left = inside.left(int(inside.width * 0.4))
            self.curve = LearningView(canvas, inside.beside(left.width + style.px(24)))
            inside = left
        elif has_curve:
            upper = inside.top(self._height(canvas, inside))
            rest = inside.below(upper.height + style.px(16))
            if rest.height >= style.px(60):
                self.curve = LearningView(canvas, rest.top(max(rest.width * 9 // 10, style.px(60))))
                inside = upper
        self._place(canvas, inside)

    def _height(self, canvas: Canvas, room: Rect) -> int:
        """Height of label, score and details where the curve lies below them, pixel."""
        style = canvas.style
        return min(2 * style.line(26) + style.px(120), room.height * 6 // 10)

    def _place(self, canvas: Canvas, box: Rect) -> None:
        """Place the label, the score below and, where there is room, a line of details."""
        style, theme = canvas.style, canvas.theme
        line = style.line(26)
        has_details = box.height >= 3.2 * line
        middle = box.below(line).height - line * has_details
        size = min(110, middle / style.unit * 0.95)
        label, value = box.top(line), box.below(line).top(max(middle, 1))
        self.label = Label(canvas, label, style.font(20), theme.dim, kind="name")
        self.value = Label(canvas, value, style.font(size, 600), theme.text, kind="figure")
        self.details: Label | None = None
        if has_details:
            foot = box.below(box.height - line)
            self.details = Label(canvas, foot, style.font(20), theme.dim)

    def draw(self, scene: Scene) -> None:
        playback = scene.playback
        self.heading.show(scene.title.heading)
        total = number(playback.total, 1 if playback.total % 1 else 0)
        main = playback.readings[0] if playback.readings else None
        self.label.show(main.label if main else "total reward")
        self.value.show(main.text if main else total)
        if self.details is not None:
            self.details.show(scene.title.subtitle or f"step {playback.step:,}")
        if self.curve is not None and scene.curve is not None:
            self.curve.draw(scene.curve)


class CurveStrip:
    """The learning curve over the whole width."""

    def __init__(self, canvas: Canvas, box: Rect) -> None:
        fill(canvas.ground, box, canvas.theme.panel)
        fill(canvas.ground, box.top(1), canvas.theme.edge)
        style = canvas.style
        self.view = LearningView(canvas, box.inset(style.px(22), style.px(8)))

    def draw(self, curve: LearningCurve) -> None:
        self.view.draw(curve)
