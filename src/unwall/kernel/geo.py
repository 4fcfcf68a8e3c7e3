"""Points on the Earth and the distance between them."""

from math import asin, cos, radians, sin, sqrt

import msgspec

EARTH_KM = 6371.0088
"""Mean radius (IUGG)."""


class Point(msgspec.Struct, frozen=True):
    """Degrees, WGS 84."""

    latitude: float
    longitude: float


def distance_km(a: Point, b: Point) -> float:
    """Great-circle distance by the haversine formula."""
    half_lat = radians(b.latitude - a.latitude) / 2
    half_lon = radians(b.longitude - a.longitude) / 2
    h = sin(half_lat) ** 2 + cos(radians(a.latitude)) * cos(radians(b.latitude)) * sin(half_lon) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(h)))


class Place(msgspec.Struct, frozen=True):
    """The place that a shopper chose for delivery or pickup."""

    label: str
    latitude: float
    longitude: float

    @property
    def point(self) -> Point:
        return Point(self.latitude, self.longitude)
