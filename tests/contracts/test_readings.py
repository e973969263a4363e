"""Values of metrics as people read them."""

from __future__ import annotations

import pytest

from arcade_rl.contracts import Metric


@pytest.mark.parametrize(
    ("unit", "form", "value", "expected"),
    [
        ("points", ".0f", 1.0, "1 point"),
        ("points", ".0f", 0.0, "0 points"),
        ("points", ".0f", 11.0, "11 points"),
        ("points", ".1f", 1.0, "1.0 points"),
        ("s", ".0f", 1.0, "1 s"),
        ("m/s", ".0f", 1.0, "1 m/s"),
        ("", ".0f", 1.0, "1"),
    ],
)
def test_a_value_is_read_with_its_unit(unit: str, form: str, value: float, expected: str) -> None:
    assert Metric("x", "X", unit=unit, format=form).render(value) == expected
