import contextlib
import email.utils
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.domain.configuration import RequestLimits
from mlgraph.domain.errors import SourceAway, SourceError
from mlgraph.sources.cache import TtlCache
from mlgraph.sources.circuit import FAILURES, FIRST_OPEN_S, Circuit
from mlgraph.sources.http import MISSING, Endpoint, JsonClient, RetryPolicy
from mlgraph.sources.rate_limit import RateLimit, Timing, TokenBucket
from mlgraph.sources.shared_requests import SharedRequests
from tests.sources.flaky_server import Answer, answers, flaky_server, respond_with, unused_url

GOOD = respond_with({"good": True})
GONE = respond_with({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Run with id=x not found"}, 404)


class Waits:
    """A clock that goes on only where somebody waits, and how long each wait was. Its dice always fall highest."""

    def __init__(self) -> None:
        self.now = 0.0
        self.recorded: list[float] = []
        self.timing = Timing(lambda: self.now, self, lambda: 1.0)

    def __call__(self, seconds: float) -> None:
        self.recorded.append(seconds)
        self.now += seconds


@pytest.fixture
def waits() -> Waits:
    return Waits()


def client(double_url: str, waits: Waits, **how: float) -> JsonClient:
    retries = RetryPolicy(attempts=int(how.get("attempts", 4)), timeout_s=how.get("timeout_s", 5.0))
    found = httpx.Client(base_url=f"{double_url}/api/")
    limits = RequestLimits(requests_per_s=how.get("requests_per_s", 1000.0), concurrency=int(how.get("concurrency", 4)))
    return JsonClient(
        found, Endpoint("the double", "RESOURCE_DOES_NOT_EXIST", "double"), limits=limits, retries=retries, timing=waits.timing
    )


@pytest.mark.parametrize(
    "failure",
    [
        respond_with({}, 500),
        respond_with({}, 503),
        respond_with({}, 520),
        respond_with({"message": "slow down"}, 429),
        Answer(body=b'{"runs": [1, 2, 3]}', cut=9),
        Answer(body=b'{"runs": [1,'),
        Answer(body=b"<html>bad gateway</html>"),
        Answer(body=b"\xff"),
        Answer(body=b'{"good": true}', headers={"content-encoding": "gzip"}),
        Answer(500, b'{"message": ' + b"[" * 100_000),
        respond_with({}, 503, Retry_After="Fri, 31 Dec 99999999999999999999 23:59:59 GMT"),
    ],
    ids=["500", "503", "520", "429", "cut", "half", "html", "bytes", "not gzip", "nested", "no date"],
)
def test_a_temporary_failure_is_retried(failure: Answer, waits: Waits) -> None:
    with flaky_server(answers(failure, failure, GOOD)) as double:
        http_client = client(double.url, waits)
        assert http_client.get("things") == {"good": True}
        http_client.close()
    assert len(double.asked) == 3
    assert waits.recorded == [0.25, 0.5]


def test_an_answer_that_never_comes_times_out(waits: Waits) -> None:
    with flaky_server(answers(Answer(hang_s=20), GOOD)) as double:
        http_client = client(double.url, waits, timeout_s=0.2)
        assert http_client.get("things") == {"good": True}
        http_client.close()


@contextlib.contextmanager
def raw_server(head: bytes, drop: bytes, every_s: float) -> Iterator[str]:
    """Answer each request with `head`, and with `drop` again and again for as long as anybody reads."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closing = threading.Event()

        def answer(link: socket.socket) -> None:
            with link, contextlib.suppress(OSError):
                link.recv(65536)
                link.sendall(head)
                while not closing.wait(every_s):
                    link.sendall(drop)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        closing.set()
        listener.shutdown(socket.SHUT_RDWR)


def test_a_slow_body_times_out() -> None:
    with raw_server(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{", b" ", 0.05) as url:
        http_client = JsonClient(httpx.Client(base_url=url), Endpoint("it", "NO"), retries=RetryPolicy(attempts=2, timeout_s=0.3))
        with pytest.raises(SourceError, match=r"no answer within 0\.3 s"):  # while it still drips: it does so for a minute
            http_client.get("things")
        http_client.close()


def test_an_endless_body_is_refused() -> None:
    with raw_server(b"HTTP/1.1 200 OK\r\n\r\n{", b" " * (1 << 20), 0.0) as url:
        http_client = JsonClient(httpx.Client(base_url=url), Endpoint("it", "NO"))
        with pytest.raises(SourceError, match="GET things answered more than 64 MiB"):
            http_client.get("things")
        http_client.close()


def test_rejected_credentials_pause_the_source(waits: Waits) -> None:
    with flaky_server(answers(respond_with({}, 401))) as double:
        http_client = client(double.url, waits)
        with pytest.raises(SourceAway, match="credentials are missing") as refused:
            http_client.get("things")
        assert refused.value.retry_in_s == 60
        assert http_client.circuit().name == "closed", "the source is healthy"
        http_client.close()


def test_a_request_from_before_the_circuit_opened_is_not_its_test() -> None:
    now = 0.0
    changes: list[bool] = []
    circuit = Circuit("it", changes.append, Timing(lambda: now, lambda _: None, lambda: 1.0))
    assert [circuit.enter() for _ in range(FAILURES + 1)] == [False] * (FAILURES + 1)
    for _ in range(FAILURES):
        circuit.failed(tried=False)
    now = FIRST_OPEN_S
    assert circuit.enter() is True
    circuit.failed(tried=False)
    with pytest.raises(SourceAway):
        circuit.enter()
    assert circuit.state().name == "half-open", "the one that tries is under way"
    circuit.succeeded()
    assert (circuit.state().name, changes) == ("closed", [True, False])


def test_the_last_failed_attempt_raises_source_request_and_advice(waits: Waits) -> None:
    with flaky_server(answers(respond_with({"message": "database is locked"}, 500))) as double:
        http_client = client(double.url, waits, attempts=3)
        with pytest.raises(SourceError) as caught:
            http_client.post("runs/search", {})
        http_client.close()
    assert len(double.asked) == 3
    for part in ("the double", "POST runs/search", "3 times", "HTTP 500: database is locked", "next sync"):
        assert part in caught.value.detail


def test_an_unreachable_server_is_reported(waits: Waits) -> None:
    http_client = client(unused_url(), waits, attempts=2)
    with pytest.raises(SourceError, match=r"GET things failed 2 times, the last time with ConnectError"):
        http_client.get("things")
    http_client.close()


def test_retry_after_is_honoured_in_seconds_and_as_a_date(waits: Waits) -> None:
    later = email.utils.formatdate(time.time() + 30, usegmt=True)
    script = answers(
        respond_with({}, 429, Retry_After="7"),
        respond_with({}, 429, Retry_After=later),
        respond_with({}, 429, Retry_After="x"),
        GOOD,
    )
    with flaky_server(script) as double:
        http_client = client(double.url, waits)
        assert http_client.get("things") == {"good": True}
        http_client.close()
    assert waits.recorded[0] == pytest.approx(7, abs=0.1)
    assert 25 < waits.recorded[1] <= 30.1
    assert waits.recorded[2] == 1.0, "an invalid Retry-After is ignored"


def test_an_object_that_the_api_does_not_know_is_missing_at_once(waits: Waits) -> None:
    with flaky_server(answers(GONE)) as double:
        http_client = client(double.url, waits)
        assert http_client.get("runs/get", {"run_id": "x"}) is MISSING
        http_client.close()
    assert len(double.asked) == 1
    assert double.asked[0].path == "/api/runs/get?run_id=x"


@pytest.mark.parametrize("answer", [Answer(404, b"<html>"), respond_with({"detail": "Not Found"}, 404), respond_with([], 404)])
def test_any_other_404_is_not_a_deletion(answer: Answer, waits: Waits) -> None:
    with flaky_server(answers(answer)) as double:
        http_client = client(double.url, waits)
        with pytest.raises(SourceError, match="HTTP 404"):
            http_client.get("things")
        http_client.close()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (respond_with({}, 401), "set its user and password"),
        (respond_with({"message": "bad filter"}, 400), "HTTP 400: bad filter"),
        (respond_with([1]), "not an object"),
        (Answer(302, b"", {"location": "/login"}), "HTTP 302"),
    ],
)
def test_a_permanent_failure_is_not_retried(answer: Answer, message: str, waits: Waits) -> None:
    with flaky_server(answers(answer)) as double:
        http_client = client(double.url, waits)
        with pytest.raises(SourceError, match=message):
            http_client.get("things")
        http_client.close()
    assert len(double.asked) == 1


@given(
    st.floats(0.5, 500),
    st.lists(st.tuples(st.floats(0, 3), st.integers(1, 40)), min_size=1, max_size=12),
)
def test_no_second_sees_more_than_the_rate(rate: float, bursts: list[tuple[float, int]]) -> None:
    waits = Waits()
    bucket = TokenBucket(rate, waits.timing)
    left: list[float] = []
    for pause, callers in bursts:
        waits.now += pause
        for _ in range(callers):
            bucket.take()
            left.append(waits.now)
    for first, at in enumerate(left):
        within = sum(1 for other in left[first:] if other < at + 0.999)
        assert within <= max(1, math.ceil(rate)), f"{within} within a second at {rate} a second"


def test_the_rate_is_used() -> None:
    waits = Waits()
    bucket = TokenBucket(100, waits.timing)
    for _ in range(900):
        bucket.take()
    assert waits.now == pytest.approx(10, rel=0.02), "nine tenths of it"


def test_retry_after_delays_all_requests(waits: Waits) -> None:
    pace = RateLimit(100, 2, waits.timing)
    pace.pause_for(7)
    with pace.slot():
        assert waits.now == pytest.approx(7, abs=0.02)


def test_no_more_requests_are_sent_at_once_than_there_are_slots(waits: Waits) -> None:
    pace, most, inside, lock = RateLimit(1000, 3, waits.timing), [0], [0], threading.Lock()

    def ask() -> None:
        with pace.slot():
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            time.sleep(0.005)
            with lock:
                inside[0] -= 1

    with ThreadPoolExecutor(8) as pool:
        for _ in range(24):
            pool.submit(ask)
    assert most[0] == 3


def test_the_wait_has_full_jitter_below_a_bound_that_doubles() -> None:
    drawn = iter([0.1, 0.9, 0.5])
    waits = Waits()
    waits.timing = Timing(lambda: waits.now, waits, lambda: next(drawn))
    with flaky_server(answers(*[respond_with({}, 500)] * 3, GOOD)) as double:
        http_client = client(double.url, waits)
        http_client.get("things")
        http_client.close()
    assert waits.recorded == pytest.approx([0.025, 0.45, 0.5])


def test_repeated_failures_open_the_circuit_and_one_request_tests_it(waits: Waits) -> None:
    failure = [respond_with({}, 500)] * (FAILURES + 1)
    with flaky_server(answers(*failure, GOOD)) as double:
        http_client = client(double.url, waits, attempts=FAILURES)
        with pytest.raises(SourceAway, match=r"failed 8 times.*next attempt is in 5 s"):
            http_client.get("things")
        assert http_client.circuit().name == "open"
        with pytest.raises(SourceAway) as caught:
            http_client.get("things")
        assert len(double.asked) == FAILURES, "it is not asked meanwhile"
        assert caught.value.retry_in_s == pytest.approx(FIRST_OPEN_S)
        waits.now += FIRST_OPEN_S
        assert http_client.circuit().name == "half-open"
        with pytest.raises(SourceAway, match="next attempt is in 10 s"):
            http_client.get("things")
        assert len(double.asked) == FAILURES + 1, "one request tested the source"
        waits.now += 2 * FIRST_OPEN_S
        assert http_client.get("things") == {"good": True}
        assert http_client.circuit().name == "closed"
        http_client.close()


def test_during_the_test_of_a_circuit_other_requests_wait() -> None:
    waits = Waits()
    payloads: list[bool] = []
    circuit = Circuit("it", payloads.append, waits.timing)
    for _ in range(FAILURES):
        circuit.failed(tried=circuit.enter())
    waits.now += FIRST_OPEN_S
    circuit.enter()
    with pytest.raises(SourceAway):
        circuit.enter()
    circuit.succeeded()
    circuit.enter()
    assert payloads == [True, False]


@pytest.mark.parametrize("answer", [respond_with({}, 429), GONE, respond_with({}, 401), respond_with({"message": "bad"}, 400)])
def test_a_refusal_does_not_open_the_circuit(answer: Answer, waits: Waits) -> None:
    with flaky_server(answers(answer)) as double:
        http_client = client(double.url, waits, attempts=1)
        for _ in range(FAILURES + 2):
            with contextlib.suppress(SourceError):
                http_client.get("things")
        assert http_client.circuit().name == "closed"
        http_client.close()


def test_equal_requests_that_wait_for_their_turn_are_sent_once() -> None:
    shared, leave, sent, joined = SharedRequests(), threading.Event(), list[int](), threading.Semaphore(0)

    def send(leaves: Callable[[], None]) -> int:
        leave.wait(10)
        leaves()
        sent.append(1)
        return len(sent)

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(shared.request, "x", send, joined.release) for _ in range(4)]
        for _ in range(3):
            assert joined.acquire(timeout=10)
        leave.set()
        assert [each.result() for each in asked] == [1, 1, 1, 1]
    assert shared.request("x", send, joined.release) == 2, "an answer to a sent request is too old for a later caller"


def test_callers_that_share_a_request_share_its_failure() -> None:
    shared, leave, joined = SharedRequests(), threading.Event(), threading.Semaphore(0)

    def send(_leaves: Callable[[], None]) -> int:
        leave.wait(10)
        raise SourceError("no")

    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(shared.request, "x", send, joined.release) for _ in range(2)]
        assert joined.acquire(timeout=10)
        leave.set()
        for each in asked:
            with pytest.raises(SourceError, match="no"):
                each.result()
    with pytest.raises(SourceError):
        shared.request("x", send, joined.release)


def test_the_cache_is_bounded_in_time_and_size() -> None:
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
    cache.clear()
    assert cache.get("a", fetch) == 6
