"""Phone numbers and e-mail addresses in texts, and what is none."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import contacts

YES = """\
+33 1 23 45 67 89
+49 (0)30 123456
0044 20 7946 0958
+41 44 123 45 67
Tel. 01.23.45.67.89.
appelez le 06 12 34 56 78 !
0612345678
06-12-34-56-78
030 / 123 45 67
0151-23456789
0151 23456789
(030) 1234567
(020) 7946 0958
020 7946 0958
0161 496 0000
07700 900123
(01632) 960123
(212) 555-0123
212-555-0123
1-800-555-0199
612 34 56 78
91 123 45 67
tel: 612 345 678
Teléfono: 612345678
333 1234567
333 123 4567
06 1234567
02 12345678
cell. 3331234567
020-1234567
06-12345678
(020) 123 45 67
+34 612 345 678
+39 06 1234567
Tél : 04.56.78.90.12
Handy: 0176 123 456 78
Téléphone 01 23 45 67 89, ou
01 23 45 67 89 / 06 12 34 56 78
name@host.org
a.b+c@mail.host.co.uk.
name (at) host (dot) org
name[at]host.org
name [at] host [punkt] de
name(at)host.de
name AT host DOT org
name at host dot org
nom (arobase) site (point) fr
contact[@]site.org
info -at- host -dot- net
mail: x_y@zürich.example
name @ host . org
jane(a)host.nl
"""
"""A number or an address on each line; all of them invented."""
NO = """\
Am 01.02.2026 um 09.30
01/02/2026
2026-11-23
05.06.2026 09 Uhr
01.02.2026 - 03.04.2026
2010-2020
1 000 000 euros
+10 000 000 Euro
+5.000.000
612 345 678 euros
ISBN 978-3-16-148410-0
ISBN 0-306-40615-2
ISBN: 0306406152
01067 Dresden
01067 01069 01097
75011 Paris
1984
0,5 %
03.14159265
0.123456789
DE89 3704 0044 0532 0130 00
FR76 3000 6000 0112 3456 7890 189
http://x.org/2026/0612345678
?id=0612345678
@user@host.org
logo@2x.png
look at this dot
see (a) example.org
the 09.30 10.45 12.15 bus
call 2 000 000 people
Art. 5(a) of
192.168.100.200
3.14.15.92
12:30-14:30
2026/11/23 12:00:00
20 000 000 000
1.234.567,89
§ 95 Abs. 1
No 2026/123456
1939-1945, 1914-1918
at 10 dot 5
10 % (at) the
SIRET 012 345 678 00012
17:00 @ Rote Flora
Concert @ the barn. Come
Samedi 14 @ Lille. fr
"""
"""None on any line."""


@pytest.mark.parametrize("line", YES.splitlines())
def test_there_is_one_in(line: str) -> None:
    assert len(contacts.found(line)) == (2 if " / 06" in line else 1)
    assert contacts.found(f"Before it, {line}\nAnd after it.")


@pytest.mark.parametrize("line", NO.splitlines())
def test_there_is_none_in(line: str) -> None:
    assert contacts.found(line) == ()
    assert contacts.found(f"In the year 2026, {line} and so on.") == ()


def test_a_place_is_that_of_the_number() -> None:
    text = "Write to desk@paper.example or call +33 1 23 45 67 89."

    assert [(c.kind, text[c.start : c.end]) for c in contacts.found(text)] == [
        ("email", "desk@paper.example"),
        ("phone", "+33 1 23 45 67 89"),
    ]


@given(st.text() | st.text("0123456789 +()/.-@atdo[]"))
def test_places_are_in_order_and_apart(text: str) -> None:
    found = contacts.found(text)

    assert all(a.end <= b.start for a, b in pairwise(found))
    assert all(0 <= c.start < c.end <= len(text) for c in found)


@pytest.mark.parametrize(
    "piece",
    ["0", "0 ", "01 ", "@", "a", "a.", "a@", "+1 ", "(0", "a at ", "a (at) ", "a(at)b.", "tel 0", "a@b.", "DE00 "],
)
def test_no_text_takes_longer_than_its_length_allows(piece: str) -> None:
    text = (piece * 100_000)[:100_000]
    began = time.process_time()

    contacts.found(text)

    assert time.process_time() - began < 2.0
