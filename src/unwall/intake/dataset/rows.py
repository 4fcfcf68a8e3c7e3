"""Records as rows of the tables, in the order of `tables.columns`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from unwall.catalogue.texts import clean_html
from unwall.catalogue.values import ProductTranslation
from unwall.content.posts.hashtags import hashtags_in
from unwall.content.posts.rules import render
from unwall.content.posts.values import PostTranslation
from unwall.intake.bulk import Row
from unwall.intake.dataset.records.catalogue import BundleRecord, ProductRecord
from unwall.intake.dataset.records.content import PostRecord, PostTagRecord
from unwall.intake.dataset.records.people import MemberRecord, StaffRecord
from unwall.intake.dataset.tables import TABLES, field_values, fields
from unwall.kernel.errors import Invalid
from unwall.kernel.secrets import token
from unwall.people.passwords import HASHER

Record: TypeAlias = Any
"""One of the structs of `values.FILES`."""


class RowMaker:
    """Makes the rows of one data set.

    `merchants` are those of the data set; records of other merchants are refused. `has_media` says whether a media file
    exists. `merged` maps the ids of members in the data set to their existing ids in the install.
    """

    def __init__(self, merchants: frozenset[UUID], has_media: Callable[[str], bool]) -> None:
        self.merged: Mapping[UUID, UUID] = {}
        self._merchants = frozenset(merchant.int for merchant in merchants)  # integers compare faster than UUIDs
        self._has_media = has_media
        self._hashes: dict[str | None, str] = {}
        self._special: dict[str, Callable[[Record], Row]] = {
            "staff": self._staff,
            "members": self._member,
            "products": _product,
            "bundles": _bundle,
            "posts": _post,
            "post_tags": _post_tag,
        }

    def rows(self, name: str, records: Iterable[Record]) -> Iterator[Row]:
        """Raises `Invalid` if a record belongs to another merchant or names a missing media file."""
        make = self._special.get(name) or field_values(name)
        for record in self._checked(name, records):
            yield make(record)

    def _checked(self, name: str, records: Iterable[Record]) -> Iterator[Record]:
        table, owned = TABLES[name], "merchant_id" in fields(name)
        merge = bool(table.people and self.merged)
        for number, record in enumerate(records, 1):
            if owned and (owner := record.merchant_id) is not None and owner.int not in self._merchants:
                raise Invalid.one(f"{name}.jsonl line {number}, merchant_id", "merchants.jsonl has no such merchant.")
            for field in table.media:
                self._check_media(f"{name}.jsonl line {number}, {field}", getattr(record, field))
            for field in table.media_lists:
                for file in getattr(record, field):
                    self._check_media(f"{name}.jsonl line {number}, {field}", file)
            yield self._with_known_people(table.people, record) if merge else record

    def _check_media(self, where: str, file: str | None) -> None:
        if file and not file.startswith("https://") and not self._has_media(file):
            raise Invalid.one(where, f"The media folder has no file {file}.")

    def _with_known_people(self, people: Iterable[str], record: Record) -> Record:
        ids = {field: getattr(record, field) for field in people}
        return msgspec.structs.replace(record, **{field: self.merged.get(id_, id_) for field, id_ in ids.items()})

    def _staff(self, staff: StaffRecord) -> Row:
        return *field_values("staff")(staff), self._hash(staff.password)

    def _member(self, member: MemberRecord) -> Row:
        return *field_values("members")(member), None if member.password is None else self._hash(member.password)

    def _hash(self, password: str | None) -> str:
        """The hash of a password, computed once for each; without a password, the hash of a random one."""
        if password not in self._hashes:
            self._hashes[password] = HASHER.hash(token() if password is None else password)
        return self._hashes[password]


def _product(product: ProductRecord) -> Row:
    return field_values("products")(_with_clean_html(product))


def _bundle(bundle: BundleRecord) -> Row:
    return field_values("bundles")(_with_clean_html(bundle))


def _with_clean_html(record: Record) -> Record:
    words: dict[str, ProductTranslation] = record.translations
    return msgspec.structs.replace(
        record,
        description=clean_html(record.description),
        translations={
            lang: msgspec.structs.replace(said, description=clean_html(said.description))
            for lang, said in words.items()
        },
    )


def _post(post: PostRecord) -> Row:
    words = {
        lang: PostTranslation(
            title=said.title, body=said.body, body_html=render(said.body, post.format), alts=said.alts
        )
        for lang, said in post.translations.items()
    }
    html = render(post.body, post.format)
    tags = hashtags_in((post.title, html), *((said.title, said.body_html) for said in words.values()))
    return *field_values("posts")(msgspec.structs.replace(post, translations=words)), html, tags


def _post_tag(tag: PostTagRecord) -> Row:
    return *field_values("post_tags")(tag), tag.merchant_id
