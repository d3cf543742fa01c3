"""Style sheets whose addresses lead to archived copies. Pure."""

from __future__ import annotations

from aggregator.extract import sheets
from aggregator.replay.addresses import PICTURE, STYLE, Linking


def rewritten(css: str, linking: Linking) -> str:
    """Return a style sheet, or a style attribute, that loads archived copies only; without comments.

    Args:
        css: As archived.
        linking: Leads from where it was captured to other copies.
    """
    return sheets.rewritten(
        css,
        sheet=lambda url: linking.embedded(url, STYLE),
        picture=lambda url: linking.embedded(url, PICTURE),
    )
