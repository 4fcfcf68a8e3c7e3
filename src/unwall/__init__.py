"""Unwall: content, data and omnichannel commerce in one program."""

__version__ = "0.1.0"
