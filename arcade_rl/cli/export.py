"""`arcade-rl export`: films of episodes, milestones and whole trainings."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from arcade_rl.cli.episodes import EPISODE, filters
from arcade_rl.cli.evaluate import OPPONENT
from arcade_rl.cli.train import RUNS_DIR, SEED
from arcade_rl.errors import MissingError, UsageError

if TYPE_CHECKING:
    from arcade_rl.video.clip import Clip
    from arcade_rl.video.look import Look
    from arcade_rl.video.pool import Job

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
            return function(look=_look(values["out"], **asked), **values)

        for option in reversed(options):
            command = option(command)
        return command  # type: ignore[return-value]

    return decorate


def _look(
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
    kind = chosen.format if out is None or _is_folder(out) else format_of(out)
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


@click.group()
def export() -> None:
    """Make films of episodes, milestones and whole trainings."""


FROM = click.option(
    "--from", "origin", type=click.Choice(("checkpoints", "recordings")), default="checkpoints",
    show_default=True, help="Let checkpoints play, or show what training recorded.",
)  # fmt: skip
ACTIONS = click.option(
    "--deterministic/--sampled", default=None,
    help="How checkpoints choose actions; by default as the run's [evaluation] says.",
)  # fmt: skip


@export.command()
@EPISODE
@film_options()
def episode(
    reference: str, look: Look, out: Path | None, force: bool, runs_dir: str | None
) -> None:
    """Make a film of a recorded episode."""
    from arcade_rl.playback.references import find_recorded, open_episode
    from arcade_rl.video.clip import Clip

    number = open_episode(reference, runs_dir).number
    source, videos = find_recorded(reference, runs_dir)
    name = f"episode_{number:06d}"
    target = _target(out, (videos or Path()) / f"{name}{look.encoding.format.suffix}", name, look)
    _make([Clip(target, source, f"episode {number}")], look, force)


@export.command(short_help="Make a film of every recorded episode that filters choose.")
@click.argument("reference", metavar="RUN")
@filters
@film_options()
def batch(
    reference: str, where: tuple[str, ...], look: Look, out: Path | None, force: bool,
    runs_dir: str | None, **wanted: Any,
) -> None:  # fmt: skip
    """Make a film of every recorded episode that the filters of `episodes list` choose."""
    from arcade_rl.playback.library import Run, select
    from arcade_rl.playback.sources import RecordedSource
    from arcade_rl.runs.episodes import find_episodes
    from arcade_rl.video.clip import Clip

    run = Run(reference, runs_dir).directory
    rows = list(find_episodes(run, select(*where, **wanted)))
    if not rows:
        raise MissingError(
            f"{run.name} has no recorded episode that meets all that; see `arcade-rl episodes list`"
        )
    folder = _folder(out, run.videos)
    _make(
        [
            Clip(
                path=folder / f"episode_{row.number:06d}{look.encoding.format.suffix}",
                source=RecordedSource(run.path, row.number),
                title=f"episode {row.number}",
                episode=k,
                episodes=len(rows),
            )
            for k, row in enumerate(rows, 1)
        ],
        look,
        force,
    )


@export.command()
@click.argument("reference", metavar="RUN")
@click.option(
    "--every",
    type=Percent(),
    help="Of the milestones of the run those at every 20%, say; else all.",
)
@click.option(
    "--when", multiple=True, metavar="CONDITION",
    help='Also when an episode first met it, such as "score>=100". Repeatable.',
)  # fmt: skip
@click.option(
    "--clip-seconds", type=Ratio(), help="Cut every clip off after so long; else it is whole."
)
@FROM
@ACTIONS
@OPPONENT
@film_options()
def milestones(
    reference: str, every: Fraction | None, when: tuple[str, ...], clip_seconds: Fraction | None,
    origin: Any, deterministic: bool | None, opponent: str | None, look: Look, out: Path | None, force: bool,
    runs_dir: str | None,
) -> None:  # fmt: skip
    """Make the film of a run's milestones, and a clip of each.

    The checkpoint of each milestone plays an episode, all with the same seed.
    """
    from arcade_rl.playback import milestones as shown
    from arcade_rl.playback.references import find_opponent
    from arcade_rl.runs.experiment import open_run
    from arcade_rl.video.milestones import clips_of

    _refuse_choices(origin, deterministic, opponent)
    run, resolved = open_run(reference, runs_dir)
    points = shown.percentages(run, resolved, every, origin)
    points += [shown.passing(run, condition, origin) for condition in when]
    points.sort(key=lambda one: (one.chunk, one.episode is None, one.episode or 0))
    target = _target(
        out, run.videos / f"milestones{look.encoding.format.suffix}", "milestones", look
    )
    chosen = resolved.config.evaluation.deterministic if deterministic is None else deterministic
    clips = clips_of(
        run, resolved, points, origin, target.with_suffix(""), look.encoding.format.suffix, look.appearance.needs_policy,
        chosen, clip_seconds, find_opponent(opponent, resolved, runs_dir),
    )  # fmt: skip
    _join(target, clips, look, force, keep=True)


@export.command(short_help="Show the training from its recorded episodes.")
@click.argument("reference", metavar="RUN")
@click.option("--total-seconds", type=Ratio(), default="60", show_default=True)
@film_options(speed="4")
def timelapse(
    reference: str, total_seconds: Fraction, look: Look, out: Path | None, force: bool,
    runs_dir: str | None,
) -> None:  # fmt: skip
    """Show the training from start to end, from the episodes that it recorded.

    With the full overlay these are episodes whose checkpoint is kept.
    """
    from arcade_rl.cli.output import notice
    from arcade_rl.runs.experiment import open_run
    from arcade_rl.video.timelapse import clips_of

    run, resolved = open_run(reference, runs_dir)
    target = _target(out, run.videos / f"timelapse{look.encoding.format.suffix}", "timelapse", look)
    clips = clips_of(run, resolved, total_seconds, look, target.with_suffix(""))
    seconds = _join(target, clips, look, force, keep=False)
    if seconds < 0.99 * float(total_seconds):
        notice(
            f"{target} lasts {seconds:.0f} of {float(total_seconds):.0f} seconds: at speed "
            f"{float(look.speed):g} there are no more recordings to show"
        )


@export.command(short_help="Show milestones of a run side by side.")
@click.argument("reference", metavar="RUN")
@click.option("--panes", type=click.IntRange(2, 4), default=4, show_default=True)
@FROM
@ACTIONS
@OPPONENT
@click.option("--pace", type=click.Choice(("step", "own")), default="own", show_default=True)
@film_options(detail="minimal")
def progression(
    reference: str, panes: int, origin: Any, deterministic: bool | None, opponent: str | None, pace: Any,
    look: Look, out: Path | None, force: bool, runs_dir: str | None,
) -> None:  # fmt: skip
    """Show milestones of a run side by side, from its start to where it is now."""
    from arcade_rl.playback import milestones as shown
    from arcade_rl.playback.references import find_opponent
    from arcade_rl.runs.experiment import open_run
    from arcade_rl.video.panes import Pane, SideBySide

    _refuse_choices(origin, deterministic, opponent)
    run, resolved = open_run(reference, runs_dir)
    points = shown.spread(shown.percentages(run, resolved, None, origin), panes)
    chosen = resolved.config.evaluation.deterministic if deterministic is None else deterministic
    sources = shown.sources(
        run, resolved, points, origin, look.appearance.needs_policy, chosen,
        find_opponent(opponent, resolved, runs_dir),
    )  # fmt: skip
    target = _target(
        out, run.videos / f"progression{look.encoding.format.suffix}", "progression", look
    )
    beside = [Pane(source, one.label) for one, source in zip(points, sources, strict=True)]
    _make([SideBySide(target, tuple(beside), "progression", pace)], look, force)


@export.command()
@click.argument("references", metavar="A B [C [D]]", nargs=-1)
@click.option("--seed", type=SEED, help="Of the episodes that checkpoints play.")
@ACTIONS
@OPPONENT
@click.option(
    "--pace", type=click.Choice(("step", "own")), default="own", show_default=True,
    help="Decision by decision, or each at the rate of its game.",
)  # fmt: skip
@film_options(detail="minimal")
def compare(
    references: tuple[str, ...], seed: int | None, deterministic: bool | None, opponent: str | None, pace: Any,
    look: Look, out: Path | None, force: bool, runs_dir: str | None,
) -> None:  # fmt: skip
    """Show two to four runs, checkpoints or episodes side by side.

    Each is RUN, RUN@CKPT, RUN:EPISODE or the file of an episode.
    """
    from arcade_rl.playback.references import find_source
    from arcade_rl.playback.sources import PlayedSource
    from arcade_rl.video.panes import Pane, SideBySide, check_count

    check_count(len(references))
    panes = [
        Pane(find_source(reference, runs_dir, seed, deterministic, opponent), Path(reference).name)
        for reference in references
    ]
    target = _target(out, Path(f"compare{look.encoding.format.suffix}"), "compare", look)
    is_chosen = any(choice is not None for choice in (seed, deterministic, opponent))
    if is_chosen and not any(isinstance(pane.source, PlayedSource) for pane in panes):
        raise UsageError(
            "--seed, --deterministic, --sampled and --opponent are of checkpoints; none plays here"
        )
    _make([SideBySide(target, tuple(panes), "comparison", pace)], look, force)


def _refuse_choices(origin: str, deterministic: bool | None, opponent: str | None) -> None:
    """UsageError if how actions are chosen, or an opponent, is named for recordings."""
    if origin == "recordings" and (deterministic is not None or opponent is not None):
        raise UsageError(
            "--deterministic, --sampled and --opponent are of checkpoints; recordings are as they are"
        )


def _is_folder(out: Path) -> bool:
    """Whether `--out` means a directory."""
    return out.is_dir() or not out.suffix


def _target(out: Path | None, default: Path, name: str, look: Look) -> Path:
    """The file that `--out` means; a directory gets one named `name`."""
    if out is None:
        return default
    return out / f"{name}{look.encoding.format.suffix}" if _is_folder(out) else out


def _folder(out: Path | None, default: Path) -> Path:
    if out is not None and not _is_folder(out):
        raise UsageError(f"--out {out} is a file; expected a directory for several films")
    return out or default


def _make(jobs: Sequence[Job], look: Look, force: bool) -> None:
    """Make every job a film of its own."""
    from arcade_rl.cli.counter import counted
    from arcade_rl.video.production import make_films

    with counted("clips") as progress:
        make_films(jobs, look, force, progress)
    for job in jobs:
        click.echo(job.path)


def _join(target: Path, clips: Sequence[Clip], look: Look, force: bool, keep: bool) -> float:
    """Make one film, and return its duration in seconds. With `keep` the clips stay, in a directory
    beside the film."""
    from arcade_rl.cli.counter import counted
    from arcade_rl.video.production import make_film

    with counted("clips") as progress:
        facts = make_film(target, clips, look, force, keep, progress)
    click.echo(target)
    return float(facts.seconds)
