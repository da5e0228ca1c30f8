"""What a document is found by: exact keys, words by field, texts of properties."""

from mlgraph.search.documents import (
    MAX_PROPERTY_CHARS,
    SearchDocument,
    exact_keys,
    exact_queries,
    indexed_fields,
    last_segment,
    property_texts,
)

URI = "mlg://dataset/postgres%3A%2F%2Fdb%3A5432/shop.public.orderItems"
DOCUMENT = SearchDocument(
    1, URI, "dataset", "postgres://db:5432", "Order items", ("shop.public.orderItems",), (URI,), "All lines", tags=("gold",)
)


def stage(q: str) -> str | None:
    keys = exact_keys(DOCUMENT)
    return next((name for name, key in exact_queries(q) if key in keys), None)


def test_the_stages_of_the_exact_match() -> None:
    assert stage(URI) == "uri"
    assert stage("Order items") == stage("shop.public.orderItems") == "name"
    assert stage("SHOP.PUBLIC.ORDERITEMS") == stage("postgres://db:5432/shop.public.orderitems") == "name, other case"
    assert stage("orderItems") == "last part"
    assert stage("orderitems") == "last part, other case"
    assert stage("shop/public/order_item") == "name, other spelling"
    assert stage("order-items") == "name, other spelling"
    assert stage("items") is None


def test_the_last_segment() -> None:
    assert [last_segment(name) for name in ("a.b.c", "a/b/", "a:b#c", "abc", "///")] == ["c", "b", "c", "abc", "///"]


def test_words_by_field() -> None:
    fields = indexed_fields(DOCUMENT)
    assert fields["name"] == "order item"
    assert fields["names"] == "shop public order item"
    assert fields["joined"] == "orderitem"
    assert (fields["text"], fields["tag_words"]) == ("all line", "gold")


def test_a_body_is_the_document_again() -> None:
    assert SearchDocument.of_body(DOCUMENT.body()) == DOCUMENT


def test_texts_of_properties_are_bounded_and_ordered() -> None:
    properties = {
        "metrics": {"auc": 0.9, "f1": 0.8},
        "schema": [{"name": "hidden"}],
        "note": "fine",
        "blob": "x" * 5000,
        "n": [["a"]],
    }
    assert property_texts(properties) == ("blob", "metrics", "auc", "f1", "n", "a", "note", "fine")
    many = {f"key{number:04}": "v" * 100 for number in range(1000)}
    assert sum(map(len, property_texts(many))) <= MAX_PROPERTY_CHARS
    deep: dict[str, object] = {}
    for _ in range(2000):
        deep = {"a": deep}
    assert len(property_texts(deep)) <= 5
