"""Plugins are found by entry point, loaded one at a time, and named when they are broken."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from arcade_rl import checkout
from arcade_rl.errors import MissingError, PluginError
from arcade_rl.registry import configurations, installed, load_game

if TYPE_CHECKING:
    from conftest import PluginDist

HOOK = "from arcade_rl.hookspecs import hookimpl\n@hookimpl\n"

BROKEN = {
    "raises": ("raise ValueError('no config\\nsecond line')", "raised ValueError: no config"),
    "exits": ("import sys; sys.exit('no emulator')", "raised SystemExit: no emulator"),
    "lacks": ("import a_missing_package", "No module named 'a_missing_package'"),
    "misspelt": (HOOK + "def arcade_rl_game(): return []", "arcade_rl_game"),
    "argued": (HOOK + "def arcade_rl_games(config): return []", "config"),
    "hook_raises": (HOOK + "def arcade_rl_games(): return 1 / 0", "raised ZeroDivisionError"),
    "hook_exits": (HOOK + "def arcade_rl_games(): raise SystemExit(3)", "raised SystemExit: 3"),
    "hook_counts": (HOOK + "def arcade_rl_games(): return 3", "raised TypeError"),
    "hookless": ("games = []", "implements no hook arcade_rl_games"),
    "empty": (HOOK + "def arcade_rl_games(): return []", "offers no game named empty"),
    "gameless": (HOOK + "def arcade_rl_games(): return ['pong']", "has no name and no summary"),
    "syntax": ("def", "raised SyntaxError"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_is_named_and_says_why(plugin_dist: PluginDist, name: str) -> None:
    source, message = BROKEN[name]
    plugin_dist(f"plugin_{name}", source, {name: f"plugin_{name}"})
    with pytest.raises(PluginError) as caught:
        load_game(name)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"plugin-{name.replace('_', '-')} 1.0: ")
    assert "\n" not in str(caught.value)
    assert load_game("toy").name == "toy"


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("nothing_is_here", "No module named 'nothing_is_here'"),
        ("json:dumps", "entry point json:dumps is not a module"),
        ("json:dump_it", "has no attribute 'dump_it'"),
    ],
)
def test_an_entry_point_must_point_to_a_module(
    plugin_dist: PluginDist, target: str, message: str
) -> None:
    plugin_dist("plugin_pointless", None, {"pointless": target})
    with pytest.raises(PluginError) as caught:
        load_game("pointless")
    assert message in str(caught.value)


def test_two_distributions_with_one_name_clash(plugin_dist: PluginDist) -> None:
    for distribution in ("first", "second"):
        plugin_dist("plugin_twice", "", {"twice": "plugin_twice"}, distribution)
    with pytest.raises(PluginError, match=r"twice is offered by first 1\.0 and by second 1\.0"):
        load_game("twice")
    assert load_game("toy").name == "toy"


def test_what_is_installed_and_removed_meanwhile_is_noticed(
    plugin_dist: PluginDist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notebook lives on while plugins are installed."""
    made = plugin_dist(
        "plugin_late", HOOK + "def arcade_rl_games(): return []", {"late": "plugin_late"}
    )
    (metadata,) = made.glob("*.dist-info")
    folder = tmp_path / "site"
    folder.mkdir()
    installs = metadata.rename(tmp_path / metadata.name)
    monkeypatch.syspath_prepend(folder)
    for _ in range(2):
        assert "late" not in [game.name for game in installed()]
        installs = installs.rename(folder / metadata.name)
        assert "late" in [game.name for game in installed()]
        installs = installs.rename(tmp_path / metadata.name)


def test_listing_imports_no_plugin(plugin_dist: PluginDist) -> None:
    plugin_dist("plugin_loud", "raise RuntimeError('imported')", {"loud": "plugin_loud"})
    (loud,) = (game for game in installed() if game.name == "loud")
    assert loud.distribution == "plugin-loud 1.0"
    assert loud.module == "plugin_loud"
    assert loud.fault == ""
    assert "plugin_loud" not in sys.modules


def test_configurations_are_found_without_an_import(plugin_dist: PluginDist) -> None:
    folder = plugin_dist(
        "arcade_rl_snake", None, {"snake": "arcade_rl_snake", "tennis": "arcade_rl_snake"}
    )
    configs = folder / "arcade_rl_snake" / "configs"
    (configs / "snake").mkdir(parents=True)
    (configs.parent / "__init__.py").write_text("1 / 0\n")
    (configs / "snake" / "hard.toml").write_text('game = "snake"\n')
    assert configurations("snake") == {"hard": configs / "snake" / "hard.toml"}
    assert configurations("tennis") == {}


def test_a_module_ships_no_configurations() -> None:
    assert configurations("toy") == {}


def test_configurations_of_an_unknown_game_are_missing() -> None:
    with pytest.raises(MissingError, match="did you mean breakout"):
        configurations("breakut")


def test_a_distribution_may_offer_several_games(plugin_dist: PluginDist) -> None:
    names = dict.fromkeys(["toy_nan", "toy_cut"], "arcade_rl_toy_broken")
    plugin_dist("arcade_rl_toy_broken", None, names)
    assert [load_game(name).name for name in names] == list(names)


def test_an_unknown_game_names_the_nearest() -> None:
    with pytest.raises(
        MissingError, match="no installed plugin offers a game named toi; did you mean toy"
    ):
        load_game("toi")


ROMS = """
from arcade_rl.contracts import Rom
from arcade_rl.hookspecs import hookimpl

@hookimpl
def arcade_rl_roms():
    return [Rom("snake-world", "Snake (World)", "World", ("snake-free",), "0" * 40, 16, file_name="snake.bin")]
"""


@pytest.mark.parametrize("name", ["snake", "snake-free", "snake-world"])
def test_a_game_of_which_only_roms_are_there_cannot_be_trained_yet(
    plugin_dist: PluginDist, name: str
) -> None:
    plugin_dist("plugin_snake", ROMS, {}, roms={"snake": "plugin_snake"})
    with pytest.raises(MissingError) as caught:
        load_game(name)
    assert str(caught.value) == (
        f"{name} cannot be trained yet: plugin-snake 1.0 has its ROMs and offers no game; "
        "see `arcade-rl roms list`"
    )


@pytest.mark.parametrize(
    ("group", "later"), [("games", ""), ("roms", " and cannot be trained yet")]
)
def test_a_game_of_the_checkout_that_is_not_installed_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: str, later: str
) -> None:
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    for folder in ("scripts", "plugins/broken", "plugins/table"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "scripts" / "setup").touch()
    (tmp_path / "plugins" / "broken" / "pyproject.toml").write_text("[[[")
    metadata = f'[project.entry-points."arcade_rl.{group}"]\nsnake = "arcade_rl_snake"\n'
    (tmp_path / "plugins" / "table" / "pyproject.toml").write_text(metadata)
    with pytest.raises(MissingError) as caught:
        load_game("snake")
    assert str(caught.value) == (
        f"snake is in this checkout but not installed{later}: in {tmp_path} run scripts/setup all "
        "(or: pip install ./plugins/table -c constraints.txt)"
    )
    with pytest.raises(MissingError, match="no installed plugin offers a game named tetris"):
        load_game("tetris")


def test_nothing_advises_to_install_a_name_from_the_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checkout.is_checkout()
    assert checkout.folder_of("breakout", "arcade_rl.games") == checkout.ROOT / "plugins/breakout"
    here = checkout.how_to_get_games()
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    elsewhere = checkout.how_to_get_games()
    assert "scripts/setup demo" in here
    assert "scripts/setup" not in elsewhere
    assert "pip install" not in here + elsewhere


@pytest.mark.parametrize(("allowed", "names"), [("toy", ["toy"]), ("", []), (" toy , x", ["toy"])])
def test_the_allow_list_hides_all_others(
    plugin_dist: PluginDist, monkeypatch: pytest.MonkeyPatch, allowed: str, names: list[str]
) -> None:
    plugin_dist("plugin_hidden", "raise RuntimeError", {"hidden": "plugin_hidden"})
    monkeypatch.setenv("ARCADE_RL_LOAD_PLUGINS", allowed)
    assert [game.name for game in installed()] == names
    with pytest.raises(MissingError, match="ARCADE_RL_LOAD_PLUGINS allows"):
        load_game("hidden")


def test_a_plugin_is_known_in_other_processes(plugin_dist: PluginDist) -> None:
    plugin_dist("plugin_shared", "", {"shared": "plugin_shared"})
    code = "from arcade_rl.registry import installed; print([game.name for game in installed()])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "'shared'" in out.stdout
    assert "'toy'" in out.stdout
