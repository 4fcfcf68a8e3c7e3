"""What a page needs to know that is not one room's alone. A page is composed in few statements, so each brings much."""

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec

from unwall.content.accounts.values import Account
from unwall.insight.pages.values import Nearby, Pin
from unwall.journal.values import Trail
from unwall.kernel.database import Connection, row, rows
from unwall.kernel.geo import Point


class PageInputs(msgspec.Struct, frozen=True):
    """What is known of a person before anything is chosen, and what the merchants guarantee."""

    trail: list[Trail]
    """latest first"""
    pins: list[Pin]
    fed: bool
    """an account that the person follows has published something"""
    accounts: list[Account]
    """whom to follow, most followed first; empty for who is fed"""


async def page_inputs(
    conn: Connection, person_ids: Collection[UUID], page: str, merchant_id: UUID | None, lang: str
) -> PageInputs:
    sql = """
        SELECT
            coalesce((SELECT jsonb_agg(to_jsonb(t) ORDER BY t.at DESC, t.product_id) FROM (
                SELECT product_id, kind, at FROM trail WHERE person_id = ANY($1)
                ORDER BY at DESC, product_id LIMIT 60) t), '[]') AS trail,
            coalesce((SELECT jsonb_agg(jsonb_build_object(
                'merchant_id', merchant_id, 'position', position, 'product_id', product_id))
                FROM pin WHERE page = $2 AND ($3::uuid IS NULL OR merchant_id = $3)), '[]') AS pins,
            fed,
            CASE WHEN fed THEN '[]' ELSE coalesce((SELECT jsonb_agg(to_jsonb(a) || jsonb_build_object(
                'name', translated(a.translations, $4, 'name', a.name),
                'bio', translated(a.translations, $4, 'bio', a.bio))) FROM (
                    SELECT * FROM account
                    WHERE id NOT IN (SELECT account_id FROM follow WHERE follower_id = ANY($1))
                    ORDER BY followers DESC, id LIMIT 6) a), '[]') END AS accounts
        FROM (SELECT EXISTS (
            SELECT FROM follow f JOIN outbox o ON o.account_id = f.account_id WHERE f.follower_id = ANY($1)
        ) AS fed) known
    """
    found = await row(conn, PageInputs, sql, list(person_ids), page, merchant_id, lang)
    assert found is not None  # one row by its nature
    return found


async def nearby(
    conn: Connection, product_ids: Sequence[UUID], point: Point, merchant_id: UUID | None, lang: str, limit: int = 4
) -> list[Nearby]:
    """The nearest open shops that let people pick up (of this merchant, or of all), each with those of the products
    that can be promised there."""
    sql = """
        WITH near AS (
            SELECT * FROM node WHERE kind = 'shop' AND open AND pickup AND ($4::uuid IS NULL OR merchant_id = $4)
            ORDER BY (latitude - $2) ^ 2 + ((longitude - $3) * cos(radians($2))) ^ 2, id LIMIT $6
        )
        SELECT to_jsonb(near) || jsonb_build_object('name', translated(translations, $5, 'name', name)) AS node,
            ARRAY(SELECT DISTINCT v.product_id FROM variant v
                JOIN stock_level s ON s.variant_id = v.id AND s.node_id = near.id AND s.available > 0
                WHERE v.product_id = ANY($1) AND v.active) AS product_ids
        FROM near
    """
    return await rows(conn, Nearby, sql, list(product_ids), point.latitude, point.longitude, merchant_id, lang, limit)


async def pins(conn: Connection, merchant_id: UUID, page: str) -> list[Pin]:
    """For the merchant's own desk."""
    sql = "SELECT merchant_id, position, product_id FROM pin WHERE merchant_id = $1 AND page = $2 ORDER BY position"
    return await rows(conn, Pin, sql, merchant_id, page)
