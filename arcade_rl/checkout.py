"""The checkout that this program runs from, if it runs from one: plugins that are there and perhaps
not installed, and advice on how to install them.

Nothing advises to install a plugin by its name from a package index: what has that name there is not
ours.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
"""Folder that holds the package: the checkout, or where pip installs packages."""


def is_checkout() -> bool:
    """Whether this program runs from a checkout of the project."""
    return (ROOT / "scripts" / "setup").is_file() and (ROOT / "plugins").is_dir()


def folder_of(name: str, group: str) -> Path | None:
    """Folder of the checkout's plugin that has an entry point `name` in `group`; None if there is
    none."""
    return next((folder for folder, project in _plugins() if name in _names(project, group)), None)


def how_to_install(folder: Path) -> str:
    """The commands that install a plugin of the checkout."""
    plugin = folder.relative_to(ROOT)
    return f"in {ROOT} run scripts/setup all (or: pip install ./{plugin} -c constraints.txt)"


def how_to_get_games() -> str:
    """What to do where no game is installed."""
    if is_checkout():
        return f"in {ROOT} run scripts/setup demo, or scripts/setup all"
    return "install the wheel of a game that was built from the project's checkout"


def _plugins() -> Iterator[tuple[Path, dict[str, Any]]]:
    """Folder and metadata of each plugin of the checkout. What is not readable is passed over: the
    plugin is not installed, and nothing depends on it."""
    for path in sorted(ROOT.glob("plugins/*/pyproject.toml")) if is_checkout() else ():
        try:
            project = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
        except (OSError, ValueError):
            continue
        yield path.parent, project


def _names(project: dict[str, Any], group: str) -> list[str]:
    return list(project.get("entry-points", {}).get(group, {}))
