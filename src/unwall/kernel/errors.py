"""What can go wrong, in words for people. Channels turn these into pages or problem+json (RFC 9457).

UnwallError
├── Invalid        the input is wrong; names each field
├── NotFound       no such thing, or not yours to see
├── Forbidden      signed in, but the role or scope does not reach
├── SignInNeeded   not signed in
├── Conflict       right in itself, but not now: sold out, already paid, another body under the same key
└── TooMany        slow down; carries the seconds to wait

A room derives its own errors from these.
"""

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    field: str
    message: str


class UnwallError(Exception):
    """`code` is stable and for programs; the message is for people and already names what to do."""

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


class TooMany(UnwallError):
    code = "too-many"

    def __init__(self, message: str, *, wait_seconds: int) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds
