"""Errors with messages for users. Channels turn them into pages or problem+json (RFC 9457).

UnwallError
├── Invalid        the input is wrong; names each field
├── NotFound       it does not exist, or the caller may not see it
├── Forbidden      signed in, but the role or scope does not allow it
├── SignInNeeded   not signed in
├── Conflict       valid, but not in the present state: sold out, already paid, idempotency key reused
└── Later          `wait_seconds` says when to try again
    ├── TooMany        rate limit or full queue
    └── Unavailable    the database cannot be asked just now

Each package derives its own errors from these.
"""

from typing import TypeVar

import msgspec

T = TypeVar("T")


class FieldError(msgspec.Struct, frozen=True):
    field: str
    message: str


class UnwallError(Exception):
    """`code` is stable, for programs; the message is for users and says what to do."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code:
            self.code = code


class Invalid(UnwallError):
    code = "invalid"

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(f"{e.field}: {e.message}" for e in errors))
        self.errors = errors

    @classmethod
    def one(cls, field: str, message: str) -> "Invalid":
        return cls([FieldError(field, message)])

    def by_field(self) -> dict[str, str]:
        return {e.field: e.message for e in self.errors}


class NotFound(UnwallError):
    code = "not-found"


class Forbidden(UnwallError):
    code = "forbidden"


class SignInNeeded(UnwallError):
    code = "sign-in-needed"


class Conflict(UnwallError):
    code = "conflict"


class Later(UnwallError):
    """Another time, it may be done."""

    def __init__(self, message: str, *, wait_seconds: int) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class TooMany(Later):
    code = "too-many"


class Unavailable(Later):
    code = "unavailable"


def existing(value: T | None, message: str) -> T:
    """`value`; raises `NotFound` with the message if it is None."""
    if value is None:
        raise NotFound(message)
    return value
