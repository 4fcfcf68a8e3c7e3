"""How staff come in, by the console's door or the counter's."""

from unwall.channels.http.context import STAFF, AnyRequest, origin_of, set_cookie
from unwall.channels.http.routes import FormData
from unwall.kernel.clock import now
from unwall.kernel.errors import TooMany, UnwallError
from unwall.kernel.text import N_
from unwall.people import actions, reads
from unwall.people.values import BadCredentials, Staff
from unwall.services import Services

DAY = 24 * 3600


async def start_staff_session(request: AnyRequest, services: Services, data: FormData) -> Staff:
    """Check `email` and `password` and give the browser its session; who it is. Raises `BadCredentials`, `TooMany`."""
    origin = origin_of(request, services)
    signed = await actions.sign_in_staff(services.db, data.get("email", ""), data.get("password", ""), origin, now())
    set_cookie(request, services, STAFF, signed.token, actions.SESSION_DAYS["staff"] * DAY)
    async with services.db.read() as conn:
        staff = await reads.session_staff(conn, signed.token)
    if staff is None:
        raise BadCredentials(N_("E-mail and password do not match."))  # dismissed at this very moment
    return staff


def status_of_form(error: UnwallError | None) -> int:
    """Of a form that is shown again."""
    return 200 if error is None else 429 if isinstance(error, TooMany) else 422
