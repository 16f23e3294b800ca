"""The steps of the platform, composed of its rooms, and the command line."""
