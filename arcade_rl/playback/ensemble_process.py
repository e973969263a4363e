"""An ensemble in a process of its own, so that no emulator can hold up a window.

Whoever shows the ensemble sends orders, and each is answered by a report and a picture. The process
ends with the connection, or with the process that started this one.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

import numpy as np

from arcade_rl.contracts import Frame
from arcade_rl.envs.parent import die_with
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.theme import theme
from arcade_rl.playback.ensemble import Ensemble, EnsembleEntry, Kind, LaneStanding
from arcade_rl.playback.game_host import ended_by

PROGRAM = "from arcade_rl.playback.ensemble_process import main; main()"
NICENESS = 5
"""How far the process stands back behind others: a training goes first."""


@dataclass(frozen=True, slots=True)
class EnsembleOrder:
    """What the ensemble is to do, and how it is drawn afterwards."""

    size: tuple[int, int]
    """(width, height) of the picture, pixel."""
    theme_name: str
    signs: str
    chosen: int = 0
    """Place of the episode that is marked."""
    frames: int = 0
    """Frames of the game to go on by."""
    seek: int | None = None
    """Step to go to in every episode; None for none."""
    entries: Mapping[int, EnsembleEntry] = field(default_factory=dict)
    """Episodes to show from now on, or longer than before, by place."""


@dataclass(frozen=True, slots=True)
class EnsembleReport:
    """What the ensemble shows after an order."""

    lanes: dict[int, LaneStanding]
    boxes: list[Rect]
    """Where the episodes are in the picture, in the order of their places."""
    is_seeking: bool
    is_apart: bool
    """Whether ghosts are shown side by side."""


class EnsembleProcess:
    """The process, as its parent has it. Close the process after use."""

    def __init__(self, kind: Kind) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            words = [kind, str(theirs.fileno()), str(os.getpid())]
            self._process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, *words],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        self._connection = Connection(ours.detach())
        self.is_busy = False
        """Whether an order is not answered yet."""

    @property
    def pid(self) -> int:
        """Id of the process."""
        return self._process.pid

    def send(self, order: EnsembleOrder) -> None:
        """Give an order; the one before must be answered. OSError if the process is gone."""
        assert not self.is_busy, "one order at a time"
        self._connection.send(order)
        self.is_busy = True

    def receive(self) -> tuple[EnsembleReport, Frame] | None:
        """The answer, once it is there: what is shown, and the picture, (height, width, 3), uint8,
        RGB. OSError or EOFError if the process is gone."""
        if not self.is_busy or not self._connection.poll():
            return None
        report, shape = self._connection.recv()
        picture = np.frombuffer(self._connection.recv_bytes(), np.uint8).reshape(shape)
        self.is_busy = False
        return report, picture

    def end(self) -> str:
        """What ended the process, which is gone or going, as people read it."""
        return ended_by(self._process.wait())

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._connection.close()


def serve(kind: Kind, connection: Connection) -> None:
    """Obey orders until the connection ends."""
    ensemble = Ensemble(kind)
    try:
        while True:
            order = connection.recv()
            report, picture = obey(ensemble, order)
            connection.send((report, picture.shape))
            connection.send_bytes(np.ascontiguousarray(picture).reshape(-1).data)
    except (EOFError, OSError):
        return  # whoever showed the ensemble has left
    finally:
        ensemble.close()


def obey(ensemble: Ensemble, order: EnsembleOrder) -> tuple[EnsembleReport, Frame]:
    """Do what an order says."""
    ensemble.take(order.entries)
    ensemble.open_next()
    if order.seek is not None:
        ensemble.seek(order.seek)
    ensemble.advance(order.frames)
    colours = theme(order.theme_name, order.signs)
    picture, boxes = ensemble.draw(order.size, colours, order.chosen)
    lanes = ensemble.standings()
    return EnsembleReport(lanes, boxes, ensemble.is_seeking, ensemble.is_apart), picture


def main() -> None:
    kind, descriptor, parent = sys.argv[1:]
    die_with(int(parent))
    os.nice(NICENESS)
    with Connection(int(descriptor)) as connection:
        serve("wall" if kind == "wall" else "ghosts", connection)
