"""Videos that merchants' programs send."""

from typing import Any

from unwall.channels.http.uploads import upload_routes
from unwall.media.values import MediaOwner
from unwall.people.values import ApiKey, ApiScope


def provide_owner(key: ApiKey) -> MediaOwner:
    return MediaOwner(merchant_id=key.merchant_id)


HANDLERS: list[Any] = [upload_routes("/api/v1/merchant/uploads", provide_owner, scope=ApiScope.CONTENT_WRITE)]
