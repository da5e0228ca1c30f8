"""Names of secrets, and values that are none: the rule by which `password=...` is redacted and `max_tokens=512` is not.

A name is split into words (`dbPassword`, `db_password`, `db.password`). It names a secret if a noun such as `password`, `secret`
or `api key` is its end, or is followed by words that do not turn it into something else (`secret_value`, not `secret_name`).
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from typing import Final

REDACTED: Final = "[redacted]"
MAX_NAME_CHARS: Final = 256
"""Of longer names only the end is examined, and no result is cached, which bounds the cache for any input."""


class Secrecy(IntEnum):
    """What the name of a value says about it."""

    NONE = 0
    """The name is not that of a secret."""
    IF_OPAQUE = 1
    """The value is a secret if it looks like one (`looks_opaque`)."""
    SECRET = 2
    """The value is a secret, unless it is one of the values that never are (`is_no_secret`)."""


def word_set(text: str) -> frozenset[str]:
    """Return the words in `text`."""
    return frozenset(text.split())


_WORD: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_STORAGE_HOST: Final = re.compile(r"\.[\w-]+\.(?:blob|dfs|queue|table|file)\.core\.[\w.]+$")
"""The host in names of Hadoop's settings for Azure: fs.azure.account.key.ACCOUNT.dfs.core.windows.net."""
_PASSWORD_ENDS: Final = ("password", "passwords", "passwd", "passphrase", "passcode", "pwd")
_PASSWORDS: Final = word_set(
    "dbpass userpass storepass keypass rootpass pgpass adminpass mypass smtppass psk presharedkey passwort kennwort"
)
_OWNERS_OF_PASS: Final = word_set(
    "db database user smtp ftp sftp ssh admin root login mysql pg postgres postgresql oracle redis mongo mongodb proxy key store "
    "keystore truststore mail imap ldap http rabbitmq kafka amqp jenkins api app service account bind basic auth wifi vpn jks"
)
_SECRETS: Final = word_set("secret secrets credential credentials creds cred")
_TOKENS: Final = word_set(
    "accesstoken authtoken apitoken bearertoken sastoken sessiontoken refreshtoken usertoken idtoken githubtoken gitlabtoken "
    "csrftoken xsrftoken securitytoken oauthtoken devicetoken jwttoken bottoken"
)
_OWNERS_OF_TOKEN: Final = word_set(
    "auth access api bearer session refresh id sas security oauth csrf xsrf bot deploy personal private registration github "
    "gh slack hf huggingface huggingfacehub hub databricks mlflow wandb npm pypi vault consul k8s kubernetes openai azure "
    "aws gcp gitlab google snowflake jira jenkins circleci sentry telegram discord twilio user service account app "
    "application client admin management master root db dbt airflow prefect neptune comet ci cd pat jwt login secret web "
    "webhook push pull read write"
)
_NO_TOKEN: Final = word_set(
    "pad eos bos unk sep mask cls special stop start end next continuation page prompt image last first per new max min "
    "additional begin decoder encoder input output forced target source single one second word sub audio video tool eot eom "
    "completion previous prev cost price ms latency byte sequence seq cursor sync resume scroll skip change delta system"
)
"""Words before `token` in the vocabularies of language models and of paging."""
_OWNERS_OF_KEY: Final = word_set(
    "api access secret private encryption signing shared auth ssh hmac aes decryption cipher rsa pgp gpg functions"
)
_OWNERS_OF_OPAQUE_KEY: Final = word_set(
    "account storage subscription master license app application admin service webhook client crypto encrypt rest server host"
)
"""Keys that may as well be columns of a table, such as a surrogate key of accounts."""
_KEYS: Final = (
    "apikey",
    "secretkey",
    "accesskey",
    "privatekey",
    "accountkey",
    "authkey",
    "encryptionkey",
    "signingkey",
    "sharedkey",
)
_CONNECTIONS: Final = word_set("connectionstring connstring connstr")
_TRAILERS: Final = word_set(
    "key keys value val string str text data bytes base b encrypted encoded enc plain plaintext raw id old new current previous "
    "primary secondary prod production dev development test staging uat default env hash "
    "pem json der pkcs content contents"
)
"""Words after a noun with which it is still a secret."""
_TOKEN_TRAILERS: Final = word_set(
    "value val string str secret raw plain plaintext old new current previous prod production dev test staging env"
)
_NO_PASSWORD: Final = word_set(
    "changed change changes changing at on date time timestamp ts updated created modified expires expire expired expiry "
    "expiration age days ttl policy policies length len min max count counts num number required require requires enabled "
    "disabled reset resets manager managers less protected protection strength rotation rotated rotate last hint hints field "
    "fields column columns col type types format file files path location is set attempts attempt failures failed failure "
    "history provider providers ref arn version name stdin prompt authentication auth grant encoder validator check checker "
    "checks rule rules callback command form page screen leak leaks breach quality score complexity entropy generator login "
    "algorithm algo iterations based recovery forgotten event events table tables retry retries url uri link"
)
"""Words after `password` with which it is about passwords, but is none. Any other, as in `password_prod`, changes nothing."""
_PREDICATES: Final = word_set("has is num number count n min max avg mean total requires needs len length")
"""First words of names of booleans and numbers."""


def secrecy(name: str) -> Secrecy:
    """Return what `name` (of a member, a setting, an option, a variable) says about its value."""
    return _cached_secrecy(name) if len(name) <= MAX_NAME_CHARS else _secrecy(name[-MAX_NAME_CHARS:])


def _secrecy(name: str) -> Secrecy:
    if ".core." in name:
        name = _STORAGE_HOST.sub("", name)
    words = [word.lower() for word in _WORD.findall(name)]
    if "word" in words:
        words = " ".join(words).replace("pass word", "password").split()
    if not words or words[0] in _PREDICATES:
        return Secrecy.NONE
    for place in range(len(words) - 1, -1, -1):
        found = _noun_at(words, place)
        if found is not None:
            return found
        if place == 0 or (not words[place].isdigit() and words[place] not in _TRAILERS and not _has_password(words[:place])):
            return Secrecy.NONE
    return Secrecy.NONE


_cached_secrecy: Final = lru_cache(1 << 13)(_secrecy)


def _has_password(words: list[str]) -> bool:
    return any(_is_password(words, place) for place in range(len(words)))


def _is_password(words: list[str], place: int) -> bool:
    word = words[place]
    if word == "pass":
        return place > 0 and words[place - 1] in _OWNERS_OF_PASS
    return word.endswith(_PASSWORD_ENDS) or word in _PASSWORDS


def _noun_at(words: list[str], place: int) -> Secrecy | None:
    """Return the secrecy of a name whose noun is at `place`; None if there is no noun."""
    word, before, after = words[place], words[place - 1] if place else "", words[place + 1 :]
    if _is_password(words, place):
        return Secrecy.NONE if _NO_PASSWORD.intersection(after) else Secrecy.SECRET
    trailed = all(each.isdigit() or each in _TRAILERS for each in after)
    if word in _SECRETS or (word.endswith("secret") and word != "secret") or word.endswith(_KEYS) or word in _CONNECTIONS:
        return Secrecy.SECRET if trailed else Secrecy.NONE
    if word == "token" or word in _TOKENS:
        if not all(each.isdigit() or each in _TOKEN_TRAILERS for each in after) or before in _NO_TOKEN:
            return Secrecy.NONE
        return Secrecy.SECRET if word in _TOKENS or not before or before in _OWNERS_OF_TOKEN else Secrecy.IF_OPAQUE
    if (word == "key" and before in _OWNERS_OF_OPAQUE_KEY) or (word in ("key", "keys") and before in _OWNERS_OF_KEY):
        known = before in _OWNERS_OF_KEY or words[max(0, place - 2) : place] == ["azure", "account"]
        return (Secrecy.SECRET if known else Secrecy.IF_OPAQUE) if trailed else Secrecy.NONE
    return None if after else _last_noun(word, before)


def _last_noun(word: str, before: str) -> Secrecy | None:
    """Return the secrecy of a name for the nouns that only count as its last word."""
    if word in ("authorization", "sharedaccesssignature") or (word == "signature" and before == "access"):
        return Secrecy.SECRET
    if word in ("string", "str") and before in ("connection", "conn"):
        return Secrecy.SECRET
    opaque = word in ("pass", "pw", "jwt", "cookie", "userinfo", "authstring") or (word == "info" and before == "user")
    if opaque or (word == "auth" and before in ("basic", "proxy", "http", "redis", "smtp", "ldap")):
        return Secrecy.IF_OPAQUE
    return None


_NO_SECRETS: Final = word_set("true false yes no on off null none nil undefined n/a na - required optional any unset")
_PLACEHOLDER: Final = re.compile(
    r"\*{2,}|[xX]{4,}|\.{3,}|<[^<>]*>|\$\{(?:env:|secret:|secrets:)?[\w.]+\}|\{\{[\s\w.]*\}\}|%\(\w+\)s|%s|\?|\$\d+|:[A-Za-z_]\w*"
)
_TYPE: Final = re.compile(
    r"(?i)(?:string|n?varchar2?|n?char|text|int(?:eger)?\d*|bigint|smallint|tinyint|long|float\d*|double|decimal|numeric|bool(?:ean)?"
    r"|binary|varbinary|bytes?|blob|clob|uuid|jsonb?|date|datetime|timestamp|str|number|object|array|map|struct)(?:\([\d, ]*\))?"
    r"|(?:optional|list|set)\[\w*\]?"
)
_SMALL_NUMBER: Final = re.compile(r"\d{1,6}(?:\.\d+)?")
_DIRECTORY: Final = re.compile(r"[/~]|[A-Za-z]:[\\/]")
_OPAQUE_CHARS: Final = 6
_LONG_CHARS: Final = 20


def is_secret(name: str, value: str) -> bool:
    """Return whether `value` is a secret, given that it is assigned to `name`."""
    found = secrecy(name)
    if found is Secrecy.NONE or is_no_secret(value):
        return False
    last = name.rpartition(".")[2].lower()
    if last.endswith("pwd") and _DIRECTORY.match(value):
        return False  # the working directory of a shell
    if last.endswith("token") and _SMALL_NUMBER.fullmatch(value):
        return False
    return found is Secrecy.SECRET or looks_opaque(value)


def is_no_secret(value: str) -> bool:
    """Return whether `value` is never a secret: empty, redacted, masked, a boolean, a type, a reference to a variable."""
    text = value.strip()
    if REDACTED in text:
        text = text.replace(REDACTED, "").strip("[](){}<>\"', ")
    if not text or text.lower() in _NO_SECRETS:
        return True
    return _PLACEHOLDER.fullmatch(text) is not None or _TYPE.fullmatch(text) is not None


def looks_opaque(value: str) -> bool:
    """Return whether `value` looks generated: one word that is long, or mixes letters with digits or punctuation."""
    if len(value) < _OPAQUE_CHARS or any(char.isspace() for char in value):
        return False
    letters = any(char.isalpha() for char in value)
    mixed = any(char.isdigit() for char in value) or any(char in "!#$%^&*+=?@~:" for char in value)
    return letters and (mixed or len(value) >= _LONG_CHARS)
