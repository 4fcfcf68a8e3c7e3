"""Pictures as other packages refer to them."""

import msgspec


class Image(msgspec.Struct, frozen=True):
    """`file` is a key of kernel.files, or an https URL from an import."""

    file: str
    alt: str
    width: int
    height: int


class Rendition(msgspec.Struct, frozen=True):
    """A picture in one of its stored sizes: a key of kernel.files, and its width in pixels."""

    file: str
    width: int
