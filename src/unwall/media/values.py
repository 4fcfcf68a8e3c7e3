"""Pictures as other packages refer to them."""

import msgspec


class Image(msgspec.Struct, frozen=True):
    """`file` is a key of kernel.files, or an https address that came with an import."""

    file: str
    alt: str
    width: int
    height: int
