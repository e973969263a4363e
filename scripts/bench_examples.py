"""What the example games learn with the configurations that they ship, over seeds.

    .venv/bin/python scripts/bench_examples.py [pong acrobot ...] [--seeds 3] [--runs-dir DIR] [--write]

Trains `arcade-rl train GAME:quick` with seeds 0, 1, 2, one run after the other, as the machine is. Prints the
mean of the game's main metric in each tenth of the training, by seed, the time that a run took and its steps
a second. `--write` writes what was measured into docs/games/measured: a page with the table, the learning
curves as a picture, and a picture of a film of the first seed's last episode; and then
docs/games/GAME.md. Runs that are finished in DIR are not trained again.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

GAMES = ("acrobot", "four", "pong", "airstriker")
"""Every example, those that take the least time first."""
PAGES = Path(__file__).parent.parent / "docs" / "games"
MEASURED = PAGES / "measured"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
FINISHED = "finished"


def arcade_rl(*words: str) -> str:
    """What a command writes; the script ends where it fails."""
    command = [sys.executable, "-m", "arcade_rl", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout


def trained(game: str, seed: int, runs: Path, words: list[str]) -> dict[str, Any]:
    """What `runs show` says of a run, which is trained to its end unless that was done."""
    name, place = f"{game}-{seed}", ["--runs-dir", str(runs)]
    settings = [part for word in [f"seed={seed}", *words] for part in ("--set", word)]
    if not (runs / name).exists():
        arcade_rl("train", f"{game}:quick", "--run", name, *settings, *place)
    elif shown(name, runs)["state"] != FINISHED:
        arcade_rl("resume", name, *place)
    return shown(name, runs)


def shown(name: str, runs: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        arcade_rl("runs", "show", name, "--json", "--runs-dir", str(runs))
    )
    return found


def curve(run: dict[str, Any]) -> list[tuple[int, float]]:
    """(steps of the run, mean of the main metric over the episodes that ended in the chunk) of every
    chunk in which one ended."""
    return [
        (chunk["steps"], chunk["metrics"][run["metric"]])
        for chunk in run["chunks"]
        if chunk["episodes"]
    ]


def seconds(run: dict[str, Any]) -> float:
    return float(sum(chunk["seconds"] for chunk in run["chunks"]))


def table(runs: list[dict[str, Any]]) -> list[list[str]]:
    """Heading and rows: steps, and the metric of each seed."""
    rows = [["steps", *(f"seed {run['seed']}" for run in runs), "mean"]]
    curves = [dict(curve(run)) for run in runs]
    for chunk in runs[0]["chunks"]:
        steps = chunk["steps"]
        values = [found.get(steps) for found in curves]
        known = [value for value in values if value is not None]
        mean = f"{statistics.mean(known):.2f}" if len(known) == len(values) else "-"
        cells = ["-" if value is None else f"{value:.2f}" for value in values]
        rows.append([f"{steps:,}", *cells, mean])
    return rows


def took(runs: list[dict[str, Any]]) -> str:
    """How long the runs took, in words."""
    times = [seconds(run) for run in runs]
    rates = [run["steps"] / time for run, time in zip(runs, times, strict=True)]
    return (
        f"{min(times) / 60:.1f} to {max(times) / 60:.1f} minutes a run, "
        f"{min(rates):,.0f} to {max(rates):,.0f} steps a second"
    )


def draw(game: str, runs: list[dict[str, Any]], path: Path) -> None:
    """Draw the curves of all seeds."""
    figure = Figure(figsize=(7.2, 3.6), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for colour, run in zip(COLOURS, runs, strict=False):
        steps, values = zip(*curve(run), strict=True)
        axes.plot(steps, values, "o-", color=colour, ms=4, lw=1.6, label=f"seed {run['seed']}")
    axes.set_xlabel("steps")
    axes.set_ylabel(f"mean {runs[0]['metric'].replace('_', ' ')} of a tenth")
    axes.set_title(f"arcade-rl train {game}:quick", fontsize=11)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(path)


def film_picture(run: dict[str, Any], runs: Path, path: Path) -> str:
    """Write a picture of a film of the last recorded episode. Returns the name of the episode."""
    place = ["--runs-dir", str(runs)]
    words = ["--sort", "-number", "--limit", "1", "--json", *place]
    (last,) = json.loads(arcade_rl("episodes", "list", run["name"], *words))
    number = last["number"]
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.mp4"
        words = ["--clip-seconds", "2", "--preset", "debug-720p", "--overlay", "full"]
        arcade_rl(
            "export", "episode", f"{run['name']}:{number}", *words, "--out", str(film), *place
        )
        shutil.copyfile(film.with_name(f"{film.name}.png"), path)
    return f"{run['name']}:{number}"


def write(game: str, runs: list[dict[str, Any]], folder: Path) -> None:
    """Write what was measured, and the page of the game."""
    MEASURED.mkdir(exist_ok=True)
    draw(game, runs, MEASURED / f"{game}-curve.png")
    episode = film_picture(runs[0], folder, MEASURED / f"{game}-film.png")
    heading, *rows = table(runs)
    lines = [
        "## What is learned",
        "",
        f"`arcade-rl train {game}:quick` over {len(runs)} seeds, measured by `scripts/bench_examples.py`. "
        f"A row is the mean `{runs[0]['metric']}` of the episodes that ended in that tenth of the training.",
        "",
        f"| {' | '.join(heading)} |",
        f"|{'---|' * len(heading)}",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
        f"![Learning curves of {len(runs)} seeds](measured/{game}-curve.png)",
        "",
        f"![A picture of the film of episode {episode}](measured/{game}-film.png)",
        "",
    ]
    measured = MEASURED / f"{game}.markdown"  # a part of a page, and no page itself
    measured.write_text("\n".join(lines), encoding="utf-8")
    page = PAGES / f"{game}.md"
    arcade_rl("plugins", "docs", game, "--measured", str(measured), "--output", str(page))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("games", nargs="*", choices=[*GAMES, []], help="default: all")
    parser.add_argument("--seeds", type=int, default=3, choices=range(1, len(COLOURS) + 1))
    parser.add_argument("--set", dest="words", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--runs-dir", type=Path, default=Path("runs") / "examples")
    parser.add_argument("--write", action="store_true", help="write the pages")
    arguments = parser.parse_args()
    for game in arguments.games or GAMES:
        runs = [trained(game, seed, arguments.runs_dir, arguments.words) for seed in range(arguments.seeds)]  # fmt: skip
        print(f"{game}: mean {runs[0]['metric']}; {took(runs)}")
        for row in table(runs):
            print("  ".join(f"{cell:>10}" for cell in row))
        print(flush=True)
        if arguments.write:
            write(game, runs, arguments.runs_dir)


if __name__ == "__main__":
    main()
