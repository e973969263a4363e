"""The 95 % interval of a mean: by Student's t, cut off at the bounds of what is measured, or by
Wilson's formula where every value is 0 or 1."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from arcade_rl.runs.evaluations import Interval

LEVEL = 0.95


def mean_interval(
    values: Sequence[float],
    level: float = LEVEL,
    least: float | None = None,
    most: float | None = None,
) -> Interval | None:
    """Where the true mean lies with probability `level`, if episodes are alike and independent.

    `least` and `most` bound the values, and no mean lies beyond them: the interval is cut off
    there, or at a value that is beyond all the same, and keeps its probability. None for fewer than
    two values: a single value says nothing of the spread.

    Where a value can be 0 or 1 and nothing between, the mean is a part of the episodes. Its interval
    is the one of Wilson (1927), which is right for parts near 0 and 1 too.
    """
    if len(values) < 2:
        return None
    mean = statistics.fmean(values)
    if (least, most) == (0, 1) and set(values) <= {0.0, 1.0}:
        return part_interval(mean, len(values), level)
    half = t_quantile(level, len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    low, high = mean - half, mean + half
    low = low if least is None else max(low, min(least, *values))
    return low, high if most is None else min(high, max(most, *values))


def part_interval(part: float, count: int, level: float = LEVEL) -> Interval:
    """Where the true part lies with probability `level`, if this part of `count` episodes was seen."""
    z = statistics.NormalDist().inv_cdf((1.0 + level) / 2)
    middle = (part + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(part * (1 - part) / count + (z / (2 * count)) ** 2) / (1 + z * z / count)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def t_quantile(level: float, freedom: int) -> float:
    """The t for which Student's distribution lies within -t and t with probability `level`.

    G. W. Hill (1970), Algorithm 396: exact for 1 and 2 degrees of freedom, and an expansion with a
    relative error below 1e-5 for more, at levels from 0.5 to 0.999. ValueError if there is no such
    t.
    """
    p, n = 1.0 - level, float(freedom)
    if freedom < 1 or not 0.0 < p < 1.0:
        raise ValueError(f"no t quantile for level {level} and {freedom} degrees of freedom")
    if freedom == 1:
        return math.cos(p * math.pi / 2) / math.sin(p * math.pi / 2)
    if freedom == 2:
        return math.sqrt(2.0 / (p * (2.0 - p)) - 2.0)
    a = 1.0 / (n - 0.5)
    b = 48.0 / a**2
    c = ((20700.0 * a / b - 98.0) * a - 16.0) * a + 96.36
    d = ((94.5 / (b + c) - 3.0) / b + 1.0) * math.sqrt(a * math.pi / 2) * n
    y = (d * p) ** (2.0 / n)
    if y > 0.05 + a:  # start from the quantile of the normal distribution
        x = statistics.NormalDist().inv_cdf(p / 2)
        y = x * x
        if freedom < 5:
            c += 0.3 * (n - 4.5) * (x + 0.6)
        c += (((0.05 * d * x - 5.0) * x - 7.0) * x - 2.0) * x + b
        y = (((((0.4 * y + 6.3) * y + 36.0) * y + 94.5) / c - y - 3.0) / b + 1.0) * x
        return math.sqrt(n * math.expm1(a * y * y))
    y = (
        (1.0 / (((n + 6.0) / (n * y) - 0.089 * d - 0.822) * (n + 2.0) * 3.0) + 0.5 / (n + 4.0)) * y
        - 1.0
    ) * (n + 1.0) / (n + 2.0) + 1.0 / y
    return math.sqrt(n * y)
