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
    """A part of the observation, as the environment gave it and before any normalisation."""

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
    """Of the module in the model, such as "features_extractor.cnn.0"."""
    label: str
    """What people read, such as "conv 1", "actor 2" or "critic LSTM"; the outputs are "policy" and
    "value"."""
    role: Role
    """Whom it serves."""
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
    """As `source`; the layer that follows it."""
    target_unit: int
    weight: float

    strength: float
    """The weight times the activation of its source: what it adds to the target before its nonlinearity."""


@dataclass(frozen=True, slots=True)
class Choices:
    """A choice out of a few actions, or several such choices at once."""

    probabilities: Floats
    """Of every action, choice after choice. (A,)"""
    sizes: tuple[int, ...]
    """Actions of each choice; they sum to A."""
    taken: tuple[int, ...]
    """The action that was taken, for each choice, from 0."""


@dataclass(frozen=True, slots=True)
class Switches:
    """Independent yes-or-no choices, such as the buttons of a console."""

    probabilities: Floats
    """Of each being pressed. (A,)"""
    taken: npt.NDArray[np.bool_]
    """Whether each was pressed. (A,)"""


@dataclass(frozen=True, slots=True)
class Dials:
    """Continuous actions, each from an independent normal distribution."""

    mean: Floats
    """(D,), in the action's unit."""
    deviation: Floats
    """(D,)"""
    taken: Floats
    """(D,)"""
    low: Floats
    """Bounds of the action space; infinite where there are none. (D,)"""
    high: Floats


Decision: TypeAlias = Choices | Switches | Dials


@dataclass(frozen=True, slots=True)
class Activity:
    """One forward pass for one observation."""

    seen: tuple[Seen, ...]
    layers: tuple[Layer, ...]
    """In the order of the forward pass: shared layers, then the actor's, then the critic's."""
    links: tuple[Link, ...]
    """The weights through which most came to the action that was taken, the strongest first."""
    decision: Decision
    value: float | None
    """The critic's estimate of what is to come, in shaped and normalised reward as it was trained on;
    None for a policy without a critic."""
