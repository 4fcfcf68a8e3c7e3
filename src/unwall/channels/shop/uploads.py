"""Videos that members and visitors send."""

from typing import Any

from unwall.channels.http.uploads import upload_routes
from unwall.journal.values import Visit
from unwall.media.values import MediaOwner


def provide_owner(visit: Visit) -> MediaOwner:
    return MediaOwner(member_id=visit.member_id) if visit.member_id else MediaOwner(visitor_id=visit.visitor_id)


HANDLERS: list[Any] = [upload_routes("/uploads", provide_owner)]
