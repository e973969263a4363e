"""Play what was trained: checkpoints measured over whole episodes."""
