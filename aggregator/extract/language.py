"""The language of a text."""

from __future__ import annotations


def tells_its_language(text: str) -> bool:
    """Whether a text is long enough for its language to be told from it: 40 letters."""
    return sum(map(str.isalpha, text[:400])) >= 40


def language_of(text: str, languages: tuple[str, ...] = ()) -> str | None:
    """Return the language of a text, ISO 639-1.

    Args:
        text: Some sentences; with fewer than 40 letters the first of ``languages`` is returned.
        languages: What the source usually writes.

    Returns:
        The code; None: too short to tell, and the source has not said.
    """
    if not tells_its_language(text):
        return languages[0] if languages else None
    import py3langid

    return str(py3langid.classify(text[:600])[0])
