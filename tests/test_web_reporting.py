"""How readers tell that something is wrong: where the link leads, and what it says already."""

from __future__ import annotations

import shutil
from email import message_from_string
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from aggregator.home import Home
from aggregator.web.reporting import report
from aggregator.web.serving import application
from tests.stockedhome import article, stocked
from tests.webbed import Seen, serving

ONE = article("one?a=b&c=d", "The harbour froze.", title="Frost\r\nBcc: all@example.org")
YAML = 'settings: {{{}min_free: 1MB}}\nsources: [{{id: a, url: "http://a.example/"{}}}]\n'


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return stocked(tmp_path_factory.mktemp("reporting") / "home", [ONE])


def reports(home: Home, path: str = f"/articles/{ONE.id}") -> list[str]:
    """Where the page leads to those who run the home."""
    with serving(application(home)) as address:
        answer = requests.get(address + path, timeout=20)
        assert answer.status_code == 200
        return [link for link in Seen(answer.text).links() if not link.startswith(("/", "#"))]


def mail_of(address: str) -> tuple[str, str, str]:
    """To whom a mail goes that a browser begins with an address, its subject and its body."""
    found = urlsplit(address)
    said = parse_qs(found.query, strict_parsing=True)
    assert found.scheme == "mailto"
    assert set(said) == {"subject", "body"}
    return unquote(found.path), said["subject"][0], said["body"][0]


def test_a_report_names_the_article_the_version_and_the_address(stock: Home) -> None:
    [link] = reports(stock)
    to, subject, body = mail_of(link)
    assert to == "desk@example.org"
    assert subject == f"Article {ONE.id}, version {ONE.version}"
    assert f"Article: {ONE.id}\r\nVersion: {ONE.version}, seen 2026-11-23T12:00:00Z\r\nAddress: {ONE.url}\r\n" in body


@pytest.mark.parametrize(
    ("contact", "link"),
    [("", None), ('contact: "https://example.org/contact", ', "https://example.org/contact"), ("contacts: x, ", None)],
)
def test_where_nobody_is_named_there_is_no_link_and_a_page_is_linked_as_it_is(
    stock: Home, tmp_path: Path, contact: str, link: str | None
) -> None:
    copied = Home(Path(shutil.copytree(stock.root, tmp_path / "home")))
    copied.sources_yaml.write_text(YAML.format(contact, ""))
    assert reports(copied) == ([link] if link else [])


def test_the_operator_is_told_that_nobody_can_write(stock: Home, tmp_path: Path) -> None:
    copied = Home(Path(shutil.copytree(stock.root, tmp_path / "home")))
    for contact, is_said in (("", True), ("contact: desk@example.org, ", False)):
        copied.sources_yaml.write_text(YAML.format(contact, ""))
        with serving(application(copied)) as address:
            assert ("settings.contact" in requests.get(f"{address}/sources", timeout=20).text) is is_said


def test_of_what_may_not_leave_the_home_a_report_says_no_address(stock: Home, tmp_path: Path) -> None:
    copied = Home(Path(shutil.copytree(stock.root, tmp_path / "home")))
    copied.sources_yaml.write_text(YAML.format("contact: desk@example.org, ", ", access: staff"))
    [link] = reports(copied)
    assert ONE.id in link and "a.example" not in link


@given(st.text(max_size=60), st.dictionaries(st.sampled_from(["Article", "Address"]), st.text(max_size=80)))
def test_whatever_strangers_wrote_a_mail_has_no_header_of_theirs(
    stock: Home, subject: str, facts: dict[str, str | None]
) -> None:
    found = report(stock, subject, facts)
    assert found
    assert found.address.isascii() and not set(found.address) & set(" \r\n<>\"'")
    to, said, body = mail_of(found.address.replace("subject=&", "subject=%20&"))
    assert to == "desk@example.org"
    mail = message_from_string(f"To: {to}\r\nSubject: {said}\r\n\r\n{body}")
    assert mail.keys() == ["To", "Subject"]
    assert body.count("\r\n") == sum(map(bool, facts.values())) + 1
