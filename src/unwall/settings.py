"""The settings of an install, each an environment variable; `unwall settings` prints them."""

import os
from pathlib import Path

import msgspec

from unwall.commerce.orders.rules import PAY_MINUTES


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every field `x` is read from `UNWALL_X`, and `database_url` also from `DATABASE_URL`."""

    data: Path
    """Where the embedded database, uploaded files, exports and models live."""
    database_url: str = ""
    """A PostgreSQL 15+ server; empty: the embedded one under `data`."""
    files_url: str = ""
    """Where files are kept: an `s3://`, `gs://`, `az://` or `file://` URL; empty: `data/files`."""
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    """Server processes. Each has its own group-commit desk; the database keeps them honest."""
    start_worker: bool = True
    """Whether `unwall serve` starts a worker beside its server processes: 0 where `unwall worker` runs elsewhere."""
    base_url: str = ""
    """The address the outside sees, without a slash at its end; empty: taken from the request."""
    merchant: str = ""
    """The slug of the one merchant this install is for; empty: the shop's home spans all merchants."""
    secure_cookies: bool = False
    """Set behind HTTPS: cookies are then only sent over it."""
    proxies: int = 0
    """How many proxies of yours stand in front. The last of as many entries of `X-Forwarded-For` is then whom repeated
    sign-ins, sign-ups and cards are counted for; 0 believes no header."""
    pool_size: int = 10
    pay_minutes: int = PAY_MINUTES
    """How long a prepared order can be paid; its stock is held a little longer."""
    journal_days: int = 0
    """How many days of the journal stay in the database once they are in Parquet, read back and compared (at least 8);
    reports reach no further. 0 keeps all."""
    attribution_days: int = 7
    """The attribution window: a sale counts for the last post touched within it."""
    metrics_directory: str = ""
    """Where several server processes share their figures (prometheus_client's multiprocess mode)."""
    log_format: str = "console"
    """`console` for people, `json` for machines."""
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
