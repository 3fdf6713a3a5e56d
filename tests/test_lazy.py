"""Attributes computed once, by several threads too."""

import threading

from matcalc.expression.expr import Expr
from matcalc.lazy import cached_property


class Node:
    def __init__(self) -> None:
        self.computed = 0

    @cached_property
    def once(self) -> int:
        self.computed += 1
        return self.computed


def test_it_is_computed_once():
    node = Node()
    assert (node.once, node.once, node.computed) == (1, 1, 1)
    assert Node.once.__class__ is cached_property


def test_two_threads_that_need_each_others_properties_go_on():
    class Crossed:
        def __init__(self) -> None:
            self.met = threading.Barrier(2, timeout=5)
            self.partner: Crossed | None = None

        @cached_property
        def first(self) -> int:
            if self.partner is None:
                return 1
            self.met.wait()
            return self.partner.second

        @cached_property
        def second(self) -> int:
            if self.partner is None:
                return 2
            self.met.wait()
            return self.partner.first

    a, b = Crossed(), Crossed()
    b.met, a.partner, b.partner = a.met, Crossed(), Crossed()
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(a.first), daemon=True),
               threading.Thread(target=lambda: found.append(b.second), daemon=True)]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert sorted(found) == [1, 2]


def test_expressions_are_computed_without_a_lock():
    locked = [name for kind in Expr.__mro__ for name, value in vars(kind).items() if hasattr(value, "lock")]
    assert not locked
