"""Airstriker, a free game of the Genesis whose ROM ships in stable-retro."""

from arcade_rl.adapters.measures import fall, info, score, sign
from arcade_rl.adapters.observing import Pictures
from arcade_rl.adapters.retro import RetroGame
from arcade_rl.hookspecs import hookimpl


class Airstriker(RetroGame):
    name = "airstriker"
    summary = "Airstriker on stable-retro: shoot what comes down, and do not be hit."
    game = "Airstriker-Genesis-v0"
    state = "Level1"
    buttons = ("", "B", "LEFT", "RIGHT", "LEFT B", "RIGHT B")
    observe = Pictures(84, stack=4)
    metrics = (
        score(unit="points", least=0),
        info("lives", better="up", is_event=True, least=0),
    )
    terms = (sign(), fall("lives_lost", -1.0, of="lives"))


@hookimpl
def arcade_rl_games() -> list[Airstriker]:
    return [Airstriker()]
