"""Credentials appear in one header and nowhere else; addresses contain none."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.domain.credentials import Credentials, check_address
from mlgraph.domain.errors import InvalidInput

VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=4, max_size=20)


@given(VISIBLE, st.text(max_size=20), st.text(max_size=20))
def test_no_form_of_a_token_is_left_in_what_a_source_reports(token: str, before: str, after: str) -> None:
    credentials = Credentials(token)
    assert credentials.authorization == f"Bearer {token}"
    assert repr(credentials) == "Credentials(user=None)"
    for form in (token, quote(token, safe=""), quote_plus(token)):
        assert form not in credentials.redact(f"{before}{form}{after}").replace("[redacted]", "\0")


@given(VISIBLE)
def test_no_form_of_a_password_is_left_either(password: str) -> None:
    credentials = Credentials(password, "reader")
    basic = b64encode(f"reader:{password}".encode()).decode()
    assert credentials.authorization == f"Basic {basic}"
    reason = credentials.redact(f"{basic} is no {password}").replace("[redacted]", "\0")
    assert basic not in reason
    assert password not in reason


@pytest.mark.parametrize(
    ("secret", "user"),
    [
        ("", None),
        ("", "u"),
        ("a b", None),
        ("a\nb", None),
        ("a\nb", "u"),
        ("\u00e9", None),
        ("planted", "u:v"),
        ("planted", "u\n"),
        ("x" * 9000, None),
    ],
)
def test_a_secret_that_is_not_valid_in_a_header_is_refused_and_not_shown(secret: str, user: str | None) -> None:
    with pytest.raises(InvalidInput) as caught:
        Credentials(secret, user)
    assert not secret or secret not in caught.value.detail


def test_a_password_may_be_in_any_script() -> None:
    assert (
        Credentials("p\u00e4ss w\u00f6rd", "u").authorization == "Basic " + b64encode("u:p\u00e4ss w\u00f6rd".encode()).decode()
    )


@pytest.mark.parametrize("url", ["http://h", "https://mlflow.example.org:5000/team/", "http://[::1]:5000"])
def test_addresses_of_servers_are_accepted(url: str) -> None:
    check_address(url)


@pytest.mark.parametrize(
    "url", ["http://u:planted@h", "http://planted@h", "http://:planted@h", "http://@h/planted", "http://h/?token=planted"]
)
def test_a_login_in_an_address_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(InvalidInput, match="credentials do not belong in a URL") as caught:
        check_address(url)
    assert "planted" not in caught.value.detail


@pytest.mark.parametrize(
    "url", ["", "h:5000", "ftp://h", "http://", "http://h:0", "http://h:99999", "http://[::1", "http://h /", "http://h\n"]
)
def test_anything_but_the_address_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="not the URL of a server"):
        check_address(url)
