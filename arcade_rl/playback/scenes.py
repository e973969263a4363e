"""From an episode that is shown to the scenes that an overlay draws, one for each frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from arcade_rl.config import Config, Resolved
from arcade_rl.contracts import Declaration
from arcade_rl.overlay.scene import (
    Banner,
    Contribution,
    Dashboard,
    Playback,
    Reading,
    Scene,
    Seat,
    Title,
    Trace,
)
from arcade_rl.recording.recording import Metadata, Play, Recording
from arcade_rl.runs.origins import Origin

if TYPE_CHECKING:
    from arcade_rl.playback.session import Session, Shown

DOT = "  \N{MIDDLE DOT}  "
TRACE_S = 10.0
"""Seconds over which the value estimate is drawn."""
TRACKS_S = 4.0
"""Seconds over which the tracks are drawn."""
BANNER_S = 1.8
"""Seconds for which a banner is seen, the last third of them fading."""


@dataclass(frozen=True, slots=True)
class Billing:
    """What is said about an episode that is one of several."""

    episode: int = 1
    """Number of the episode among those that are shown, from 1."""
    episodes: int = 1
    heading: str | None = None
    """Heading that is shown instead of the title's; None for the title as it is."""
    subtitle: str | None = None
    """Subtitle that is shown instead of the title's; None for the title as it is."""
    banner: str = ""
    """Text that is shown at the beginning; "" for none."""
    detail: str = ""
    """Smaller line below the banner."""
    begins: int = 0
    """Frame of the episode that is shown first, from 0; the banner is timed from there."""
    speed: float = 1.0
    """Seconds of the game that pass in a second for those who look. A banner lasts equally long for
    them at any speed."""


def title_of(
    config: Config | None,
    metadata: Metadata,
    chosen: str,
    seed: int,
    with_policy: bool,
    origin: Origin | None = None,
) -> Title:
    """The two lines that say what is shown. `config`: configuration of the run, where it is known;
    `chosen`: how the actions were chosen; `with_policy`: whether the policy's activity is drawn;
    `origin`: what the run began with, where it did not begin untrained."""
    played, where = f"checkpoint {metadata.checkpoint}", [f"checkpoint {metadata.checkpoint}"]
    if metadata.purpose == "training":
        is_numbered = metadata.number > 0  # a training numbers its episodes when they end
        played = f"episode {metadata.number}" if is_numbered else "live"
        name = f"training episode {metadata.number}" if is_numbered else "training now"
        where.insert(0, name)
    heading = [metadata.game.upper()]
    if config is not None:
        heading.append(config.train.algorithm_name)
    heading.append("neural activity" if with_policy else played)
    against = [f"against {metadata.opponent}"] if metadata.opponent else []
    begun = [origin.words] if origin else []
    subtitle = [metadata.run, *begun, ", ".join(where), *against, chosen, f"seed {seed}"]
    return Title(" - ".join(heading), DOT.join(subtitle))


def title_of_play(recording: Recording) -> Title:
    """The two lines above an episode in which a person took part; whoever plays at a step is said
    with the step."""
    metadata, play = recording.metadata, recording.play
    where = [metadata.run]
    if play is not None and play.parent is not None:
        parent = play.parent
        where.append(f"goes on from {parent.name} at step {parent.step:,}")
    against = [f"against {metadata.opponent}"] if metadata.opponent else []
    subtitle = [*where, *against, f"seed {recording.start.seed}"]
    return Title(metadata.game.upper(), DOT.join(subtitle))


def _driven(title: Title, play: Play | None, step: int) -> Title:
    """The title with whoever chose the action of a step, from 1."""
    driver = play.driver_at(step - 1) if play is not None and step else ""
    return replace(title, heading=f"{title.heading} - {driver} plays") if driver else title


def _turn(session: Session, step: int, frame: int, billing: Billing) -> Banner | None:
    """The banner that says that somebody else plays from now on; None where nobody took over just
    before."""
    play = session.recording.play
    turns = [] if play is None else [it for it in play.drives if 0 < it.first < step]
    if not turns:
        return None
    begins = session.frames_before(turns[-1].first + 1) + 1
    rate = float(session.declaration.frame_rate)
    text = Billing(banner=f"{turns[-1].driver} takes over", speed=billing.speed)
    return _banner(text, (frame - begins) / rate / billing.speed)


def scenes_of(session: Session, shown: Shown, billing: Billing) -> list[Scene]:
    """A scene for each frame of what is shown."""
    declaration, about, frames = session.declaration, session.about, shown.moment.frames
    step, rate = shown.moment.step, float(declaration.frame_rate)
    before = session.frames_before(step) + 1 if step else 0
    seats = _seats(session, shown)
    dashboard = _dashboard(session, shown)
    title = _driven(about.title, session.recording.play, step)
    if billing.heading is not None:
        title = replace(title, heading=billing.heading)
    if billing.subtitle is not None:
        title = replace(title, subtitle=billing.subtitle)
    return [
        Scene(
            frames=frames,
            index=index,
            pixel_aspect=declaration.pixel_aspect,
            title=title,
            standing=about.standing,
            curve=about.curve,
            playback=_playback(
                shown, declaration, about.weights, billing, frame, index == len(frames) - 1
            ),
            seats=seats,
            feature_names=declaration.features,
            feature_groups=declaration.feature_groups,
            dashboard=dashboard,
            board=declaration.board if shown.activity is not None else None,
            banner=_banner(billing, (frame - billing.begins) / rate / billing.speed)
            or _turn(session, step, frame, billing),
        )
        for index, frame in enumerate(range(before, before + len(frames)))
    ]


def _seats(session: Session, shown: Shown) -> tuple[Seat, ...]:
    """The learner's seat, and those of its opponents."""
    declaration, opponent = session.declaration, session.recording.metadata.opponent
    actions, trace = declaration.actions, _trace(session, shown)
    own, *others = declaration.seats
    learner = Seat(own if others else "", "", shown.activity, trace, actions)
    return (learner, *(Seat(name, opponent, None, None, actions) for name in others))


def _row_frames(session: Session, step: int) -> int:
    """Frames that a row of what is drawn over time stands for: those of a step, or 1 where steps differ in
    length. Elsewhere the first step has as many as all others; before it was shown nothing is drawn."""
    return 1 if session.declaration.timed or not step else session.frames_before(2)


def _trace(session: Session, shown: Shown) -> Trace | None:
    """The estimates before the last steps up to the one that is shown; None where there are none."""
    if shown.activity is None:
        return None
    step = shown.moment.step
    row = _row_frames(session, step)
    span = (max(round(TRACE_S * float(session.declaration.frame_rate) / row), 2) - 1) * row
    first = max(step - span // row, 1)
    begins = np.array([session.frames_before(k) for k in range(first, step + 1)], np.int64)
    ages = begins[-1:] - begins
    ages = ages[ages <= span]
    values = session.values(step - len(ages), step)
    return Trace(values, ages, span) if len(values) else None


def _dashboard(session: Session, shown: Shown) -> Dashboard | None:
    """What the instruments show, and the tracks over the last seconds."""
    instruments, step = shown.instruments, shown.moment.step
    if instruments is None:
        return None
    rows_per_s = float(session.declaration.frame_rate) / _row_frames(session, step)
    length = max(round(TRACKS_S * rows_per_s), 2)
    first = max(step - length, 0) + 1
    history, frames = session.tracks(first, step + 1), session.recording.frames
    if frames is not None:
        history = np.repeat(history, frames[first - 1 : step], axis=0)[-length:]
    return Dashboard(
        tracks=session.declaration.tracks,
        history=history,
        length=length,
        seconds=length / rows_per_s,
        gauges=session.declaration.gauges,
        values=instruments.values,
        targets=instruments.targets,
    )


def weights_of(metadata: Metadata, resolved: Resolved) -> dict[str, float] | None:
    """Weights of the reward terms; None where the configuration was changed since the episode was
    played, so that its weights are other ones."""
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
    is_last: bool,
) -> Playback:
    """The numbers beside a frame. What the step brought counts from the last frame of the step on
    (`is_last`): the frames before may not show it yet."""
    moment = shown.moment
    metrics = shown.metrics if is_last else shown.metrics_before
    terms = shown.terms if weights is not None else None
    return Playback(
        episode=billing.episode,
        episodes=billing.episodes,
        step=shown.moment.step,
        frame=frame,
        total=moment.total if is_last else moment.total - moment.reward,
        readings=_readings(declaration, metrics),
        contributions=[
            Contribution(name, value * weight)
            for name, value in (terms or {}).items()
            if (weight := (weights or {})[name])
        ],
        taken=_name_of(shown.moment.action, declaration.actions),
        value=shown.moment.value,
    )


def _readings(declaration: Declaration, metrics: dict[str, float]) -> list[Reading]:
    """The metrics in the order of their declaration, that of the headline first."""
    main = declaration.headline_metric.name
    known = [metric for metric in declaration.metrics if metric.name in metrics]
    ordered = sorted(known, key=lambda metric: metric.name != main)
    return [Reading(metric.label, metric.render(metrics[metric.name])) for metric in ordered]


def _name_of(action: npt.NDArray[np.generic] | None, names: tuple[str, ...]) -> str:
    """Name of an action in a game with a single discrete action; "" in any other game."""
    if action is None or action.ndim or action.dtype.kind not in "iu":
        return ""
    return names[int(action)]


def _banner(billing: Billing, seconds: float) -> Banner | None:
    """The banner as it looks after so many seconds; None when it is gone."""
    left = min(3 * (1 - seconds / BANNER_S), 1.0)
    if not billing.banner or left <= 0:
        return None
    return Banner(billing.banner, billing.detail, left)
