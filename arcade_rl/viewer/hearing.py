"""What is heard of an episode on show: its own sound at speed 1, and nothing at any other time."""

from __future__ import annotations

from arcade_rl.contracts import Declaration
from arcade_rl.playback.replay import Moment
from arcade_rl.viewer.speaker import Speaker


class Sound:
    """Lets the episode on show be heard. The device is opened for the first game that has sound.
    Close the sound after use."""

    def __init__(self) -> None:
        self.speaker: Speaker | None = None
        """What is heard through; None before there was a game with sound."""
        self._is_muted = False

    def begin(self, declaration: Declaration) -> bool:
        """Prepare for the sound of a game; returns whether it can be heard."""
        if not declaration.sound_rate:
            return False
        if self.speaker is None:
            self.speaker = Speaker()
        self.speaker.is_muted = self._is_muted
        self.speaker.begin(declaration.sound_rate, declaration.sound_channels)
        return self.speaker.is_there

    def take(self, moment: Moment, frame: int, late_s: float) -> None:
        """Let a frame be heard, from 0 in its step, which is shown at speed 1. `late_s`: time since
        the frame was due, s."""
        if self.speaker is not None:
            self.speaker.play_frame(moment.sound, frame, len(moment.frames), late_s)

    def rest(self, is_at_end: bool = False) -> None:
        """Be silent, as the episode rests or passes at another speed; at its end, once the last
        frames have been heard."""
        if self.speaker is not None and is_at_end:
            self.speaker.finish()
        elif self.speaker is not None:
            self.speaker.stop()

    def change(self) -> str:
        """Mute, or let be heard again; returns what is the case now, in words."""
        if self.speaker is None:
            return "this game has no sound"
        if not self.speaker.is_there:
            return f"no sound device: {self.speaker.trouble}"
        self._is_muted = not self._is_muted
        self.speaker.is_muted = self._is_muted
        self.speaker.stop()
        return "sound off" if self._is_muted else "sound on"

    def close(self) -> None:
        """Give the device back."""
        if self.speaker is not None:
            self.speaker.close()
