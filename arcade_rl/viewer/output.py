"""What a window writes when somebody presses a key: clips and screenshots."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from arcade_rl.overlay.layout import Detail
from arcade_rl.playback.thumbnail import write_png
from arcade_rl.viewer.clip import ClipJob, ClipOrder

if TYPE_CHECKING:
    from arcade_rl.viewer.viewer import Viewer


class Output:
    """The clips and screenshots of one window."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self.clip_start: int | None = None
        """Steps before the clip that was started; None where none was."""
        self.clips: list[ClipJob] = []
        """The clips that are being written."""

    def write_clip(self, end: int) -> None:
        """Let the exporter write the clip that was started, up to the moment after `end` steps.
        Errors are those of a process that cannot be started."""
        viewer, start = self._viewer, self.clip_start
        assert start is not None, "a clip was started"
        assert viewer.options.export is not None, "clips can be written"
        self.clip_start = None
        out = self.free_path(f"clip_{start}-{end}", ".mp4")
        order = ClipOrder(
            viewer.programme.reference, start, end, out, self._clip_detail(), viewer.look.theme_name,
            viewer.look.signs, viewer.options.camera,
        )  # fmt: skip
        self.clips.append(ClipJob(order, viewer.options.export(order)))
        viewer.say(f"writing {out}")

    def poll(self) -> None:
        """Say what became of clips that are written."""
        for clip in list(self.clips):
            if (result := clip.result()) is not None:
                self.clips.remove(clip)
                self._viewer.say(result, urgent=result.startswith("no "))

    def free_path(self, name: str, suffix: str) -> Path:
        """A path in the folder of clips and screenshots that no file has yet."""
        folder = self._viewer.options.folder
        if not folder.parent.is_dir():
            folder = Path()  # the run was deleted
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"{self._viewer.programme.name}_{name}"
        stem = stem.replace(":", "_").replace(", ", "_").replace(" ", "_")
        path, count = folder / f"{stem}{suffix}", 1
        while path.exists():
            count += 1
            path = folder / f"{stem}_{count}{suffix}"
        return path

    def write_screenshot(self, path: Path) -> None:
        """Write what the window shows as PNG."""
        write_png(path, self._viewer.draw())

    def _clip_detail(self) -> Detail:
        """The overlay of a clip: films have all panels only where the policy is known."""
        lacks_panels = self._viewer.look.detail == "full" and self._viewer.lacks_policy
        return "minimal" if lacks_panels else self._viewer.look.detail
