"""The whole picture: the game, and around the game the panels that explain what happens."""

from __future__ import annotations

from collections import OrderedDict
from fractions import Fraction

from arcade_rl.contracts import Frame
from arcade_rl.errors import UsageError
from arcade_rl.overlay.canvas import Canvas, PlacedText, Style, fill
from arcade_rl.overlay.game import RENDERED, scale
from arcade_rl.overlay.instruments import InstrumentsPanel
from arcade_rl.overlay.layout import Detail, Layout, check_size, lay_out
from arcade_rl.overlay.network import Network
from arcade_rl.overlay.playback import PlaybackPanel
from arcade_rl.overlay.policy import Policy, count, named
from arcade_rl.overlay.poster import CurveStrip, Poster
from arcade_rl.overlay.scene import Card, Dashboard, Scene
from arcade_rl.overlay.theme import Theme
from arcade_rl.overlay.titles import BannerView, TitleHeader, TitleLine, draw_card
from arcade_rl.overlay.training import Training
from arcade_rl.policies.activity import Activity, Choices


class Overlay:
    """Composes pictures of one size.

    An overlay keeps the scales of the last seconds. One overlay should therefore draw all scenes
    that follow each other, and episodes side by side need one overlay each.
    """

    def __init__(
        self,
        size: tuple[int, int],
        theme: Theme,
        detail: Detail = "full",
        within: tuple[int, int] | None = None,
        kept: int = 1,
    ) -> None:
        """`size` is (width, height), pixel; `within` is the size of the whole picture, where the
        overlay draws a pane of one; `kept` is the number of shapes that scenes may have in turn
        without the panels being laid out anew, and with the scales of the last time. UsageError
        where such a picture has no room for this detail."""
        check_size(size, detail)
        self.size, self.theme, self.detail, self.within = size, theme, detail, within
        self._pictures: OrderedDict[object, _Picture] = OrderedDict()
        self._kept = kept
        self._card: tuple[Card, Canvas] | None = None
        self._current: Canvas | None = None

    def compose(self, scene: Scene) -> Frame:
        """The picture of a scene. (height, width, 3), uint8, RGB.

        The array belongs to the overlay, and the next call draws into the same array: copy a
        picture that is to be kept. An `Activity` or a frame's array must not be changed after this
        call.
        """
        picture = self._picture(scene)
        picture.draw(scene)
        self._current = picture.canvas
        return picture.canvas.pixels

    def _picture(self, scene: Scene) -> _Picture:
        """The panels for scenes of this shape."""
        shape, pictures = _shape(scene), self._pictures
        if shape not in pictures:
            pictures[shape] = _Picture(self.size, self.theme, self.detail, self.within, scene)
        pictures.move_to_end(shape)
        if len(pictures) > self._kept:
            pictures.popitem(last=False)
        return pictures[shape]

    def game_size(self, frame: tuple[int, int], has_instruments: bool) -> tuple[int, int]:
        """Size at which a game is shown that can draw its frames, (width, height), at any size,
        when no panel is left out: (width, height), pixel."""
        times = -(-RENDERED // frame[1])
        drawn = frame[0] * times, frame[1] * times
        layout = lay_out(
            self.size, drawn, Fraction(1), self.detail, has_instruments=has_instruments,
            has_curve=True, within=self.within,
        )  # fmt: skip
        return layout.scaling.size

    def card(self, card: Card) -> Frame:
        """The picture of a title card. (height, width, 3), uint8, RGB. The array belongs to the
        overlay. UsageError for more than six lines."""
        if len(card.lines) > 6:
            raise UsageError(f"a title card has {len(card.lines)} lines; it has room for 6")
        if self._card is None or self._card[0] != card:
            self._card = (card, draw_card(self.size, self.theme, card))
        self._current = self._card[1]
        return self._card[1].pixels

    @property
    def texts(self) -> tuple[PlacedText, ...]:
        """Every text of the last picture with its place; the texts of a banner are not among
        them."""
        if self._current is None:
            return ()
        return tuple(placed for placed in self._current.placed.values() if placed.text)


def _shape(scene: Scene) -> tuple[object, ...]:
    """The facts about a scene that the places of panels and labels depend on."""
    activity = scene.activity
    return (
        scene.frame.shape,
        scene.pixel_aspect,
        scene.standing is None,
        scene.curve is None,
        scene.action_names,
        scene.feature_names,
        scene.feature_groups,
        scene.board,
        tuple(one.label for one in scene.playback.readings),
        tuple(one.name for one in scene.playback.contributions),
        None if activity is None else _activity_shape(activity),
        None if scene.dashboard is None else _dashboard_shape(scene.dashboard),
    )


def _dashboard_shape(dashboard: Dashboard) -> tuple[object, ...]:
    return dashboard.tracks, dashboard.gauges, dashboard.length, dashboard.seconds


def _activity_shape(activity: Activity) -> tuple[object, ...]:
    decision = activity.decision
    return (
        tuple((one.name, one.values.shape) for one in activity.seen),
        tuple((one.label, one.role, one.values.shape) for one in activity.layers),
        type(decision),
        decision.sizes if isinstance(decision, Choices) else None,
        activity.value is None,
    )


class _Picture:
    """The panels for scenes of one shape."""

    def __init__(
        self,
        size: tuple[int, int],
        theme: Theme,
        detail: Detail,
        within: tuple[int, int] | None,
        scene: Scene,
    ) -> None:
        height, width = scene.frame.shape[:2]
        layout = lay_out(
            size, (width, height), scene.pixel_aspect, detail,
            scene.standing is not None, scene.activity is not None,
            count(scene.activity.decision) if scene.activity else 0,
            scene.dashboard is not None, scene.curve is not None, within,
            scene.activity is None or bool(scene.activity.layers),
        )  # fmt: skip
        self.layout = layout
        self.canvas = canvas = Canvas(size, Style(theme, layout.unit, layout.smallest))
        fill(canvas.ground, layout.stage, theme.canvas if detail == "none" else theme.stage)
        self.names = named(scene.action_names, scene.activity.decision) if scene.activity else ()
        self.header = TitleHeader(canvas, layout.header) if layout.header else None
        self.line = TitleLine(canvas, layout.line) if layout.line else None
        self.strip = CurveStrip(canvas, layout.strip) if layout.strip else None
        self.poster: Poster | None = None
        if layout.name is not None and layout.score is not None:
            self.poster = Poster(canvas, layout.name, layout.score, scene.curve is not None)
        self.training: Training | None = None
        if layout.training is not None:
            self.training = Training(canvas, layout.training, scene.curve is not None)
        self.playback = self._make_playback(scene)
        self.policy, self.network = self._make_policy(scene, layout)
        self.instruments = None
        if layout.instruments is not None and scene.dashboard is not None:
            self.instruments = InstrumentsPanel(canvas, layout.instruments, scene.dashboard)
        self.banner = None if detail == "none" else BannerView(canvas, layout.game)
        canvas.begin()

    def _make_playback(self, scene: Scene) -> PlaybackPanel | None:
        if self.layout.playback is None:
            return None
        terms = [one.name for one in scene.playback.contributions]
        readings = [one.label for one in scene.playback.readings]
        return PlaybackPanel(self.canvas, self.layout.playback, terms, readings)

    def _make_policy(self, scene: Scene, layout: Layout) -> tuple[Policy | None, Network | None]:
        activity = scene.activity
        if activity is None or layout.policy is None or layout.network is None:
            return None, None
        policy = Policy(self.canvas, layout.policy, activity, self.names)
        network = Network(
            self.canvas, layout.network, activity, self.names, scene.feature_names,
            scene.feature_groups, scene.board,
        )  # fmt: skip
        return policy, network

    def draw(self, scene: Scene) -> None:
        scale(scene.frame, self.layout.scaling, self.canvas.pixels[self.layout.game.region])
        if scene.banner is not None and self.banner is not None:
            self.banner.draw(scene.banner)
        if self.header is not None:
            self.header.draw(scene.title)
        if self.line is not None:
            self.line.draw(scene, self.names)
        if self.poster is not None:
            self.poster.draw(scene)
        if self.strip is not None and scene.curve is not None:
            self.strip.draw(scene.curve)
        if self.training is not None and scene.standing is not None:
            self.training.draw(scene.standing, scene.curve)
        if self.playback is not None:
            self.playback.draw(scene.playback)
        if self.policy is not None and scene.activity is not None:
            self.policy.draw(scene.activity, scene.trace)
        if self.network is not None and scene.activity is not None:
            self.network.draw(scene.activity)
        if self.instruments is not None and scene.dashboard is not None:
            self.instruments.draw(scene.dashboard)
