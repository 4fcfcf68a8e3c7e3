"""Migrations: the plain SQL files of `unwall/migrations`, forward only, run by yoyo under one lock."""

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from yoyo import get_backend, read_migrations

FILES = Path(__file__).parent.parent / "migrations"


def migrate(url: str) -> list[str]:
    """Bring the database up to date; returns the names of the files that were run now, oldest first.

    A statement that waits over ten seconds for a lock fails instead of stopping the shop behind it.
    """
    backend = get_backend(_psycopg(url))
    try:
        backend.execute("SET lock_timeout = '10s'")
        migrations = read_migrations(str(FILES))
        with backend.lock(timeout=60):
            fresh = backend.to_apply(migrations)
            names = [m.id for m in fresh]
            backend.apply_migrations(fresh)
    finally:
        backend.connection.close()
    return names


def _psycopg(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(scheme="postgresql+psycopg"))
