"""What is recorded of a rollout reaches host memory, small and unchanged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from arcade_rl.training.record import copies, in_one_piece, narrowest


@pytest.mark.parametrize(
    ("space", "expected"),
    [
        (spaces.Discrete(18), torch.uint8),
        (spaces.Discrete(256), torch.uint8),
        (spaces.Discrete(257), torch.int16),
        (spaces.MultiDiscrete([2, 70_000]), torch.int32),
        (spaces.MultiBinary(9), torch.uint8),
        (spaces.Box(-1, 1, (3,)), torch.float32),
    ],
    ids=str,
)
def test_actions_wait_in_as_few_bytes_as_hold_them(
    space: spaces.Space[Any], expected: torch.dtype
) -> None:
    assert narrowest(space) == expected


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_copies_are_what_they_are_copies_of(device: str) -> None:
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("there is no GPU")
    actions = torch.arange(15, device=device).reshape(5, 3)
    values = torch.linspace(-1, 1, 15, device=device).reshape(3, 5).T
    sent = torch.rand(5, 3, 2, device=device)
    found = copies([(actions, torch.uint8), (values, torch.float16), (sent, torch.float32)])
    expected = [
        actions.cpu().numpy().astype(np.uint8),
        values.cpu().half().numpy(),
        sent.cpu().numpy().copy(),
    ]
    sent.zero_()  # as the next rollout writes over `sent`
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)


def test_one_piece_is_cut_where_its_tensors_end() -> None:
    tensors = [torch.rand(4, 3), torch.rand(3, 4).T.half(), torch.arange(5, dtype=torch.uint8)]
    for tensor, array in zip(tensors, in_one_piece(tensors), strict=True):
        assert np.array_equal(array, tensor.numpy())
        assert array.dtype == tensor.numpy().dtype
    assert in_one_piece([]) == []
