"""How large the body of a request may be, in bytes."""

MAX_BODY_BYTES, MAX_STAFF_BODY_BYTES, MAX_UPLOAD_BYTES = 65_536, 1_000_000, 20_000_000
"""From anybody; from staff and merchants' programs; on the routes that take files."""
