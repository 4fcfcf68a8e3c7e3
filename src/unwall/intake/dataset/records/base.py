"""Types shared by the records."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from unwall.kernel.typed import MAX_EMAIL_CHARACTERS

When = Annotated[datetime, Meta(tz=True)]
Position = Annotated[int, Meta(ge=0, le=2**15 - 1)]
Quantity = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Amount = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Bytes = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Milliseconds = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Pixels = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Email = Annotated[str, Meta(pattern=r"^[^\sA-Z]+$", max_length=MAX_EMAIL_CHARACTERS)]
Translations = dict[str, dict[str, str]]
"""By language, then by field: {"zh": {"name": "南窗"}}."""


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A line of a file."""
