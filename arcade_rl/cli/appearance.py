"""The options that say how a picture looks, for films and for the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

THEME = click.option(
    "--theme", type=click.Choice(("dark", "light")), default="dark", show_default=True,
    help="Colours of the overlay.",
)  # fmt: skip
SIGNS = click.option(
    "--signs", type=click.Choice(("blue-orange", "green-red")), default="blue-orange",
    show_default=True, help="Colours of positive and negative numbers.",
)  # fmt: skip
CAMERA = click.option(
    "--camera", metavar="NAME",
    help="Camera angle, for games that have several (see `plugins show`).",
)  # fmt: skip


def overlay(usual: str) -> Callable[[F], F]:
    """The option `--overlay`, which the command gets as `detail`: None where none is asked for.
    `usual`: what the command then shows, for the help text."""
    return click.option(
        "--overlay", "detail", type=click.Choice(("full", "minimal", "none")),
        help=f"full: all panels; minimal: one line; none: game only. [default: {usual}]",
    )  # fmt: skip
