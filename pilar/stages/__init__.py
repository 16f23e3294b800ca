"""Stages of an evaluation: what is frozen at their end, and what is followed up."""
