"""The durable record under every room of the house, and the settings to reach it."""
