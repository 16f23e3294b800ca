"""What needs a person, who is told of it, and that something is told even when nothing runs."""
