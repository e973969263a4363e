"""Acrobot of Gymnasium: swing two links until the free end is high enough."""

from arcade_rl.adapters.gymnasium import GymnasiumGame
from arcade_rl.adapters.measures import length, score, value
from arcade_rl.contracts import Button, Controls
from arcade_rl.hookspecs import hookimpl


class Acrobot(GymnasiumGame):
    name = "acrobot"
    summary = "Acrobot of Gymnasium: swing up two links by the joint between them."
    id = "Acrobot-v1"
    actions = ("left", "nothing", "right")
    features = ("cos 1", "sin 1", "cos 2", "sin 2", "speed 1", "speed 2")
    metrics = (
        length(better="down", least=0, most=500),
        score("Return", "return", format=".1f", least=-500, most=0),
    )
    terms = (value(),)
    controls = Controls(
        buttons=(
            Button("LEFT", ("left",), pad=("dpleft", "leftx-")),
            Button("RIGHT", ("right",), pad=("dpright", "leftx+")),
        ),
        presses=(("LEFT",), (), ("RIGHT",)),
        idle=1,
    )


@hookimpl
def arcade_rl_games() -> list[Acrobot]:
    return [Acrobot()]
