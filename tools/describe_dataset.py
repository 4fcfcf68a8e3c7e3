"""Write the tables of docs/dataset.md anew from the records: tools/uv run python tools/describe_dataset.py"""

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import inspect

from unwall.intake.dataset.tables import LEFT_OUT, LEFT_OUT_COLUMNS, TABLES
from unwall.intake.dataset.values import FILES

DOCUMENT = Path(__file__).parent.parent / "docs" / "dataset.md"
SECTION = re.compile(r"(### `(\w+)\.jsonl`\n.*?)(?:\n\|.*?)?(?=\n##|\Z)", re.DOTALL)
LEFT_OUT_HEADING = "## What is left out\n"
NAMES: dict[type[inspect.Type], str] = {
    inspect.UUIDType: "id",
    inspect.DateTimeType: "time",
    inspect.FloatType: "number",
    inspect.BoolType: "true or false",
    inspect.StrType: "text",
    inspect.DictType: "object",
    inspect.StructType: "object",
    inspect.AnyType: "any",
}


def with_tables(text: str) -> str:
    """The document with the tables as the records, and what they leave out, are now."""
    text = SECTION.sub(lambda found: f"{found[1].rstrip()}\n\n{table(found[2])}", text)
    before, _, rest = text.partition(LEFT_OUT_HEADING)
    after = rest.rpartition("|\n")[2]
    return f"{before}{LEFT_OUT_HEADING}\n{reasons('table', LEFT_OUT)}\n{reasons('column', LEFT_OUT_COLUMNS)}{after}"


def reasons(what: str, left_out: Mapping[str, str]) -> str:
    rows = [f"| `{name}` | {reason} |" for name, reason in sorted(left_out.items())]
    return "\n".join((f"| {what} | why |", "|---|---|", *rows)) + "\n"


def table(name: str) -> str:
    key = TABLES[name].key.split(", ")
    lines = ["| field | value | |", "|---|---|---|"]
    for field in msgspec.structs.fields(FILES[name]):
        remark = "key" if field.name in key else "" if field.required else "optional"
        lines.append(f"| `{field.name}` | {words(inspect.type_info(field.type))} | {remark} |")
    return "\n".join(lines) + "\n"


def words(kind: inspect.Type) -> str:
    match kind:
        case inspect.IntType(le=most):
            return "amount" if (most or 0) > 2**32 else "integer"
        case inspect.EnumType(cls=enum):
            return ", ".join(f"`{member.value}`" for member in enum)
        case inspect.VarTupleType(item_type=item):
            return f"list of {words(item)}"
        case inspect.UnionType(types=kinds):
            return " or ".join(words(each) for each in kinds if not isinstance(each, inspect.NoneType))
    return NAMES[type(kind)]


if __name__ == "__main__":
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text()))
