"""What a run began with, where it did not begin untrained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Imported:
    """The model that a run began with, which was trained elsewhere."""

    file: str
    """Name of the model's file, without its folder."""
    sha256: str
    """SHA-256 of the file, as hexadecimal digits."""
    steps: int
    """Steps that the model was trained for elsewhere."""
    saved_by: str
    """Version of Stable-Baselines3 that saved the file; "" where the file does not say."""

    @property
    def label(self) -> str:
        """The untouched beginning of the run, as films call it."""
        return "as imported"

    @property
    def words(self) -> str:
        """Where the run comes from."""
        return f"imported from {self.file}"


@dataclass(frozen=True, slots=True)
class Fork:
    """The checkpoint of another run that a run began with."""

    run: str
    """Name of the other run when the fork was made."""
    created: float
    """When the other run was made, in seconds since the epoch: a run keeps this when it is
    renamed."""
    chunk: int
    """Chunk that the checkpoint ends."""
    steps: int
    """Steps of the other run at the checkpoint."""
    weights_sha256: str
    """SHA-256 over weights and optimizer state, as checkpoints have it."""

    @property
    def label(self) -> str:
        """The untouched beginning of the run, as films call it."""
        return f"as in {self.run}"

    @property
    def words(self) -> str:
        """Where the run comes from."""
        return f"forked from {self.run}@{self.chunk}"


Origin: TypeAlias = Imported | Fork
"""What a run began with."""
