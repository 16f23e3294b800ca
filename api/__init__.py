"""The interface for machines: publications over HTTP, read-only, and a check of files before they are sent."""
