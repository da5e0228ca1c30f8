"""Invalid configurations by the name of their fault: the text, and the start of each message, with line and column."""

from __future__ import annotations

from typing import Final

PLANTED: Final = "hunter2-planted"
SOURCE: Final = "sources:\n  - {name: prod, kind: mlflow, url: http://mlflow:5000"
A, B = "mlg://dataset/s3%3A%2F%2Flake/a", "mlg://dataset/s3%3A%2F%2Flake/b"

WRONG: Final[dict[str, tuple[str, list[str]]]] = {
    # the document
    "tab": ("sources:\n\t- a\n", ["2:1: this is not YAML: found character '\\t' that cannot start any token; check"]),
    "unclosed": ("sources: [\n", ["2:1: this is not YAML: "]),
    "control character": ("a: \x07\n", ["1:4: the character U+0007 is not allowed in YAML; remove it"]),
    "a list": ("- a\n", ["1:1: the configuration must be keys with values: sources, aliases, rules, noise"]),
    "two documents": (
        "sources: []\n---\nsources: []\n",
        ["2:1: a second document begins here; put everything into one document"],
    ),
    "alias": ("sources: &a []\naliases: *a\n", ["1:10: anchors and aliases (& and *)", "2:10: anchors and aliases"]),
    "tag": ("sources: !!python/object:os.system []\n", ["1:10: tags (!) are not supported here; remove it"]),
    "deep": ("sources: " + "[" * 5000, ["1:25: this is nested more than 16 levels deep"]),
    "key twice": ("noise: []\nrules: []\nnoise: []\n", ["3:1: this key is already in line 1; remove one of the two"]),
    "key no word": ("? [a]\n: b\n", ["1:3: a key must be a word"]),
    "unknown key": ("sourcse: []\n", ["1:1: unknown key 'sourcse' in the configuration; did you mean 'sources'?"]),
    "unlike any key": ("zzz: []\n", ["1:1: unknown key 'zzz' in the configuration; known here: sources, aliases, rules, noise"]),
    "merge": ("<<: {sources: []}\n", ["1:1: unknown key '<<'"]),
    # sources
    "no list": ("sources: {name: prod}\n", ["1:10: sources must be a list: start each entry with '- '"]),
    "no keys": ("sources: [prod]\n", ["1:11: a source must be keys with values: name, kind, url"]),
    "missing": (
        "sources:\n  - scope: x\n",
        ["2:5: kind is missing here", "2:5: name is missing here", "2:5: url is missing here"],
    ),
    "no value": (SOURCE + ", scope: }\n", ["2:63: scope has no value; add one, or remove the key"]),
    "list for a text": (SOURCE + ", scope: [a]}\n", ["2:64: this must be a text, not a list or further keys"]),
    "lines in a text": (
        SOURCE + ', scope: "a\\nb"}\n',
        ["2:64: this must be a text of 1 to 1000 printable characters in one line"],
    ),
    "place": (
        SOURCE + ", place: the warehouse}\n",
        ["2:64: this is not the place of tables: it must be their namespace, such as"],
    ),
    "place with a login": (
        SOURCE + f", place: 'postgres://u:{PLANTED}@db:5432'}}\n",
        ["2:64: credentials do not belong in a place, because names show it"],
    ),
    "registry": (
        SOURCE + ", registry: prod}\n",
        ["2:67: this names no model registry: it must be mlflow:INSTANCE, with the name of the connected source"],
    ),
    "kind": (SOURCE.replace("mlflow,", "mlfow,") + "}\n", ["2:24: this is no kind of source; did you mean 'mlflow'?"]),
    "twice": (f"{SOURCE}}}\n{SOURCE.splitlines()[1]}}}\n", ["3:12: a source with this name is already in line 2"]),
    "url": (
        SOURCE.replace("http:", "file:") + "}\n",
        ["2:37: this is not the URL of a server such as http://mlflow.internal:5000"],
    ),
    "port": (SOURCE.replace("5000", "50000000") + "}\n", ["2:37: this is not the URL of a server such as"]),
    "query": (
        SOURCE.replace("http://mlflow:5000", "'http://mlflow:5000?a=1'") + "}\n",
        ["2:37: the URL of a server must not have a query or a fragment"],
    ),
    "schedule": (
        SOURCE + ", schedule: {poll: 30, sweep: 0s, full_sweep: x}}\n",
        [
            "2:74: this must be a number with the unit ms, s, m, h or d, such as 30s: 1s to 1d",
            "2:85: this must be a number with the unit ms, s, m, h or d, such as 30s: 1s to 365d",
            "2:101: this must be a number with the unit ms, s, m, h or d, such as 30s: 1s to 365d",
        ],
    ),
    "limits": (
        SOURCE + ", limits: {requests_per_s: '5', concurrency: 1.5, timeout: 0s, rate: 1}}\n",
        [
            "2:82: this must be a number from 0.01 to 10000",
            "2:100: this must be a whole number from 1 to 256",
            "2:114: this must be a number with the unit ms, s, m, h or d, such as 30s: 100ms to 10m",
            "2:118: unknown key 'rate' in limits; known here: requests_per_s, concurrency, timeout",
        ],
    ),
    # secrets
    "login": (SOURCE.replace("mlflow:5000", f"u:{PLANTED}@mlflow") + "}\n", ["2:37: credentials do not belong in a URL"]),
    "token as user": (SOURCE.replace("mlflow:5000", f"{PLANTED}@mlflow") + "}\n", ["2:37: credentials do not belong in a URL"]),
    "token in query": (
        SOURCE.replace("http://mlflow:5000", f"'http://mlflow?token={PLANTED}'") + "}\n",
        ["2:37: credentials do not belong in a URL"],
    ),
    "password": (SOURCE + f", password: {PLANTED}}}\n", ["2:57: a secret does not belong in this file; store it in an env"]),
    "token": (SOURCE + f", token: {PLANTED}}}\n", ["2:57: a secret does not belong in this file"]),
    "bare": (SOURCE + f", credentials: {PLANTED}}}\n", ["2:70: a secret does not belong in this file"]),
    "token within": (SOURCE + f", credentials: {{token: {PLANTED}}}}}\n", ["2:71: a secret does not belong in this file"]),
    "secret as key": (
        SOURCE + f", credentials: {{{PLANTED}}}}}\n",
        ["2:71: unknown key in credentials; known here: env, file, user"],
    ),
    "secret as variable": (
        SOURCE + f", credentials: {{env: {PLANTED}}}}}\n",
        ["2:76: this is not the name of an environment variable"],
    ),
    "both": (SOURCE + ", credentials: {env: A, file: b}}\n", ["2:70: credentials need one of env (a variable's name) and file"]),
    "neither": (SOURCE + ", credentials: {user: a}}\n", ["2:70: credentials need one of env (a variable's name) and file"]),
    "not set": (
        SOURCE + ", credentials: {env: NOT_SET}}\n",
        ["2:76: the environment variable that is named here is not set; set it"],
    ),
    "set to nothing": (
        SOURCE + ", credentials: {env: EMPTY}}\n",
        ["2:76: the value of the environment variable that is named here"],
    ),
    "no header": (
        SOURCE + ", credentials: {env: LINES}}\n",
        ["2:76: the value of the environment variable that is named here cannot"],
    ),
    "colon": (
        SOURCE + ", credentials: {user: 'a:b', env: MLFLOW_TOKEN}}\n",
        ["2:77: the name of a user must not contain a colon"],
    ),
    "no file": (SOURCE + ", credentials: {file: gone}}\n", ["2:77: the file that is named here does not exist"]),
    "open file": (
        SOURCE + ", credentials: {file: open}}\n",
        ["2:77: the file that is named here can be read by others; make it private"],
    ),
    "directory": (SOURCE + ", credentials: {file: .}}\n", ["2:77: the file that is named here cannot be read"]),
    "binary": (SOURCE + ", credentials: {file: binary}}\n", ["2:77: the file that is named here is not UTF-8"]),
    # declarations
    "no uri": (
        f"aliases:\n  - name: s3://lake/a\n    of: {A}\n",
        ["2:11: 's3://lake/a' is not an asset URI: it must begin with mlg://"],
    ),
    "itself": (f"aliases: [{{name: '{A}', of: '{A}'}}]\n", ["1:57: name and of must be two different assets of one kind"]),
    "kinds": (
        f"aliases: [{{name: '{A}', of: 'mlg://model/x/a'}}]\n",
        ["1:57: name and of must be two different assets of one kind"],
    ),
    "apart misspelt": (
        f"aliases:\n  - aprt: ['{A}', '{B}']\n",
        ["2:5: name is missing here", "2:5: of is missing here", "2:5: unknown key 'aprt' in an alias; did you mean 'apart'?"],
    ),
    "faults of every part": (
        f"sources: [x]\naliases:\n  - name: {A}\nrules: [[]]\nnoise: {{}}\nnois: 1\n",
        [
            "1:11: a source must be keys with values: name, kind, url",
            "3:5: of is missing here; add it",
            "4:9: this must be a text, not a list or further keys",
            "5:8: noise must be a list: start each entry with '- '",
            "6:1: unknown key 'nois' in the configuration; did you mean 'noise'?",
        ],
    ),
    "twice beside another fault": (
        f"{SOURCE}, scope: []}}\n" + f"{SOURCE.splitlines()[1]}}}\n" * 2,
        ["2:64: this must be a text", "4:12: a source with this name is already in line 3"],
    ),
    "nothing in a list": (
        "sources: [~]\nrules: ['']\n",
        ["1:11: a source must be keys", "2:9: this must be a text of 1 to 1000"],
    ),
    "references that grow": (
        "a: &a [x, x]\nb: &b [*a, *a]\nsources: [*b, *b]\n",
        [
            "1:1: unknown key 'a'",
            "1:4: anchors and aliases",
            "2:1: unknown key 'b'",
            "2:4: anchors and aliases",
            "2:8: anchors and aliases",
            "2:12: anchors and aliases",
            "3:11: a source must be keys",
            "3:11: anchors and aliases",
            "3:15: a source must be keys",
            "3:15: anchors and aliases",
        ],
    ),
    "half": (f"aliases:\n  - of: {A}\n", ["2:5: name is missing here; add it"]),
    "no zone": (
        f"aliases:\n  - name: {A}\n    of: {B}\n    from: 2026-01-01T00:00:00\n",
        ["4:11: '2026-01-01T00:00:00' has no zone"],
    ),
    "backwards": (
        f"aliases:\n  - name: {A}\n    of: {B}\n    from: 2026-01-02T00:00:00Z\n    until: 2026-01-02T00:00:00Z\n",
        ["5:12: until must be later than from"],
    ),
    "two meanings": (
        f"aliases:\n  - name: {A}\n    of: {B}\n  - name: {A}\n    of: {B}c\n",
        ["4:11: line 2 declares an alias of the same name for an overlapping time; end one with until"],
    ),
    "one apart": (f"aliases:\n  - apart: ['{A}']\n", ["2:12: apart must list two or more different assets of one kind"]),
    "apart twice": (f"aliases:\n  - apart: ['{A}', '{A}']\n", ["2:12: apart must list two or more different assets of one kind"]),
    "apart and more": (
        f"aliases:\n  - apart: ['{A}', '{B}']\n    of: {A}\n",
        ["3:5: apart allows no other key; declare an alias in a separate entry"],
    ),
    "contradiction": (
        f"aliases:\n  - name: {A}\n    of: {B}\n  - apart: ['{B}', '{A}']\n",
        ["4:5: line 2 declares two of these to be one asset; remove one of the two entries"],
    ),
    "no rules": ("rules:\n  - rules/*.yaml\n", ["2:5: no file matches; paths and patterns such as rules/*.yaml"]),
    "no pattern": ("rules: ['**a']\n", ["1:9: no file matches"]),
    "noise": (
        "noise:\n  - name: a\n    kind: datasets\n    match: '('\n",
        [
            "3:11: this is no kind of asset that can be noise; did you mean 'dataset'?",
            "4:12: this is not a regular expression: missing )",
        ],
    ),
    "noise of two sorts": (
        "noise: [{name: a, kind: runs, wen: superseded}]\n",
        [
            "1:9: match is missing here; add it",
            "1:25: this is no kind of asset that can be noise; did you mean 'run'?",
            "1:31: unknown key 'wen' in a noise rule; did you mean 'when'?",
        ],
    ),
    "noise twice": (
        "noise:\n" + "  - {name: a, kind: run, match: b}\n" * 2,
        ["3:12: a rule with this name is already in line 2"],
    ),
    "noise of versions": (
        "noise:\n  - {name: a, kind: model_version, match: b}\n",
        ["2:21: this is no kind of asset that can be noise"],
    ),
    "noise without a pattern": ("noise:\n  - {name: a, kind: run}\n", ["2:5: match is missing here; add it"]),
    "noise under a wrong condition": (
        "noise:\n  - {name: a, kind: run, when: failed}\n",
        ["2:32: this is no condition; known: superseded"],
    ),
    "noise under two conditions": (
        "noise:\n  - {name: a, kind: run, match: b, when: superseded}\n",
        ["2:26: superseded applies to all runs: write kind: run without match"],
    ),
    "superseded datasets": (
        "noise:\n  - {name: a, kind: dataset, when: superseded}\n",
        ["2:21: superseded applies to all runs: write kind: run without match"],
    ),
    "superseded twice": (
        "noise:\n  - {name: a, kind: run, when: superseded}\n  - {name: b, kind: run, when: superseded}\n",
        ["3:32: line 2 has the same rule; remove one of the two"],
    ),
}
