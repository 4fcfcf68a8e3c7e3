"""The links by which an operator lets somebody choose a new password."""

from unwall.kernel.seals import seal, unseal
from unwall.people.rules import RESET_HOURS
from unwall.people.values import ResetTicket

RESET = "password-reset"


def reset_path(secret: bytes, ticket: ResetTicket) -> str:
    return f"/password/{seal(secret, RESET, ticket)}"


def ticket_of(secret: bytes, sealed: str) -> ResetTicket | None:
    """None where the link is not ours or is too old."""
    return unseal(secret, RESET, sealed, ResetTicket, max_age_seconds=RESET_HOURS * 3600)
