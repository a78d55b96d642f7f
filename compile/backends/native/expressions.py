"""Arithmetic that writes machine code: a formula in Python, used once for every type of number.

An `Expression` stands for a number that will be known when the kernel runs, a scalar or a vector of
lanes alike. Its operators emit one instruction each, so that a formula in expressions reads like
the mathematics and compiles to straight-line code: no branch, no call, nothing for a vectoriser to
refuse. Alternatives are computed both and one is selected.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deepparticle.compile.backends.native.toolkit import ir

__all__ = ["Expression"]

_NAMES = {"float": "f32", "double": "f64", "i32": "i32", "i64": "i64"}


class Expression:
    """A number, or a vector of numbers, in code that is being written.

    Parameters
    ----------
    builder : llvmlite.ir.IRBuilder
        Where instructions are appended.
    value : llvmlite.ir.Value
        Its floats are float or double, its integers of 32 or 64 bits.
    """

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.value = value

    # ------------------------------------------------------------------ types

    @property
    def type(self) -> Any:
        """The type of the value, scalar or vector."""
        return self.value.type

    @property
    def element(self) -> Any:
        """The type of one number."""
        return self.type.element if isinstance(self.type, ir.VectorType) else self.type

    @property
    def is_single(self) -> bool:
        """Whether the numbers are float32."""
        return isinstance(self.element, ir.FloatType)

    def _shaped(self, element: Any) -> Any:
        """The type with another type of number and as many lanes."""
        if isinstance(self.type, ir.VectorType):
            return ir.VectorType(element, self.type.count)
        return element

    def constant(self, number: float) -> Expression:
        """The same number in every lane."""
        if isinstance(self.type, ir.VectorType):
            values = [ir.Constant(self.element, number)] * self.type.count
            return Expression(self.builder, ir.Constant(self.type, values))
        return Expression(self.builder, ir.Constant(self.type, number))

    def _value_of(self, other: Expression | float) -> Any:
        return other.value if isinstance(other, Expression) else self.constant(other).value

    def _binary(self, instruction: str, other: Expression | float) -> Expression:
        emit = getattr(self.builder, instruction)
        return Expression(self.builder, emit(self.value, self._value_of(other)))

    def call(self, name: str, *others: Expression | float) -> Expression:
        """Apply an LLVM intrinsic whose operands and result have one type."""
        suffix = _NAMES[str(self.element)]
        if isinstance(self.type, ir.VectorType):
            suffix = f"v{self.type.count}{suffix}"
        full = f"llvm.{name}.{suffix}"
        module = self.builder.module
        function = module.globals.get(full)
        if function is None:
            kind = ir.FunctionType(self.type, [self.type] * (1 + len(others)))
            function = ir.Function(module, kind, full)
        values = [self.value, *(self._value_of(other) for other in others)]
        return Expression(self.builder, self.builder.call(function, values))

    # ------------------------------------------------------------------ real numbers

    def __add__(self, other: Expression | float) -> Expression:
        return self._binary("fadd", other)

    def __sub__(self, other: Expression | float) -> Expression:
        return self._binary("fsub", other)

    def __rsub__(self, other: float) -> Expression:
        return self.constant(other) - self

    def __mul__(self, other: Expression | float) -> Expression:
        return self._binary("fmul", other)

    def __truediv__(self, other: Expression | float) -> Expression:
        return self._binary("fdiv", other)

    def __neg__(self) -> Expression:
        return Expression(self.builder, self.builder.fneg(self.value))

    def __abs__(self) -> Expression:
        return self.call("fabs")

    def times_plus(self, factor: Expression | float, summand: Expression | float) -> Expression:
        """``self * factor + summand``, rounded once where the machine can."""
        return self.call("fmuladd", factor, summand)

    def polynomial(self, coefficients: Sequence[float]) -> Expression:
        """The value of a polynomial, lowest coefficient first, by Horner's rule."""
        result = self.constant(float(coefficients[-1]))
        for coefficient in reversed(coefficients[:-1]):
            result = result.times_plus(self, float(coefficient))
        return result

    def at_least(self, bound: Expression | float) -> Expression:
        """The larger of both; the bound, where this is no number."""
        return self._where(">", bound)

    def at_most(self, bound: Expression | float) -> Expression:
        """The smaller of both; the bound, where this is no number."""
        return self._where("<", bound)

    def _where(self, relation: str, bound: Expression | float) -> Expression:
        kept = Expression(
            self.builder,
            self.builder.fcmp_ordered(relation, self.value, self._value_of(bound)),
        )
        return kept.select(self, bound)

    def with_sign_of(self, other: Expression) -> Expression:
        """The magnitude of this number with the sign of another."""
        return self.call("copysign", other)

    def rounded(self) -> Expression:
        """The nearest whole number."""
        return self.call("rint")

    def root(self) -> Expression:
        """The square root."""
        return self.call("sqrt")

    # ------------------------------------------------------------------ conditions

    def __lt__(self, other: Expression | float) -> Expression:
        return self._compared("<", other)

    def __gt__(self, other: Expression | float) -> Expression:
        return self._compared(">", other)

    def __ge__(self, other: Expression | float) -> Expression:
        return self._compared(">=", other)

    def is_equal(self, other: Expression | float) -> Expression:
        """Whether both are equal, as a condition."""
        return self._compared("==", other)

    def _compared(self, relation: str, other: Expression | float) -> Expression:
        whole = isinstance(self.element, ir.IntType)
        emit = self.builder.icmp_signed if whole else self.builder.fcmp_ordered
        return Expression(self.builder, emit(relation, self.value, self._value_of(other)))

    def select(self, yes: Expression | float, no: Expression | float) -> Expression:
        """One of two numbers, by this condition; at least one is an expression."""
        shape = yes if isinstance(yes, Expression) else no
        assert isinstance(shape, Expression)
        values = (shape._value_of(yes), shape._value_of(no))
        return Expression(self.builder, self.builder.select(self.value, *values))

    # ------------------------------------------------------------------ bits

    @property
    def _width(self) -> int:
        if isinstance(self.element, ir.IntType):
            return int(self.element.width)
        return 32 if self.is_single else 64

    def bits(self) -> Expression:
        """The bits of floats, as integers of the same width."""
        kind = self._shaped(ir.IntType(self._width))
        return Expression(self.builder, self.builder.bitcast(self.value, kind))

    def from_bits(self) -> Expression:
        """The floats that have these bits."""
        kind = self._shaped(ir.FloatType() if self._width == 32 else ir.DoubleType())
        return Expression(self.builder, self.builder.bitcast(self.value, kind))

    def to_integer(self) -> Expression:
        """Whole floats as integers of the same width."""
        kind = self._shaped(ir.IntType(self._width))
        return Expression(self.builder, self.builder.fptosi(self.value, kind))

    def to_float(self) -> Expression:
        """Integers as floats of the same width."""
        kind = self._shaped(ir.FloatType() if self._width == 32 else ir.DoubleType())
        return Expression(self.builder, self.builder.sitofp(self.value, kind))

    def widened(self) -> Expression:
        """Integers of 32 bits, without sign, as integers of 64."""
        kind = self._shaped(ir.IntType(64))
        return Expression(self.builder, self.builder.zext(self.value, kind))

    def plus(self, other: Expression | int) -> Expression:
        """The sum of integers, modulo their width."""
        return self._binary("add", other)

    def minus(self, other: Expression | int) -> Expression:
        """The difference of integers, modulo their width."""
        return self._binary("sub", other)

    def __xor__(self, other: Expression | int) -> Expression:
        return self._binary("xor", other)

    def __or__(self, other: Expression | int) -> Expression:
        return self._binary("or_", other)

    def __lshift__(self, count: int) -> Expression:
        return self._binary("shl", count)

    def __rshift__(self, count: int) -> Expression:
        """Shift to the right, filling with zeros."""
        return self._binary("lshr", count)

    def shifted_with_sign(self, count: int) -> Expression:
        """Shift to the right, filling with the sign."""
        return self._binary("ashr", count)

    def rotated(self, count: int) -> Expression:
        """Bits that leave on the left come in on the right."""
        return self.call("fshl", self, count)
