"""arcade_rl: train agents to play games in crash-proof chunks, and show people how they learn."""

from __future__ import annotations

import os

# pydantic asks every installed distribution for plugins, and one whose files are damaged ends it.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

TYPE_CHECKING = False  # typing's own would be imported, and Ctrl-C is not heard before `__main__`
if TYPE_CHECKING:
    from arcade_rl.playback.library import Episode, Run

__version__ = "0.1.0"
__all__ = ["Episode", "Run", "__version__"]


def __getattr__(name: str) -> object:
    """Import what notebooks use when they use it, so that the command line starts without numpy."""
    if name in ("Episode", "Run"):
        from arcade_rl.playback import library

        return getattr(library, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Names of this module, with those that are imported on first use."""
    return sorted({*globals(), *__all__})
