"""Which environment variables a body needs after the one for want of which it failed, from its source.

Without them its owner would be told of one at a time. Pure, as ``lookups`` is.
"""

from __future__ import annotations

from importguard.probe.code.environment_lookups import NAME, assigned_names, is_environ, lookup_of, lookups_in
from importguard.probe.code.nodes import BLOCKS, FUNCTIONS, constant_text, expressions_of, kind_of, walk_nodes
from importguard.probe.code.statement_place import is_exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from importguard.probe.code.environment_lookups import Names
    from importguard.probe.code.lookups import Lookups, Statement
    from importguard.probe.values import Node

_MAY_BE_PASSED_OVER = ("IfExp", "BoolOp", "Lambda", "ListComp", "SetComp", "DictComp", "GeneratorExp")
_MOST_NAMES = 20


def variables_required_from(lookups: Lookups, places: Sequence[Statement], said: str) -> list[str]:
    """The unset variables that a module's body looks up from its failing statement on, and has to have.

    ``places`` are the statements that led there, innermost first, the last one in the body: what is left of
    each function is run, too. ``said`` is what the exceptions say, with the variables that the failing
    statement looks up: a function that fails for one of these (``env("A")``, ``config("A")``) will fail for
    others, and where none is named, nothing is told. Left out are blocks and expressions that may be passed
    over, and names for which the file has a default elsewhere (``Env(PORT=(int, 80))``).
    """
    if not NAME.search(said):
        return []
    found: dict[str, None] = {}
    asking: set[str] = set()
    for module, line in places:
        tree = lookups.read_tree(module)
        try:
            names = _required_from(tree, line, said, asking, lookups.environ) if tree else []
        except RecursionError:
            names = []
        found.update(dict.fromkeys(names))
    return list(found)[:_MOST_NAMES]


def _required_from(
    tree: Node, line: int, said: str, asking: set[str], environ: Mapping[str, str]
) -> list[str]:
    """The names in one file; ``asking`` gets the functions that failed for a variable."""
    statements = list(_statements_from(tree.body, line))
    asking |= {
        _asking_name(call)
        for statement in statements[:1]
        for call in walk_nodes(expressions_of(statement))
        if _kind_is_call(call) and (constant_text(call.args[0]) or "-") in said
    } - {""}
    defaults = {node.arg for node in walk_nodes([tree]) if kind_of(node) == "keyword"}
    names = assigned_names(tree)
    return [
        name
        for statement in statements
        for name, refuses_empty in _required_by(statement, asking, names)
        if name not in defaults and (name not in environ or (refuses_empty and not environ[name]))
    ]


def _required_by(statement: Node, asking: set[str], names: Names) -> Iterator[tuple[str, bool]]:
    """(variable, whether an empty one will not do) of each that a statement cannot do without."""
    for node in _certain_expressions(expressions_of(statement)):
        number = _name_of_number(node)
        name = number or _required_name(node, asking)
        if name:
            yield name, bool(number)
    for test in _refusing_tests(statement):
        value, refuses_empty = _refused_value(test)
        is_direct = kind_of(value) == "Name" or lookup_of(value) is not None
        for variable, no_default in lookups_in([value], names) if is_direct else ():
            if variable and no_default:
                yield variable, refuses_empty


def _refused_value(test: Node) -> tuple[Node, bool]:
    """(what must be set, is empty not enough): ``not A``, ``A is None``, ``"A" not in environ``."""
    if kind_of(test) == "UnaryOp" and kind_of(test.op) == "Not":
        return test.operand, True
    operator = kind_of(test.ops[0]) if kind_of(test) == "Compare" else ""
    if operator == "Is":
        return test.left, False
    return (test if operator == "NotIn" else None), False


def _refusing_tests(statement: Node) -> list[Node]:
    """The conditions for any of which a statement raises or exits: ``if not A or B is None: raise``."""
    if kind_of(statement) != "If" or not (
        kind_of(statement.body[-1]) == "Raise" or is_exit(statement.body[-1])
    ):
        return []
    is_any = kind_of(statement.test) == "BoolOp" and kind_of(statement.test.op) == "Or"
    return list(statement.test.values) if is_any else [statement.test]


def _statements_from(body: list[Node], line: int) -> Iterator[Node]:
    """The statement at ``line`` and those that are run after it, in its function where it is in one."""
    place = max((at for at, node in enumerate(body) if node.lineno <= line), default=-1)
    if place < 0:
        return
    inner = [block for block in _blocks_of(body[place]) if block[0].lineno <= line]
    if not inner:
        yield body[place]
    else:
        within = _statements_from(max(inner, key=lambda block: block[0].lineno), line)
        if kind_of(body[place]) in FUNCTIONS:
            yield from _until_return(within)
            return
        yield from within
    yield from _all_statements(body[place + 1 :])


def _until_return(statements: Iterator[Node]) -> Iterator[Node]:
    """The statements up to the first that returns, or may."""
    for statement in statements:
        yield statement
        if any(kind_of(node) == "Return" for node in walk_nodes([statement], functions=False)):
            return


def _all_statements(body: list[Node]) -> Iterator[Node]:
    for statement in body:
        yield statement
        if kind_of(statement) in ("ClassDef", "With"):
            yield from _all_statements(statement.body)


def _blocks_of(statement: Node) -> list[list[Node]]:
    return [block for block in (getattr(statement, name, None) or [] for name in BLOCKS) if block]


def _certain_expressions(nodes: list[Node]) -> Iterator[Node]:
    """These nodes and all below, in the order of the source, without what may not be evaluated."""
    for node in nodes:
        if not hasattr(node, "_fields") or kind_of(node) in _MAY_BE_PASSED_OVER:
            continue
        yield node
        for field in node._fields:
            value = getattr(node, field, None)
            yield from _certain_expressions(value if type(value) is list else [value])


def _name_of_number(node: Node) -> str:
    """The variable of ``int(os.getenv("PORT"))``, which fails for nothing and for an empty text."""
    if _kind_is_call(node) and getattr(node.func, "id", "") in ("int", "float"):
        return _name_without_default(node.args[0])
    return ""


def _name_without_default(node: Node) -> str:
    """The variable that a call looks up whose answer may be None."""
    lookup = lookup_of(node) if _kind_is_call(node) and len(node.args) == 1 and not node.keywords else None
    return (lookup[0] or "") if lookup else ""


def _required_name(node: Node, asking: set[str]) -> str:
    """The variable that this node cannot do without; empty for every other node."""
    if kind_of(node) in ("Attribute", "Subscript") and _name_without_default(node.value):
        return _name_without_default(node.value)  # None has neither parts nor methods
    if kind_of(node) == "Subscript" and is_environ(node.value) and kind_of(node.ctx) == "Load":
        index = node.slice.value if kind_of(node.slice) == "Index" else node.slice  # until Python 3.8
        return constant_text(index) or ""
    if _kind_is_call(node) and _asking_name(node) in asking:
        name = constant_text(node.args[0]) or ""
        has_default = len(node.args) > 1 or any(word.arg == "default" for word in node.keywords)
        return name if NAME.fullmatch(name) and not has_default else ""
    return ""


def _kind_is_call(node: Node) -> bool:
    return kind_of(node) == "Call" and bool(node.args)


def _asking_name(call: Node) -> str:
    """``env`` of ``env("A")`` and of ``env.str("A")``; empty for what only asks ``os.environ``."""
    function = call.func
    while kind_of(function) in ("Attribute", "Call"):
        if is_environ(function):
            return ""
        function = function.value if kind_of(function) == "Attribute" else function.func
    name = getattr(function, "id", "")
    return "" if name in ("os", "environ") else str(name)
