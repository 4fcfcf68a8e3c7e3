"""Which post led to which sale, and what the merchant's first screen says of today."""
