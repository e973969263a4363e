"""The metrics and the reward terms of Dr. Mario, alone and in versus."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from arcade_rl.contracts import Metric, RewardTerm
from arcade_rl_drmario.options import LEAST_LEVEL, DrMarioOptions

FRAME_RATE = Fraction(39_375_000, 655_171)
"""Frames a second of an NTSC console."""
METRICS = (
    Metric("cleared", "Cleared", better="up", format=".1%", least=0, most=1),
    Metric("viruses_left", "Viruses left", better="down", format=".0f", least=0, is_event=True),
    Metric("viruses_cleared", "Viruses cleared", better="up", format=".0f", least=0),
    Metric("pills", "Pills", format=".0f", least=0),
    Metric("frames", "Frames", format=".0f", least=1),
    Metric("level", "Level", format=".0f", least=LEAST_LEVEL, most=24),
    Metric("longest_chain", "Longest chain", better="up", format=".0f", least=0, aggregation="max"),
    Metric("most_lines", "Most lines", better="up", format=".0f", least=0, aggregation="max"),
    Metric("highest_row", "Highest row", better="down", format=".0f", least=0, most=16),
    Metric("topped_out", "Topped out", better="down", format=".1%", least=0, most=1),
    Metric("stalled", "Stalled", better="down", format=".1%", least=0, most=1),
)
"""What every step reports of the learner's bottle, in order."""
ROUNDS = (
    Metric("won", "Won", better="up", format=".1%", least=0, most=1),
    Metric("rounds_won", "Rounds won", better="up", format=".0f", least=0, most=3, is_event=True),
    Metric(
        "rounds_lost", "Rounds lost", better="down", format=".0f", least=0, most=3, is_event=True
    ),
    Metric("sent", "Garbage sent", unit="lines", better="up", format=".0f", least=0),
    Metric("received", "Garbage received", unit="pieces", better="down", format=".0f", least=0),
)
"""What every step of versus reports before that, and after that."""
RESULTS = (
    Metric("lost", "Lost", better="down", format=".1%", least=0, most=1),
    Metric("drawn", "Drawn", format=".1%", least=0, most=1),
    Metric("by_clearing", "Ended by clearing", format=".1%", least=0, most=1),
    Metric("player", "Player", format=".0f", least=1, most=2),
)

TERMS = (
    RewardTerm(
        "virus", 0.5, "viruses that vanished, over the root of those that the level began with"
    ),
    RewardTerm("clear", 1.0, "1 when the level is cleared"),
    RewardTerm("loss", -1.0, "1 where the bottle is full, or options.most_pills are played"),
    RewardTerm("pill", -0.005, "1 for every pill that comes to rest"),
    RewardTerm("frame", 0.0, "seconds of the step"),
    RewardTerm("chain", 0.0, "passes with lines after the first one of a pill"),
    RewardTerm("height", 0.0, "height of the highest column, of 16 rows"),
    RewardTerm("near_top", 0.0, "1 where a column in the middle has 12 rows or more"),
)
"""What the learner may be rewarded for, in order."""
LOST_ROUND = "1 when a round is lost, or options.most_pills are played"
DUEL_TERMS = (
    RewardTerm("win", 1.0, "1 when a round is won"),
    RewardTerm("garbage_sent", 0.0, "lines that wait for the opponent as garbage"),
    RewardTerm("garbage_received", 0.0, "pieces of garbage that came down"),
)


def metrics_of(options: DrMarioOptions) -> tuple[Metric, ...]:
    """The metrics of a game with these options."""
    return METRICS if options.mode == "solo" else (*ROUNDS, *METRICS, *RESULTS)


def terms_of(options: DrMarioOptions) -> tuple[RewardTerm, ...]:
    """The reward terms of a game with these options; a round that is won by clearing has `win` alone."""
    if options.mode == "solo":
        return TERMS
    alone = {term.name: term for term in TERMS}
    alone["clear"] = replace(alone["clear"], weight=0.0)
    alone["loss"] = replace(alone["loss"], measures=LOST_ROUND)
    return (*alone.values(), *DUEL_TERMS)
