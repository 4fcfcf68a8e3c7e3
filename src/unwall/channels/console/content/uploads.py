"""Videos that staff send."""

from typing import Any

from unwall.channels.http.uploads import upload_routes
from unwall.media.values import MediaOwner
from unwall.people.values import Permission, Staff


def provide_owner(staff: Staff) -> MediaOwner:
    return MediaOwner(merchant_id=staff.merchant_id)


HANDLERS: list[Any] = [upload_routes("/console/uploads", provide_owner, permission=Permission.PUBLISH)]
