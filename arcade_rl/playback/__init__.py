"""The projection room: from a source, such as a recording or a checkpoint that plays, to a session of
its episode that goes to any step, and from there to scenes. Faces turn scenes into pixels, bytes or JSON
and own nothing else. Checkpoints are measured here too.
"""
