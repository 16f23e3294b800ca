"""From the batches in force to a publication."""
