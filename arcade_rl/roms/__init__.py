"""The user's own ROMs: what a file is, which one that is, and where it lies. Which exist, plugins declare.

Plugins look theirs up with `rom_path`.
"""

from arcade_rl.roms.directory import rom_path, roms_directory

__all__ = ["rom_path", "roms_directory"]
