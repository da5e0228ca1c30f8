import contextlib
from collections.abc import Iterator

import pytest

from mlgraph.connectors.kubernetes.tool import KubernetesTool
from mlgraph.domain.configuration import RequestLimits
from mlgraph.domain.credentials import Credentials
from mlgraph.domain.errors import InvalidInput, SourceError
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.source_adapter import Access, Gone, Payload, SourcePage
from mlgraph.sources.http import RequestRefused, RetryPolicy
from mlgraph.sources.kubernetes.source import KubernetesSource
from tests.connectors.kubernetes.objects import CANARY, deployment, inference_service, stateful_set
from tests.sources.kubernetes.api_server import TOKEN, Cluster, serving

NAMESPACE = "kubernetes:prod"
TOOL = KubernetesTool()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with serving() as found:
        yield found


@contextlib.contextmanager
def reading(cluster: Cluster, token: str = TOKEN) -> Iterator[KubernetesSource]:
    access = Access(cluster.url, "prod", Credentials(token), RequestLimits(requests_per_s=10_000, concurrency=4))
    source = KubernetesSource(access, retries=RetryPolicy(attempts=1, timeout_s=5))
    with contextlib.closing(source):
        yield source


def named(pages: list[SourcePage]) -> list[str]:
    """The type of each payload, and what it is about."""
    return [text_of(payload) for page in pages for payload in page.payloads]


def text_of(payload: Payload) -> str:
    kind = payload["type"].partition(".")[2]
    if kind == "refused":
        return f"refused {payload['data']['error'].partition(',')[0]}"
    if kind == "deleted":
        return f"deleted {AssetUri.parse(payload['data']['uri']).name}"
    subject = TOOL.subject(payload)
    assert subject is not None
    return f"{kind} {subject.name}"


def states(*names: str) -> dict[AssetUri, dict[str, str]]:
    return {AssetUri("deployment", NAMESPACE, name): {} for name in names}


def test_a_reading_lists_the_objects_of_each_type_that_name_a_model(cluster: Cluster) -> None:
    cluster.items = [deployment(), deployment("web", None), stateful_set(), inference_service(traffic=CANARY)]
    with reading(cluster) as source:
        pages = list(source.pages())
        assert named(pages) == [
            "workload recs/deployment/ranker",
            "workload recs/statefulset/embedder",
            "revision ml/inferenceservice/churn/churn-predictor-00002",
            "revision ml/inferenceservice/churn/churn-predictor-00001",
        ]
        assert [page.done for page in pages] == [False, False, True]
        assert named(list(source.pages(pages[0].cursor))) == named(pages[1:])
        assert [page.done for page in source.pages(pages[-1].cursor)] == [True]


def test_no_environment_variable_leaves_the_adapter(cluster: Cluster) -> None:
    item = deployment()
    item["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "PASSWORD", "value": "hunter2"}]
    cluster.items = [item]
    with reading(cluster) as source:
        assert "hunter2" not in str([page.payloads for page in source.pages()])


def test_a_list_is_read_chunk_after_chunk(cluster: Cluster) -> None:
    cluster.items, cluster.chunk = [deployment(f"ranker-{number}") for number in range(7)], 3
    with reading(cluster) as source:
        assert len(named(list(source.pages()))) == 7
    assert [path for path in cluster.requests if "deployments" in path] == [
        "/apis/apps/v1/deployments?limit=500",
        "/apis/apps/v1/deployments?limit=500&continue=3",
        "/apis/apps/v1/deployments?limit=500&continue=6",
    ]


def test_a_list_whose_place_expired_is_read_again(cluster: Cluster) -> None:
    cluster.items, cluster.chunk, cluster.expiring = [deployment(f"ranker-{number}") for number in range(4)], 2, 2
    with reading(cluster) as source:
        assert len(named(list(source.pages()))) == 4
        cluster.expiring = 3
        with pytest.raises(SourceError, match="410"):
            list(source.pages())


def test_a_list_that_continues_at_another_moment_is_no_complete_list(cluster: Cluster) -> None:
    cluster.items, cluster.chunk, cluster.moves = [deployment("a"), deployment("b")], 1, True
    with reading(cluster) as source, pytest.raises(SourceError, match="another moment"):
        list(source.pages())


def test_a_refused_type_is_reported_and_loses_nothing(cluster: Cluster) -> None:
    cluster.items = [deployment(), stateful_set()]
    with reading(cluster) as source:
        list(source.pages())
        cluster.refused = {"statefulsets"}
        assert named(list(source.pages())) == [
            "workload recs/deployment/ranker",
            "refused Kubernetes refuses to list statefulsets",
        ]
        assert TOKEN not in str([page.payloads for page in source.pages()])
        assert named(list(source.changed_since(None))) == ["refused Kubernetes refuses to list statefulsets"]
        existing = set(source.inventory())
        known = states("recs/deployment/gone", "recs/deployment/ranker", "recs/statefulset/embedder")
        known[AssetUri("service", NAMESPACE, "recs/embedder")] = {}
        gone = TOOL.departures("prod", known, existing, {}, 0)
        assert [each.uri.name for each in gone] == ["recs/deployment/gone"]
        assert source.probe().counts == {"deployments": 1, "inferenceservices": 0}
        cluster.refused = {"deployments", "statefulsets", "inferenceservices"}
        with pytest.raises(RequestRefused, match="403"):
            source.probe()


def test_a_cluster_without_kserve_has_no_inference_services(cluster: Cluster) -> None:
    cluster.items, cluster.has_kserve = [deployment()], False
    with reading(cluster) as source:
        assert named(list(source.pages())) == ["workload recs/deployment/ranker"]
        assert source.probe().counts == {"deployments": 1, "statefulsets": 0, "inferenceservices": 0}
        assert isinstance(source.fetch("deployment", "ml/inferenceservice/churn"), Gone)


def test_a_poll_passes_on_what_changed(cluster: Cluster) -> None:
    cluster.items = [deployment(), stateful_set()]
    with reading(cluster) as source:
        list(source.pages())
        assert named(list(source.changed_since(None))) == []
        cluster.items = [deployment(model="models:/ranker/10"), stateful_set()]
        assert named(list(source.changed_since({"polled": True}))) == ["workload recs/deployment/ranker"]
        cluster.items = [deployment(model=None)]
        assert named(list(source.changed_since(None))) == ["deleted recs/deployment/ranker", "deleted recs/statefulset/embedder"]
        assert named(list(source.changed_since(None))) == []


def test_a_revision_without_requests_ends(cluster: Cluster) -> None:
    cluster.items = [inference_service(traffic=CANARY)]
    with reading(cluster) as source:
        list(source.pages())
        cluster.items = [inference_service(traffic=[{**CANARY[0], "percent": 100}, {**CANARY[1], "percent": 0}])]
        assert named(list(source.changed_since(None))) == [
            "revision ml/inferenceservice/churn/churn-predictor-00002",
            "deleted ml/inferenceservice/churn/churn-predictor-00001",
        ]


def test_an_empty_list_is_no_proof_of_deletion(cluster: Cluster) -> None:
    cluster.items = [deployment()]
    with reading(cluster) as source:
        list(source.pages())
        cluster.lists_nothing = True
        assert named(list(source.changed_since(None))) == []
        assert isinstance(source.fetch("deployment", "recs/deployment/ranker"), dict)


def test_only_the_cluster_itself_reports_that_an_object_is_gone(cluster: Cluster) -> None:
    with reading(cluster) as source:
        assert isinstance(source.fetch("deployment", "recs/deployment/ranker"), Gone)
        cluster.replaced = 404, {"message": "no such page"}
        with pytest.raises(RequestRefused, match="404"):
            source.fetch("deployment", "recs/deployment/ranker")
        with pytest.raises(InvalidInput, match="NAMESPACE/TYPE/NAME"):
            source.fetch("deployment", "recs/pod/ranker")


@pytest.mark.parametrize("answer", [{}, {"kind": "List", "items": []}, {"kind": "DeploymentList", "items": None}])
def test_an_answer_that_is_no_list_is_an_error(cluster: Cluster, answer: dict[str, object]) -> None:
    cluster.replaced = 200, answer
    with reading(cluster) as source, pytest.raises(SourceError, match="list"):
        list(source.pages())


def test_a_wrong_token_is_an_error_that_names_where_it_is_read(cluster: Cluster) -> None:
    with reading(cluster, "wrong") as source, pytest.raises(SourceError, match=r"credentials in mlgraph\.yaml"):
        source.probe()


def test_a_probe_reports_the_version(cluster: Cluster) -> None:
    with reading(cluster) as source:
        assert source.probe().version == "v1.34.1"
