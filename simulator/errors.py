"""The simulator's one error."""


class SimulatorError(Exception):
    """The simulator cannot do what was asked; one line that says what, where and what to do."""
