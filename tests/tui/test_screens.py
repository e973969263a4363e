"""The screens as text, at three sizes and in ASCII, as they are stored in tests/tui/golden.

With `ARCADE_RL_GOLDEN=write` they are stored anew, after which somebody must look at them.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cockpit import Screenful
from tui.test_films_view import make_films

from arcade_rl.runs.making import making
from arcade_rl.tui import app as app_module
from arcade_rl.tui.app import Cockpit, CockpitOptions
from arcade_rl.tui.demo import make_demo
from arcade_rl.tui.start_view import StartView

GOLDEN = Path(__file__).parent / "golden"
IS_WRITING = os.environ.pop("ARCADE_RL_GOLDEN", "") == "write"
"""Commands that the cockpit starts would take the variable for a key of the configuration."""
NOW = 1_790_000_000.0
SIZES = ((80, 24), (120, 40), (200, 60))
SCREENS = {
    "runs": ((), "learned-slower"),
    "run": (("down", "down", "enter"), "last failure"),
    "episodes": (("3",), "recorded episodes"),
    "films": (("4", "down"), "one.gif.png"),
    "start": (("5",), "valid; "),
    "help": (("question_mark",), "Keys on the screen"),
}
CASES = [(name, size, False) for name in SCREENS for size in SIZES]
CASES += [(name, (80, 24), True) for name in SCREENS]


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Made-up runs that are always of the same age."""
    root = tmp_path_factory.mktemp("still")
    make_demo(root, NOW)
    videos = root / "half-way" / "videos"
    make_films(videos)
    zone = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    with making(videos / "timelapse.mp4") as folder:
        (folder / "01.mp4").write_bytes(bytes(400_000))
        os.utime(folder / "01.mp4", (NOW, NOW))
        yield root
    os.environ.pop("TZ")
    if zone is not None:
        os.environ["TZ"] = zone
    time.tzset()


@pytest.fixture(autouse=True)
def looked_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are read when a test asks for it, so that a slow machine is at rest at some time, too."""
    monkeypatch.setattr(app_module, "LOOK_INTERVAL_S", 3600.0)


async def screen_of(root: Path, name: str, size: tuple[int, int], is_ascii: bool) -> list[str]:
    keys, last = SCREENS[name]
    app = Cockpit(CockpitOptions(root, is_ascii=is_ascii))
    async with app.run_test(size=size) as pilot:
        screen = Screenful(app, pilot)
        await screen.settle()
        if name == "start":
            view = app.view("start")
            assert isinstance(view, StartView)
            view.form.choose("toy")
            view.form.set("train.n_envs", "4")
            view._check_soon()
        await screen.press(*keys)
        await screen.shows(last)
        return await screen.settled()


@pytest.mark.parametrize(
    ("name", "size", "is_ascii"),
    CASES,
    ids=[f"{n}-{w}x{h}{'-ascii' if a else ''}" for n, (w, h), a in CASES],
)
def test_a_screen_is_as_it_was(
    still: Path, name: str, size: tuple[int, int], is_ascii: bool
) -> None:
    lines = asyncio.run(screen_of(still, name, size, is_ascii))
    assert len(lines) == size[1]
    assert max(map(len, lines)) <= size[0]
    if is_ascii:
        assert "\n".join(lines).isascii()
    text = "\n".join(lines).rstrip() + "\n"
    path = GOLDEN / f"{name}-{size[0]}x{size[1]}{'-ascii' if is_ascii else ''}.txt"
    if IS_WRITING:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()


def test_without_colours_the_band_of_a_curve_is_dots(
    still: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_colours = asyncio.run(screen_of(still, "run", (80, 24), False))
    monkeypatch.setenv("NO_COLOR", "1")
    without = asyncio.run(screen_of(still, "run", (80, 24), False))
    assert not any("....." in line for line in with_colours)
    assert any("....." in line for line in without)
