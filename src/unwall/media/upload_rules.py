"""Limits of video uploads, and how a video is recognised by its first bytes."""

from datetime import timedelta

from unwall.media.values import MediaOwner, UploadLimits

MAX_VIDEO_BYTES = 1_000_000_000
UPLOAD_KEPT = timedelta(days=1)
"""How long an upload waits for more bytes; and how long it is counted after it has become a video."""
MAX_METADATA_CHARACTERS = 2000
CHECKSUMS = ("sha256", "sha1", "md5")
HEAD_BYTES = 12
"""What `is_video` needs of a file."""
VIDEOS, TO_MAKE, COMING = "videos", "", "coming"
"""The channel on which workers hear of videos, and its topics: there are videos to make, or one is being sent."""
MIN_FREE_BYTES = 1_000_000_000
"""What uploads leave free on the disk."""

STAFF_LIMITS = UploadLimits(MAX_VIDEO_BYTES, open=20, bytes_a_day=50_000_000_000)
"""Of a merchant, whoever of its staff or programs sends."""
MEMBER_LIMITS = UploadLimits(500_000_000, open=3, bytes_a_day=3_000_000_000)
VISITOR_LIMITS = UploadLimits(150_000_000, open=1, bytes_a_day=300_000_000)
NETWORK_LIMITS = UploadLimits(500_000_000, open=10, bytes_a_day=5_000_000_000)
"""Of all members and visitors behind one network address together."""

_EBML = b"\x1aE\xdf\xa3"
_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
"""With which a file of the MP4 family may begin; the last four only in old QuickTime videos."""


def limits_of(owner: MediaOwner) -> UploadLimits:
    if owner.merchant_id:
        return STAFF_LIMITS
    return MEMBER_LIMITS if owner.member_id else VISITOR_LIMITS


def video_format(head: bytes) -> str | None:
    """FFmpeg's name of the format of a file with these first bytes, if it is one that videos come in: by content alone,
    so that no file chooses another reader, such as one of playlists that name other files.
    """
    if head[4:8] in _BOXES:
        return "mov"
    return "matroska" if head[:4] == _EBML else None
