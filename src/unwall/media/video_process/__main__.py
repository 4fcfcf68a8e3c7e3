"""`python -m unwall.media.video_process` takes one `Work` as JSON on its standard input and writes one `Result` on its
standard output."""

import ctypes
import os
import resource
import select
import signal
import sys

import av.error
import av.logging
import msgspec

from unwall.media.video_process.encoding import encode
from unwall.media.video_process.packing import arrive
from unwall.media.video_process.reading import Refusal
from unwall.media.video_process.stills import stills
from unwall.media.video_rules import NOT_READABLE
from unwall.media.video_values import Arrive, Encode, Refused, Result, Stills, Work

MEMORY_BYTES = {Arrive: 2 * 2**30, Stills: 3 * 2**30, Encode: 4 * 2**30}
PROCESSOR_SECONDS = {Arrive: 60, Stills: 120, Encode: 3600}
MAX_OUTPUT_BYTES = 4 * 2**30
_END_WITH_PARENT = 1
"""Linux's PR_SET_PDEATHSIG."""
RESERVE_SECONDS = 900
"""So long a process waits for its task."""


def main() -> None:
    if not select.select([sys.stdin], [], [], RESERVE_SECONDS)[0]:
        return
    asked = sys.stdin.buffer.read()
    if not asked:  # the worker has ended
        return
    task = msgspec.json.decode(asked, type=Work)
    limit(task)
    sys.stdout.buffer.write(msgspec.json.encode(run(task)))


def limit(task: Work) -> None:
    """Of this process, before it reads a byte of the video. It ends with the worker that started it."""
    ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL)
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES[type(task)]),
        (resource.RLIMIT_CPU, PROCESSOR_SECONDS[type(task)]),
        (resource.RLIMIT_FSIZE, MAX_OUTPUT_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    if isinstance(task, Encode):
        os.nice(19)


def run(task: Work) -> Result:
    av.logging.set_level(av.logging.PANIC)
    try:
        match task:
            case Arrive():
                return arrive(task)
            case Stills():
                return stills(task)
            case Encode():
                return encode(task)
    except Refusal as refusal:
        return Refused(refusal.reason)
    except (av.error.FFmpegError, ValueError, OverflowError, ZeroDivisionError, IndexError, MemoryError) as error:
        return Refused(NOT_READABLE, repr(error)[:200])


if __name__ == "__main__":
    main()
