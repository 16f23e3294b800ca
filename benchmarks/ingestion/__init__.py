"""Ingestion, beside its floor and beside dlt. ``python -m benchmarks.ingestion``; see the README one folder up."""
