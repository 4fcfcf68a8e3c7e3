"""What pages may load, and from where."""

CSP = (
    "default-src 'self'; img-src 'self' data: https:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
