import email.utils
import time

import httpx
import pytest

from mlgraph.domain.errors import SourceError
from mlgraph.sources.cache import TtlCache
from mlgraph.sources.http import MISSING, JsonClient, Patience, TokenBucket
from tests.sources.flaky_server import Answer, answers, flaky_server, says, unused_url

GOOD = says({"good": True})
GONE = says({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Run with id=x not found"}, 404)


class Waits:
    def __init__(self) -> None:
        self.told: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.told.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


def client(double_url: str, waits: Waits, **how: float) -> JsonClient:
    patience = Patience(attempts=int(how.get("attempts", 4)), timeout_s=how.get("timeout_s", 5.0))
    found = httpx.Client(base_url=f"{double_url}/api/")
    return JsonClient(found, what="the double", missing_code="RESOURCE_DOES_NOT_EXIST", patience=patience, sleep=waits)


@pytest.mark.parametrize(
    "trouble",
    [
        says({}, 500),
        says({}, 503),
        says({"message": "slow down"}, 429),
        Answer(body=b'{"runs": [1, 2, 3]}', cut=9),
        Answer(body=b'{"runs": [1,'),
        Answer(body=b"<html>bad gateway</html>"),
        Answer(body=b"\xff"),
    ],
    ids=["500", "503", "429", "cut", "half", "html", "bytes"],
)
def test_what_may_pass_is_asked_again(trouble: Answer, waits: Waits) -> None:
    with flaky_server(answers(trouble, trouble, GOOD)) as double:
        asking = client(double.url, waits)
        assert asking.get("things") == {"good": True}
        asking.close()
    assert len(double.asked) == 3
    assert 0 < waits.told[0] < waits.told[1] * 1.01, "each wait is longer, or nearly so, for the jitter"


def test_nothing_is_waited_for_only_so_long(waits: Waits) -> None:
    with flaky_server(answers(Answer(hang_s=20), GOOD)) as double:
        asking = client(double.url, waits, timeout_s=0.2)
        assert asking.get("things") == {"good": True}
        asking.close()


def test_patience_ends_with_what_where_and_what_next(waits: Waits) -> None:
    with flaky_server(answers(says({"message": "database is locked"}, 500))) as double:
        asking = client(double.url, waits, attempts=3)
        with pytest.raises(SourceError) as caught:
            asking.post("runs/search", {})
        asking.close()
    assert len(double.asked) == 3
    for part in ("the double", "POST runs/search", "3 times", "HTTP 500: database is locked", "next sync"):
        assert part in caught.value.detail


def test_nobody_there_is_said(waits: Waits) -> None:
    asking = client(unused_url(), waits, attempts=2)
    with pytest.raises(SourceError, match=r"GET things failed 2 times, at last with ConnectError"):
        asking.get("things")
    asking.close()


def test_retry_after_is_honoured_in_seconds_and_as_a_date(waits: Waits) -> None:
    later = email.utils.formatdate(time.time() + 30, usegmt=True)
    script = answers(says({}, 429, Retry_After="7"), says({}, 429, Retry_After=later), says({}, 429, Retry_After="x"), GOOD)
    with flaky_server(script) as double:
        asking = client(double.url, waits)
        assert asking.get("things") == {"good": True}
        asking.close()
    assert waits.told[0] == 7
    assert 25 < waits.told[1] <= 30
    assert 0 < waits.told[2] < 2, "what cannot be read is no reason to wait long"


def test_a_thing_that_the_api_does_not_know_is_missing_at_once(waits: Waits) -> None:
    with flaky_server(answers(GONE)) as double:
        asking = client(double.url, waits)
        assert asking.get("runs/get", {"run_id": "x"}) is MISSING
        asking.close()
    assert len(double.asked) == 1
    assert double.asked[0].path == "/api/runs/get?run_id=x"


@pytest.mark.parametrize("answer", [Answer(404, b"<html>"), says({"detail": "Not Found"}, 404), says([], 404)])
def test_any_other_404_is_no_deletion(answer: Answer, waits: Waits) -> None:
    with flaky_server(answers(answer)) as double:
        asking = client(double.url, waits)
        with pytest.raises(SourceError, match="HTTP 404"):
            asking.get("things")
        asking.close()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (says({}, 401), "set its user and password"),
        (says({"message": "bad filter"}, 400), "HTTP 400: bad filter"),
        (says([1]), "no object"),
        (Answer(302, b"", {"location": "/login"}), "HTTP 302"),
    ],
)
def test_what_will_not_pass_is_asked_once(answer: Answer, message: str, waits: Waits) -> None:
    with flaky_server(answers(answer)) as double:
        asking = client(double.url, waits)
        with pytest.raises(SourceError, match=message):
            asking.get("things")
        asking.close()
    assert len(double.asked) == 1


def test_the_bucket_lets_a_second_through_at_once_and_then_the_rate() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    bucket = TokenBucket(10, clock=lambda: now[0], sleep=sleep)
    for _ in range(10):
        bucket.take()
    assert now[0] == 0
    for _ in range(25):
        bucket.take()
    assert now[0] == pytest.approx(2.5)


def test_the_cache_keeps_for_a_while_and_not_more_than_its_size() -> None:
    now, fetched = [0.0], list[int]()

    def fetch() -> int:
        fetched.append(1)
        return len(fetched)

    cache = TtlCache(size=2, ttl_s=10, clock=lambda: now[0])
    assert [cache.get("a", fetch), cache.get("a", fetch), cache.get("b", fetch)] == [1, 1, 2]
    cache.get("c", fetch)
    assert cache.get("a", fetch) == 4, "the one unused for longest made room"
    now[0] = 10
    assert cache.get("a", fetch) == 5
    cache.forget()
    assert cache.get("a", fetch) == 6
