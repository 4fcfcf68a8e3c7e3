"""Submitted forms with numbered parts: `media.0.file`, `variants.2.price`."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from litestar.datastructures import UploadFile

from unwall.channels.http.context import AnyRequest
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.text import N_

Value = TypeVar("Value")
WHOLE = N_("Write a whole number.")


class SubmittedForm:
    """The fields of a form as text, the files that were chosen, and what was found wrong while reading them."""

    def __init__(self, fields: Mapping[str, str], uploads: list[UploadFile]) -> None:
        self.fields = fields
        self.uploads = uploads
        self.errors: list[FieldError] = []

    def text(self, name: str) -> str:
        return self.fields.get(name, "").strip()

    def has(self, name: str) -> bool:
        return name in self.fields

    def read(self, name: str, make: Callable[[str], Value], otherwise: Value, message: str = WHOLE) -> Value:
        """What `make` makes of a field; where it raises, the error is noted and the result is `otherwise`."""
        try:
            return make(self.text(name))
        except Invalid as error:
            self.errors += error.errors
        except (ValueError, OverflowError):
            self.errors.append(FieldError(name, message))
        return otherwise

    def parts(self, name: str) -> list[int]:
        """The numbers N of the fields `name.N.`, ascending."""
        numbers = {
            field.split(".")[1] for field in self.fields if field.startswith(f"{name}.") and field.count(".") > 1
        }
        return sorted(number for part in numbers if (number := number_of(part)) >= 0)

    def check(self) -> None:
        """Raises `Invalid` with the errors that were noted while reading."""
        if self.errors:
            raise Invalid(self.errors)


async def form_of(request: AnyRequest) -> SubmittedForm:
    sent = await request.form()
    fields = {name: value for name, value in sent.multi_items() if isinstance(value, str)}
    uploads = [value for _, value in sent.multi_items() if isinstance(value, UploadFile) and value.filename]
    return SubmittedForm(fields, uploads)


def whole(text: str) -> int:
    return int(text) if text else 0


def number_of(text: str) -> int:
    """The number of the part that a button names; -1, which no part has, where it names none."""
    return int(text) if text.isdecimal() and len(text) < 5 else -1
