"""Python files that define assets: feature views of Feast, DAGs of Airflow. They are parsed, never executed."""

from __future__ import annotations

import ast
import hashlib
import warnings
from collections.abc import Iterator
from typing import Final

from mlgraph.changesets.definitions import ColumnDefinition, Definition, Target, UnreadableError

MAX_PYTHON_CHARS: Final = 256 * 1024
_VIEWS: Final = frozenset({"FeatureView", "BatchFeatureView", "StreamFeatureView", "OnDemandFeatureView", "LabelView"})
_DECORATORS: Final = frozenset({"on_demand_feature_view", "stream_feature_view", "batch_feature_view"})
_SOURCE_NAMES: Final = ("table", "table_ref", "path", "topic", "name")
"""Arguments of a Feast source that say where it reads, the most specific first."""


def read_python(text: str) -> list[Definition]:
    """Return the feature views, feature services and DAGs that a module defines. Raises `UnreadableError` with the line."""
    if len(text) > MAX_PYTHON_CHARS:
        raise UnreadableError(f"Python of {len(text):,} characters is over the limit of {MAX_PYTHON_CHARS:,}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about escapes in strings of the file
            module = ast.parse(text)
        reader = _Module(module)
        return [*reader.features(), *reader.dags()]
    except SyntaxError as error:
        raise UnreadableError(f"this is not Python: {error.msg}", error.lineno) from None
    except (ValueError, MemoryError, RecursionError):
        raise UnreadableError("this is not Python, or it is nested too deeply") from None


class _Module:
    """The definitions of one parsed module. Names that the module assigns once at its top stand for their values."""

    def __init__(self, module: ast.Module) -> None:
        self._module = module
        self._assigned: dict[str, ast.expr] = {}
        for statement in module.body:
            if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
                self._assigned[statement.targets[0].id] = statement.value
            elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value is not None:
                self._assigned[statement.target.id] = statement.value

    def features(self) -> Iterator[Definition]:
        """Yield the feature views and feature services of Feast."""
        for node in ast.walk(self._module):
            if isinstance(node, ast.Call):
                called = _called(node)
                if called in _VIEWS and (name := self._text(_argument(node, "name", 0))):
                    yield self._view(name, node, self._source(node))
                elif called == "FeatureService" and (name := self._text(_argument(node, "name", 0))):
                    yield Definition(Target("feature_service", name), content=self._shape(_argument(node, "features", 1)))
            elif isinstance(node, ast.FunctionDef):
                for decorator in node.decorator_list:
                    if isinstance(decorator, ast.Call) and _called(decorator) in _DECORATORS:
                        body = _digest(*(ast.dump(each) for each in _without_docstring(node.body)))
                        yield self._view(node.name, decorator, f"{self._source(decorator)} {body}")

    def dags(self) -> Iterator[Definition]:
        """Yield the DAGs of Airflow and their tasks. What a changed task computes is not known, so such a change is possible."""
        found = list(self._dag_names())
        tasks = dict(self._tasks())
        code = _digest(*(ast.dump(each) for each in _without_docstring(self._module.body)))
        for name in found:
            yield Definition(Target("workflow", name), content=code, certain=False, form="dag")
            if len(found) == 1:
                yield from (
                    Definition(Target("workflow", f"{name}.{task}"), content=content, certain=False, form="task")
                    for task, content in tasks.items()
                )

    def _dag_names(self) -> Iterator[str]:
        for node in ast.walk(self._module):
            if isinstance(node, ast.Call) and _called(node) == "DAG" and (name := self._text(_argument(node, "dag_id", 0))):
                yield name
            elif isinstance(node, ast.FunctionDef):
                for decorator in node.decorator_list:
                    if _name(decorator.func if isinstance(decorator, ast.Call) else decorator) == "dag":
                        given = self._text(_argument(decorator, "dag_id", 0)) if isinstance(decorator, ast.Call) else None
                        yield given or node.name

    def _tasks(self) -> Iterator[tuple[str, str]]:
        for node in ast.walk(self._module):
            if isinstance(node, ast.Call) and (task := self._text(_argument(node, "task_id", None))):
                yield task, _digest(ast.dump(node))
            elif isinstance(node, ast.FunctionDef):
                for decorator in node.decorator_list:
                    function = decorator.func if isinstance(decorator, ast.Call) else decorator
                    if _name(function) == "task" or (isinstance(function, ast.Attribute) and _name(function.value) == "task"):
                        yield node.name, _digest(*(ast.dump(each) for each in _without_docstring(node.body)))

    def _view(self, name: str, call: ast.Call, source: str) -> Definition:
        listed = self._value(_argument(call, "schema", None) or _argument(call, "features", None))
        columns: dict[str, ColumnDefinition] = {}
        is_open = not isinstance(listed, ast.List | ast.Tuple)  # without a schema, Feast takes that of the source
        for item in listed.elts if isinstance(listed, ast.List | ast.Tuple) else ():
            field = self._value(item)
            text = self._text(_argument(field, "name", 0)) if isinstance(field, ast.Call) else None
            if text is None or not isinstance(field, ast.Call):
                is_open = True
                continue
            kind = _argument(field, "dtype", 1)
            columns[text.lower()] = ColumnDefinition(text, ast.unparse(kind).rpartition(".")[2] if kind is not None else None)
        entities = self._shape(_argument(call, "entities", None))
        return Definition(Target("feature_view", name), columns, is_open, content=f"{source} {entities}")

    def _source(self, call: ast.Call) -> str:
        """Return a text that differs where the view reads from another place."""
        given = _argument(call, "source", None) or _argument(call, "batch_source", None) or _argument(call, "sources", None)
        value = self._value(given)
        if isinstance(value, ast.Call):
            for name in _SOURCE_NAMES:
                if text := self._text(_argument(value, name, None)):
                    return f"{_called(value)} {text}"
        return self._shape(value)

    def _shape(self, node: ast.expr | None) -> str:
        """Return a digest of an expression, with the names that the module assigns replaced by their values, one level deep."""
        value = self._value(node)
        if value is None:
            return ""
        if isinstance(value, ast.List | ast.Tuple):
            return _digest(*(ast.dump(self._value(item) or item) for item in value.elts))
        return _digest(ast.dump(value))

    def _value(self, node: ast.expr | None) -> ast.expr | None:
        for _ in range(10):  # a name may stand for a name
            if not isinstance(node, ast.Name) or node.id not in self._assigned:
                break
            node = self._assigned[node.id]
        return node

    def _text(self, node: ast.expr | None) -> str | None:
        value = self._value(node)
        return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value else None


def _called(call: ast.Call) -> str:
    return _name(call.func)


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _argument(call: ast.expr, name: str, position: int | None) -> ast.expr | None:
    """Return the argument of a call by its name, else by its position."""
    if not isinstance(call, ast.Call):
        return None
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[position] if position is not None and position < len(call.args) else None


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return body[1:] if is_docstring else body


def _digest(*texts: str) -> str:
    return hashlib.blake2b("\0".join(texts).encode("utf-8", "replace"), digest_size=12).hexdigest()
