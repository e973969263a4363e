"""The window, a client of the projection room. It owns keys, a window and a clock; what it shows is
made by `playback` and drawn by `overlay`."""

import os

# SDL and pygame read these when pygame is imported, which several modules here do.
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
os.environ.setdefault("SDL_VIDEO_X11_WMCLASS", "arcade-rl")  # by which desktops group windows
