"""What a query refers to, other than items: its parameters, bound into the compiled SQL."""

from dataclasses import dataclass, field
from typing import Any

from local.cosmos import jsontext, partitions
from local.cosmos.errors import bad_request
from local.cosmos.sql.syntax import Constant, Expression, Parameter, Reference
from local.cosmos.sql.values import Path, Rank, Value, json_of, rank_of

Parameters = dict[str, Any]
_MAX_INTEGER = 2**63 - 1


def signature(parameters: Parameters) -> tuple[Any, ...]:
    """The types of the parameters: calls that agree in them can share one compiled query."""
    return tuple((name, _shape(value)) for name, value in sorted(parameters.items()))


def _shape(value: Any) -> Any:
    if isinstance(value, list):
        return (Rank.ARRAY, frozenset(rank_of(one) for one in value))
    return rank_of(value)


def to_sqlite(value: Any) -> Any:
    """A JSON value as SQLite compares it within its type."""
    if value is None:
        return 0
    if isinstance(value, list | dict):
        return jsontext.dumps(value)
    if isinstance(value, int) and abs(value) > _MAX_INTEGER:
        return float(value)
    return value


def _to_partition(value: Any) -> str:
    return partitions.canonical(value)


def _to_partitions(values: Any) -> str:
    return jsontext.dumps([partitions.canonical(value) for value in values])


_FORMS = {"value": to_sqlite, "partition": _to_partition, "partitions": _to_partitions}


@dataclass(frozen=True)
class Binding:
    """A constant or a parameter, and the form in which SQLite gets it."""

    source: Constant | Parameter
    form: str

    def resolve(self, parameters: Parameters) -> Any:
        """The value for SQLite, given the parameters of one call."""
        source = self.source
        value = source.value if isinstance(source, Constant) else parameters[source.name]
        return _FORMS[self.form](value)


@dataclass
class Scope:
    """One query being compiled: its alias, the container's partition key and the parameters."""

    alias: str
    partition_path: Path
    parameters: Parameters
    bindings: dict[str, Binding] = field(default_factory=dict)

    def bind(self, source: Constant | Parameter, form: str = "value") -> str:
        """The SQLite placeholder for a constant or a parameter."""
        name = f"p{len(self.bindings)}"
        self.bindings[name] = Binding(source, form)
        return f":{name}"

    def literal(self, source: Constant | Parameter) -> Any:
        """The value of a constant or a parameter; 400 if the parameter was not passed.

        Only its type, and the types of its elements, may shape the compiled SQL.
        """
        if isinstance(source, Constant):
            return source.value
        if source.name not in self.parameters:
            raise bad_request(f"The query uses the parameter {source.name}, which is not given.")
        return self.parameters[source.name]

    def constant(self, source: Constant | Parameter) -> Value:
        """A constant or a parameter as a typed value."""
        rank = str(int(rank_of(self.literal(source))))
        placeholder = self.bind(source)
        return Value(rank, placeholder, json_of(rank, placeholder))

    def check(self, reference: Reference) -> Path:
        """The path of a reference; 400 if it starts from anything but the item."""
        if reference.alias != self.alias:
            raise bad_request(f"Identifier '{reference.alias}' could not be resolved.")
        return reference.path

    def is_partition_key(self, expression: Expression) -> bool:
        """Whether the expression is the path of the partition key."""
        return isinstance(expression, Reference) and self.check(expression) == self.partition_path
