"""The small company of the portal's tests: that of the agents' tests, with names and sizes that pages have to bear."""

from __future__ import annotations

from typing import Any, Final

from tests.api.mcp import company
from tests.api.mcp.company import FOUNDED, LAKE, uri

Json = dict[str, Any]

COLUMNS: Final = 3_000
LONG_NAME: Final = "a-very-long-name-" + "x" * 1_970 + "-its-end.parquet"
RIGHT_TO_LEFT: Final = "تقييمات الأعضاء"
MARKUP: Final = "<img src=x onerror=\"document.title='run'\"><b>bold</b> & </script>"
WIDE, LONG, ARABIC, TAGGED, GONE, LATER, NOTED, SHARED, LISTED, TYPED = (
    uri("dataset", name, LAKE)
    for name in ("wide", "long", "arabic", "tagged", "gone", "later", "noted", "shared", "listed", "typed")
)
GHOST: Final = uri("dataset", "ghost", LAKE)
MEMBERS, SUBSCRIBERS = uri("dataset", "crm/members", LAKE), uri("dataset", "marketing/subscribers", "s3://other")
_PEOPLE: Final = ("member_id", "email", "country", "joined_at", "plan", "renewal_date")


def facts() -> list[Json]:
    """Every fact of the company as a line of `POST /api/v1/facts`."""
    return [*company.facts(), *_tables(), *_unusual(), *_versions(), *_lives()]


def _asset(asset: str, since: str = FOUNDED, **state: Any) -> Json:
    return {"asset": {"uri": asset, **state, "valid_from": since}}


def _schema(*names: str) -> list[Json]:
    return [{"name": name, "type": "long" if name.endswith("id") else "string"} for name in names]


def _tables() -> list[Json]:
    checks = [
        {"assertion": "not_null", "column": "member_id", "success": True},
        {"assertion": "unique", "column": "email", "success": False},
    ]
    text = "Members of the shop with their country, plan and date of renewal."
    return [
        _asset(WIDE, properties={"schema": _schema(*(f"column_{number:04}_id" for number in range(COLUMNS)))}),
        _asset(
            MEMBERS,
            description=text,
            owners=[company.TEAMS["data"]],
            properties={"schema": _schema(*_PEOPLE), "quality": {"assertions": checks}, "profile": {"num_rows": 77_257}},
        ),
        _asset(SUBSCRIBERS, description=text, owners=[company.TEAMS["growth"]], properties={"schema": _schema(*_PEOPLE)}),
    ]


def _unusual() -> list[Json]:
    return [
        _asset(LONG, name=LONG_NAME),
        _asset(ARABIC, name=RIGHT_TO_LEFT, description=f"{RIGHT_TO_LEFT} (1 - 5)"),
        _asset(TAGGED, name=MARKUP, description=MARKUP, tags=[MARKUP], properties={"schema": _schema(MARKUP)}),
        *(_asset(each, description="A first text of a source.", tags=["draft"]) for each in (NOTED, SHARED, LISTED, TYPED)),
    ]


def _versions() -> list[Json]:
    measured = {company.RANKER_1: 0.61, company.RANKER_2: 0.6663, company.RANKER_3: 0.6823}
    return [
        _asset(version, "2026-05-02T00:00:00Z", properties={"metrics": {"auc": auc}, "params": {"factors": "24"}})
        for version, auc in measured.items()
    ]


def _lives() -> list[Json]:
    return [
        _asset(GONE, description="Was here."),
        {"retract": {"uri": GONE, "valid_to": "2026-06-01T00:00:00Z"}},
        _asset(LATER, since="2099-01-01T00:00:00Z", description="Planned."),
        {"edge": {"source": GHOST, "relation": "input_to", "target": company.BUILD_ORDERS, "valid_from": FOUNDED}},
    ]
