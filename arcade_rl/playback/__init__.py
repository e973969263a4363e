"""The projection room. A source, such as a recording or a checkpoint that plays, is opened as a
session; a session goes to any step of its episode and makes scenes of the step. Faces turn scenes
into pixels, bytes or JSON and own nothing else. Checkpoints are measured here too."""
