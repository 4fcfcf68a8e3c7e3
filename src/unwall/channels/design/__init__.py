"""The design system: one stylesheet, page layouts, components as Jinja macros, and the small scripts behind them."""

from pathlib import Path
from typing import Final

TEMPLATES: Final[Path] = Path(__file__).parent / "templates"
STATIC: Final[Path] = Path(__file__).parent / "static"
BUILT: Final[Path] = Path(__file__).parent / "built"
"""By hatch_build.py, from `STATIC`."""
