"""One module per simulated HTTP system, each a small Starlette application."""
