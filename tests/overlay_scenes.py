"""Scenes that a picture is made of: plausible networks, and everything at its longest and emptiest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import FeatureGroup, Frame, Gauge
from arcade_rl.overlay.scene import (
    Banner,
    Card,
    Contribution,
    Dashboard,
    Playback,
    Reading,
    Scene,
    Seat,
    Title,
    Trace,
)
from arcade_rl.policies.activity import (
    Activity,
    Choices,
    Decision,
    Dials,
    Floats,
    Layer,
    Link,
    Role,
    Seen,
    Switches,
)
from arcade_rl.runs.standing import LearningCurve, Standing

ATARI = Fraction(12, 7)
BRICKS = ((200, 72, 72), (198, 108, 58), (180, 122, 48), (162, 162, 42), (72, 160, 72), (66, 72, 200))  # fmt: skip
FEATURES = (
    *("paddle x", "ball x", "ball y", "velocity x", "velocity y", "offset"),
    *(f"bricks {k}" for k in range(36)),
)
FEATURE_GROUPS = (
    FeatureGroup("paddle and ball", tuple(range(6))),
    FeatureGroup("bricks", tuple(6 + 6 * (5 - k % 6) + 5 - k // 6 for k in range(36)), 6),
)
JOINTS = tuple(f"{leg} {joint}" for leg in ("FR", "FL", "RR", "RL") for joint in ("hip", "thigh", "calf"))  # fmt: skip
FEET = ("front right", "front left", "rear right", "rear left")
GAUGES = tuple(
    Gauge(joint, *{"hip": (-1.05, 1.05), "thigh": (-1.57, 3.49), "calf": (-2.72, -0.84)}[joint[3:]], "rad")
    for joint in JOINTS
)  # fmt: skip
LONG = "an action whose name goes on for a while"


def wall(step: int = 0) -> Frame:
    """A frame that looks like Breakout's. (210, 160, 3)"""
    frame: Frame = np.zeros((210, 160, 3), np.uint8)
    frame[17:32] = 142
    frame[32:, :8] = frame[32:, 152:] = 142
    for row, colour in enumerate(BRICKS):
        frame[57 + 6 * row : 63 + 6 * row, 8:152] = colour
    gone = np.random.default_rng(1).permutation(108)[:40]
    for brick in gone:
        row, column = divmod(int(brick), 18)
        frame[57 + 6 * row : 63 + 6 * row, 8 + 8 * column : 16 + 8 * column] = 0
    x = 70 + step * 3 % 60
    frame[189:193, x : x + 16] = (200, 72, 72)
    frame[140 - step * 2 % 40 : 144 - step * 2 % 40, 90 + step % 30 : 92 + step % 30] = (
        200,
        72,
        72,
    )
    return frame


def meadow() -> Frame:
    """A smooth picture as a simulator renders it. (360, 640, 3)"""
    y, x = np.mgrid[0:360, 0:640]
    frame = np.stack([70 + y / 4, 105 + y / 6 + 10 * np.sin(x / 40), 150 - y / 5], 2)
    frame[150:215, 230:430] = (58, 62, 70)
    for leg in (240, 290, 360, 405):
        frame[215:290, leg : leg + 14] = (38, 40, 46)
    return frame.astype(np.uint8)


def noise(step: int, *shape: int, seed: int = 0) -> Floats:
    """Numbers that change slowly from step to step."""
    one, other = (np.random.default_rng(seed * 2 + k).normal(size=shape) for k in (0, 1))
    return (one * np.cos(step / 17) + other * np.sin(step / 17)).astype(np.float32)


def maps(step: int, channels: int, side: int, seed: int) -> Floats:
    """Feature maps after a ReLU: smooth spots, and some dead ones."""
    coarse = noise(step, channels, 5, 5, seed=seed)
    at = np.linspace(0, 4, side)
    low = np.minimum(at.astype(int), 3)
    part = (at - low)[None, :]
    rows = coarse[:, low] * (1 - part.T) + coarse[:, low + 1] * part.T
    smooth = rows[:, :, low] * (1 - part) + rows[:, :, low + 1] * part
    dead = np.random.default_rng(seed).random(channels) < 0.12
    smooth[dead] = 0
    return np.maximum(smooth, 0).astype(np.float32)


def softmax(logits: npt.NDArray[np.floating]) -> Floats:
    parts = np.exp(logits - logits.max())
    return (parts / parts.sum()).astype(np.float32)


def strongest(
    layers: Sequence[Layer], pairs: Sequence[tuple[int, int]], taken: int, each: int, seed: int
) -> tuple[Link, ...]:
    """Links from layer to layer, back from what was taken."""
    rng, found, targets = np.random.default_rng(seed), [], [taken]
    for source, target in reversed(pairs):
        activations = layers[source].values
        weights = rng.normal(size=(len(targets), len(activations))).astype(np.float32)
        strength = weights * activations / (1 if target == pairs[-1][1] else 3)
        chosen = np.argsort(-np.abs(strength), axis=None)[:each]
        for place in chosen.tolist():
            row, unit = divmod(place, len(activations))
            link = Link(source, unit, target, targets[row], float(weights[row, unit]), float(strength[row, unit]))  # fmt: skip
            found.append(link)
        targets = sorted({link.source_unit for link in found if link.source == source})
    return tuple(sorted(found, key=lambda link: -abs(link.strength)))


def cnn(step: int = 0, taken: int | None = None) -> Activity:
    """The network of the Nature paper with four actions."""
    grey = wall(step).mean(2).astype(np.uint8)[::2, ::2][:84, :80]
    frames = np.stack([np.pad(np.roll(grey, k, 0), ((0, 0), (2, 2))) for k in (-3, -2, -1, 0)])
    hidden = np.maximum(noise(step, 512, seed=4), 0)
    logits = noise(step, 4, seed=5) * 1.5
    layers = (
        Layer("cnn.0", "conv 1", "shared", maps(step, 32, 20, 1)),
        Layer("cnn.2", "conv 2", "shared", maps(step, 64, 9, 2)),
        Layer("cnn.4", "conv 3", "shared", maps(step, 64, 7, 3)),
        Layer("linear.0", "dense", "shared", hidden),
        Layer("action_net", "policy", "actor", logits),
        Layer("value_net", "value", "critic", noise(step, 1, seed=6)),
    )
    action = int(np.argmax(logits)) if taken is None else taken
    return Activity(
        (Seen("", frames),),
        layers,
        strongest(layers, [(3, 4)], action, 24, 7),
        Choices(softmax(logits), (4,), (action,)),
        float(1.7 + np.sin(step / 20)),
    )


def dense(
    step: int, features: int, hidden: Sequence[int], decision: Decision, outputs: Floats
) -> Activity:
    """Separate actor and critic of these hidden layers."""
    layers = []
    for role, start in (("actor", 10), ("critic", 30)):
        for number, units in enumerate(hidden):
            values = np.tanh(noise(step, units, seed=start + number) * 0.8)
            known: Role = "actor" if role == "actor" else "critic"
            layers.append(Layer(f"{role}.{number}", f"{role} {number + 1}", known, values))
        if role == "actor":
            layers.append(Layer("action_net", "policy", "actor", outputs))
    layers.append(Layer("value_net", "value", "critic", noise(step, 1, seed=50)))
    pairs = [(k, k + 1) for k in range(len(hidden))]
    taken = decision.taken[0] if isinstance(decision, Choices) else 1
    links = strongest(layers, pairs, int(taken), 16, 9)
    seen = np.clip(noise(step, features, seed=60) * 0.5, -1, 1)
    return Activity((Seen("", seen),), tuple(layers), links, decision, 0.83)


def trace(count: int = 240, length: int = 240) -> Trace:
    at = np.arange(count)
    values = 1.6 + np.sin(at / 23) * 0.6 + np.sin(at / 5.3) * 0.12 + at / 300
    return Trace(values.astype(np.float32), at[::-1], length - 1)


def learning(step: int = 4_200_000, points: int = 84) -> LearningCurve:
    """A curve that rises and flattens, as most do."""
    at = np.linspace(0, 1, points + 1)[1:]
    means = 287 * at**0.7 + 9 * np.sin(at * 40)
    bests = np.maximum.accumulate(means + 60 + 80 * np.sin(at * 13) ** 2)
    steps = (at * step).astype(np.int64)
    floats = means.astype(np.float32), bests.astype(np.float32)
    return LearningCurve("Score", step, 10_000_000, steps, *floats, 0.0, 520.0)


def standing() -> Standing:
    return Standing(41, 4_200_000, 10_000_000, 5025.4, 12_345, 287.41, 100, 412.0, 2.5e-4)


def playback(step: int = 0) -> Playback:
    return Playback(
        episode=3,
        episodes=10,
        step=1240 + step,
        frame=4960 + 4 * step,
        total=212.0 + step // 9,
        readings=(
            Reading("Score", f"{212 + step // 9}"),
            Reading("Lives", "4"),
            Reading("Bricks left", "68"),
            Reading("Longest rally", "14 hits"),
            Reading("Paddle travel", "12.4 px"),
        ),
        contributions=(
            Contribution("score sign", 1.0 if step % 9 < 2 else 0.0),
            Contribution("ball offset", -0.08 - 0.04 * np.sin(step / 6)),
            Contribution("lost life", -0.0),
            Contribution("living", 0.05),
        ),
    )


def altered(scene: Scene, **changes: Any) -> Scene:
    """The scene with other fields, of its only seat too."""
    names = {field.name for field in fields(Seat)}
    seat = {name: value for name, value in changes.items() if name in names}
    rest = {name: value for name, value in changes.items() if name not in names}
    return replace(scene, seats=(replace(scene.seats[0], **seat),), **rest)


def cnn_scene(step: int = 0, taken: int | None = 2) -> Scene:
    return Scene(
        frames=(wall(step),),
        index=0,
        pixel_aspect=ATARI,
        title=Title(
            "BREAKOUT · PPO · neural activity",
            "run breakout-pixels-3 · checkpoint 41 of 99 · sampled actions · seed 1871",
        ),
        standing=standing(),
        curve=learning(),
        playback=playback(step),
        seats=(Seat("", "", cnn(step, taken), trace(), ("NOOP", "FIRE", "RIGHT", "LEFT")),),
        feature_names=(),
        feature_groups=(),
        dashboard=None,
        banner=None,
    )


def mlp_scene(step: int = 0) -> Scene:
    outputs = noise(step, 3, seed=70)
    decision = Choices(softmax(outputs), (3,), (1,))
    return altered(
        cnn_scene(step),
        activity=dense(step, 42, (128, 128), decision, outputs),
        action_names=("NOOP", "RIGHT", "LEFT"),
        feature_names=FEATURES,
        feature_groups=FEATURE_GROUPS,
    )


def robot_scene(step: int = 0, bound: float = 1.0) -> Scene:
    mean = np.tanh(noise(step, 12, seed=71)) * 0.7
    deviation = np.full(12, 0.18, np.float32)
    taken = mean + deviation * noise(step, 12, seed=72) * 0.9
    limit = np.full(12, bound, np.float32)
    decision = Dials(mean, deviation, taken, -limit, limit)
    names = (
        *(f"{what} {axis}" for what in ("velocity", "turn", "gravity", "command") for axis in "xyz"),
        *(f"{what} {joint}" for what in ("angle", "speed", "last") for joint in JOINTS),
    )  # fmt: skip
    return altered(
        cnn_scene(step),
        frames=(meadow(),),
        index=0,
        pixel_aspect=Fraction(1),
        title=Title(
            "GO2 · PPO · neural activity", "run go2-flat · checkpoint 120 · deterministic · seed 4"
        ),
        activity=dense(step, 48, (512, 256, 128), decision, mean),
        action_names=JOINTS,
        feature_names=names,
    )


def trot(step: int = 430, steps: int = 200, tracks: tuple[str, ...] = FEET) -> Dashboard:
    """Twelve joints of a trot at 1.7 steps a second, and where the feet were on the ground; `step` of
    50 a second were played."""
    at = np.arange(max(0, step - steps), step)[:, None] / 50
    phase = np.array([0, 0.5, 0.5, 0])[np.arange(len(tracks)) % 4] + 0.02 * np.arange(len(tracks))
    history = (1.7 * at + phase) % 1 < 0.58 + 0.05 * np.sin(at * 3 + phase * 9)
    swing = 2 * np.pi * (1.7 * step / 50 + np.repeat(phase[:4], 3)) if len(tracks) else np.zeros(12)
    middle, reach = np.tile([0.0, 0.8, -1.5], 4), np.tile([0.08, 0.35, 0.3], 4)
    values = middle + reach * np.sin(swing)
    targets = middle + reach * 1.25 * np.sin(swing + 0.5)
    return Dashboard(
        tracks, history, steps, steps / 50, GAUGES, values.astype(np.float32), targets.astype(np.float32)
    )  # fmt: skip


def trot_scene(step: int = 430, tracks: tuple[str, ...] = FEET) -> Scene:
    """A robot with 45 features and twelve actions whose joints and feet are shown."""
    scene = robot_scene(step)
    assert scene.activity is not None
    names = tuple(name for name in scene.feature_names if not name.startswith("gravity"))
    parts = ("velocity", "turn", "command")
    groups = (
        *(FeatureGroup(name, tuple(range(3 * k, 3 * k + 3))) for k, name in enumerate(parts)),
        *(
            FeatureGroup(name, tuple(range(9 + 12 * k, 21 + 12 * k)), 3)
            for k, name in enumerate(("angles", "speeds", "actions before"))
        ),
    )
    decision = scene.activity.decision
    assert isinstance(decision, Dials)
    activity = dense(step, 45, (512, 256, 128), decision, decision.mean)
    return altered(
        scene,
        activity=activity,
        feature_names=names,
        feature_groups=groups,
        dashboard=trot(step, tracks=tracks),
        playback=replace(
            scene.playback,
            readings=(
                Reading("Distance", f"{step * 0.01:.2f} m"),
                Reading("Speed", "0.48 m/s"),
                Reading("Speed error", "0.04 m/s"),
                Reading("Base height", "0.31 m"),
                Reading("Tilt", "2.1 °"),
                Reading("Trot score", "0.87"),
                Reading("Cost of transport", "0.92"),
            ),
            contributions=(
                Contribution("track speed", 0.98),
                Contribution("track turn", 0.19),
                Contribution("height", -0.03),
                Contribution("action rate", -0.06),
                Contribution("pose", -0.09),
            ),
        ),
    )


def arm_scene(gauges: int = 40) -> Scene:
    """More gauges than have room, of several units, and no tracks."""
    known = tuple(
        Gauge(f"servo number {k}", -(10.0**(k % 3)), 10.0**(k % 3), ("rad", "mm", "")[k % 3])
        for k in range(gauges)
    )  # fmt: skip
    values, targets = noise(0, gauges, seed=80) * 0.5, noise(3, gauges, seed=80) * 0.5
    nothing = np.zeros((3, 0), bool)
    board = Dashboard((), nothing, 200, 4.0, known, values, targets)
    return replace(robot_scene(), dashboard=board)


def hand_scene(dials: int = 30) -> Scene:
    """More joints than a small picture has lines for."""
    mean = noise(0, dials, seed=75) * 0.4
    one = np.ones(dials, np.float32)
    decision = Dials(mean, one * 0.1, mean + 0.1, -one, one)
    activity = dense(0, 42, (64, 64), decision, mean)
    names = tuple(f"finger joint {k}" for k in range(dials))
    return altered(cnn_scene(), activity=activity, action_names=names)


def deep_scene() -> Scene:
    """A residual network: fifteen layers of maps, large ones among them, before a wide dense one."""
    scene = cnn_scene()
    assert scene.activity is not None
    layers = [
        Layer(f"conv.{k}", f"conv {k + 1}", "shared", maps(0, channels, side, k))
        for k, (channels, side) in enumerate([(16, 42)] * 5 + [(32, 21)] * 5 + [(32, 11)] * 5)
    ]
    layers.append(Layer("linear", "dense", "shared", np.maximum(noise(0, 3136, seed=4), 0)))
    layers += scene.activity.layers[-2:]
    links = strongest(layers, [(15, 16)], 2, 12, 8)
    activity = replace(scene.activity, layers=tuple(layers), links=links)
    return altered(scene, activity=activity)


def towers_scene(hidden: int = 20) -> Scene:
    """More hidden layers than have room."""
    outputs = noise(0, 3, seed=70)
    decision = Choices(softmax(outputs), (3,), (1,))
    activity = dense(0, 42, (64,) * hidden, decision, outputs)
    return altered(mlp_scene(), activity=activity)


def buttons_scene(step: int = 0) -> Scene:
    probabilities = 1 / (1 + np.exp(-noise(step, 9, seed=73) * 2))
    taken = np.random.default_rng(step).random(9) < probabilities
    decision = Switches(probabilities.astype(np.float32), taken)
    names = ("B", "-", "SELECT", "START", "UP", "DOWN", "LEFT", "RIGHT", "A")
    activity = replace(cnn(step), decision=decision, links=())
    layers = list(activity.layers)
    layers[4] = replace(layers[4], values=noise(step, 9, seed=73))
    activity = replace(activity, layers=tuple(layers))
    return altered(cnn_scene(step), activity=activity, action_names=names)


def many_scene(sizes: tuple[int, ...] = (36,), name: str = "") -> Scene:
    """Many actions, the taken one far from the likeliest."""
    count = sum(sizes)
    logits = noise(0, count, seed=74) * 1.6
    cuts = np.cumsum(sizes)[:-1]
    probabilities = np.concatenate([softmax(part) for part in np.split(logits, cuts)])
    taken = tuple(int(np.argmin(part)) for part in np.split(logits, cuts))
    names = tuple(f"{name or 'press'} {k}" for k in range(count))
    decision = Choices(probabilities, sizes, taken)
    activity = dense(0, 42, (128, 128), decision, logits)
    return altered(cnn_scene(), activity=activity, action_names=names, feature_names=FEATURES)


def long_scene() -> Scene:
    """Everything at its longest."""
    scene = many_scene((6,), LONG)
    run = "a-run-with-a-name-that-was-made-by-a-sweep-over-learning-rates-and-seeds-0001-x"
    readings = tuple(
        Reading(f"a metric with a long label {k}", f"{123456.78 * (k + 1):,.2f} metres") for k in range(10)
    )  # fmt: skip
    contributions = tuple(
        Contribution(f"term number {k} of a long reward", (k - 5) / 7) for k in range(12)
    )
    return replace(
        scene,
        title=Title(
            f"BREAKOUT · PPO · {run}",
            f"run {run} · checkpoint 123456 · deterministic · seed 2147483647",
        ),
        standing=Standing(
            123456,
            9_876_543_210,
            12_345_678_900,
            3_599_999.0,
            123_456_789,
            -123456.789,
            10_000,
            1234567.25,
            1.2345e-7,
        ),
        playback=Playback(
            123_456, 999_999, 12_345_678, 49_382_712, -1234567.5, readings, contributions
        ),
        curve=replace(learning(), label="A metric with a long label"),
        feature_names=tuple(f"feature with a long name {k}" for k in range(42)),
        banner=Banner(f"milestone: {run}", f"the checkpoint of {run} plays, " + LONG, 1.0),
    )


def first_scene() -> Scene:
    """The first step of a run: nothing is known, and all activations are 0."""
    activity = cnn(0, 0)
    layers = tuple(replace(one, values=np.zeros_like(one.values)) for one in activity.layers)
    activity = replace(
        activity,
        layers=layers,
        links=(),
        decision=Choices(np.full(4, 0.25, np.float32), (4,), (0,)),
        value=float("nan"),
    )
    return altered(
        cnn_scene(),
        standing=Standing(-1, 0, 10_000_000, 0.0, 0, None, 100, None, None),
        curve=learning(0, 0),
        playback=Playback(1, 1, 0, 0, 0.0, (), ()),
        activity=activity,
        trace=Trace(np.zeros(0, np.float32), np.zeros(0, np.int64), 239),
    )


def with_banner(scene: Scene, opacity: float = 1.0) -> Scene:
    return replace(scene, banner=Banner("Episode 3 of 10", "seed 1871", opacity))


CARD = Card(
    "Milestone 40 %",
    (
        "BREAKOUT · PPO · run breakout-pixels-3",
        "checkpoint 41 · 4,200,000 steps · 1:23:45 trained",
        "mean return of the last 100 episodes: 287.41",
        "3 episodes, sampled actions, seeds 1871 to 1873",
    ),
)
