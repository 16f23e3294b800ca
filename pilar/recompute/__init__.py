"""The ministry's lists of results, computed again."""
