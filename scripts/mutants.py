"""The mutants of a file: one small change each, as somebody might get it wrong or break a check.

A mutant is named by the function it is in, the text of its line, and the change, never by a number of a line. Left
alone are imports, annotations, decorators, docstrings and prose (a string with a space in it): the words of a
sentence are not what a test should hold.
"""

from __future__ import annotations

import ast
import copy
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Way: TypeAlias = "tuple[tuple[str, int | None], ...]"
"""How to go from the module to a node: field by field, with the place in a list."""

_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_COUNTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.BitXor: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
_NAMES = {"any": "all", "all": "any", "min": "max", "max": "min", "sorted": "list"}
_METHODS = {"startswith": "endswith", "endswith": "startswith", "partition": "rpartition", "rpartition": "partition"}
_METHODS |= {"split": "rsplit", "rsplit": "split", "lower": "upper", "upper": "lower", "strip": "lstrip"}
_SKIPPED = frozenset({"annotation", "returns", "decorator_list", "type_params", "bases", "keywords_of_class"})
_QUANTIFIER = re.compile(r"\{(\d+)(?:,(\d+))?\}")


@dataclass(frozen=True)
class Mutant:
    """One change: `key` names it; `way` and `node` make it."""

    file: str
    key: str
    line: int
    way: Way
    node: ast.AST

    def made(self, source: str) -> ast.Module:
        """Return the module with this change."""
        tree = ast.parse(source)
        at: ast.AST = tree
        for field, place in self.way[:-1]:
            at = getattr(at, field) if place is None else getattr(at, field)[place]
        field, place = self.way[-1]
        new = copy.deepcopy(self.node)
        if place is None:
            setattr(at, field, new)
        else:
            getattr(at, field)[place] = new
        return ast.fix_missing_locations(tree)


def mutants(path: Path) -> list[Mutant]:
    """Return every mutant of a file, in the order of its text."""
    source = path.read_text("utf-8")
    lines = source.splitlines()
    found: dict[tuple[str, int], Mutant] = {}
    for way, node, inside in _sites(ast.parse(source), (), ""):
        line = getattr(node, "lineno", 0)
        text = " ".join(lines[line - 1].split()) if line else ""
        for new in _changes(node, way):
            change = f"{_short(node)} => {_short(new)}"
            key = f"{path.name} | {inside or 'module'} | {text} | {change}"
            place = sum(1 for old, _ in found if old == key)
            found[key, place] = Mutant(path.name, key, line, way, new)
    return list(found.values())


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split()) if not isinstance(node, ast.Pass) else "(gone)"
    return text if len(text) <= 90 else f"{text[:60]} ... {text[-24:]}"


def _sites(node: ast.AST, way: Way, inside: str) -> Iterator[tuple[Way, ast.AST, str]]:  # noqa: C901 - what is skipped
    """Yield every node that may be changed, with the way to it and the function it is in."""
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.JoinedStr)) or _is_for_types(node):
        return
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        inside = f"{inside}.{node.name}".lstrip(".")
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "Protocol" for base in node.bases):
            return
    if way:
        yield way, node, inside
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    for field, value in ast.iter_fields(node):
        if field in _SKIPPED:
            continue
        if isinstance(value, ast.AST):
            yield from _sites(value, (*way, (field, None)), inside)
        elif isinstance(value, list):
            for place, item in enumerate(value):
                if isinstance(item, ast.AST):
                    yield from _sites(item, (*way, (field, place)), inside)


def _is_for_types(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING"
    return isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias"


def _changes(node: ast.AST, way: Way) -> Iterator[ast.AST]:
    """Yield what may stand in a node's place."""
    if isinstance(node, ast.stmt):
        yield from _of_statement(node)
    elif isinstance(node, ast.expr):
        if way[-1][0] in ("test", "guard", "ifs") and not isinstance(node, ast.Constant):
            yield ast.Constant(value=True)
            yield ast.Constant(value=False)
        yield from _of_expression(node)
    elif isinstance(node, ast.ExceptHandler):
        yield ast.ExceptHandler(type=node.type, name=node.name, body=[ast.Raise()])
        if isinstance(node.type, ast.Tuple):
            for place in range(len(node.type.elts)):
                fewer = ast.Tuple(elts=_without(node.type.elts, place), ctx=ast.Load())
                yield ast.ExceptHandler(type=fewer, name=node.name, body=node.body)


def _of_statement(node: ast.stmt) -> Iterator[ast.AST]:
    match node:
        case ast.Expr(value=ast.Constant()):
            pass
        case ast.Expr() | ast.AugAssign() | ast.Delete() | ast.Raise() | ast.Continue() | ast.Break() | ast.For():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()
        case ast.Return(value=ast.expr() as value) if not _is_empty(value):
            yield ast.Return(value=ast.Constant(value=None))
        case _:
            pass
    if isinstance(node, ast.AugAssign) and type(node.op) in _COUNTED:
        yield ast.AugAssign(target=node.target, op=_COUNTED[type(node.op)](), value=node.value)


def _is_empty(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value in (None, False)


def _of_expression(node: ast.expr) -> Iterator[ast.AST]:  # noqa: C901, PLR0912 - a table of forms
    match node:
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            for place, op in enumerate(ops):
                for other in _COMPARED[type(op)]:
                    yield ast.Compare(left=left, ops=_with(ops, place, other()), comparators=comparators)
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(op=ast.Or() if isinstance(op, ast.And) else ast.And(), values=values)
            for place in range(len(values)):
                fewer = _without(values, place)
                yield fewer[0] if len(fewer) == 1 else ast.BoolOp(op=op, values=fewer)
        case ast.UnaryOp(operand=operand):
            yield operand
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _COUNTED:
            yield ast.BinOp(left=left, op=_COUNTED[type(op)](), right=right)
        case ast.Slice(lower=lower, upper=upper, step=step):
            if lower is not None:
                yield ast.Slice(lower=None, upper=upper, step=step)
            if upper is not None:
                yield ast.Slice(lower=lower, upper=None, step=step)
        case ast.Call():
            yield from _of_call(node)
        case ast.Constant():
            yield from _of_constant(node.value)
        case _:
            pass


def _of_call(node: ast.Call) -> Iterator[ast.AST]:
    for place in range(len(node.args) - 1):
        one, two = node.args[place : place + 2]
        if ast.unparse(one) != ast.unparse(two):
            yield ast.Call(node.func, [*node.args[:place], two, one, *node.args[place + 2 :]], node.keywords)
    for place in range(len(node.keywords)):
        yield ast.Call(node.func, node.args, _without(node.keywords, place))
    if isinstance(node.func, ast.Name) and node.func.id in _NAMES:
        yield ast.Call(ast.Name(_NAMES[node.func.id], ast.Load()), node.args, node.keywords)
    if isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
        other = ast.Attribute(node.func.value, _METHODS[node.func.attr], ast.Load())
        yield ast.Call(other, node.args, node.keywords)


def _of_constant(value: object) -> Iterator[ast.AST]:  # noqa: C901 - a table of kinds
    if isinstance(value, bool):
        yield ast.Constant(value=not value)
    elif isinstance(value, int):
        yield ast.Constant(value=value + 1)
        if value > 0:
            yield ast.Constant(value=value - 1)
    elif isinstance(value, bytes):
        yield ast.Constant(value=b"XX" + value)
    elif isinstance(value, str) and " " not in value.strip():
        yield ast.Constant(value="XX" + value)
        for found in _QUANTIFIER.finditer(value):
            for group in (1, 2):
                if found[group] is not None:
                    for by in (1, -1):
                        number = str(int(found[group]) + by)
                        changed = value[: found.start(group)] + number + value[found.end(group) :]
                        if "{-" not in changed:
                            yield ast.Constant(value=changed)


def _without(items: list, place: int) -> list:  # type: ignore[type-arg]
    return [*items[:place], *items[place + 1 :]]


def _with(items: list, place: int, item: object) -> list:  # type: ignore[type-arg]
    return [*items[:place], item, *items[place + 1 :]]
