"""Frozen dataclasses as pytrees."""

from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeVar, dataclass_transform

from jax.tree_util import GetAttrKey, register_pytree_with_keys

T = TypeVar("T")


@dataclass_transform(frozen_default=True, eq_default=False)
def pytree(cls: type[T]) -> type[T]:
    """A frozen dataclass, equal only to itself: fields without a default are its children, others are not transformed.

    Not `jax.tree_util.register_dataclass`: up to jaxlib 0.12 it makes the structures of different classes compare equal
    if their fields are as many, and then `jit` may run for one class what it compiled for another.
    """
    cls = dataclass(frozen=True, eq=False)(cls)  # arrays have neither a truth value of == nor a hash
    names = [field.name for field in fields(cls) if field.default is MISSING]  # type: ignore[arg-type]

    def flatten(instance: Any) -> tuple[list[Any], None]:
        return [getattr(instance, name) for name in names], None

    def flatten_with_keys(instance: Any) -> tuple[list[Any], None]:
        return [(GetAttrKey(name), getattr(instance, name)) for name in names], None

    def unflatten(_: None, children: Any) -> T:
        instance = object.__new__(cls)  # unchecked: JAX puts anything in the place of a child
        instance.__dict__.update(zip(names, children, strict=True))
        return instance

    register_pytree_with_keys(cls, flatten_with_keys, unflatten, flatten)
    return cls
