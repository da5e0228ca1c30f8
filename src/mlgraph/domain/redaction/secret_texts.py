"""Secrets inside texts: assignments, options, headers, URLs, SQL, private keys and the tokens of well-known services.

Every pattern takes linear time: its repetitions are bounded, or end at the first character that cannot belong to the match.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from mlgraph.domain.redaction.secret_names import REDACTED, Secrecy, is_no_secret, is_secret, looks_opaque, secrecy, word_set
from mlgraph.domain.redaction.secret_values import EXAMINED_CHARS, SCHEME, end_of_long, value_bounds

_MAX_SHORT: Final = 256
_MAX_LONG: Final = 4096
"""Results for longer texts are not cached, which bounds the caches for any input."""

# Searches for one literal are much faster than patterns. Each search for a pattern waits for a literal that every match has.
_NAME_HINTS: Final = (
    "pass",
    "secret",
    "token",
    "key",
    "auth",
    "cred",
    "pwd",
    "conn",
    "sig",
    "psk",
    "jwt",
    "cookie",
    "kennwort",
    "pw",
)
"""A part of every name of a secret."""
_SHAPE_HINTS: Final = (
    "akia", "asia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "xapp-", "aiza", "dapi", "eyj", "sk-",
    "sk_", "rk_", "whsec_", "hf_", "npm_", "pypi-", "ya29", "sg.", "hvs.", "hvb.", "dop_v1_", "gocspx", "sha256~",
)  # fmt: skip
_HEADER_HINTS: Final = ("bearer", "basic", "token", "apikey", "negotiate")
_COMMAND_HINTS: Final = (" -p", " -u", " -a", " -w", " --user")
_OTHER_HINTS: Final = ("@", "bearer", "basic", "negotiate", "identified", "hooks.slack.com/", *_COMMAND_HINTS)

_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN (?P<kind>[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?)-----"
    r"(?:[^-]|-(?!----END))*(?P<end>-----END [A-Z0-9 ]{0,60}-----)?"
)
_TOKEN_SHAPES: Final = re.compile(
    r"(?<![A-Za-z0-9_])(?:(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"
    r"|gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}|glpat-[\w-]{16,255}"
    r"|xox[a-z]-[\w-]{10,255}|xapp-[\w-]{10,255}|AIza[\w-]{30,60}|dapi[0-9a-f]{32}(?:-\d{1,3})?"
    r"|eyJ[\w-]{6,4000}\.[\w-]{6,8000}\.[\w-]{0,2000}"
    r"|sk-(?=[\w-]{0,200}\d)(?:proj-|ant-)?[\w-]{20,255}|[sr]k_(?:live|test)_[A-Za-z0-9]{10,255}|whsec_[\w+/=-]{16,255}"
    r"|hf_[A-Za-z0-9]{20,64}|npm_[A-Za-z0-9]{30,64}|pypi-[\w-]{30,255}|ya29\.[\w-]{20,1000}"
    r"|SG\.[\w-]{16,64}\.[\w-]{16,64}|hv[sb]\.[\w-]{20,255}|dop_v1_[0-9a-f]{32,64}|GOCSPX-[\w-]{20,64}|sha256~[\w-]{20,64})"
)
_SLACK_HOOK: Final = re.compile(r"(hooks\.slack\.com/(?:services|workflows)/)[\w/]{8,128}")
# A login may contain @ and /, but a number before a slash is a port. IPv6 hosts begin with a bracket.
_LOGIN: Final = re.compile(
    r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]{0,30}://[^/\s:@\[\"'<>]{0,256}):"
    r"(?:[^/\s\"'<>?#]{1,512}|(?!\d{1,5}[/?#])[^\s\"'<>?#]{1,512})@(?=[\w\[.$-])"
)
_TOKEN_AS_LOGIN: Final = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]{0,30}://)(?P<user>[A-Za-z0-9_-]{20,255})(?=@[\w.-])")
_DRIVER_LOGIN: Final = re.compile(r"(?<![\w/.:-])(?P<user>[\w.-]{1,64}):[^\s:/\"'@]{1,256}@(?=(?:tcp|tcp6|unix)?\()")
_ORACLE_LOGIN: Final = re.compile(
    r"(?i)(?P<start>\b(?:jdbc:oracle:\w{1,10}:|sqlplus\s+(?:-\w\s+){0,3})[\w$#]{1,64})/[^@\s\"']{1,256}(?=@)"
)
_HEADER: Final = re.compile(
    r"(?i)\b(?P<scheme>bearer|basic|negotiate|apikey|token)(?P<space>\s{1,4})(?P<value>[A-Za-z0-9._~+/=%-]{6,8000})"
)
_PAIR: Final = re.compile(
    r"(?i)\b(?:name|key|property|option|param|parameter|variable|header)\\*[\"']?\s{0,4}[:=]\s{0,4}\\*[\"']?(?P<name>[\w.\-]{1,256}+)"
    r"\\*[\"']?[\s,;]{1,40}\\*[\"']?value\\*[\"']?\s{0,4}[:=]\s{0,4}"
)
_XML_PAIR: Final = re.compile(
    r"(?i)<(?:name|key)>\s{0,64}(?P<name>[\w.\-]{1,256})\s{0,64}</(?:name|key)>(?P<between>\s{0,64}<value>)(?P<value>[^<]{1,8000})"
)
_XML_ATTRIBUTE: Final = re.compile(
    r"(?i)\b(?:name|key)=[\"'](?P<name>[\w.\-]{1,256}+)[\"'][^<>]{0,256}>\s{0,64}(?P<value>[^<\s][^<]{0,8000})"
)
_XML_ELEMENT: Final = re.compile(
    r"<(?P<name>[A-Za-z_][\w.:\-]{0,255})(?P<rest>(?:\s[^<>]{0,256})?>)(?P<value>[^<]{1,8000})(?=</)"
)
_ASSIGNMENT: Final = re.compile(
    r"(?<![\w.\-])(?P<name>[\w.\-]{1,256}+)(?P<operator>\\*[\"'`\]]{0,2}\s{0,8}(?:=>|->|:=|==?|:(?!:|//))\s{0,8}(?:[|>][+-]?\s{0,4}\n\s{1,32})?)"
)
_OPTION: Final = re.compile(r"(?<![\w.\-])--?(?P<name>[A-Za-z][\w.\-]{0,255}+)(?:\\*[\"'],\s{0,4}(?=\\*[\"'])|\s{1,4})(?![=:\-])")
_SQL_LITERAL: Final = re.compile(r"(?<![\w.\-])(?P<name>[A-Za-z_]\w{0,63}+)\s{1,4}(?=[NnEe]?'[^'])")
_SQL_IDENTIFIED: Final = re.compile(
    r"(?i)\bidentified\s{1,8}(?:with\s{1,8}\S{1,64}\s{1,8})?(?:by|as)\s{1,8}(?:password\s{1,8}|values\s{1,8})?(?=\S)"
    r"|\b(?:old_)?password\s{0,4}\(\s{0,4}(?=')"
)
_NETRC: Final = re.compile(r"\blogin\s{1,8}\S{1,256}\s{1,8}password\s{1,8}(?=\S)")
_SETTING: Final = re.compile(
    r"(?m)^\s{0,16}(?:ENV|ARG|setx)\s{1,8}(?P<name>[\w.\-]{1,256}+)\s{1,8}(?=\S)"
    r"|\bset\s{1,4}(?:\S{1,200}[:/])?(?P<setting>[\w.\-]{1,256}+)\s{1,4}(?=\S)"
)
_IN_SENTENCE: Final = re.compile(
    r"(?i)\b(?:password|passphrase|passwd|api[ -]?key)\s{1,4}(?:(?:is|was|to|provided:?)\s{1,4})?[\"']?(?=[\w!#$%^&*+-]{6})"
)
_COMMAND_PASSWORD: Final = re.compile(
    r"\bsshpass\s{1,4}-p\s{0,4}"
    r"|\b(?:docker|podman|nerdctl|helm|az|oc|skopeo|buildah)\b[^\n;|&]{0,200}?\blogin\b[^\n;|&]{0,200}?\s-p\s{1,4}"
    r"|\b(?:mysql|mysqldump|mysqladmin|mysqlimport|mariadb|mariadb-dump)\b[^\n;|&]{0,200}?\s-p(?=\S)"
    r"|\b(?:mongo|mongosh|mongodump|mongorestore|mongoexport|mongoimport|beeline)\b[^\n;|&]{0,200}?\s-p\s{1,4}"
    r"|\bredis-cli\b[^\n;|&]{0,200}?\s-a\s{1,4}"
    r"|\b(?:sqlcmd|bcp|zip|unzip)\b[^\n;|&]{0,200}?\s-P\s{0,4}"
    r"|\bldap(?:search|modify|add|delete|whoami)\b[^\n;|&]{0,200}?\s-w\s{1,4}"
    r"|\b(?:curl|wget|http)\b[^\n;|&]{0,200}?\s(?:-u|--user)[\s=]{0,4}[\"']?[^\s:\"']{1,128}:(?=\S)"
)
_ATTACHED_PASSWORD: Final = frozenset({"mysql", "mysqldump", "mysqladmin", "mysqlimport", "mariadb", "mariadb-dump"})
_FLAG_OF_COMMAND: Final = {
    **dict.fromkeys(("sshpass", "mongo", "mongosh", "mongodump", "mongorestore", "beeline", "login"), "-p"),
    "redis-cli": "-a",
    **dict.fromkeys(("sqlcmd", "bcp"), "-P"),
    **dict.fromkeys(("ldapsearch", "ldapmodify"), "-w"),
}

_QUALIFIED: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_CALL: Final = re.compile(
    r"(?:\w+\.)*(?:getenv|environ|getpass|get_secret|get_password|secrets?|env|lookup|var|ref|config|conf|args|params|settings|self"
    r"|dbutils)(?:[.\[(]\S*)?|[A-Za-z_][\w.]*(?:\([\w.,=]*\)?|\[[\"']?\w+[\"']?\]?)"
)
_PARTITION_PATH: Final = re.compile(
    r"[^\s/=]*/(?:[^\s/]+/)*(?:[A-Za-z_][\w.]*=[^=\s]|[\w.-]+\.(?:parquet|csv|json|avro|orc|gz|txt|delta)\b)"
)
_PROSE_WORDS: Final = word_set(
    "a an the is are was were be been must may can should will of for to in on at by with from as and or not no if when where "
    "which that this these it its your their our has have had used use uses using see rejected expired invalid wrong missing"
)
_IN_SENTENCE_VALUE: Final = re.compile(r"[\w!#$%^&*+-]{6,64}")
_SENTENCE_CHARS: Final = 200
_PROSE_WORD: Final = re.compile(r"[A-Za-z][A-Za-z'-]*[.,;:]?")


def redact_text(text: str) -> str:
    """Return `text` with the secrets in it replaced by `[redacted]`; everything else is unchanged. Idempotent."""
    size = len(text)
    if size <= _MAX_SHORT:
        return _short(text)
    return _long(text) if size <= _MAX_LONG else _redacted(text)


def may_have_secret(text: str) -> bool:
    """Return whether `text` needs a search: False for nearly all texts, True for every text with a secret."""
    lower = text.lower()
    return _has_any(_NAME_HINTS, lower) or _has_any(_SHAPE_HINTS, lower) or _has_any(_OTHER_HINTS, lower)


def _has_any(hints: tuple[str, ...], lower: str) -> bool:
    for hint in hints:  # noqa: SIM110 - a loop takes half the time of any()
        if hint in lower:
            return True
    return False


def _redacted(text: str) -> str:
    lower = text.lower()
    named = _has_any(_NAME_HINTS, lower)
    if not named and not _has_any(_SHAPE_HINTS, lower) and not _has_any(_OTHER_HINTS, lower):
        return text
    if "PRIVATE KEY" in text:
        text = _PRIVATE_KEY.sub(lambda found: f"-----BEGIN {found['kind']}-----{REDACTED}{found['end'] or ''}", text)
    if _has_any(_SHAPE_HINTS, lower):
        text = _TOKEN_SHAPES.sub(REDACTED, text)
    if "@" in text or "hooks.slack" in lower:
        text = _redact_locations(text)
    if _has_any(_HEADER_HINTS, lower):
        text = _HEADER.sub(_redact_header, text)
    if named:
        text = _redact_named(text, lower)
    if "identified" in lower or "password" in lower:
        text = _redact_after(text, _SQL_IDENTIFIED, _is_any_secret)
    if "login" in lower:
        text = _redact_after(text, _NETRC, _is_any_secret)
    if "sshpass" in lower or _has_any(_COMMAND_HINTS, lower):
        text = _redact_after(text, _COMMAND_PASSWORD, _is_any_secret)
    return text


def _redact_named(text: str, lower: str) -> str:
    """Return `text` with the values redacted that stand beside the name of a secret."""
    if "<" in text:
        text = _XML_PAIR.sub(_redact_xml_pair, _XML_ELEMENT.sub(_redact_element, text))
        text = _XML_ATTRIBUTE.sub(_redact_xml_pair, text)
    if "value" in lower:
        text = _redact_after(text, _PAIR, _is_named_secret)
    if "=" in text or ":" in text or "->" in text:
        text = _redact_after(text, _ASSIGNMENT, _is_assigned_secret)
    if "-" in text:
        text = _redact_after(text, _OPTION, _is_option_secret)
    if "'" in text:
        text = _redact_after(text, _SQL_LITERAL, _is_named_secret)
    if "env" in lower or "arg" in lower or "set" in lower:
        text = _redact_after(text, _SETTING, _is_setting_secret)
    return _redact_after(text, _IN_SENTENCE, _is_secret_in_sentence)


_short: Final = lru_cache(1 << 13)(_redacted)
_long: Final = lru_cache(1 << 10)(_redacted)


def redacted_arguments(items: list[str]) -> list[str]:
    """Return the items of a command line: the values of its secret options are redacted, and the secrets in each item."""
    found = [redact_text(item) for item in items]
    commands: set[str] = set()
    is_attached = False
    for place, item in enumerate(items):
        flags = {_FLAG_OF_COMMAND[each] for each in commands}
        following = items[place + 1] if place + 1 < len(items) else ""
        is_option = item.startswith("-") and "=" not in item and following and not following.startswith("-")
        if is_option and (item in flags or is_secret(item, following)) and not is_no_secret(following):
            found[place + 1] = REDACTED
        name = item.rpartition("/")[2]
        if name in _FLAG_OF_COMMAND:
            commands.add(name)
        is_attached = is_attached or name in _ATTACHED_PASSWORD
        if is_attached and item.startswith("-p") and item not in ("-p", f"-p{REDACTED}"):
            found[place] = f"-p{REDACTED}"
    return found


def _redact_locations(text: str) -> str:
    text = _LOGIN.sub(rf"\g<scheme>:{REDACTED}@", text)
    text = _TOKEN_AS_LOGIN.sub(lambda found: found["scheme"] + (REDACTED if looks_opaque(found["user"]) else found["user"]), text)
    text = _DRIVER_LOGIN.sub(rf"\g<user>:{REDACTED}@", text)
    text = _ORACLE_LOGIN.sub(rf"\g<start>/{REDACTED}", text)
    return _SLACK_HOOK.sub(rf"\g<1>{REDACTED}", text)


def _redact_header(found: re.Match[str]) -> str:
    scheme, value = found["scheme"].lower(), found["value"]
    if scheme == "basic":
        secret = _is_basic(value)
    elif scheme == "token":
        secret = looks_opaque(value) and any(char.isdigit() for char in value) and "=" not in value.rstrip("=")
    else:
        secret = looks_opaque(value) or any(char in "._=/" for char in value.rstrip("."))
    return f"{found['scheme']}{found['space']}{REDACTED}" if secret else found[0]


def _is_basic(value: str) -> bool:
    try:
        return b":" in b64decode(value + "=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False


def _redact_xml_pair(found: re.Match[str]) -> str:
    if not is_secret(found["name"], found["value"]):
        return found[0]
    return found[0][: found.start("value") - found.start()] + REDACTED


def _redact_element(found: re.Match[str]) -> str:
    if not is_secret(found["name"], found["value"]):
        return found[0]
    return f"<{found['name']}{found['rest']}{REDACTED}"


Check = Callable[[str, re.Match[str], str, int, int], bool]
"""Returns whether the value between two places of a text, which follows a match, is a secret. The first argument is its name."""


def _redact_after(text: str, pattern: re.Pattern[str], is_found: Check) -> str:
    """Return `text` with the values redacted that follow a match of `pattern`, where `is_found` says so."""
    pieces: list[str] = []
    done = at = 0
    while found := pattern.search(text, at):
        at = found.end()
        name = _name_in(found)
        if name and not _could_be_secret(text, found, name):
            continue
        start, end = value_bounds(text, found.end(), name)
        if start < end and is_found(name, found, text, start, end):
            if end - start >= EXAMINED_CHARS - 2:  # it may have been cut at a separator
                end = end_of_long(text, end)
            pieces += (text[done:start], REDACTED)
            done = at = end
    if not pieces:
        return text
    return "".join((*pieces, text[done:]))


def _name_in(found: re.Match[str]) -> str:
    """Return the name in a match; empty if the pattern has none, because it alone says that a secret follows."""
    groups = found.groupdict()
    return groups.get("name") or groups.get("setting") or ""


def _could_be_secret(text: str, found: re.Match[str], name: str) -> bool:
    return secrecy(_without_escape(text, found, name)) is not Secrecy.NONE or name.lower().endswith(("sig", "signature"))


def _without_escape(text: str, found: re.Match[str], name: str) -> str:
    r"""Return the name without the letter of an escaped line break before it, as in `a\npassword=b`."""
    start = found.start("name")
    return name[1:] if start > 0 and text[start - 1] == "\\" and name[0] in "nrt" else name


def _is_any_secret(name: str, found: re.Match[str], text: str, start: int, end: int) -> bool:
    del name, found
    return not is_no_secret(text[start:end]) and not text[start:end].isdigit()


def _is_named_secret(name: str, found: re.Match[str], text: str, start: int, end: int) -> bool:
    del found
    return is_secret(name, text[start:end])


def _is_option_secret(name: str, found: re.Match[str], text: str, start: int, end: int) -> bool:
    del found
    value = text[start:end]
    return is_secret(name, value) and value.lower() not in _PROSE_WORDS


def _is_setting_secret(name: str, found: re.Match[str], text: str, start: int, end: int) -> bool:
    value = text[start:end]
    return is_secret(name, value) and (found["name"] is not None or looks_opaque(value))


def _is_secret_in_sentence(name: str, found: re.Match[str], text: str, start: int, end: int) -> bool:
    del name, found
    value = text[start:end]
    return _IN_SENTENCE_VALUE.fullmatch(value) is not None and any(map(str.isdigit, value)) and any(map(str.isalpha, value))


def _is_assigned_secret(name: str, found: re.Match[str], text: str, start: int, end: int) -> bool:
    value, operator = text[start:end], found["operator"]
    before = text[found.start() - 1] if found.start() else ""
    if before in ("?", "&", ";") and name.lower().endswith(("sig", "signature")):
        return not is_no_secret(value)
    if not is_secret(_without_escape(text, found, name), value) or (
        "=" in operator and _is_partition(text, found.start(), value)
    ):
        return False
    if text[start - 1] in "\"'`":
        return True
    if ":" in operator and "=" not in operator and _is_prose(text, start, end):
        return False
    has_scheme = SCHEME.match(text, found.end()) is not None
    return not _is_code(value) and (has_scheme or looks_opaque(value) or not name.lower().endswith("authorization"))


def _is_partition(text: str, start: int, value: str) -> bool:
    """Return whether the assignment at `start` is a part of a path, as Hive names partitions: events/token=a/date=b."""
    in_path = start > 1 and text[start - 1] == "/" and not text[start - 2].isspace() and text[start - 2] not in "\"'`"
    return in_path or _PARTITION_PATH.match(value) is not None


def _is_prose(text: str, start: int, end: int) -> bool:
    """Return whether the value between `start` and `end` begins a sentence: `token: the key of a session`."""
    if not _PROSE_WORD.fullmatch(text, start, end):
        return False
    words = text[start : start + _SENTENCE_CHARS].partition("\n")[0].lower().split()
    return len(words) > 1 and not _PROSE_WORDS.isdisjoint(word.strip(".,;:") for word in words[:6])


def _is_code(value: str) -> bool:
    """Return whether the value is an expression that names a secret: u.token, os.environ["TOKEN"], get_secret("x")."""
    if _QUALIFIED.fullmatch(value):
        return secrecy(value.rpartition(".")[2]) is not Secrecy.NONE
    return ("(" in value or "[" in value or "." in value) and _CALL.fullmatch(value) is not None
