"""`arcade-rl play`: a person plays a game in a window, and the game is recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from arcade_rl.cli.appearance import CAMERA, SIGNS, THEME, overlay
from arcade_rl.cli.examples import examples
from arcade_rl.cli.train import RUNS_DIR, SEED, SET_OPTIONS
from arcade_rl.cli.watch import MUTE
from arcade_rl.errors import UsageError

WAY_OUT = "play on a desktop, or run this through `xvfb-run -a` where a program presses the keys"
"""What to do where no display is found."""


@click.command(
    epilog=examples(
        "arcade-rl play breakout",
        "arcade-rl play breakout --set options.observation=pixels --seed 7",
    )
)
@click.argument("game", metavar="GAME")
@SET_OPTIONS
@click.option("--seed", type=SEED, help="Seed of the games; another one each time by default.")
@click.option(
    "--opponent",
    metavar="NAME|RUN@CKPT",
    help="Who sits opposite: one of the game's own, a checkpoint, or `person` beside you.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where the first game is recorded; by default in plays/, by game and time.",
)
@overlay("full")
@THEME
@SIGNS
@CAMERA
@MUTE
@RUNS_DIR
def play(
    game: str, assignments: tuple[str, ...], seed: int | None, opponent: str | None,
    output: Path | None, detail: Any, theme: str, signs: str, camera: str | None, mute: bool,
    runs_dir: str | None,
) -> None:  # fmt: skip
    """Play GAME yourself in a window, with the keyboard or a game pad.

    Every game is recorded like an agent's: `episodes verify`, `watch` and `export episode` take its
    file, whose name is printed at the end. Press ? for the keys, F4 to set those of the game.
    """
    from arcade_rl.cli.episodes import expect_place
    from arcade_rl.cli.experiment import resolve_target
    from arcade_rl.cli.output import notice
    from arcade_rl.cli.watch import export_command, show_until_closed
    from arcade_rl.playback.driving import controls_of
    from arcade_rl.playback.game import check_camera
    from arcade_rl.playback.references import find_opponent
    from arcade_rl.recording.format import SUFFIX
    from arcade_rl.viewer.driving import Match, any_seed
    from arcade_rl.viewer.memory import remembered_size
    from arcade_rl.viewer.viewer import Viewer, ViewerOptions
    from arcade_rl.viewer.window import ViewerWindow

    resolved = resolve_target(game, assignments)
    controls_of(resolved)
    if camera is not None:
        check_camera(camera, resolved.game.name, resolved.declaration)
    if output is not None:
        if not output.name.endswith(SUFFIX):
            raise UsageError(
                f"--output {output} would be a recording; give a name that ends with {SUFFIX}"
            )
        expect_place(output, force=False)
    sits: str | Path | None = opponent
    if opponent is not None and "@" in opponent:
        sits = find_opponent(opponent, resolved, runs_dir)
    match = Match(resolved, sits, any_seed() if seed is None else seed, output)
    options = ViewerOptions(
        detail or "full",
        theme,
        signs,
        camera,
        Path(),
        export_command,
        runs_dir=runs_dir,
        sound=not mute,
    )
    title = f"{resolved.game.name} - arcade_rl"
    window = ViewerWindow(remembered_size(notice), title, way_out=WAY_OUT)
    try:
        show_until_closed(Viewer(match, window, options))
    finally:
        window.close()
