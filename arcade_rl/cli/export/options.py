"""The options that films share."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from arcade_rl.cli.export.making import is_folder
from arcade_rl.cli.train import RUNS_DIR
from arcade_rl.errors import UsageError

if TYPE_CHECKING:
    from arcade_rl.video.look import Look

F = TypeVar("F", bound=Callable[..., Any])

PRESETS = ("youtube-1080p", "youtube-1440p", "debug-720p", "shorts-1080x1920", "gif-480")


_RATIO = re.compile(r"\d{1,9}(\.\d{1,9})?|\d{1,9}/\d{1,9}")


class Ratio(click.ParamType[Fraction]):
    """A number above 0 that may be written as a fraction, such as 59.94 or 60000/1001."""

    name = "number"

    def __init__(self, most: int = 1_000_000) -> None:
        self._most = most

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Fraction:
        try:
            found = Fraction(value if _RATIO.fullmatch(str(value)) else 0)
        except ZeroDivisionError:
            found = Fraction(0)
        if not 0 < found <= self._most:
            expected = f"above 0, {self._most:,} at most, such as 2 or 60000/1001"
            self.fail(f"{value!r} is not a number {expected}", param, ctx)
        return found


class Percent(click.ParamType[Fraction]):
    """A step of percentages such as 10%."""

    name = "percent"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Fraction:
        from arcade_rl.config import parse_step

        if isinstance(value, Fraction):
            return value
        try:
            return parse_step(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def film_options(speed: str = "1", detail: str = "full") -> Callable[[F], F]:
    """The options of every film, which the command gets as `look`, `out` and `force`."""
    options = [
        click.option("--preset", type=click.Choice(PRESETS), default=PRESETS[0], show_default=True),
        click.option(
            "--overlay", "detail", type=click.Choice(("full", "minimal", "none")), default=detail,
            show_default=True, help="Policy, value and network beside the game; a line; nothing.",
        ),
        click.option("--raw", "detail", flag_value="none", help="The same as --overlay none."),
        click.option(
            "--theme", type=click.Choice(("dark", "light")), default="dark", show_default=True
        ),
        click.option(
            "--signs", type=click.Choice(("blue-orange", "green-red")), default="blue-orange",
            show_default=True, help="Colours of positive and negative numbers.",
        ),
        click.option("--camera", metavar="NAME", help="Of a game that has some; see `plugins show`."),
        click.option("--fps", type=Ratio(most=240), help="Frames per second; the game's own by default."),
        click.option(
            "--speed", type=Ratio(), default=speed, show_default=True,
            help="Seconds of the game in a second of the film; there is sound at 1 only.",
        ),
        click.option(
            "--crf", type=click.IntRange(1, 51), help="Quality of H.264; lower is better, and larger."
        ),
        click.option(
            "--out", type=click.Path(path_type=Path),
            help="File, or directory for several; RUN/videos by default.",
        ),
        click.option("--force", is_flag=True, help="Replace films that exist."),
        RUNS_DIR,
    ]  # fmt: skip

    def decorate(function: F) -> F:
        @wraps(function)
        def command(**values: Any) -> Any:
            names = ("preset", "detail", "theme", "signs", "camera", "fps", "speed", "crf")
            asked = {name: values.pop(name) for name in names}
            return function(look=look_of(values["out"], **asked), **values)

        for option in reversed(options):
            command = option(command)
        return command  # type: ignore[return-value]

    return decorate


def look_of(
    out: Path | None,
    preset: str,
    detail: Any,
    theme: str,
    signs: str,
    camera: str | None,
    fps: Fraction | None,
    speed: Fraction,
    crf: int | None,
) -> Look:
    from arcade_rl.overlay.appearance import Appearance
    from arcade_rl.video.formats import MP4, format_of
    from arcade_rl.video.look import Encoding, Look
    from arcade_rl.video.presets import find_preset

    chosen = find_preset(preset)
    kind = chosen.format if out is None or is_folder(out) else format_of(out)
    if crf is not None and kind != MP4:
        raise UsageError(f"--crf is of MP4 films; a {kind.name} has none")
    return Look(
        appearance=Appearance((chosen.width, chosen.height), detail, theme, signs, camera),
        encoding=Encoding(
            format=kind,
            crf=None if kind != MP4 else chosen.crf if crf is None else crf,
            x264_preset=chosen.x264_preset if kind == MP4 else None,
        ),
        rate=fps or chosen.rate,
        speed=speed,
    )


FROM = click.option(
    "--from", "origin", type=click.Choice(("checkpoints", "recordings")), default="checkpoints",
    show_default=True, help="Let checkpoints play, or show what training recorded.",
)  # fmt: skip
ACTIONS = click.option(
    "--deterministic/--sampled", default=None,
    help="How checkpoints choose actions; by default as the run's [evaluation] says.",
)  # fmt: skip


def refuse_choices(origin: str, deterministic: bool | None, opponent: str | None) -> None:
    """UsageError if how actions are chosen, or an opponent, is named for recordings."""
    if origin == "recordings" and (deterministic is not None or opponent is not None):
        raise UsageError(
            "--deterministic, --sampled and --opponent are of checkpoints; recordings are as they are"
        )
