"""From an episode that is shown to the scenes that an overlay draws, one for each frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from arcade_rl.config import Config, Resolved
from arcade_rl.contracts import Declaration, Instruments
from arcade_rl.overlay.scene import (
    Banner,
    Contribution,
    Dashboard,
    Playback,
    Reading,
    Scene,
    Title,
    Trace,
)
from arcade_rl.playback.show import Show, Shown
from arcade_rl.recording.recording import Metadata
from arcade_rl.runs.standing import Standing

_DOT = "  \N{MIDDLE DOT}  "
TRACE_S = 10.0
"""Of the value estimate that are drawn."""
TRACKS_S = 4.0
"""Of the tracks that are drawn."""
BANNER_S = 1.8
"""A banner is seen for so long, the last third of it fading."""

Sound: TypeAlias = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Billing:
    """What is said about an episode besides what happens in it."""

    title: Title
    standing: Standing | None
    episode: int
    """Its place among those shown, from 1."""
    episodes: int
    banner: str
    """Shown while it begins; "" for none."""
    detail: str
    """A smaller line below it."""


@dataclass(frozen=True, slots=True)
class Beat:
    """What is seen and heard of one step."""

    scenes: list[Scene]
    """One for each frame."""
    sound: Sound | None


def title_of(
    config: Config | None, metadata: Metadata, chosen: str, seed: int, with_policy: bool
) -> Title:
    """The two lines that say what is shown. `config`: of the run, where it is known; `chosen`: how the
    actions were chosen; `with_policy`: whether the policy's activity is drawn."""
    played, where = f"checkpoint {metadata.checkpoint}", [f"checkpoint {metadata.checkpoint}"]
    if metadata.purpose == "training":
        played = f"episode {metadata.number}"
        where.insert(0, f"training episode {metadata.number}")
    heading = [metadata.game.upper()]
    if config is not None:
        heading.append(config.train.algorithm_name)
    heading.append("neural activity" if with_policy else played)
    subtitle = [metadata.run, ", ".join(where), chosen, f"seed {seed}"]
    return Title(" - ".join(heading), _DOT.join(subtitle))


def beats(
    show: Show, resolved: Resolved | None, billing: Billing, speed: float = 1.0
) -> Iterator[Beat]:
    """Every step of the episode. `resolved`: the run's configuration, for the weights of the terms;
    `speed`: seconds of the game in one of those who look."""
    weights = None if resolved is None else weights_of(show.recording.metadata, resolved)
    rate = float(show.played.declaration.frame_rate)
    trace: deque[float] = deque()
    board: _Board | None = None
    frame = length = 0
    for shown in show:
        count = len(shown.moment.frames)
        if not length:
            length = max(round(TRACE_S * rate / count), 2)
            trace = deque(maxlen=length)
            board = _Board(show.declaration, rate / count)
        dashboard = None if board is None else board.after(shown.instruments)
        if shown.activity is not None and shown.activity.value is not None:
            trace.append(shown.activity.value)
        scenes = []
        for index in range(count):
            frame += 1
            scenes.append(
                Scene(
                    frames=shown.moment.frames,
                    index=index,
                    pixel_aspect=show.declaration.pixel_aspect,
                    title=billing.title,
                    standing=billing.standing,
                    playback=_playback(shown, show.declaration, weights, billing, frame),
                    activity=shown.activity,
                    action_names=show.declaration.actions,
                    feature_names=show.declaration.features,
                    trace=Trace(np.array(trace, np.float32), length) if trace else None,
                    dashboard=dashboard,
                    banner=_banner(billing, frame / rate / speed),
                )
            )
        yield Beat(scenes, shown.moment.sound)


class _Board:
    """The instruments of a game with so many steps a second, step by step."""

    def __init__(self, declaration: Declaration, steps_per_s: float) -> None:
        self._declaration = declaration
        length = max(round(TRACKS_S * steps_per_s), 2)
        self._seconds = length / steps_per_s
        self._history: deque[npt.NDArray[np.bool_]] = deque(maxlen=length)

    def after(self, instruments: Instruments | None) -> Dashboard | None:
        """What they show after the next step."""
        if instruments is None:
            return None
        self._history.append(instruments.tracks)
        return Dashboard(
            tracks=self._declaration.tracks,
            history=np.stack(self._history),
            length=self._history.maxlen or 0,
            seconds=self._seconds,
            gauges=self._declaration.gauges,
            values=instruments.values,
            targets=instruments.targets,
        )


def weights_of(metadata: Metadata, resolved: Resolved) -> dict[str, float] | None:
    """Weights of the reward terms; None where those of the configuration are not those that the
    episode was played with, because they were changed since."""
    weights = dict(resolved.config.reward)
    if metadata.terms.keys() != weights.keys():
        return None
    total = sum(metadata.terms[name] * weight for name, weight in weights.items())
    is_same = np.isclose(total, metadata.shaped_return, rtol=1e-4, atol=1e-3)
    return weights if is_same else None


def _playback(
    shown: Shown,
    declaration: Declaration,
    weights: dict[str, float] | None,
    billing: Billing,
    frame: int,
) -> Playback:
    main = declaration.main_metric
    known = [metric for metric in declaration.metrics if metric.name in shown.metrics]
    ordered = sorted(known, key=lambda metric: metric.name != main)
    terms = shown.terms if weights is not None else None
    return Playback(
        episode=billing.episode,
        episodes=billing.episodes,
        step=shown.moment.step,
        frame=frame,
        total=shown.moment.total,
        readings=[
            Reading(metric.label, metric.render(shown.metrics[metric.name])) for metric in ordered
        ],
        contributions=[
            Contribution(name, value * (weights or {})[name])
            for name, value in (terms or {}).items()
        ],
        taken=_name_of(shown.moment.action, declaration.actions),
        value=shown.moment.value,
    )


def _name_of(action: npt.NDArray[np.generic] | None, names: tuple[str, ...]) -> str:
    """Name of a single discrete action; "" for any other."""
    if action is None or action.ndim or action.dtype.kind not in "iu":
        return ""
    return names[int(action)]


def _banner(billing: Billing, seconds: float) -> Banner | None:
    """What is left of the banner after so many seconds."""
    left = min(3 * (1 - seconds / BANNER_S), 1.0)
    if not billing.banner or left <= 0:
        return None
    return Banner(billing.banner, billing.detail, left)
