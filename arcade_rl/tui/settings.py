"""What the cockpit remembers from one time to the next: columns, order, filter, theme."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from arcade_rl.errors import VerificationError
from arcade_rl.reading import ABSENT, read_file
from arcade_rl.runs.fields import built, parsed
from arcade_rl.runs.files import canonical_json, state_folder, write_atomically

USUAL_COLUMNS = (
    "state", "done", "chunk", "steps", "speed", "left", "return", "trend", "metric", "best", "game",
    "started",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CockpitSettings:
    """Content of the file."""

    columns: tuple[str, ...] = USUAL_COLUMNS
    """Columns of the table of runs, besides the name."""
    sort: str = "started"
    is_down: bool = True
    filter: str = ""
    """The last filter of runs, which `/` offers again."""
    theme: str = ""
    """Theme that the user has chosen; "" where the cockpit chooses one that fits the terminal."""
    pinned: str = ""
    """Name of the run that stays on top."""


def settings_file() -> Path:
    """The file, which need not exist."""
    return state_folder() / "tui.json"


def remembered_settings() -> CockpitSettings:
    """The settings of the last time, or the usual ones where there is no file. VerificationError if
    the file is damaged, OSError if it cannot be read; both leave the file as it is."""
    path = settings_file()
    try:
        return built(CockpitSettings, parsed(read_file(path)))
    except ABSENT:
        return CockpitSettings()
    except ValueError as error:
        raise VerificationError(
            f"{path} is not readable: {error}; delete it, or restore it"
        ) from None


def remember_settings(settings: CockpitSettings) -> None:
    """Write the settings for the next time. OSError where that is not possible."""
    path = settings_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, canonical_json(asdict(settings)))
