"""Queues that messages wait in: one module a kind of broker, each gives messages and acknowledges them when told to."""
