"""Whole forms that two people save: each carries the version of what it was opened with, and the second to save is told
what the first changed, with their own typing kept.

A version is a short hash of each field (`title:3fa2c1d0,price:...`). Handlers give `version` to `ConsoleContext.page`,
call `check_version` in the transaction that saves, and show the form again with the error `ChangedMeanwhile`.
"""

from collections.abc import Mapping
from hashlib import blake2b

import msgspec

from unwall.kernel.errors import Conflict
from unwall.kernel.text import N_

FIELD = "version"
"""of a form"""
LABELS = {
    "account_id": N_("Account"),
    "active": N_("On sale"),
    "avatar": N_("Profile picture"),
    "banner": N_("Banner"),
    "bio": N_("About"),
    "handle": N_("Handle"),
    "staff_ids": N_("Who acts for it"),
    "address": N_("Address"),
    "body": N_("Text"),
    "capture": N_("Take the money"),
    "category": N_("Category"),
    "city": N_("City"),
    "definition": N_("Who is in it"),
    "code": N_("Code"),
    "courier": N_("Courier"),
    "dwell": N_("Looking at it"),
    "like": N_("Liking it"),
    "save": N_("Saving it"),
    "share": N_("Sharing it"),
    "click": N_("Opening a product in it"),
    "add": N_("Putting a product of it into the bag"),
    "order": N_("Buying a product of it"),
    "hide": N_("Hiding it"),
    "report": N_("Reporting it"),
    "description": N_("Description"),
    "images": N_("Pictures"),
    "kind": N_("Kind"),
    "latitude": N_("Latitude"),
    "longitude": N_("Longitude"),
    "media": N_("Pictures"),
    "modules": N_("Modules"),
    "name": N_("Name"),
    "numbers": N_("Your tax numbers"),
    "node_id": N_("Shop or warehouse"),
    "open": N_("Open"),
    "opening_hours": N_("Opening hours"),
    "option_names": N_("Options"),
    "parts": N_("Parts"),
    "pick_cost": N_("Cost of picking a unit"),
    "pick_minutes": N_("Minutes to pick an order"),
    "pickup": N_("Customers pick up here"),
    "pins": N_("Pinned products"),
    "rates": N_("Rates by country"),
    "role": N_("Role"),
    "safety_stock": N_("Safety stock"),
    "ship": N_("By post"),
    "settings": N_("How you charge tax"),
    "scheduled_at": N_("Time"),
    "fee": N_("Restocking fee"),
    "format": N_("Format"),
    "state": N_("State"),
    "ships": N_("Ships parcels"),
    "status": N_("State"),
    "tagging": N_("Who may tag your products"),
    "tags": N_("Tags"),
    "tax_class": N_("Tax class"),
    "timezone": N_("Time zone"),
    "title": N_("Title"),
    "translations": N_("Translations"),
    "variants": N_("Variants"),
    "vendor": N_("Vendor"),
    "window_days": N_("Days in which customers can ask to return"),
}
MAX_QUOTED_CHARACTERS = 80
Fields = msgspec.Struct | Mapping[str, object]


class ChangedMeanwhile(Conflict):
    """`changed` has the fields that somebody else saved, as they are now; `version` is that of now, so that saving once
    more replaces them knowingly."""

    code = "changed-meanwhile"

    def __init__(self, changed: Mapping[str, object], version: str) -> None:
        super().__init__(N_("Somebody else saved this while you were writing."))
        self.changed = changed
        self.version = version


def version_of(stored: Fields) -> str:
    return ",".join(f"{name}:{mark}" for name, mark in _marks(stored).items())


def check_version(opened: str, stored: Fields, typed: Fields) -> None:
    """`opened` is the form's version, `stored` what is there now, under `lock_subject`. Raises `ChangedMeanwhile`; not
    where what was typed is what is there."""
    marks = dict(pair.split(":", 1) for pair in opened.split(",") if ":" in pair)
    now, mine = _marks(stored), _marks(typed)
    changed = [name for name, mark in now.items() if marks.get(name) != mark and mine.get(name) != mark]
    if changed:
        values = _values(stored)
        raise ChangedMeanwhile({name: values[name] for name in changed}, version_of(stored))


def quoted(value: object) -> str:
    """A value that can be told in a few words, else empty."""
    return value if isinstance(value, str) and len(value) <= MAX_QUOTED_CHARACTERS else ""


def _values(fields: Fields) -> dict[str, object]:
    return msgspec.structs.asdict(fields) if isinstance(fields, msgspec.Struct) else dict(fields)


def _marks(fields: Fields) -> dict[str, str]:
    return {name: _mark(value) for name, value in _values(fields).items() if name != "id"}


def _mark(value: object) -> str:
    return blake2b(msgspec.json.encode(value, order="deterministic"), digest_size=4).hexdigest()
