"""Random numbers that follow from an episode's seed alone, made where the simulator is.

A number is a hash (splitmix64, Steele, Lea and Flood 2014) of a seed and of its place in the episode.
So neither the other environments nor the device change it, and nothing has to be remembered.
"""

from __future__ import annotations

import torch
from torch import Tensor

SEED_BITS = 31

_GAMMA = 0x9E3779B97F4A7C15 - 2**64
_FIRST = 0xBF58476D1CE4E5B9 - 2**64
_SECOND = 0x94D049BB133111EB - 2**64


def uniform(seeds: Tensor, places: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Numbers from `low` to `high`. (N, K), float32.

    seeds (N,), int64; places (N, 1) or (K,) or (N, K), int64, from 0: what was drawn at one place is
    drawn there again; low and high (K,), float32.
    """
    mixed = _mix(_mix(seeds)[:, None] + _GAMMA * (places + 1))
    fraction = _shifted(mixed, 40).to(torch.float32) * 2.0**-24
    return low + (high - low) * fraction


def following(seeds: Tensor) -> Tensor:
    """The seed of the episode after one with such a seed. (N,), int64 in [0, 2**31)."""
    return _shifted(_mix(seeds + _GAMMA), 64 - SEED_BITS)


def _mix(x: Tensor) -> Tensor:
    """The finaliser of splitmix64, in arithmetic that wraps around."""
    x = (x ^ _shifted(x, 30)) * _FIRST
    x = (x ^ _shifted(x, 27)) * _SECOND
    return x ^ _shifted(x, 31)


def _shifted(x: Tensor, bits: int) -> Tensor:
    """Shifted right without regard to the sign."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)
