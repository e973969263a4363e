"""The run directory: paths, database, checkpoints on disk, locks, control requests. Needs no torch."""
