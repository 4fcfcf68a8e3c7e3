"""Structured logs on standard error, as JSON or for a console."""

import logging
import sys
from typing import Any

import structlog


def renderer(log_format: str) -> Any:
    """What somebody sent (an address, a file's own words) stays on its line, and moves no terminal's cursor."""
    if log_format == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(repr_native_str=True)


def configure(log_format: str, log_level: str) -> None:
    """`log_format` is `json` or `console`; the standard library's loggers use the same format."""
    last = renderer(log_format)
    chain: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    level = logging.getLevelNamesMapping()[log_level.upper()]
    structlog.configure(
        processors=[*chain, last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=chain, processor=last))
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)
