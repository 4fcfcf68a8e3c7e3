"""The processes in which videos are read and encoded (`video_process`): one for each task, and one in reserve, since a
process takes longer to start than a video to be packed anew."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress

import msgspec
import structlog

from unwall.media.video_rules import NOT_READABLE
from unwall.media.video_values import Arrive, Encode, Refused, Result, Stills, Work

WALL_SECONDS = {Arrive: 120, Stills: 300, Encode: 6 * 3600}

log = structlog.get_logger()


class VideoProcesses:
    """The one in reserve has loaded its libraries and waits for a task; it ends by itself after a while, or when its
    standard input is closed."""

    def __init__(self) -> None:
        self._reserve: Process | None = None
        self._starting = asyncio.Lock()

    async def prepare(self) -> None:
        """Start the process in reserve, unless there is one."""
        async with self._starting:
            if self._reserve is None or self._reserve.returncode is not None:
                self._reserve = await _start()

    async def close(self) -> None:
        if self._reserve is not None:
            await _end(self._reserve)

    async def work(self, task: Work) -> Result:
        """By a process of its own. One that breaks its limits, or breaks, has refused the video."""
        process = await (_start() if isinstance(task, Encode) else self._taken())
        try:
            async with asyncio.timeout(WALL_SECONDS[type(task)]):
                out, err = await process.communicate(msgspec.json.encode(task))
        except TimeoutError:
            return Refused(NOT_READABLE, "took too long")
        finally:
            await _end(process)
        if process.returncode != 0:
            detail = f"ended with {process.returncode}: {err.decode(errors='replace')[-300:]}"
            log.warning("video process broke", task=type(task).__name__, detail=detail)
            return Refused(NOT_READABLE, detail)
        answer: Result = msgspec.json.decode(out, type=Result)
        return answer

    async def _taken(self) -> Process:
        process, self._reserve = self._reserve, None
        if process is not None and process.returncode is None:
            return process
        return await _start()


async def _start() -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "unwall.media.video_process", stdin=PIPE, stdout=PIPE, stderr=PIPE
    )


async def _end(process: Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
