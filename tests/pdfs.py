"""PDFs as office programs write them: compressed pages, a title and a date that the file says of itself."""

from __future__ import annotations

import textwrap
import zlib


def pdf(*pages: str, title: str = "", author: str = "", made: str = "") -> bytes:
    """A PDF of these pages; blank lines part paragraphs, which are set in lines of 80 characters at most.

    Args:
        pages: Their texts, in the characters of Latin-1.
        title: As the file says it; empty: it says none.
        author: The same.
        made: When, as ``20261109120000Z``.
    """
    said = {"Title": title, "Author": author, "CreationDate": f"D:{made}" if made else ""}
    about = " ".join(f"/{name} ({_escaped(value)})" for name, value in said.items() if value)
    kids = " ".join(f"{5 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        f"<< {about} >>".encode("latin-1"),
    ]
    for number, page in enumerate(pages):
        drawn = zlib.compress(_drawn(page).encode("latin-1"))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> "
            + f"/Contents {6 + 2 * number} 0 R >>".encode()
        )
        objects.append(f"<< /Length {len(drawn)} /Filter /FlateDecode >>\nstream\n".encode() + drawn + b"\nendstream")
    written, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(written))
        written += f"{number} 0 obj\n".encode() + one + b"\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    return (
        written
        + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode()
        + f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 4 0 R >>\n".encode()
        + f"startxref\n{len(written)}\n%%EOF\n".encode()
    )


def _drawn(page: str) -> str:
    paragraphs = [[line for part in p.split("\n") for line in textwrap.wrap(part, 80)] for p in page.split("\n\n")]
    lines = [line for paragraph in paragraphs for line in (*paragraph, "")]
    shown = "".join(f"({_escaped(line)}) Tj T*\n" for line in lines)
    return f"BT /F1 11 Tf 14 TL 60 780 Td\n{shown}ET"


def _escaped(text: str) -> str:
    return "".join("\\" + c if c in "()\\" else c for c in text)
