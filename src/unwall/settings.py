"""The settings of an install, each an environment variable; `unwall settings` prints them."""

import os
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from unwall.commerce.orders.limits import PAY_MINUTES
from unwall.kernel.errors import FieldError, Invalid

Port = Annotated[int, msgspec.Meta(ge=1, le=2**16 - 1)]
NotNegative = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every field `x` is read from `UNWALL_X`, and `database_url` also from `DATABASE_URL`."""

    data: Path
    """The folder of the embedded database, uploaded files, exports and models."""
    database_url: str = ""
    """A PostgreSQL 15+ server; empty: the embedded one under `data`."""
    files_url: str = ""
    """Where files are stored: an `s3://`, `gs://`, `az://` or `file://` URL; empty: `data/files`."""
    host: str = "127.0.0.1"
    port: Port = 8000
    workers: Positive = 1
    """The number of server processes."""
    start_worker: bool = True
    """Whether `unwall serve` starts a worker: 0 if `unwall worker` runs elsewhere."""
    base_url: str = ""
    """The public address, without a slash at its end; empty: taken from the request."""
    merchant: str = ""
    """The slug of the one merchant this install is for; empty: the shop's home spans all merchants."""
    moderator: str = ""
    """The slug of the merchant whose staff decide about members' posts and what else belongs to no merchant; empty:
    that of `merchant`, else only the operator does, by `unwall moderation`."""
    reviewed_posts: NotNegative = 3
    """How many posts of a member must be live before the next ones are live at once; moderators see those before."""
    secure_cookies: bool = False
    """Set behind HTTPS: cookies are then only sent over it."""
    proxies: NotNegative = 0
    """The number of trusted reverse proxies. The client's address, by which sign-ins, sign-ups and cards are limited,
    is then the entry of `X-Forwarded-For` at that position from the end; 0 ignores the header.
    """
    pool_size: Positive = 10
    pay_minutes: Positive = PAY_MINUTES
    """How long a prepared order can be paid; its stock is held a little longer."""
    journal_days: NotNegative = 0
    """For how many days exported events stay in the database (at least 8); reports cannot go back further. 0 keeps
    all.
    """
    video_codecs: Literal["h264", "vp9", "av1"] = "h264"
    """What videos are encoded in: `h264` (by libx264, which is GPL; plays everywhere), `vp9` or `av1` (by libvpx or
    SVT-AV1 with libopus, free of the GPL; not on older iPhones). Only the worker's video processes load the encoders.
    """
    engine: Literal["duckdb", "spark"] = "duckdb"
    """What profiles are worked out with: `spark` needs Java and `unwall[spark]`."""
    engine_threads: Positive = 1
    """How many processors it takes in the night."""
    engine_memory_mb: Positive = 1024
    """How much memory it takes; what needs more is written to the disk."""
    attribution_days: Positive = 7
    """The attribution window: an order is credited to the last post touched within it."""
    review_hours: NotNegative = 48
    """How long after the goods were handed over their buyer is asked for a review."""
    push_contact: str = "mailto:postmaster@localhost.localdomain"
    """The mailto: or https: address of the operator, told to the push services of browsers."""
    mail_url: str = ""
    """How mails leave: `smtp://user:password@host:587` (encrypted where the server offers it), `smtps://host:465`,
    `file:///folder` (each mail a file there), `console:` (into the log); empty: none is sent.
    """
    mail_from: str = "Unwall <unwall@localhost.localdomain>"
    """Who mails are from."""
    discovery_weights: Annotated[str, msgspec.Meta(pattern=r"^([a-z]+=-?[0-9.]+(,|$))*$")] = ""
    """What actions are worth in the stream of discovery, where not as usual: `order=30,hide=-60`. There are open,
    dwell, like, save, share, click, add, order, hide and report.
    """
    stripe_secret_key: str = ""
    """The secret key of the account at Stripe that takes the payments; empty: the test gateway takes them, and no money
    moves. The keys of Stripe are only ever read from the environment.
    """
    stripe_publishable_key: str = ""
    """The public key that goes with it, with which Stripe's script reads cards in the browser."""
    stripe_webhook_secret: str = ""
    """By which Stripe signs what it tells `/payments/stripe/webhook`."""
    stripe_api: str = "https://api.stripe.com"
    """Where Stripe is asked; another address for tests."""
    stripe_script: str = "https://js.stripe.com/v3/"
    """Stripe's script for the page with the card; another address for tests."""
    metrics_directory: str = ""
    """The folder in which several server processes share metrics (prometheus_client's multiprocess mode)."""
    log_format: Literal["console", "json"] = "console"
    """`console` or `json`."""
    log_level: Literal["debug", "info", "warning", "error", "critical"] = "info"

    @property
    def public_url(self) -> str:
        """For what is written without a request, such as a mail."""
        return self.base_url or f"http://{self.host}:{self.port}"


def default_data() -> Path:
    """Not in root's home: as root the embedded database runs as a separate user, which cannot enter it."""
    if os.geteuid() == 0:
        return Path("/var/lib/unwall")
    return Path(os.environ.get("XDG_DATA_HOME", "~/.local/share")).expanduser() / "unwall"


def load(environment: dict[str, str] | None = None) -> Settings:
    """Read the settings; raises `Invalid` naming every variable with a value that cannot be used."""
    source = dict(os.environ) if environment is None else environment
    variables: dict[str, str] = {}
    errors = []
    for field in msgspec.structs.fields(Settings):
        name = f"UNWALL_{field.name.upper()}"
        value = source.get(name)
        if value is None:
            continue
        variables[field.name] = value
        try:
            msgspec.convert(value, field.type, strict=False, dec_hook=_decode)
        except msgspec.ValidationError as error:
            errors.append(FieldError(name, f"{value!r} cannot be used: {error}."))
    errors += _missing_keys(variables)
    if errors:
        raise Invalid(errors)
    if source.get("DATABASE_URL") and "database_url" not in variables:
        variables["database_url"] = source["DATABASE_URL"]
    return msgspec.convert({"data": str(default_data()), **variables}, Settings, strict=False, dec_hook=_decode)


def _missing_keys(variables: dict[str, str]) -> list[FieldError]:
    """A payment without one of the three could not be taken, or would never be known."""
    if not variables.get("stripe_secret_key"):
        return []
    needed = ("stripe_publishable_key", "stripe_webhook_secret")
    missing = [name for name in needed if not variables.get(name)]
    return [FieldError(f"UNWALL_{name.upper()}", "Stripe needs it beside its secret key.") for name in missing]


def _decode(wanted: type, value: object) -> object:
    if wanted is Path or issubclass(wanted, Path):
        return Path(str(value)).expanduser()
    raise NotImplementedError(wanted)
