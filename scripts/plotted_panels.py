"""The panels of the overlay as someone would draw them with matplotlib: one figure that is made once, its
artists updated for every picture. What `bench_video.py overlay` compares the overlay with."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from arcade_rl.overlay.scene import Scene

INK = "#ecf1f8"


def mosaic(maps: npt.NDArray[Any], columns: int) -> npt.NDArray[Any]:
    """Pictures (N, h, w) side by side, in so many columns, with a gap of one pixel."""
    padded = np.pad(maps, ((0, -len(maps) % columns), (0, 1), (0, 1)), constant_values=np.nan)
    rows = len(padded) // columns
    split = padded.reshape(rows, columns, *padded.shape[1:])
    return split.transpose(0, 2, 1, 3).reshape(rows * padded.shape[1], -1)


class Plotted:
    """Draws scenes of one shape. With `blits`, what never changes is drawn once, and the artists that
    change are drawn over it."""

    def __init__(self, size: tuple[int, int], scene: Scene, blits: bool) -> None:
        self.figure = Figure(figsize=(size[0] / 100, size[1] / 100), dpi=100, facecolor="#090c12")
        self.canvas = FigureCanvasAgg(self.figure)
        self.blits = blits
        self.changing: list[Any] = []
        self._add_game(scene)
        self._add_numbers(scene)
        self._add_policy(scene)
        self._add_network(scene)
        for artist in self.changing:
            artist.set_animated(blits)
        self.canvas.draw()
        self.ground = self.canvas.copy_from_bbox(self.figure.bbox)

    def _axes(self, x: float, y: float, width: float, height: float, title: str = "") -> Any:
        axes = self.figure.add_axes((x, y, width, height), facecolor="#121721")
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_title(title, color=INK, fontsize=9, loc="left")
        return axes

    def _image(self, axes: Any, picture: npt.NDArray[Any], **options: Any) -> Any:
        image = axes.imshow(picture, interpolation="nearest", **options)
        self.changing.append(image)
        return image

    def _text(self, x: float, y: float) -> Any:
        text = self.figure.text(x, y, "", color=INK, fontsize=11)
        self.changing.append(text)
        return text

    def _add_game(self, scene: Scene) -> None:
        self.figure.text(0.02, 0.95, scene.title.heading, color=INK, fontsize=22)
        self.figure.text(0.02, 0.92, scene.title.subtitle, color=INK, fontsize=12)
        self.game = self._image(self._axes(0.02, 0.33, 0.41, 0.57), scene.frame, aspect="auto")

    def _add_numbers(self, scene: Scene) -> None:
        self._axes(0.44, 0.66, 0.26, 0.24, "TRAINING")
        self._axes(0.44, 0.33, 0.26, 0.29, "PLAYBACK")
        self.training = [self._text(0.45 + 0.085 * (k % 3), 0.85 - 0.05 * (k // 3)) for k in range(8)]  # fmt: skip
        self.playback = [self._text(0.45 + 0.085 * (k % 3), 0.58 - 0.05 * (k // 3)) for k in range(9)]  # fmt: skip
        terms = self._axes(0.45, 0.36, 0.24, 0.02)
        terms.set_xlim(-1.2, 1.2)
        names = [one.name for one in scene.playback.contributions]
        self.terms = terms.barh([0] * len(names), [0] * len(names)).patches
        terms.legend(self.terms, names, ncols=4, fontsize=8, loc="upper left", bbox_to_anchor=(0, -0.2))  # fmt: skip
        self.changing += self.terms

    def _add_policy(self, scene: Scene) -> None:
        policy = self._axes(0.75, 0.65, 0.2, 0.25, "POLICY")
        policy.set_yticks(range(len(scene.action_names)), scene.action_names, color=INK)
        policy.set_xlim(0, 1)
        policy.invert_yaxis()
        count = len(scene.action_names)
        self.bars = policy.barh(range(count), [0] * count).patches
        self.shares = [policy.text(0.9, k, "", color=INK) for k in range(count)]
        self.changing += [*self.bars, *self.shares]
        trace = self._axes(0.72, 0.33, 0.24, 0.25, "VALUE ESTIMATE")
        trace.grid(True, alpha=0.2)
        trace.set_xlim(0, scene.trace.length)
        trace.set_ylim(0, 4)
        (self.trace,) = trace.plot([], [], color="#34e0b2")
        self.value = self._text(0.92, 0.6)
        self.changing.append(self.trace)

    def _add_network(self, scene: Scene) -> None:
        activity = scene.activity
        seen = self._axes(0.02, 0.03, 0.1, 0.22, "sees 4 x 84 x 84")
        self.seen = self._image(seen, mosaic(activity.seen[0].values.astype(np.float32), 2), cmap="gray")  # fmt: skip
        self.layers = []
        for k, layer in enumerate(activity.layers):
            axes = self._axes(0.14 + 0.145 * k, 0.03, 0.13, 0.22, f"{layer.label} {layer.values.shape}")  # fmt: skip
            picture = self._sheet(layer.values)
            self.layers.append(self._image(axes, picture, cmap="coolwarm", aspect="auto"))
        self.links = LineCollection([], transform=self.figure.transFigure)
        self.figure.add_artist(self.links)
        self.changing.append(self.links)

    def _sheet(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if values.ndim == 3:
            return mosaic(values, 8)
        return values.reshape(-1, 16) if len(values) > 16 else values[:, None]

    def draw(self, scene: Scene) -> npt.NDArray[np.uint8]:
        """The picture of a scene. (height, width, 4)"""
        self._update_numbers(scene)
        self._update_activity(scene)
        if not self.blits:
            self.canvas.draw()
        else:
            self.canvas.restore_region(self.ground)
            for artist in self.changing:
                self.figure.draw_artist(artist)
        return np.asarray(self.canvas.buffer_rgba())

    def _update_numbers(self, scene: Scene) -> None:
        self.game.set_data(scene.frame)
        standing, playback = scene.standing, scene.playback
        numbers = (
            f"{standing.progress:.1%}", f"{standing.steps:,} steps", f"mean {standing.mean_return:.2f}",
            f"best {standing.best_return:.2f}", f"{standing.episodes:,} episodes", f"{standing.trained_s:.0f} s",
            f"learning rate {standing.learning_rate:g}", f"chunk {standing.chunk}",
        )  # fmt: skip
        for text, words in zip(self.training, numbers, strict=True):
            text.set_text(words)
        words = [f"{one.label} {one.text}" for one in playback.readings]
        words += [f"step {playback.step:,}", f"frame {playback.frame:,}", f"total {playback.total:g}"]  # fmt: skip
        words.append(f"episode {playback.episode} of {playback.episodes}")
        for text, line in zip(self.playback, words, strict=True):
            text.set_text(line)
        right = left = 0.0
        for bar, one in zip(self.terms, playback.contributions, strict=True):
            bar.set_width(one.amount)
            bar.set_x(right if one.amount > 0 else left)
            right, left = right + max(one.amount, 0), left + min(one.amount, 0)

    def _update_activity(self, scene: Scene) -> None:
        activity = scene.activity
        for k, part in enumerate(activity.decision.probabilities):
            self.bars[k].set_width(part)
            self.bars[k].set_color("#34e0b2" if k in activity.decision.taken else "#5c6c88")
            self.shares[k].set_text(f"{part:.1%}")
        self.trace.set_data(np.arange(len(scene.trace.values)), scene.trace.values)
        self.value.set_text(f"{activity.value:.3f}")
        self.seen.set_data(mosaic(activity.seen[0].values.astype(np.float32), 2))
        for image, layer in zip(self.layers, activity.layers, strict=True):
            image.set_data(self._sheet(layer.values))
        rows, columns = np.divmod([link.source_unit for link in activity.links], 16)
        starts = np.stack([0.575 + 0.13 * columns / 16, 0.25 - 0.22 * rows / 32], 1)
        bend = np.linspace(0, 1, 19)[:, None]
        end = np.array([0.72, 0.14])
        self.links.set_segments([start + (end - start) * bend**2 for start in starts])
        self.links.set_color(["#3c91ff" if link.weight > 0 else "#ff8c28" for link in activity.links])  # fmt: skip
