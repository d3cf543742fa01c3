"""From the wire into the archive and back out, by everybody's readers: the bytes are those that went over the wire.

What the fetcher alone keeps of an answer is tested in test_fetch.py, what the archive alone makes of one in
test_archive.py.
"""

from __future__ import annotations

import gzip
import shutil
import ssl
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType

from aggregator import archive, fetch, pipeline
from aggregator.archive import Archive
from aggregator.errors import FetchError
from aggregator.fetch import Fetcher
from aggregator.home import Home
from aggregator.model import Following, Request, Response, Role, Settings
from tests.fakeweb import STORY, page, source
from tests.rawserver import Answer, Do, RawServer, Step
from tests.test_fetch import CHUNKED, CUT, LENGTH, LOOPBACK, OK, WHOLE, bytes_of, chunked, head
from tests.warcs import capture, records, stored

HTTP = "application/http; msgtype="


def asked(url: str) -> Request:
    return Request(url=url, role=Role.PAGE, source_id="a")


def fetched(server: RawServer, fetcher: Fetcher | None = None) -> list[Response]:
    """Ask for every page of a server, in turn."""
    fetcher = fetcher or Fetcher(LOOPBACK)
    return [fetcher.fetch(asked(server.url(path, host="a.localhost")), pace_s=0.0) for path in server.pages]


def blocks(folder: Path, msgtype: str) -> list[bytes]:
    """The HTTP messages of one kind that warcio finds in an archive."""
    return [block for fields, block in records(folder) if fields["Content-Type"] == HTTP + msgtype]


def by_fastwarc(folder: Path, kind: WarcRecordType) -> list[bytes]:
    found = []
    for file in archive.files(folder):
        with (folder / file).open("rb") as stream:
            found += [r.reader.read() for r in ArchiveIterator(stream, record_types=kind, parse_http=False)]
    return found


# Every manner of HTTP


@pytest.mark.parametrize("steps", [*WHOLE.values(), *CUT.values()], ids=[*WHOLE, *(f"cut {name}" for name in CUT)])
def test_the_archive_holds_the_bytes_of_the_wire(tmp_path: Path, steps: tuple[Step, ...]) -> None:
    with RawServer({"/": steps}) as server:
        responses = fetched(server)
    stored(tmp_path, *responses)

    interim = [block for fields, block in records(tmp_path) if fields.get("Aggregator-Kind") == "interim"]
    [answered] = by_fastwarc(tmp_path, WarcRecordType.response)
    assert b"".join(interim) + answered == bytes_of(steps)
    assert answered in blocks(tmp_path, "response")
    assert blocks(tmp_path, "request") == by_fastwarc(tmp_path, WarcRecordType.request) == server.requests


@pytest.mark.parametrize(
    ("limit", "answer", "why"),
    [
        (("MAX_BYTES", 1_000), (head(LENGTH % 400_000) + b"soup" * 100_000,), "length"),
        (("IDLE_S", 0.3), (head(LENGTH % 9), b"soup", Do.HANG), "time"),
        (("IDLE_S", 9.0), (head(LENGTH % 9), b"soup", Do.CUT), "disconnect"),
    ],
)
def test_a_record_says_why_its_answer_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: tuple[str, float], answer: tuple[Step, ...], why: str
) -> None:
    monkeypatch.setattr(fetch.limits, *limit)
    with RawServer({"/": answer}) as server:
        responses = fetched(server)
    [entry] = stored(tmp_path, *responses)

    [about] = [fields for fields, _ in records(tmp_path) if fields["WARC-Type"] == "response"]
    assert (about["WARC-Truncated"], capture(entry).truncated) == (why, why)
    [block] = blocks(tmp_path, "response")
    assert len(block) > len(head(LENGTH % 9))
    assert bytes_of(answer).startswith(block)


@pytest.mark.parametrize(
    "first",
    [steps for steps in WHOLE.values() if Do.CUT not in steps],
    ids=[n for n in WHOLE if Do.CUT not in WHOLE[n]],
)
def test_two_answers_on_one_connection_stay_two(first: tuple[Step, ...]) -> None:
    second = head(CHUNKED) + chunked(b"the second")
    with RawServer({"/1": first, "/2": second, "/3": OK}) as server:
        responses = fetched(server)

    assert [r.received for r in responses] == [bytes_of(first), second, OK]
    assert [r.sent for r in responses] == server.requests
    assert server.connections == 1


def test_twenty_threads_on_one_fetcher_get_each_their_own_answer(tmp_path: Path) -> None:
    hosts = [f"site-{n}.localhost" for n in range(20)]
    pages: dict[str, Answer] = {}
    for n in range(20):
        text = f"The page of site {n}. ".encode() * (50 + 97 * n)
        zipped = gzip.compress(text)
        pages[f"/{n}/plain"] = head(LENGTH % len(text)) + text
        pages[f"/{n}/gzip"] = (head(b"Content-Encoding: gzip", LENGTH % len(zipped)), 0.01, zipped)
        pages[f"/{n}/chunked"] = head(CHUNKED) + chunked(*(text[at : at + 100] for at in range(0, len(text), 100)))
    fetcher = Fetcher(LOOPBACK)

    def visit(n: int) -> list[Response]:
        paths = [path for path in pages if path.startswith(f"/{n}/")]
        return [fetcher.fetch(asked(server.url(path, host=hosts[n])), pace_s=0.0) for path in paths * 3]

    with RawServer(pages) as server, ThreadPoolExecutor(20) as pool:
        responses = [response for visited in pool.map(visit, range(20)) for response in visited]

    assert len(responses) == 180
    for response in responses:
        path = response.sent.split(b" ")[1].decode()
        assert response.request.url.endswith(path)
        assert f"Host: {hosts[int(path.split('/')[1])]}:".encode() in response.sent
        assert response.received == bytes_of(pages[path])
    assert Counter(server.requests) == Counter(r.sent for r in responses)


# A whole crawl


def test_every_exchange_of_a_crawl_is_in_the_archive_each_hop_of_a_redirect_too(tmp_path: Path) -> None:
    def moved(location: str, status: str = "301 Moved") -> bytes:
        return head(b"Location: " + location.encode(), LENGTH % 0, status=f"HTTP/1.1 {status}".encode())

    with RawServer({}) as server:
        a, b = server.url("", host="a.localhost"), server.url("", host="b.localhost")
        announced = f"<item><title>One</title><link>{a}/1</link></item>"
        rss = f'<?xml version="1.0"?><rss version="2.0"><channel><title>a</title>{announced}</channel></rss>'.encode()
        sitemap = f"<urlset><url><loc>{a}/1</loc></url></urlset>".encode()
        robots = f"User-agent: *\nDisallow: /no\nSitemap: {a}/map.xml\n".encode()
        server.pages = {
            "/robots.txt": head(LENGTH % len(robots)) + robots,
            "/feed": head(b"Content-Type: application/rss+xml", CHUNKED) + chunked(rss[:50], rss[50:]),
            "/map.xml": head(b"Content-Type: application/xml", LENGTH % len(sitemap)) + sitemap,
            "/1": moved("../2?x=1#part", "302 Found"),
            "/2?x=1": moved(f"{b}/caf\u00e9 noir", "307 Elsewhere"),
            "/caf%C3%A9%20noir": moved("//B.localhost:" + str(server.port) + "/end", "308 For good"),
            "/end": head(b"Content-Type: text/html", CHUNKED) + chunked(page(STORY).encode()),
        }
        following = Following(
            settings=Settings(min_free_bytes=0, allow_private=LOOPBACK.allow_private),
            sources=(source("a", url=f"{a}/", feeds=(f"{a}/feed",)),),
            written=b"sources: []\n",
        )
        with pipeline.opened(Home(tmp_path), following) as line:
            [run] = line.crawl(following.sources, Fetcher(following.settings))

    folder = Home(tmp_path).archive
    assert (run.new, run.failed) == (1, [])
    assert {"/1", "/2?x=1", "/caf%C3%A9%20noir", "/end"} <= set(server.paths())
    assert Counter(blocks(folder, "request")) == Counter(server.requests)
    found = list(records(folder))
    answers = {f["WARC-Record-ID"]: (f, block) for f, block in found if f["WARC-Type"] in ("response", "revisit")}
    pairs = [(*answers[f["WARC-Concurrent-To"]], sent) for f, sent in found if f["WARC-Type"] == "request"]
    assert len(pairs) == len(answers) == len(server.requests)
    for fields, received, sent in pairs:
        whole = bytes_of(server.pages[sent.split(b" ")[1].decode()])
        assert received == whole if fields["WARC-Type"] == "response" else whole.startswith(received)
    assert {fields["Aggregator-Role"] for fields, _ in answers.values()} >= {"robots", "feed", "sitemap", "page"}
    [end] = [fields for fields, _ in answers.values() if fields["WARC-Target-URI"].endswith("/end")]
    assert end["Aggregator-Asked-For"] == f"{a}/1"
    assert [(f["WARC-Type"], f.get("WARC-Target-URI"), b) for f, b in found[:2]] == [
        ("warcinfo", None, found[0][1]),
        ("resource", "urn:aggregator:sources.yaml", b"sources: []\n"),
    ]


# What we say of a body


def test_a_page_has_one_entity_digest_however_it_was_sent(tmp_path: Path) -> None:
    text = page(STORY).encode()
    zipped = gzip.compress(text)
    sent: list[Answer] = [
        head(LENGTH % len(text)) + text,
        head(b"Content-Encoding: gzip", LENGTH % len(zipped)) + zipped,
        head(CHUNKED, b"Content-Encoding: gzip") + chunked(zipped[:99], zipped[99:]),
        head(b"Content-Encoding: gzip", LENGTH % 4) + b"soup",
        (head(LENGTH % 99) + text[:50], Do.CUT),
        head(status=b"HTTP/1.1 304 Not Modified"),
    ]
    with RawServer({f"/{n}": answer for n, answer in enumerate(sent)}) as server:
        responses = fetched(server)
    writer = Archive(tmp_path)
    for response in responses:
        writer.add(response, earlier=None)
    writer.close()

    answers = [fields for fields, _ in records(tmp_path) if fields["WARC-Type"] == "response"]
    digests = [fields.get("Aggregator-Entity-Digest") for fields in answers]
    assert len(set(digests[:3])) == 1
    assert str(digests[0]).startswith("sha256:")
    assert digests[3:] == [None, None, None]
    assert len({fields["WARC-Payload-Digest"] for fields in answers[:3]}) == 3


# TLS


class Authority:
    """A certificate authority that lives as long as a test run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificate = folder / "ca.pem"
        self._openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"),
            *("-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=An authority", "-addext", "keyUsage=keyCertSign"),
        )

    def for_host(self, host: str) -> ssl.SSLContext:
        """What a server needs to be believed that it is a host."""
        names = self.folder / f"{host}.ext"
        names.write_text(f"subjectAltName=DNS:{host}\nauthorityKeyIdentifier=keyid\nbasicConstraints=CA:FALSE\n")
        self._openssl(
            *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={host}"),
            *("-keyout", f"{host}.key", "-out", f"{host}.csr"),
        )
        self._openssl(
            *("x509", "-req", "-in", f"{host}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
            *("-days", "2", "-extfile", names.name, "-out", f"{host}.pem"),
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{host}.pem", self.folder / f"{host}.key")
        return context

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    if shutil.which("openssl") is None:
        pytest.skip("certificates are made with the openssl program")
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The authority, where requests looks for those that it trusts."""
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(authority.certificate))
    return authority


def test_over_tls_the_bytes_are_kept_as_they_were_before_they_were_encrypted(
    tmp_path: Path, trusted: Authority
) -> None:
    pages = {f"/{n}": steps for n, steps in enumerate([*WHOLE.values(), *CUT.values()])}
    with RawServer(pages, tls=trusted.for_host("a.localhost")) as server:
        responses = fetched(server)
    stored(tmp_path, *responses)

    assert [r.received for r in responses] == [bytes_of(steps) for steps in pages.values()]
    assert [r.sent for r in responses] == blocks(tmp_path, "request") == server.requests
    targets = {fields["WARC-Target-URI"] for fields, _ in records(tmp_path) if fields["WARC-Type"] == "request"}
    assert targets == {f"https://a.localhost:{server.port}{path}" for path in pages}


def test_an_answer_says_from_when_to_when_the_certificate_of_its_host_is_valid(trusted: Authority) -> None:
    with RawServer({"/": OK, "/1": OK}, tls=trusted.for_host("a.localhost")) as server:
        responses = fetched(server)

    assert server.connections == 1
    for response in responses:
        assert response.certificate
        begin, end = response.certificate
        assert begin <= response.started_at < end
        assert timedelta(days=1) < end - begin <= timedelta(days=2)


def test_a_host_whose_certificate_nobody_vouches_for_is_not_asked(authority: Authority) -> None:
    with (
        RawServer({"/": OK}, tls=authority.for_host("a.localhost")) as server,
        pytest.raises(FetchError, match="certificate verify failed"),
    ):
        fetched(server)

    assert (server.connections, server.requests) == (1, [])


def test_a_host_with_the_certificate_of_another_is_not_asked(trusted: Authority) -> None:
    with (
        RawServer({"/": OK}, tls=trusted.for_host("b.localhost")) as server,
        pytest.raises(FetchError, match="certificate"),
    ):
        fetched(server)

    assert (server.connections, server.requests) == (1, [])


def test_a_certificate_that_sources_yaml_names_is_trusted_whoever_signed_it_and_no_other_is(
    authority: Authority,
) -> None:
    context = authority.for_host("a.localhost")
    der = ssl.PEM_cert_to_DER_cert((authority.folder / "a.localhost.pem").read_text())
    named = sha256(der).hexdigest()
    with RawServer({"/": OK}, tls=context) as server:
        host = "a.localhost"
        right = replace(LOOPBACK, certificates=((host, named),))
        wrong = replace(LOOPBACK, certificates=((host, "0" * 64),))
        [response] = fetched(server, fetcher=Fetcher(right))
        with pytest.raises(FetchError, match="certificate"):
            fetched(server, fetcher=Fetcher(wrong))
        with pytest.raises(FetchError, match="certificate"):
            fetched(server, fetcher=Fetcher(replace(LOOPBACK, certificates=(("b.localhost", named),))))

    assert response.received == OK
    assert len(server.requests) == 1
