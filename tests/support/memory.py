"""How much memory the Functions host of a stack takes."""

from pathlib import Path

from local.stack.stack import Stack


class HostMemory:
    """The memory of the Functions host's process, in MB, from when it was asked for the first time.

    The peak begins anew then.
    """

    def __init__(self, stack: Stack) -> None:
        self._folder = Path(f"/proc/{stack.functions_pid}")
        (self._folder / "clear_refs").write_text("5")
        self.before = self._field("VmRSS")

    def growth(self) -> float:
        """How much more it took at the peak."""
        return self._field("VmHWM") - self.before

    def _field(self, name: str) -> float:
        lines = (self._folder / "status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))
