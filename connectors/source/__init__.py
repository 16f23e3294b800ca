"""The language of a source file, and its proof against the code."""
