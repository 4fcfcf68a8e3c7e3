"""How a mail leaves: by SMTP, into a folder, or into the log. A new way is another `MailTransport`."""

import asyncio
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog

from unwall.kernel.errors import Invalid, UnwallError

SMTP_SECONDS = 30.0
PORTS = {"smtp": 587, "smtps": 465}

log = structlog.get_logger()


class NotSent(UnwallError):
    code = "not-sent"

    def __init__(self, message: str, *, lasting: bool) -> None:
        super().__init__(message)
        self.lasting = lasting
        """trying again will not help: the address is none, say"""


class MailTransport(Protocol):
    async def send(self, message: EmailMessage) -> None:
        """Raises `NotSent`. A message that is sent twice has the same Message-ID."""


class SmtpTransport:
    def __init__(self, host: str, port: int, user: str | None, password: str | None, *, tls: bool) -> None:
        self._host, self._port, self._user, self._password, self._tls = host, port, user, password, tls

    async def send(self, message: EmailMessage) -> None:
        try:
            await aiosmtplib.send(
                message,
                hostname=self._host,
                port=self._port,
                username=self._user,
                password=self._password,
                use_tls=self._tls,
                timeout=SMTP_SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise NotSent(str(error), lasting=all(one.code >= 500 for one in error.recipients)) from error
        except aiosmtplib.SMTPAuthenticationError as error:  # the operator will mend it
            raise NotSent(str(error), lasting=False) from error
        except aiosmtplib.SMTPResponseException as error:
            raise NotSent(str(error), lasting=error.code >= 500) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise NotSent(repr(error), lasting=False) from error


class FolderTransport:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: EmailMessage) -> None:
        name = message["Message-ID"].strip("<>").partition("@")[0]
        try:
            await asyncio.to_thread(self._write, f"{name}.eml", bytes(message))
        except OSError as error:
            raise NotSent(repr(error), lasting=False) from error

    def _write(self, name: str, raw: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = self._folder / f"{name}.part"
        unfinished.write_bytes(raw)
        unfinished.replace(self._folder / name)


class LogTransport:
    async def send(self, message: EmailMessage) -> None:
        body = message.get_body(("plain",))
        log.info("mail", to=message["To"], subject=message["Subject"], text=body.get_content() if body else "")


def transport_of(url: str) -> MailTransport | None:
    """Of the setting `mail_url`; None where no mail is sent. Raises `Invalid` (UNWALL_MAIL_URL)."""
    parts = urlsplit(url)
    if not url:
        return None
    if parts.scheme in PORTS and parts.hostname:
        user, password = (unquote(one) if one else None for one in (parts.username, parts.password))
        port = parts.port or PORTS[parts.scheme]
        return SmtpTransport(parts.hostname, port, user, password, tls=parts.scheme == "smtps")
    if parts.scheme == "file" and parts.path.startswith("/"):
        return FolderTransport(Path(unquote(parts.path)))
    if parts.scheme == "console":
        return LogTransport()
    raise Invalid.one("UNWALL_MAIL_URL", "Name a mail server (smtp://, smtps://), a folder (file:///) or console:.")
