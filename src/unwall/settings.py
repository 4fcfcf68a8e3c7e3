"""The settings of an install, each an environment variable; `unwall settings` prints them."""

import os
from pathlib import Path

import msgspec

from unwall.commerce.orders.rules import PAY_MINUTES


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every field `x` is read from `UNWALL_X`, and `database_url` also from `DATABASE_URL`."""

    data: Path
    """The folder of the embedded database, uploaded files, exports and models."""
    database_url: str = ""
    """A PostgreSQL 15+ server; empty: the embedded one under `data`."""
    files_url: str = ""
    """Where files are stored: an `s3://`, `gs://`, `az://` or `file://` URL; empty: `data/files`."""
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    """The number of server processes."""
    start_worker: bool = True
    """Whether `unwall serve` starts a worker: 0 if `unwall worker` runs elsewhere."""
    base_url: str = ""
    """The public address, without a slash at its end; empty: taken from the request."""
    merchant: str = ""
    """The slug of the one merchant this install is for; empty: the shop's home spans all merchants."""
    secure_cookies: bool = False
    """Set behind HTTPS: cookies are then only sent over it."""
    proxies: int = 0
    """The number of trusted reverse proxies. The client's address, by which sign-ins, sign-ups and cards are limited,
    is then the entry of `X-Forwarded-For` at that position from the end; 0 ignores the header.
    """
    pool_size: int = 10
    pay_minutes: int = PAY_MINUTES
    """How long a prepared order can be paid; its stock is held a little longer."""
    journal_days: int = 0
    """For how many days exported events stay in the database (at least 8); reports cannot go back further. 0 keeps
    all.
    """
    attribution_days: int = 7
    """The attribution window: an order is credited to the last post touched within it."""
    metrics_directory: str = ""
    """The folder in which several server processes share metrics (prometheus_client's multiprocess mode)."""
    log_format: str = "console"
    """`console` or `json`."""
    log_level: str = "info"


def default_data() -> Path:
    """Not in root's home: as root the embedded database runs as a separate user, which cannot enter it."""
    if os.geteuid() == 0:
        return Path("/var/lib/unwall")
    return Path(os.environ.get("XDG_DATA_HOME", "~/.local/share")).expanduser() / "unwall"


def load(environment: dict[str, str] | None = None) -> Settings:
    """Read the settings; raises `msgspec.ValidationError` naming the invalid field."""
    source = dict(os.environ) if environment is None else environment
    found: dict[str, str] = {"data": str(default_data())}
    if source.get("DATABASE_URL"):
        found["database_url"] = source["DATABASE_URL"]
    for name in Settings.__struct_fields__:
        value = source.get(f"UNWALL_{name.upper()}")
        if value is not None:
            found[name] = value
    return msgspec.convert(found, Settings, strict=False, dec_hook=_decode)


def _decode(wanted: type, value: object) -> object:
    if wanted is Path or issubclass(wanted, Path):
        return Path(str(value)).expanduser()
    raise NotImplementedError(wanted)
