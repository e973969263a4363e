"""Films: pictures and sound into files that players and browsers show."""
