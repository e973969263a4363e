"""A plugin that is written for another version of the contract is refused, with both numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from arcade_rl import registry
from arcade_rl.contracts import CONTRACT
from arcade_rl.errors import PluginError
from arcade_rl.registry import installed, load_game

if TYPE_CHECKING:
    from conftest import CommandLine, PluginDist

SOURCE = "raise AssertionError('a game of another version was imported')"


def written_for(version: str, plugin_dist: PluginDist, source: str = SOURCE) -> None:
    folder = plugin_dist("plugin_other", source, {"other": "plugin_other"})
    (points,) = folder.glob("*.dist-info/entry_points.txt")
    with points.open("a") as file:
        file.write(f"[arcade_rl.contract]\n{version} = plugin_other\n")


@pytest.mark.parametrize("version", [str(CONTRACT + 1), "two"])
def test_a_later_version_is_refused(plugin_dist: PluginDist, version: str) -> None:
    written_for(version, plugin_dist)
    with pytest.raises(PluginError) as caught:
        load_game("other")
    assert str(caught.value) == (
        f"plugin-other 1.0 is written for version {version} of the plugin contract; this arcade_rl has "
        f"version {CONTRACT}: install a newer arcade_rl, or an older release of the plugin"
    )
    assert load_game("toy").name == "toy"


def test_an_earlier_version_is_refused_where_it_is_no_longer_played(
    plugin_dist: PluginDist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "CONTRACT", 5)
    monkeypatch.setattr(registry, "OLDEST_CONTRACT", 3)
    written_for("2", plugin_dist)
    with pytest.raises(PluginError, match=r"version 2 of .* has version 5 and plays 3 and later"):
        load_game("other")


def test_an_earlier_version_is_played_from_the_oldest_on(
    plugin_dist: PluginDist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "CONTRACT", 5)
    monkeypatch.setattr(registry, "OLDEST_CONTRACT", 2)
    written_for("2", plugin_dist)
    assert [game.fault for game in installed() if game.name == "other"] == [""]


def test_the_list_names_it_and_hides_no_other(
    arcade_rl: CommandLine, plugin_dist: PluginDist
) -> None:
    written_for(str(CONTRACT + 1), plugin_dist)
    done = arcade_rl("plugins", "list", "--no-load")
    assert done.returncode == 0
    assert f"written for version {CONTRACT + 1} of the plugin contract" in done.stderr
    assert "toy" in done.stdout


def test_this_version_is_played(plugin_dist: PluginDist) -> None:
    written_for(str(CONTRACT), plugin_dist, "import arcade_rl_toy\nfrom arcade_rl_toy import *\n")
    assert [game.fault for game in installed() if game.name == "other"] == [""]


def test_the_page_tells_of_every_version() -> None:
    page = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text()
    table = page.partition("## Versions of the contract\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")]
    assert rows[1:] == [str(number) for number in range(1, CONTRACT + 1)]
