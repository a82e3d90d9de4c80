"""Completing: msgspec leaves a dataclass's default out of the instance that it decodes; here it is put in.

Such an instance looks complete, since the class has the default too, but encoding it again leaves the field out: one
payload would have two stored forms, and two hashes.
"""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass

from msgspec import Struct
from typing_extensions import TypeVar

from adc.codec.inspection import is_array, is_dict

Value = TypeVar("Value")


def completed(value: Value) -> Value:
    """The same value, in which all dataclasses have all of their fields."""
    pending: list[object] = [value]
    while pending:
        pending.extend(_parts(pending.pop()))
    return value


def _parts(whole: object) -> Iterable[object]:
    if is_dict(whole):
        return whole.values()
    if is_array(whole):
        return whole
    if isinstance(whole, Struct):
        return [getattr(whole, name) for name in whole.__struct_fields__]
    if is_dataclass(whole) and not isinstance(whole, type):
        return _complete(whole, [field.name for field in fields(whole)])
    return ()


def _complete(instance: object, names: Iterable[str]) -> Iterable[object]:
    present = getattr(instance, "__dict__", None)
    for name in names:
        part: object = getattr(instance, name)
        if present is not None and name not in present:
            object.__setattr__(instance, name, part)  # a frozen one too
        yield part
