"""The options that films share."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from arcade_rl.cli.appearance import CAMERA, SIGNS, THEME, overlay
from arcade_rl.cli.examples import examples
from arcade_rl.cli.export.making import is_folder
from arcade_rl.cli.train import RUNS_DIR
from arcade_rl.errors import UsageError

if TYPE_CHECKING:
    from arcade_rl.playback.moments import Position
    from arcade_rl.video.look import Look

F = TypeVar("F", bound=Callable[..., Any])

PRESETS = (
    "youtube-1080p", "youtube-1440p", "youtube-720p", "debug-720p", "shorts-1080x1920", "square-1080",
    "small-480", "gif-480",
)  # fmt: skip

VIDEOS = "the run's videos/ directory"
VIDEOS_OR_HERE = f"{VIDEOS}, for a FILE the current one"
"""Where a film or picture goes that nobody has named a place for."""
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


class PositionType(click.ParamType["Position"]):
    """A moment of an episode: steps such as 120, or seconds such as 12s."""

    name = "step|seconds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Position:
        from arcade_rl.playback.moments import Position

        if isinstance(value, Position):
            return value
        match = re.fullmatch(r"(\d{1,12})|(\d{1,9}(?:\.\d{1,9})?)s", str(value))
        if match is None:
            self.fail(
                f"{value!r} is neither steps, such as 120, nor seconds, such as 12s", param, ctx
            )
        return Position(Fraction(match[1] or match[2]), match[1] is None)


def example(*lines: str) -> str:
    """An epilog as `examples` makes it, of what follows `arcade-rl export` in each command line."""
    return examples(*(f"arcade-rl export {line}" for line in lines))


def film_options(
    speed: str = "1", detail: str | None = None, moves: bool = True, place: str = VIDEOS
) -> Callable[[F], F]:
    """The options of every film, which the command gets as `look`, `out` and `force`. `detail`: the
    overlay where none is asked for; None for that of the preset. `moves`: whether the options are
    those of a film; a picture has neither speed nor encoding. `place`: where films go by default."""
    kind, replaced = (
        ("film", "films that already exist") if moves else ("picture", "a picture that exists")
    )
    card = ", or of its title card where games are side by side" if moves else ""
    options = [
        click.option(
            "--preset", type=click.Choice(PRESETS), default=PRESETS[0], show_default=True, metavar="NAME",
            help=f"{'Size and quality' if moves else 'Size'}: {', '.join(PRESETS)}.",
        ),
        overlay(detail or "minimal for square, small and gif presets, otherwise full"),
        click.option("--raw", "detail", flag_value="none", help="The same as --overlay none."),
        click.option("--title", help=f"First line of the {kind}{card}."),
        click.option("--subtitle", help=f"Second line of the {kind}{', or of that card' if moves else ''}."),
        THEME, SIGNS, CAMERA,
        *(_moving_options(speed) if moves else ()),
        click.option(
            "--out", type=click.Path(path_type=Path),
            help=f"File to write, or a directory (default: {place}).",
        ),
        click.option("--force", is_flag=True, help=f"Replace {replaced}."),
        RUNS_DIR,
    ]  # fmt: skip

    def decorate(function: F) -> F:
        @wraps(function)
        def command(**values: Any) -> Any:
            names = (
                "preset", "title", "subtitle", "theme", "signs", "camera", "fps", "speed", "crf"
            )  # fmt: skip
            still: dict[str, Any] = {"fps": None, "speed": Fraction(1), "crf": None}
            asked = {
                name: values.pop(name) if moves or name not in still else still[name]
                for name in names
            }
            shown = values.pop("detail") or detail
            return function(
                look=look_of(values["out"] if moves else None, detail=shown, **asked), **values
            )

        for option in reversed(options):
            command = option(command)
        return command  # type: ignore[return-value]

    return decorate


def _moving_options(speed: str) -> list[Callable[[F], F]]:
    """The options that only a film has."""
    return [
        click.option(
            "--fps", type=Ratio(most=240),
            help="Frames per second (default: those of the game; 25 for gif-480, 30 for small-480).",
        ),
        click.option(
            "--speed", "--clip-speed", "speed", type=Ratio(), default=speed, show_default=True,
            help="How many times faster than the game the film runs. Only films at speed 1 have sound.",
        ),
        click.option(
            "--crf", type=click.IntRange(1, 51),
            help="H.264 quality: a lower number gives a better picture and a larger file.",
        ),
    ]  # fmt: skip


def look_of(
    out: Path | None,
    preset: str,
    detail: Any,
    title: str | None,
    subtitle: str | None,
    theme: str,
    signs: str,
    camera: str | None,
    fps: Fraction | None,
    speed: Fraction,
    crf: int | None,
) -> Look:
    """The look that the options of a film ask for. `detail`: the overlay; None for that of the
    preset."""
    from arcade_rl.overlay.appearance import Appearance
    from arcade_rl.video.formats import MP4, format_of
    from arcade_rl.video.look import Captions, Encoding, Look
    from arcade_rl.video.presets import DEFAULT, find_preset

    chosen = find_preset(preset)
    kind = chosen.format if out is None or is_folder(out) else format_of(out)
    if crf is not None and kind != MP4:
        raise UsageError(f"--crf is for MP4 films; this one is a {kind.name}, so leave it out")
    size = (chosen.width, chosen.height)
    return Look(
        appearance=Appearance(size, detail or chosen.detail, theme, signs, camera),
        encoding=Encoding(
            format=kind,
            crf=None if kind != MP4 else chosen.crf if crf is None else crf,
            x264_preset=chosen.x264_preset if kind == MP4 else None,
        ),
        rate=fps or chosen.rate,
        speed=speed,
        captions=Captions(title, subtitle, chosen.is_public),
        mark="" if chosen == DEFAULT else f".{chosen.name}",
    )


FROM = click.option(
    "--from", "origin", type=click.Choice(("checkpoints", "recordings")), default="checkpoints",
    show_default=True,
    help="Let the checkpoints play, or show episodes that training recorded.",
)  # fmt: skip
ACTIONS = click.option(
    "--deterministic/--sampled", default=None,
    help="Take the likeliest action, or sample (default: as [evaluation] of the run says).",
)  # fmt: skip
CLIP_SECONDS = click.option(
    "--clip-seconds", type=Ratio(),
    help="Maximum length of each clip (default: the whole episode). Of a longer episode the part is "
    "shown in which most happens.",
)  # fmt: skip


def refuse_choices(origin: str, deterministic: bool | None, opponent: str | None) -> None:
    """UsageError if how actions are chosen, or an opponent, is named for recordings."""
    if origin == "recordings" and (deterministic is not None or opponent is not None):
        raise UsageError(
            "--deterministic, --sampled and --opponent are for checkpoints; recordings stay as they are"
        )
