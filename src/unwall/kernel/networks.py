"""Whom limits by network address count together."""

import ipaddress
import re
from functools import lru_cache

_WITH_PORT = re.compile(r"\[([0-9a-fA-F:.%\w]+)\](?::\d+)?|(\d{1,3}(?:\.\d{1,3}){3}):\d+", re.ASCII)
"""As some proxies write an address: `[2001:db8::1]:4711`, `192.0.2.1:4711`."""
OWN_BITS = 64
"""Of an IPv6 address: whoever has one has all that begin with these."""
_MAX_CHARACTERS = 64


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """An IPv4 address itself, also within an IPv6 one; of other IPv6 addresses the network of `OWN_BITS`, such as
    `2001:db8::/64`; what is none is cut to a length that can be stored."""
    match = _WITH_PORT.fullmatch(address)
    bare = (match[1] or match[2]) if match else address
    try:
        ip = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return bare[:_MAX_CHARACTERS]
    if ip.version == 4:
        return str(ip)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((int(ip), OWN_BITS), strict=False))
