"""Pictures: uploads are decoded, re-encoded as WebP in several widths, and stored by content hash."""
