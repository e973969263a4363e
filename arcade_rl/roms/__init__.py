"""The user's own ROMs: what a file is, which ROM it holds, and where ROMs lie. Plugins declare
which ROMs exist, and find theirs with `rom_path`.
"""

from arcade_rl.roms.directory import rom_path, roms_directory

__all__ = ["rom_path", "roms_directory"]
