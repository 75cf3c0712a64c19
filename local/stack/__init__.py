"""The launcher of the local stack, and the same stack as an object for tests."""

from local.stack.errors import StackError
from local.stack.options import StackOptions
from local.stack.stack import Stack

__all__ = ["Stack", "StackError", "StackOptions"]
