"""Progress of a long load on the terminal."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars


class Progress:
    """A line for each step with its time, and a bar for the step that is running once `share` was called."""

    def __init__(self, console: Console) -> None:
        self._bars = Bars(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}"),
            BarColumn(24),
            TimeElapsedColumn(),
            console=console,
        )
        self._step: TaskID | None = None

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._finish()
        self._bars.stop()

    def step(self, what: str) -> None:
        """Finish the current step, if any, and start the next."""
        self._finish()
        self._step = self._bars.add_task(what, total=None)

    def share(self, done: float) -> None:
        """Report how much of the current step is done, 0 to 1."""
        if self._step is not None:
            self._bars.update(self._step, completed=done, total=1.0)

    def _finish(self) -> None:
        if self._step is not None:
            self._bars.update(self._step, completed=1.0, total=1.0)
        self._step = None
