"""One pull, from the first request to the last receipt."""
