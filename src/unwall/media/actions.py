"""Changes of videos by their owners, and what pictures look like."""

from collections.abc import Sequence
from uuid import UUID

from unwall.kernel.database import Transaction
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.text import LANGUAGES, N_
from unwall.media.blocked import is_blocked
from unwall.media.caption_rules import as_webvtt
from unwall.media.fingerprints import is_known
from unwall.media.upload_rules import TO_MAKE, VIDEOS
from unwall.media.values import Cut, MediaOwner

_OWNED = """
    id = $1 AND state <> 'blocked' AND merchant_id IS NOT DISTINCT FROM $2 AND member_id IS NOT DISTINCT FROM $3
    AND visitor_id IS NOT DISTINCT FROM $4
"""
NO_SUCH_VIDEO = N_("There is no such video.")


async def cut(conn: Transaction, owner: MediaOwner, video_id: UUID, wanted: Cut) -> None:
    """Show only this part of the video, with this cover; it is encoded anew unless it is shown so already. Raises
    `NotFound` or `Invalid`."""
    if wanted.end_ms is not None and wanted.end_ms <= wanted.start_ms:
        raise Invalid.one("end", N_("The end must come after the beginning."))
    ids = (video_id, owner.merchant_id, owner.member_id, owner.visitor_id)
    if not await conn.fetchval(f"SELECT true FROM video WHERE {_OWNED} FOR UPDATE", *ids):
        raise NotFound(NO_SUCH_VIDEO)
    changed = await conn.execute(
        """
        UPDATE video SET trim_start_ms = $2, trim_end_ms = $3, cover_ms = $4, state = 'uploaded', reason = '',
            poster = NULL, lease = NULL, leased_until = NULL, attempts = 0,
            renditions = CASE WHEN trim_start_ms = $2 AND trim_end_ms IS NOT DISTINCT FROM $3
                THEN renditions ELSE '[]' END
        WHERE id = $1 AND (trim_start_ms, coalesce(trim_end_ms, -1), cover_ms) <> ($2, coalesce($3, -1), $4)
        """,
        video_id,
        wanted.start_ms,
        wanted.end_ms,
        wanted.cover_ms,
    )
    if changed != "UPDATE 0":
        await conn.execute("SELECT pg_notify($1, $2)", VIDEOS, TO_MAKE)


async def set_captions(conn: Transaction, owner: MediaOwner, video_id: UUID, lang: str, text: str) -> None:
    """WebVTT or SubRip, uploaded or written; an empty text takes them away. Raises `NotFound` or `Invalid`."""
    if lang not in LANGUAGES:
        raise Invalid.one("lang", N_("This language is not available."))
    captions = as_webvtt(text)
    saved = await conn.execute(
        f"""
        UPDATE video SET captions = CASE WHEN $6 = '' THEN captions - $5 ELSE captions || jsonb_build_object($5, $6) END
        WHERE {_OWNED}
        """,
        video_id,
        owner.merchant_id,
        owner.member_id,
        owner.visitor_id,
        lang,
        captions,
    )
    if saved != "UPDATE 1":
        raise NotFound(NO_SUCH_VIDEO)


async def remember_looks(conn: Transaction, media: str, looks: Sequence[int], field: str) -> None:
    """Of a picture that is to be stored under this key. Raises `Invalid` naming `field` where it is blocked."""
    known = [record["look"] for record in await conn.fetch("SELECT look FROM blocked_look")]
    if is_known(list(looks), known) or await is_blocked(conn, media):
        raise Invalid.one(field, N_("This picture was taken down before, so it cannot be shown."))
    await conn.executemany(
        "INSERT INTO fingerprint (media, position, look) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        [(media, n, look) for n, look in enumerate(looks)],
    )
