"""The errors with which the host refuses to start or to load a function."""


class HostError(Exception):
    """The host can't start; the message is for the person at the terminal."""


class FunctionError(Exception):
    """One function can't be loaded; the others run. The message is the host's own."""
