"""The metrics and the reward terms of Dr. Mario."""

from __future__ import annotations

from fractions import Fraction

from arcade_rl.contracts import Metric, RewardTerm

FRAME_RATE = Fraction(39_375_000, 655_171)
"""Frames a second of an NTSC console."""
METRICS = (
    Metric("cleared", "Cleared", better="up", format=".1%", least=0, most=1),
    Metric("viruses_left", "Viruses left", better="down", format=".0f", least=0, is_event=True),
    Metric("viruses_cleared", "Viruses cleared", better="up", format=".0f", least=0),
    Metric("pills", "Pills", format=".0f", least=1),
    Metric("frames", "Frames", format=".0f", least=1),
    Metric("level", "Level", format=".0f", least=0, most=24),
    Metric("longest_chain", "Longest chain", better="up", format=".0f", least=0, aggregation="max"),
    Metric("most_lines", "Most lines", better="up", format=".0f", least=0, aggregation="max"),
    Metric("highest_row", "Highest row", better="down", format=".0f", least=0, most=16),
    Metric("topped_out", "Topped out", better="down", format=".1%", least=0, most=1),
    Metric("stalled", "Stalled", better="down", format=".1%", least=0, most=1),
)
"""What every placement reports, in order."""
(
    CLEARED, LEFT, KILLED, PILLS, FRAMES, LEVEL, CHAIN, MOST_LINES, HIGHEST_ROW, TOPPED_OUT, STALLED,
) = range(len(METRICS))  # fmt: skip

TERMS = (
    RewardTerm(
        "virus", 0.5, "viruses of the pill, over the root of those that the level began with"
    ),
    RewardTerm("clear", 1.0, "1 for the pill that clears the level"),
    RewardTerm("loss", -1.0, "1 where the bottle is full, or options.most_pills are played"),
    RewardTerm("pill", -0.005, "1 for every pill"),
    RewardTerm("frame", 0.0, "seconds until the next pill"),
    RewardTerm("chain", 0.0, "passes with lines of the pill after its first one"),
    RewardTerm("height", 0.0, "height of the highest column, of 16 rows"),
    RewardTerm("near_top", 0.0, "1 where a column in the middle has 12 rows or more"),
)
"""What the learner may be rewarded for, in order."""
