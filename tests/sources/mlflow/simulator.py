"""A simulator of the parts of MLflow's REST API that mlgraph reads: its registry changes all the time, and it fails on purpose.

A double because no MLflow server can be made to lag behind itself, refuse and hang on demand; the real one is in
test_mlflow_real.py. Its words and rules are those of MLflow 3.17: a rename gives all versions a new name, each change but
those of aliases moves the time of the last update, searches page by offset.
"""

from __future__ import annotations

import json
import random
import re
import threading
import time
from bisect import bisect_right, insort
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]
Key = tuple[str, str]
"""Kind, and name or id: model, version (NAME/NUMBER), run, experiment."""

_CREATES: Final = 0.08
_FILTER: Final = re.compile(r"attributes\.(\w+) (>=|=) '?(\w+)'?")


@dataclass(frozen=True)
class Faults:
    """How often an answer is what: shares of all answers. Stale ones are up to `lag_s` seconds behind."""

    busy: float = 0.0
    broken: float = 0.0
    hanging: float = 0.0
    stale: float = 0.0
    lag_s: float = 0.0
    hang_s: float = 1.0


@dataclass
class Served:
    """What was asked, and how it was answered."""

    arrivals: list[float] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def most_in_a_second(self) -> int:
        """Return how many requests arrived within the busiest second, wherever that second begins."""
        window: deque[float] = deque()
        most = 0
        for at in sorted(self.arrivals):
            window.append(at)
            while window[0] <= at - 1:
                window.popleft()
            most = max(most, len(window))
        return most


class Registry:
    """Everything that is there, and was: each thing's states with the moment from which each held (None: it was gone)."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.lock = threading.RLock()
        self.states: dict[Key, list[tuple[float, Json | None]]] = {}
        self.models: dict[str, list[str]] = {}
        self.runs: list[str] = []
        self.renamed: list[tuple[str, str]] = []
        self._gone: list[str] = []
        self._named: list[str] = []
        self._of_kind: dict[str, list[str]] = defaultdict(list)
        self.count = 0
        self._last_ms = int(time.time() * 1000) - 10_000_000
        self.experiment = "1"
        moment = self.now_ms()
        self.put(
            ("experiment", "1"),
            {
                "experiment_id": "1",
                "name": "all",
                "creation_time": moment,
                "last_update_time": moment,
                "lifecycle_stage": "active",
            },
        )

    def now_ms(self) -> int:
        """Return a moment later than any before, in milliseconds: two changes never share one."""
        self._last_ms = max(self._last_ms + 1, int(time.time() * 1000))
        return self._last_ms

    def put(self, key: Key, state: Json | None) -> None:
        if key not in self.states:
            self.states[key] = []
            insort(self._of_kind[key[0]], key[1])
        self.states[key].append((time.monotonic(), state))

    def now(self, key: Key) -> Json | None:
        """Return a thing as it is."""
        states = self.states.get(key)
        return states[-1][1] if states else None

    def at(self, key: Key, moment: float) -> Json | None:
        """Return a thing as it was."""
        states = self.states.get(key, [])
        place = bisect_right(states, moment, key=lambda each: each[0])
        return states[place - 1][1] if place else None

    def listed(self, kind: str, moment: float) -> list[Json]:
        """Return all things of a kind as they were."""
        states = self.states
        latest = ((name, states[kind, name][-1]) for name in self._of_kind[kind])
        found = (state if since <= moment else self.at((kind, name), moment) for name, (since, state) in latest)
        return [state for state in found if state is not None]

    def change(self) -> Json | None:  # noqa: PLR0911 - one for each sort of change
        """Change something; return the event that MLflow would send, or one that stands for what it does not announce."""
        with self.lock:
            dice = self.dice.random()
            self.count += 1
            if not self.models or dice < _CREATES:
                return self.create_model()
            name = self._any_model()
            if dice < 0.20 or not self.models[name]:
                return self._create_version(name)
            if dice < 0.45:
                return self._update_model(name)
            if dice < 0.84:
                return self._update_version(name, self.dice.choice(self.models[name]))
            if dice < 0.86:
                return self._delete_model(name)
            if dice < 0.89:
                return self._delete_version(name, self.dice.choice(self.models[name]))
            if dice < 0.91:
                self._rename(name)
            else:
                self._run()
            return None

    def _any_model(self) -> str:
        """Return some model; to draw from a list of all would take long where there are many."""
        while (name := self._named[self.dice.randrange(len(self._named))]) not in self.models:
            pass
        return name

    def create_model(self) -> Json:
        self.count += 1
        restarted = self._gone.pop() if self._gone and self.count % 3 == 0 else ""
        name = restarted if restarted and restarted not in self.models else f"model-{self.count}"
        moment = self.now_ms()
        self.models[name] = []
        self._named.append(name)
        self.put(
            ("model", name),
            {
                "name": name,
                "creation_timestamp": moment,
                "last_updated_timestamp": moment,
                "description": str(self.count),
            },
        )
        return _event("registered_model", "created", {"name": name})

    def _create_version(self, name: str) -> Json:
        moment = self.now_ms()
        number = str(max(map(int, self.models[name]), default=0) + 1)
        self.models[name].append(number)
        self.put(
            ("version", f"{name}/{number}"),
            {
                "name": name,
                "version": number,
                "creation_timestamp": moment,
                "last_updated_timestamp": moment,
                "description": str(self.count),
                "status": "READY",
            },
        )
        self._touch(("model", name), moment, {})
        return _event("model_version", "created", {"name": name, "version": number})

    def _touch(self, key: Key, moment: int, changes: Json) -> None:
        time_of = "last_updated_timestamp"
        self.put(key, {**(self.now(key) or {}), **changes, time_of: moment})

    def _update_model(self, name: str) -> Json:
        self._touch(("model", name), self.now_ms(), {"description": str(self.count)})
        return _event("model_version_alias", "created", {"name": name, "version": "1", "alias": "a"})

    def _update_version(self, name: str, number: str) -> Json:
        self._touch(("version", f"{name}/{number}"), self.now_ms(), {"description": str(self.count)})
        return _event("model_version_tag", "set", {"name": name, "version": number, "key": "k", "value": "v"})

    def _delete_model(self, name: str) -> Json:
        for number in self.models.pop(name):
            self.put(("version", f"{name}/{number}"), None)
        self.put(("model", name), None)
        self._gone.append(name)
        return _event("model_version_alias", "deleted", {"name": name, "version": "1", "alias": "a"})

    def _delete_version(self, name: str, number: str) -> Json:
        self.models[name].remove(number)
        self.put(("version", f"{name}/{number}"), None)
        return _event("model_version_tag", "deleted", {"name": name, "version": number, "key": "k"})

    def _rename(self, name: str) -> None:
        new, moment = f"renamed-{self.count}", self.now_ms()
        model = self.now(("model", name)) or {}
        self.put(("model", name), None)
        self.put(("model", new), {**model, "name": new, "last_updated_timestamp": moment})
        for number in self.models[name]:
            version = self.now(("version", f"{name}/{number}")) or {}
            self.put(("version", f"{name}/{number}"), None)
            self.put(("version", f"{new}/{number}"), {**version, "name": new, "last_updated_timestamp": moment})
        self.models[new] = self.models.pop(name)
        self._named.append(new)
        self._gone.append(name)
        self.renamed.append((name, new))

    def _run(self) -> None:
        moment = self.now_ms()
        running = [run for run in self.runs[-50:] if (self.now(("run", run)) or {}).get("info", {}).get("status") == "RUNNING"]
        if running and self.dice.random() < 0.5:
            state = self.now(("run", running[0])) or {}
            self.put(("run", running[0]), {**state, "info": {**state["info"], "status": "FINISHED", "end_time": moment}})
        elif self.runs and self.dice.random() < 0.2:
            run = self.dice.choice(self.runs)
            self.runs.remove(run)
            self.put(("run", run), None)
        else:
            self.start_run(moment)

    def start_run(self, moment: int) -> None:
        run = f"r{moment}"
        self.runs.append(run)
        info = {"run_id": run, "experiment_id": "1", "status": "RUNNING", "start_time": moment, "run_name": str(self.count)}
        self.put(("run", run), {"info": info, "data": {}, "inputs": {}, "outputs": {}})


class Simulator:
    """A registry behind an HTTP server on loopback."""

    def __init__(self, registry: Registry, seed: int) -> None:
        self.registry = registry
        self.faults = Faults()
        self.served = Served()
        self.url = ""
        self._dice = random.Random(seed)
        self._lock = threading.Lock()

    def answer(self, path: str, body: Json | None) -> tuple[int, Json, dict[str, str], float]:
        """Return status, body, headers, and for how many seconds to say nothing first."""
        with self._lock:
            self.served.arrivals.append(time.monotonic())
            dice, lag = self._dice.random(), self._dice.random() * self.faults.lag_s
            faults = self.faults
            fate = "fresh"
            for name in ("busy", "broken", "hanging", "stale"):
                share = getattr(faults, name)
                if dice < share:
                    fate = name
                    break
                dice -= share
            self.served.answers[fate] += 1
        if fate == "busy":
            return 429, {"message": "slow down"}, {"retry-after": "1"}, 0
        if fate == "broken":
            return 500, {"message": "database is locked"}, {}, 0
        with self.registry.lock:
            status, found = self._found(path, body, time.monotonic() - (lag if fate == "stale" else 0))
        return status, found, {}, faults.hang_s if fate == "hanging" else 0

    def _found(self, path: str, body: Json | None, moment: float) -> tuple[int, Json]:
        parts = urlsplit(path)
        call = parts.path.removeprefix("/api/2.0/mlflow/")
        asked = body or {key: values[0] for key, values in parse_qs(parts.query).items()}
        what, _, how = call.partition("/")
        kind, key, one = {
            "experiments": ("experiment", asked.get("experiment_id", ""), "experiment"),
            "runs": ("run", asked.get("run_id", ""), "run"),
            "registered-models": ("model", asked.get("name", ""), "registered_model"),
            "model-versions": ("version", f"{asked.get('name', '')}/{asked.get('version', '')}", "model_version"),
        }.get(what, ("", "", ""))
        if call == "logged-models/search":
            return 200, {"models": []}
        if how == "get" and kind:
            state = self.registry.at((kind, str(key)), moment)
            gone = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": f"{kind} {key} not found"}
            return (404, gone) if state is None else (200, {one: state})
        if how == "search" and kind:
            listed = [each for each in self.registry.listed(kind, moment) if _matches(each, str(asked.get("filter", "")))]
            start, most = int(asked.get("page_token") or 0), int(asked["max_results"])
            more = {"next_page_token": str(start + most)} if start + most < len(listed) else {}
            plural = {"run": "runs", "experiment": "experiments"}.get(kind, what.replace("-", "_"))
            return 200, {plural: listed[start : start + most], **more}
        return 404, {"message": f"no such call: {call}"}


def _matches(item: Json, where: str) -> bool:
    found = _FILTER.fullmatch(where)
    if found is None:
        return True
    value = item["info"].get(found[1])
    return value == found[3] if found[2] == "=" else value is not None and value >= int(found[3])


def _event(entity: str, action: str, data: Json) -> Json:
    at = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))
    return {"entity": entity, "action": action, "timestamp": f"{stamp}.{int(at % 1 * 1e6):06d}Z", "data": data}


@contextmanager
def simulated(registry: Registry, seed: int = 0) -> Iterator[Simulator]:
    """Serve a registry."""
    simulator = Simulator(registry, seed)
    closing = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def _answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, found, headers, silent_s = simulator.answer(self.path, json.loads(raw) if raw else None)
            if silent_s:
                closing.wait(silent_s)
                self.close_connection = True
                return
            body = json.dumps(found).encode()
            self.send_response_only(status)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _answer  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that no longer waits is no error."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    simulator.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield simulator
    finally:
        closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
