"""Where phone numbers and e-mail addresses stand in a text. Pure.

People are at the other end of them, so somebody should look before a text leaves. Precision comes first: whoever is
told of dates, amounts, years, post codes and book numbers soon reads no more of it. Numbers are known by the forms in
which people write them in French, German, Italian, Spanish, Dutch and English; a number in no such form only where a
word before it says that it is one.

Every pattern has bounds, so that the time a text takes grows with its length and no faster.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Contact:
    """A phone number or an e-mail address in a text."""

    start: int
    end: int
    """Character offsets, end exclusive."""
    kind: str
    """``email`` or ``phone``."""


def found(text: str) -> tuple[Contact, ...]:
    """Return the phone numbers and e-mail addresses of a text, in order; none overlaps another."""
    contacts: list[Contact] = []
    for contact in sorted([*_emails(text), *_phones(text)]):
        if not contacts or contact.start >= contacts[-1].end:
            contacts.append(contact)
    return tuple(contacts)


# --- e-mail addresses -----------------------------------------------------------------------------------------------

_NAME = r"(?<![\w.+%@/-])[\w+%][\w.+%-]{0,63}"
_WORDS_FOR_AT = r"at|ät|ad|arroba|arobase|chiocciola|chez|apenstaartje|klammeraffe|@"
_WORDS_FOR_DOT = r"dot|punkt|point|punto|punt|\."
_OPEN, _SHUT = r"[\[({<«|*_-]", r"[\])}>»|*_-]"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_TOP = r"[^\W\d_]{2,24}(?![\w@])"
_EMAIL = re.compile(rf"{_NAME}@(?:{_LABEL}\.){{1,6}}{_TOP}")
_HIDDEN_DOT = rf"(?:\.|\s{{0,2}}{_OPEN}\s?(?:{_WORDS_FOR_DOT})\s?{_SHUT}\s{{0,2}}|\s(?:{_WORDS_FOR_DOT})\s)"
_HIDDEN = re.compile(
    rf"{_NAME}\s{{0,2}}{_OPEN}\s?(?:{_WORDS_FOR_AT})\s?{_SHUT}\s{{0,2}}(?:{_LABEL}{_HIDDEN_DOT}){{1,6}}{_TOP}"
    rf"|{_NAME}\s@\s(?:{_LABEL}{_HIDDEN_DOT}){{1,6}}{_TOP}"
    rf"|{_NAME}\(a\)(?:{_LABEL}\.){{1,6}}{_TOP}"
    rf"|{_NAME}\s(?-i:AT)\s(?:{_LABEL}\s(?-i:DOT)\s){{1,6}}{_TOP}"
    rf"|{_NAME}\sat\s(?:{_LABEL}\sdot\s){{1,6}}(?:com|org|net|info|eu|de|fr|it|es|nl|be|ch|at|uk)\b",
    re.IGNORECASE,
)
_FILES = frozenset(("png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "pdf", "css", "js"))
"""What the name of a picture ends in (``logo@2x.png``)."""


def _emails(text: str) -> Iterator[Contact]:
    for pattern in (_EMAIL, _HIDDEN):
        for hit in pattern.finditer(text):
            if hit[0].rpartition(".")[2].lower() not in _FILES:
                yield Contact(hit.start(), hit.end(), "email")


# --- phone numbers --------------------------------------------------------------------------------------------------

_B = r"[ \u00a0\u202f\u2009]"
"""A blank inside a number."""
_BEFORE = r"(?<![\w+/=#&?%@€$£-])(?<![\w)][.,:])"
_AFTER = r"(?!\w)(?![.,:/-][0-9])"
_FORMS = {
    # +33 1 23 45 67 89, +49 (0)30 123456, 0044 20 7946 0958
    "abroad": rf"(?<![\w+/=-])(?:\+{_B}?|00)[1-9](?:[ \u00a0\u202f\u2009.()/-]{{0,3}}[0-9]){{6,14}}{_AFTER}",
    # 01 23 45 67 89, 06.12.34.56.78, 0612345678
    "pairs": rf"{_BEFORE}0[1-9](?P<sep>{_B}|[.\-/])?[0-9]{{2}}(?:(?(sep)(?P=sep))[0-9]{{2}}){{3}}{_AFTER}",
    # 030 / 123 45 67, 0151-23456789, (020) 7946 0958, 06 1234567
    "area": rf"{_BEFORE}(?:\(0[1-9][0-9]{{0,4}}\){_B}?|0[1-9][0-9]{{0,4}}(?:{_B}?[/\-–]{_B}?|{_B}|\.))"
    rf"[0-9]{{2,8}}(?:{_B}?[ \u00a0\u202f.\-–]{_B}?[0-9]{{2,6}}){{0,4}}{_AFTER}",
    # (212) 555-0123
    "american": rf"{_BEFORE}(?:1[ .-])?(?:\([2-9][0-9]{{2}}\){_B}?|[2-9][0-9]{{2}}[ .-])"
    rf"[2-9][0-9]{{2}}[ .-][0-9]{{4}}{_AFTER}",
    # 612 34 56 78, 91 123 45 67
    "spanish": rf"{_BEFORE}(?:[6-9][0-9]{{2}}(?P<a>[ .-])[0-9]{{2}}(?P=a)[0-9]{{2}}(?P=a)[0-9]{{2}}"
    rf"|[89][0-9](?P<b>[ .-])[0-9]{{3}}(?P=b)[0-9]{{2}}(?P=b)[0-9]{{2}}){_AFTER}",
    # 333 1234567, 333 123 4567
    "italian": rf"{_BEFORE}3[2-9][0-9][ ./-](?:[0-9]{{7}}|[0-9]{{3}}[ .-][0-9]{{4}}){_AFTER}",
    "said": r"\b(?:t[eé]l(?:[eéè][fp]h?[oó]n[eo]?s?|efoon)?|phone|mob(?:ile?|iel|iltelefon)?|handy(?:nummer)?|fax|gsm"
    r"|whatsapp|sms|portable|cellulare|cell|m[oó]vil|hotline|notruf(?:nummer)?|permanence t[eé]l[eé]phonique)\b"
    r"[^\w+(]{0,4}(?:(?:n[°ro]|nr|nummer|number|numero|número|au|is|:)[^\w+(]{0,3})?"
    r"(?P<number>\+?\(?[0-9](?:[ \u00a0\u202f\u2009.()/–-]{0,3}[0-9]){5,14})(?!\w)",
}
_PHONES = {name: re.compile(form, re.IGNORECASE) for name, form in _FORMS.items()}
_DATE = re.compile(
    r"(?:0?[1-9]|[12][0-9]|3[01])(?P<s>[ ./-])(?:0?[1-9]|1[0-2])(?P=s)(?:19|20)[0-9]{2}(?![0-9])"
    r"|(?:19|20)[0-9]{2}(?P<t>[./-])(?:0[1-9]|1[0-2])(?P=t)(?:0[1-9]|[12][0-9]|3[01])(?![0-9])"
)
_OTHER_NUMBERS = re.compile(
    r"(?:\b(?:isbn|issn|ean|siret|siren|iban|bic|doi|rcs|az|aktenzeichen)\b\W{0,12}[\w -]{0,6}"
    r"|(?-i:\b[A-Z]{2})[0-9]{2}(?: ?[0-9]{4}){0,6} ?)$",
    re.IGNORECASE,
)
"""What stands before a number of a book, a bank account or a company."""
_LOOKED_BACK = 40
_THOUSANDS = re.compile(r"\+?[0-9]{1,3}(?P<s>[ \u00a0\u202f\u2009.])[0-9]{3}(?:(?P=s)[0-9]{3})*")
_CODES = frozenset(
    "1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86"
    " 90 91 92 93 94 95 98".split()
)
"""Country codes of one or two digits (ITU-T E.164); all others have three, and begin with 2, 3, 4, 5, 6, 8 or 9."""


def _phones(text: str) -> Iterator[Contact]:
    for name, pattern in _PHONES.items():
        for hit in pattern.finditer(text):
            start, end = hit.span("number") if name == "said" else hit.span()
            if _is_phone(name, text[start:end], text[max(0, start - _LOOKED_BACK) : start]):
                yield Contact(start, end, "phone")


def _is_phone(form: str, number: str, before: str) -> bool:
    """Whether what has the form of a number is one.

    Args:
        form: Which.
        number: As it is written.
        before: What stands before it.
    """
    digits = re.sub(r"[^0-9]", "", number)
    if _DATE.match(number.strip("()")) or _OTHER_NUMBERS.search(before):
        return False
    if form == "abroad":
        return _is_abroad(number, digits.removeprefix("00") if number.startswith("00") else digits)
    if form == "area":
        groups = re.findall(r"[0-9]+", number)
        is_decimal = len(groups) == 2 and number[len(groups[0])] == "."
        are_codes = {len(group) for group in groups} == {5}  # post codes in a row
        are_times = all(len(group) == 2 for group in groups)
        return 9 <= len(digits) <= 12 and not (is_decimal or are_codes or are_times)
    return True


def _is_abroad(number: str, digits: str) -> bool:
    if _THOUSANDS.fullmatch(number) and len(digits) < 10:
        return False
    if digits[0] == "1" or digits[0] == "7":
        return len(digits) == 11
    return len(digits) >= 9 and (digits[:2] in _CODES or digits[:1] in "2345689")
