"""Pictures: uploads decoded and encoded anew, stored once by content hash."""
