"""Forms: which types can be the type of a payload or a result, found out when the type is declared."""

from collections.abc import Iterator
from typing import Final, get_origin

from msgspec import Struct, inspect
from typing_extensions import TypeForm, TypeIs, TypeVar

Value = TypeVar("Value")

_MOMENTS: Final = (inspect.DateTimeType, inspect.TimeType, inspect.AnyType, inspect.CustomType)
_NEVER_HASHABLE: Final = (
    inspect.ListType,
    inspect.DictType,
    inspect.SetType,
    inspect.ByteArrayType,
    inspect.TypedDictType,
)


class UnsupportedType(TypeError):
    """The type can't be that of a payload. The message says why; another type, or a codec of your own, can."""


class Form(Struct, frozen=True):
    """What is known of a type that can be stored."""

    holds_moments: bool
    """Whether a datetime or a time can be in it."""
    has_defaults: bool
    """Whether a dataclass in it has a field with a default."""
    has_any_keys: bool
    """Whether a dict in it may have keys of several types, such as 1 and "1", which JSON has as one."""


def form_of(declared: TypeForm[Value]) -> Form:
    """What is known of the type; raises UnsupportedType when JSON can't hold its values."""
    if isinstance(declared, str):
        raise UnsupportedType(f"{declared!r} is a string: give the type itself, strings are not evaluated")
    try:
        parts = tuple(_every_type(inspect.type_info(declared)))
    except Exception as error:  # a NameError of an annotation, a TypeError of msgspec, and what it says of odd enums
        raise UnsupportedType(f"{declared!r} can't be stored: {error}{_advice(str(error))}") from error
    for part in parts:
        problem = _problem_of(part)
        if problem is not None:
            raise UnsupportedType(f"{declared!r} can't be stored: {problem}")
    return Form(
        holds_moments=any(isinstance(part, _MOMENTS) for part in parts),
        has_defaults=any(isinstance(part, inspect.DataclassType) and _has_default(part) for part in parts),
        has_any_keys=any(map(_has_any_keys, parts)),
    )


def _has_any_keys(part: inspect.Type) -> bool:
    if isinstance(part, inspect.DictType):
        return isinstance(part.key_type, inspect.UnionType | inspect.AnyType)
    return isinstance(part, inspect.AnyType | inspect.CustomType)


def _has_default(declared: inspect.DataclassType) -> bool:
    return not all(field.required for field in declared.fields)


def _advice(problem: str) -> str:
    if "dataclass" in problem or "Struct" in problem:
        return "; make the members of the union msgspec Structs with tags: `class Sent(msgspec.Struct, tag=True)`"
    return ""


def _every_type(root: inspect.Type) -> Iterator[inspect.Type]:
    """The type and all that it is made of, each once: a type may contain itself."""
    seen: set[int] = set()
    pending = [root]
    while pending:
        part = pending.pop()
        if id(part) not in seen:
            seen.add(id(part))
            yield part
            pending.extend(_made_of(part))


def _made_of(part: inspect.Type) -> Iterator[inspect.Type]:
    for name in part.__struct_fields__:
        attribute: object = getattr(part, name)
        for member in attribute if _is_tuple(attribute) else (attribute,):
            if isinstance(member, inspect.Field):
                yield member.type
            elif isinstance(member, inspect.Type):
                yield member


def _is_tuple(attribute: object) -> TypeIs[tuple[object, ...]]:
    return isinstance(attribute, tuple)


def _problem_of(part: inspect.Type) -> str | None:
    match part:
        case inspect.CustomType(cls=unknown) if unknown is not object:
            # msgspec takes any class here, and fails at each value
            return f"msgspec doesn't know {unknown.__module__}.{unknown.__qualname__}; use a dataclass or a codec"
        case inspect.RawType() | inspect.ExtType():
            return "msgspec.Raw and msgpack.Ext can't be checked; use the type of what is in it"
        case inspect.StructType(cls=declared) if declared is Struct:
            return "msgspec.Struct itself has no fields; use a class of your own"
        case inspect.SetType(item_type=item) | inspect.FrozenSetType(item_type=item) if not _hashable(item):
            return "the items of its set aren't hashable"
        case inspect.DictType(key_type=key) if not _hashable(key):
            return "the keys of its dict aren't hashable"
        case _:
            return None


def _hashable(part: inspect.Type) -> bool:
    """Whether at least some values of the type are; a Struct's hash is that of all its fields."""
    match part:
        case inspect.StructType():
            return _has_hash(part)
        case inspect.DataclassType():
            return (get_origin(part.cls) or part.cls).__hash__ is not None
        case inspect.TupleType(item_types=items):
            return all(map(_hashable, items))
        case _:
            return not isinstance(part, _NEVER_HASHABLE)


def _has_hash(part: inspect.StructType) -> bool:
    """msgspec gives every Struct a `__hash__`; that of one which can change, or which holds a list, only raises."""
    declared = get_origin(part.cls) or part.cls
    config = declared.__struct_config__
    if not config.eq or any("__hash__" in vars(each) for each in declared.__mro__ if each not in Struct.__mro__):
        return True
    return config.frozen and not any(isinstance(field.type, _NEVER_HASHABLE) for field in part.fields)
