"""The errors a user can meet: each names the object, what was expected, what came, and what to do."""


class MatcalcError(ValueError):
    """Something in the input cannot be read, does not fit, or cannot be done; the message says what to do."""


class ParseError(MatcalcError):
    """Text that is not in the language; `position` counts characters from 0."""

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position


class ArgumentError(MatcalcError, TypeError):
    """An argument of another kind than the function takes: a number for an object, an array for its parameters."""


class ShapeError(MatcalcError):
    """Operands whose shapes do not fit together."""


class DeclarationError(MatcalcError):
    """A declaration that cannot be read, or that contradicts another one."""


class NoRuleError(MatcalcError):
    """An operation that has no rule for what is asked of it."""


class DomainError(MatcalcError):
    """A value outside the domain of a function: a singular matrix, one that is not positive definite, log of -1."""


class UnverifiedError(MatcalcError):
    """An answer that did not pass its own verification, and so is not given as an answer."""
