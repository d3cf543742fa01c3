"""Who may come in, who may decide, and how fast each may ask."""

from __future__ import annotations

import itertools
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from aggregator.decisions import Decisions
from aggregator.errors import UsageError
from aggregator.home import Home
from aggregator.web import guard
from aggregator.web.door import Door
from aggregator.web.guard import cost_of
from aggregator.web.limits import AT_ONCE, COSTLY
from aggregator.web.pace import Pace, client_of
from aggregator.web.serving import application
from tests.fakecli import Aggregator
from tests.stockedhome import article, stocked
from tests.test_web_views import STORY
from tests.webbed import serving

TOKEN = "correct horse battery: staple ü"
ONE, OTHER = article("one", STORY, title="One"), article("other", STORY, title="Other", of="b")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a text that two sources have."""
    return stocked(tmp_path / "home", [ONE, OTHER])


def served(home: Home, *, reading: bool = False, deciding: bool = True) -> Iterator[str]:
    with serving(application(home, door=Door(TOKEN, is_for_reading=reading, may_decide=deciding))) as address:
        yield address


@pytest.fixture
def deciding(home: Home) -> Iterator[str]:
    yield from served(home)


def basic(name: str = "m. archivist", token: str = TOKEN) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{name}:{token}'.encode()).decode()}"}


def form_of(address: str, kind: str, *, of: str = ONE.id) -> dict[str, str]:
    """The fields that a button on the page of a family sends."""
    found = BeautifulSoup(requests.get(f"{address}/articles/{of}/family", timeout=20).text, "lxml")
    button = found.select_one(f"form.decide button[value={kind}]")
    assert button
    assert button.parent
    return {str(i["name"]): str(i["value"]) for i in button.parent.select("input")} | {"kind": kind}


def sent(address: str, form: dict[str, str], headers: dict[str, str]) -> requests.Response:
    return requests.post(f"{address}/decisions", data=form, headers=headers, timeout=30, allow_redirects=False)


def decided(home: Home) -> list[tuple[str, str, str, str]]:
    events = Decisions(home.archive).events("match-confirmed", "match-refused")
    return [(one.kind, one.said["a"], one.said["b"], one.said["by"]) for one in events]


def test_whoever_has_the_token_decides_under_their_name_and_takes_it_back(home: Home, deciding: str) -> None:
    a, b = sorted((ONE.id, OTHER.id))
    answer = sent(deciding, form_of(deciding, "refused"), basic())
    assert (answer.status_code, answer.headers["location"]) == (303, f"/articles/{ONE.id}/family?noted={a}-{b}")
    assert decided(home) == [("match-refused", a, b, "m. archivist")]
    said = requests.get(deciding + answer.headers["location"], timeout=20).text
    assert "No other article shares text with it." in said
    assert "refused by m. archivist" in said
    [noted] = BeautifulSoup(said, "lxml").select("main > .note")
    assert "Noted: refused by m. archivist" in " ".join(noted.get_text().split())
    assert [button["value"] for button in noted.select("form.decide button")] == ["confirmed"]
    for nothing in (f"{a}-{'a' * 12}", "", "<b>", f"{a}-{b}-{b}x"):
        page = requests.get(f"{deciding}/articles/{ONE.id}/family", params={"noted": nothing}, timeout=20).text
        assert "Noted:" not in page

    assert sent(deciding, form_of(deciding, "confirmed"), basic("e. editor")).status_code == 303
    assert decided(home)[1:] == [("match-confirmed", a, b, "e. editor")]
    assert "confirmed by e. editor" in requests.get(f"{deciding}/articles/{OTHER.id}/family", timeout=20).text

    sent(deciding, form_of(deciding, "confirmed") | {"kind": "confirmed"}, basic())
    assert len(decided(home)) == 2


@pytest.mark.parametrize(
    ("headers", "change", "status"),
    [
        ({}, {}, 401),
        (basic(token="another token of that length"), {}, 401),
        (basic(""), {}, 403),
        ({"Authorization": "Bearer " + "x" * 40}, {}, 401),
        ({"Authorization": "Basic ///"}, {}, 401),
        (basic() | {"Sec-Fetch-Site": "cross-site"}, {}, 403),
        (basic() | {"Sec-Fetch-Site": "same-site"}, {}, 403),
        (basic() | {"Origin": "http://evil.example"}, {}, 403),
        (basic() | {"Origin": "null"}, {}, 403),
        (basic(), {"key": ""}, 403),
        (basic(), {"key": "0" * 64}, 403),
        (basic(), {"kind": "joined"}, 400),
        (basic(), {"a": "../one"}, 404),
        (basic(), {"here": "//evil.example"}, 404),
        (basic(), {"b": "x" * 5_000}, 400),
    ],
)
def test_nothing_is_decided_by_who_may_not_or_by_what_is_none_of_our_forms(
    home: Home,
    deciding: str,
    headers: dict[str, str],
    change: dict[str, str],
    status: int,
) -> None:
    answer = sent(deciding, form_of(deciding, "refused") | change, headers)
    assert answer.status_code == status
    assert decided(home) == []


def test_without_leave_to_decide_there_is_no_button_and_no_way(home: Home) -> None:
    for door in (None, Door(TOKEN, is_for_reading=False, may_decide=False)):
        with serving(application(home, door=door)) as address:
            assert "/decisions" not in requests.get(f"{address}/articles/{ONE.id}/family", timeout=20).text
            assert sent(address, {"kind": "refused"}, basic()).status_code == 405


@pytest.mark.parametrize("path", ["/", "/?q=camp", "/sources", "/static/style.css", "/api/search?q=camp", "/metrics"])
def test_where_the_token_is_asked_for_nothing_is_shown_without_it(home: Home, path: str) -> None:
    for address in served(home, reading=True):
        without = requests.get(address + path, timeout=20)
        assert without.status_code == 401
        assert without.headers["www-authenticate"] == 'Basic realm="aggregator", charset="UTF-8"'
        assert STORY[:20] not in without.text
        bearer = {"Authorization": b"Bearer " + TOKEN.encode()}
        for headers in (basic(""), bearer):
            assert requests.get(address + path, headers=headers, timeout=20).status_code == 200


def test_a_token_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(UsageError, match="16 are the least"):
        Door("short", is_for_reading=True, may_decide=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
def test_other_machines_are_not_served_without_a_token(
    home: Home, aggregator: Aggregator, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.delenv("AGGREGATOR_TOKEN", raising=False)
    said = aggregator("--home", home.root, "serve", "--host", host, "--port", "0")
    assert said.code == 2
    assert "Give a token" in said.err
    monkeypatch.setenv("AGGREGATOR_TOKEN", "short")
    assert aggregator("--home", home.root, "serve", "--host", host, "--port", "0").code == 2


def test_who_asks_too_fast_waits(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "A_SECOND", 0.1)  # slower than a machine that is busy with other things asks
    with serving(application(home)) as address, requests.Session() as asking:
        statuses = [asking.get(f"{address}/static/icon.svg", timeout=20).status_code for _ in range(int(AT_ONCE) * 3)]
        assert statuses[: int(AT_ONCE)] == [200] * int(AT_ONCE)
        assert 429 in statuses
        refused = next(
            answer for answer in (asking.get(f"{address}/", timeout=20) for _ in range(9)) if answer.status_code == 429
        )
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.headers["content-security-policy"]


@given(st.lists(st.tuples(st.floats(0, 5), st.sampled_from("ab"), st.sampled_from([1.0, 7.0])), max_size=80))
def test_nobody_has_more_than_their_share_and_nobody_pays_for_another(asked: list[tuple[float, str, float]]) -> None:
    now = 0.0
    pace, had = Pace(10, 2, lambda: now), dict.fromkeys("ab", 0.0)
    alone = {client: Pace(10, 2, lambda: now) for client in "ab"}
    for pause, client, cost in asked:
        now += pause
        wait_s = pace.wait_s(client, cost)
        assert wait_s == alone[client].wait_s(client, cost)
        if not wait_s:
            had[client] += cost
            assert had[client] <= 10 + 2 * now + 7  # the last one may cost more than was left


def test_whoever_waits_as_long_as_they_are_told_may_come_again() -> None:
    now = 0.0
    pace = Pace(3, 2, lambda: now)
    assert [pace.wait_s("a") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    now = 0.5
    assert pace.wait_s("a") == 0.0


def test_all_addresses_of_a_network_of_ipv6_are_one_client() -> None:
    assert client_of("2001:db8:1:2::1") == client_of("2001:db8:1:2:ffff::9") != client_of("2001:db8:1:3::1")
    assert client_of("192.0.2.1") != client_of("192.0.2.2")
    assert client_of("testclient") == "testclient"


def test_of_very_many_clients_those_longest_silent_are_forgotten() -> None:
    pace = Pace(1, 1, itertools.repeat(0.0).__next__)
    for number in range(Pace.MOST_CLIENTS + 1):
        assert pace.wait_s(str(number)) == 0.0
    assert pace.wait_s("0") == 0.0
    assert pace.wait_s(str(Pace.MOST_CLIENTS)) > 0


@pytest.mark.parametrize(
    ("path", "cost"),
    [
        ("/articles/0123456789abcdef/beside/fedcba9876543210", COSTLY),
        ("/reposts", COSTLY),
        ("/api/export", COSTLY),
        ("/articles/0123456789abcdef", 1.0),
        ("/articles/0123456789abcdef/family", 1.0),
        ("/static/style.css", 1.0),
    ],
)
def test_what_reads_or_compares_many_texts_counts_for_more(path: str, cost: float) -> None:
    assert cost_of(path) == cost
