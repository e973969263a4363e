"""What an agent sees of an emulator: pictures, bytes of memory, or both."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from arcade_rl.contracts import Observations

Bytes = npt.NDArray[np.uint8]


class Observing(ABC):
    """One way to see an emulator. A machine makes an eye of its own from it."""

    stack: int = 1
    """Frames of an observation that the core stacks; `Declaration.frame_stack`."""
    features: tuple[str, ...] = ()
    """Names of the numbers that the agent sees; empty for pictures."""
    reads_memory: bool = False
    """Whether bytes of memory are looked at."""
    has_pictures: bool = False
    """Whether pictures are looked at: an emulator that draws none is quicker."""
    can_be_saved: bool = True
    """Whether nothing of what was seen before is kept here."""

    @property
    @abstractmethod
    def space(self) -> spaces.Space[Any]:
        """Space of an observation, or of one frame where the core stacks."""

    @abstractmethod
    def see(self, pictures: Sequence[Bytes], ram: Bytes, is_first: bool) -> Observations:
        """What the agent sees. `pictures` are the grey pictures of the last frames of a step, (height,
        width) each, and empty where nobody looks at them."""

    def opened(self) -> Observing:
        """This way of seeing, for one machine."""
        return self


class Pictures(Observing):
    """Grey pictures, shrunk by area; each is the maximum of the last two frames of its step, because some
    consoles draw a thing in every other frame."""

    has_pictures = True

    def __init__(self, side: int = 84, stack: int = 4) -> None:
        self.side, self.stack = side, stack

    @property
    def space(self) -> spaces.Space[Any]:
        shape = (self.side, self.side)
        return spaces.Box(0, 255, shape if self.stack > 1 else (1, *shape), np.uint8)

    def see(self, pictures: Sequence[Bytes], ram: Bytes, is_first: bool) -> Observations:
        small = self.shrunk(pictures)
        return small if self.stack > 1 else small[None]

    def shrunk(self, pictures: Sequence[Bytes]) -> Bytes:
        """The maximum of the pictures, shrunk. (side, side), uint8."""
        import cv2

        whole = pictures[0] if len(pictures) == 1 else np.maximum(pictures[-2], pictures[-1])
        size = (self.side, self.side)
        return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8)


class Ram(Observing):
    """Bytes of memory, each divided by `scale`. With a `stack` the agent sees those of the last few steps
    too, and so how fast things move."""

    reads_memory = True

    def __init__(
        self, *addresses: int, scale: float = 255.0, names: Sequence[str] = (), stack: int = 1
    ) -> None:
        self.addresses, self.scale, self.stack = np.array(addresses), np.float32(scale), stack
        if stack == 1:
            self.features = tuple(names) or tuple(f"byte {address}" for address in addresses)

    @property
    def space(self) -> spaces.Space[Any]:
        return spaces.Box(0.0, float(255 / self.scale), (len(self.addresses),), np.float32)

    def see(self, pictures: Sequence[Bytes], ram: Bytes, is_first: bool) -> Observations:
        return ram[self.addresses] / self.scale


class Both(Observing):
    """Pictures and bytes: a dict with the keys `pictures` and `ram`."""

    has_pictures = reads_memory = True
    can_be_saved = False

    def __init__(self, pictures: Pictures, ram: Ram) -> None:
        self._pictures, self._ram = pictures, ram
        self._kept = np.zeros((pictures.stack, pictures.side, pictures.side), np.uint8)

    @property
    def space(self) -> spaces.Space[Any]:
        return spaces.Dict(
            {
                "pictures": spaces.Box(0, 255, self._kept.shape, np.uint8),
                "ram": self._ram.space,
            }
        )

    def see(self, pictures: Sequence[Bytes], ram: Bytes, is_first: bool) -> Observations:
        newest = self._pictures.shrunk(pictures)
        self._kept[:-1] = newest if is_first else self._kept[1:].copy()
        self._kept[-1] = newest
        return {"pictures": self._kept, "ram": self._ram.see(pictures, ram, is_first)}

    def opened(self) -> Observing:
        return Both(self._pictures, self._ram)
