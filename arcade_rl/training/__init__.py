"""The chunk as a function: (checkpoint, chunk spec) -> (checkpoint, episodes, measurements)."""
