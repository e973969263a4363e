"""What a policy does with one observation, as plain numbers that a picture can be drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]

Role: TypeAlias = Literal["shared", "actor", "critic"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A part of the observation as the environment gave it, before any normalisation."""

    name: str
    """Key in a Dict observation; "" where the observation is one array."""
    values: npt.NDArray[np.generic]
    """Pictures, oldest first: (F, H, W) or (F, H, W, 3), uint8. Features: (D,), float32."""

    @property
    def is_picture(self) -> bool:
        return self.values.ndim > 1


@dataclass(frozen=True, slots=True)
class Layer:
    """The activations of one layer in a real forward pass, after its nonlinearity."""

    name: str
    """Name of the module in the model, such as "features_extractor.cnn.0"."""
    label: str
    """What people read, such as "conv 1", "actor 2" or "critic LSTM"; the outputs are "policy" and
    "value"."""
    role: Role
    """The branch that the layer belongs to."""
    values: Floats
    """Feature maps (C, H, W), or units (U,). The outputs are layers too: one logit, mean or value
    each, before masks."""

    @property
    def is_maps(self) -> bool:
        return self.values.ndim == 3


@dataclass(frozen=True, slots=True)
class Link:
    """A weight of the model between units of two dense layers."""

    source: int
    """Position of the layer in `Activity.layers`."""
    source_unit: int
    target: int
    """Position of the target's layer, which follows the source's."""
    target_unit: int
    weight: float

    strength: float
    """The weight times the activation of the source unit: what the link adds to the target unit
    before its nonlinearity."""


@dataclass(frozen=True, slots=True)
class Choices:
    """A choice out of a few actions, or several such choices at once."""

    probabilities: Floats
    """Probability of every action, choice after choice. (A,)"""
    sizes: tuple[int, ...]
    """Number of actions of each choice; the numbers sum to A."""
    taken: tuple[int, ...]
    """The action that was taken, for each choice, from 0."""


@dataclass(frozen=True, slots=True)
class Switches:
    """Independent yes-or-no choices, such as the buttons of a console."""

    probabilities: Floats
    """Probability that each is pressed. (A,)"""
    taken: npt.NDArray[np.bool_]
    """Whether each was pressed. (A,)"""


@dataclass(frozen=True, slots=True)
class Dials:
    """Continuous actions, each from an independent normal distribution."""

    mean: Floats
    """Mean of each action, in the action's unit. (D,)"""
    deviation: Floats
    """Standard deviation of each action, in the action's unit. (D,)"""
    taken: Floats
    """The action that was taken. (D,)"""
    low: Floats
    """Lower bounds of the action space; infinite where there are none. (D,)"""
    high: Floats


@dataclass(frozen=True, slots=True)
class Ratings:
    """What a policy without networks, such as a search, found each action to be worth."""

    values: Floats
    """Worth of every action in units of the policy's own; minus infinity where it is not known. (A,)"""
    taken: int
    """The action that was taken, from 0."""


Decision: TypeAlias = Choices | Switches | Dials | Ratings


@dataclass(frozen=True, slots=True)
class Activity:
    """One forward pass for one observation."""

    seen: tuple[Seen, ...]
    layers: tuple[Layer, ...]
    """The layers in the order of the forward pass: the shared ones, then the actor's, then the
    critic's."""
    links: tuple[Link, ...]
    """The weights that contributed most to the action that was taken, the strongest first."""
    decision: Decision
    value: float | None
    """The critic's estimate of the return from here on, in the shaped and normalised reward that it
    was trained on; None for a policy without a critic."""
