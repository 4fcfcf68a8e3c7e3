"""Running a Hypothesis state machine against a real database."""

import asyncio
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from unwall.kernel.database import connect


def run_machine(machine: Any, db_url: str, examples: int) -> None:
    """The class is given `db` and the `loop` in which its rules run their coroutines."""
    loop = asyncio.new_event_loop()
    try:
        site = connect(db_url, size=4)
        machine.db, machine.loop = loop.run_until_complete(site.__aenter__()), loop
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=12,
                deadline=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
        loop.run_until_complete(site.__aexit__(None, None, None))
    finally:
        loop.close()
