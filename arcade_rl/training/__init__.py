"""The chunk function: (checkpoint, chunk spec) -> (checkpoint, episodes, measurements)."""
