"""What a score means: why it is what it is, what would change it, and how sure it is."""
