"""Frozen dataclasses as pytrees."""

from dataclasses import MISSING, fields
from typing import Any, TypeVar

from jax.tree_util import GetAttrKey, register_pytree_with_keys

T = TypeVar("T")


def pytree(cls: type[T]) -> type[T]:
    """Register a dataclass: fields without a default are its children, the others are forgotten by transformations.

    Not `jax.tree_util.register_dataclass`: up to jaxlib 0.12 it makes the structures of different classes compare equal
    if their fields are as many, and then `jit` may run for one class what it compiled for another.
    """
    names = [field.name for field in fields(cls) if field.default is MISSING]  # type: ignore[arg-type]

    def flatten(instance: Any) -> tuple[list[Any], None]:
        return [getattr(instance, name) for name in names], None

    def flatten_with_keys(instance: Any) -> tuple[list[Any], None]:
        return [(GetAttrKey(name), getattr(instance, name)) for name in names], None

    register_pytree_with_keys(cls, flatten_with_keys, lambda _, children: cls(*children), flatten)
    return cls
