"""The sources of an installation: which there are, how fresh they are, which rows of theirs were refused."""
