"""Signing in of staff, which the console and the counter share."""

from unwall.channels.http.context import STAFF, AnyRequest, origin_of, set_cookie
from unwall.channels.http.routes import FormData
from unwall.kernel.clock import now
from unwall.kernel.text import N_
from unwall.people import reads, sessions
from unwall.people.rules import SESSION_DAYS
from unwall.people.values import Audience, BadCredentials, Staff
from unwall.services import Services

DAY_SECONDS = 24 * 3600


async def start_staff_session(request: AnyRequest, services: Services, data: FormData) -> Staff:
    """Check `email` and `password` and set the session cookie. Raises `BadCredentials`, `TooMany`."""
    origin = origin_of(request, services)
    signed = await sessions.sign_in_staff(services.db, data.get("email", ""), data.get("password", ""), origin, now())
    set_cookie(request, services, STAFF, signed.token, SESSION_DAYS[Audience.STAFF] * DAY_SECONDS)
    async with services.db.read() as conn:
        staff = await reads.session_staff(conn, signed.token)
    if staff is None:
        raise BadCredentials(N_("E-mail and password do not match."))  # deactivated at this very moment
    return staff
