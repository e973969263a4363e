"""Episodes as their causes: the file format, the recorder, and the reader."""
