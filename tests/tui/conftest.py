"""What the tests of the cockpit share: a folder with a real run, made-up runs, and a screen."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from cockpit import Screenful

from arcade_rl.tui.app import Cockpit, CockpitOptions
from arcade_rl.tui.demo import make_demo

Opened = Callable[..., AbstractAsyncContextManager[Screenful]]


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings of a test are its own."""
    folder = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the demo. To be read only: `made_up_copy` is one to change."""
    root = tmp_path_factory.mktemp("made-up")
    make_demo(root)
    return root


@pytest.fixture
def made_up_copy(made_up: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made_up, tmp_path / "made-up"))


@pytest.fixture
def cockpit() -> Opened:
    """Opens the cockpit on a folder of runs, without a terminal."""

    @asynccontextmanager
    async def opened(
        root: Path, size: tuple[int, int] = (120, 40), **options: bool
    ) -> AsyncIterator[Screenful]:
        app = Cockpit(CockpitOptions(root, root, **options))
        async with app.run_test(size=size, notifications=True) as pilot:
            screenful = Screenful(app, pilot)
            if any(root.iterdir()):
                await screenful.settle()
            yield screenful

    return opened
