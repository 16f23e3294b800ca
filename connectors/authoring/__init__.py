"""Drafts of source files, and documents made from contracts. Nothing here ingests."""
