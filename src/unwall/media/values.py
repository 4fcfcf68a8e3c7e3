"""Pictures and videos as other packages refer to them, and videos that are being sent.

UnwallError
├── Invalid                       names the field: file, trim_end_ms
├── NotFound > NoSuchUpload       it does not exist, has expired, or is another's
├── Conflict > WrongOffset        the client would write elsewhere than where the upload stands
├── Later > TooMany > UploadBusy  another request is writing to it
├── WrongChecksum                 the bytes are not those that the client meant; none of them is kept
└── TooLarge                      more than was announced, or than may be sent
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from unwall.kernel.errors import Conflict, NotFound, TooMany, UnwallError


class Image(msgspec.Struct, frozen=True):
    """`file` is a key of kernel.files, or an https URL from an import."""

    file: str
    alt: str
    width: int
    height: int
    shows: str = ""
    """the form of the goods that is seen, such as a colour; empty: of every form"""


class PictureShape(msgspec.Struct, frozen=True):
    """What the head of a picture says, in Pillow's words: `width` and `height` are of what is decoded, which may be
    smaller than the file's."""

    format: str
    mode: str
    width: int
    height: int
    progressive_pixels: int = 0
    """of the file, if it is a progressive JPEG"""


class Rendition(msgspec.Struct, frozen=True):
    """A picture in one of its stored sizes: a key of kernel.files, and its width in pixels."""

    file: str
    width: int


# --- videos -----------------------------------------------------------------------------------------------------------


class VideoState(StrEnum):
    UPLOADED = "uploaded"
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"
    BLOCKED = "blocked"


class VideoRendition(msgspec.Struct, frozen=True):
    """A video at one size: one fragmented MP4, which plays as it is, and its HLS playlist, which names parts of it."""

    file: str
    playlist: str
    width: int
    height: int
    bits_per_second: int
    codecs: str
    """as HLS names them: `avc1.64001f,mp4a.40.2`"""
    remuxed: bool = False
    """the pictures are those that were sent, not encoded anew"""


class Sprite(msgspec.Struct, frozen=True):
    """Small pictures of a video in one file, for the preview while seeking: row by row, one each `interval_ms`."""

    file: str
    width: int
    height: int
    columns: int
    count: int
    interval_ms: int


class Video(msgspec.Struct, frozen=True):
    """A video as it is shown. `width` and `height` are 0 until it is probed."""

    id: UUID
    state: VideoState
    duration_ms: int
    width: int
    height: int
    poster: str | None
    sprite: Sprite | None
    renditions: list[VideoRendition]
    captions: list[str]
    """the languages that it has captions in"""

    @property
    def playable(self) -> bool:
        return bool(self.renditions) and self.state is not VideoState.BLOCKED


# --- uploads ----------------------------------------------------------------------------------------------------------


class NoSuchUpload(NotFound):
    code = "no-such-upload"


class WrongOffset(Conflict):
    """The client would write elsewhere than where the upload stands."""

    code = "wrong-offset"


class UploadBusy(TooMany):
    """Another request is writing to the upload."""

    code = "upload-busy"


class WrongChecksum(UnwallError):
    code = "wrong-checksum"


class TooLarge(UnwallError):
    code = "too-large"


class MediaOwner(msgspec.Struct, frozen=True):
    """Whose a video is: exactly one of them."""

    merchant_id: UUID | None = None
    member_id: UUID | None = None
    visitor_id: UUID | None = None

    @property
    def id(self) -> UUID:
        owner_id = self.merchant_id or self.member_id or self.visitor_id
        assert owner_id is not None
        return owner_id


class UploadLimits(msgspec.Struct, frozen=True):
    """What one owner, or one network of people who are no staff, may send."""

    bytes: int
    open: int
    bytes_a_day: int


class NewUpload(msgspec.Struct, frozen=True):
    owner: MediaOwner
    network: str
    bytes: int
    metadata: str = ""


class Upload(msgspec.Struct, frozen=True):
    id: UUID
    bytes: int
    received: int
    metadata: str
    expires_at: datetime
    video_id: UUID | None


class Checksum(msgspec.Struct, frozen=True):
    algorithm: str
    digest: bytes


class Cut(msgspec.Struct, frozen=True):
    """What of a video is shown, and which of its pictures is its cover; in milliseconds of what was sent."""

    start_ms: int = 0
    end_ms: int | None = None
    cover_ms: int = 0


# --- how videos are made ----------------------------------------------------------------------------------------------


class CodecSet(msgspec.Struct, frozen=True):
    """Names of FFmpeg's encoders, and the options of that for pictures; `limits` are those by which it takes the most
    bits a second."""

    video: str
    audio: str
    options: dict[str, str]
    limits: tuple[str, ...] = ("maxrate",)
