"""Four small games for arcade_rl: one of each adapter, and one of two seats."""
