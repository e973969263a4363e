"""The window, a client of the projection room. It owns keys, a window and a clock; what it shows is
made by `playback` and drawn by `overlay`."""
