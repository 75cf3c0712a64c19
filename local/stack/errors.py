"""What can go wrong in the local stack, each with a message meant for the person who started it."""


class StackError(Exception):
    """The stack can't start or go on; the message says why and what to do."""


class OptionError(StackError):
    """An option or environment variable has a value that makes no sense."""


class PortInUseError(StackError):
    """Another program listens on a port that the stack was told to use."""


class DataFolderInUseError(StackError):
    """Another stack works in the same data folder."""


class ServiceMissingError(StackError):
    """A service that isn't the stack's own doesn't answer."""


class NotOursError(StackError):
    """The stack can't be asked for this, because the part isn't its own."""


class ChildFailedError(StackError):
    """A program of the stack didn't get ready, or stopped without being asked to."""
