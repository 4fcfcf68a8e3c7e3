"""Pictures that somebody sends."""

from typing import IO

from unwall.kernel.database import Database
from unwall.kernel.files import Files
from unwall.media import pictures
from unwall.media.actions import remember_looks
from unwall.media.jobs import enqueue_avif
from unwall.media.values import Image


async def keep(db: Database, files: Files, upload: IO[bytes], *, alt: str = "", field: str = "image") -> Image:
    """Store a picture, and have its AVIF copies made. Raises `Invalid` naming `field` where it is no picture, or looks
    like one that moderation has blocked; then nothing is kept of it."""
    encoded = await pictures.encoded(upload, field)
    picture = encoded[0]
    async with db.transaction() as conn:
        await remember_looks(conn, picture.key, picture.looks, field)
    await pictures.put(files, encoded)
    async with db.transaction() as conn:
        await enqueue_avif(conn, [picture.key])
    return Image(picture.key, alt, picture.width, picture.height)
