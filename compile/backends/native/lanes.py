"""Sixteen numbers as one value, for kernels.

Loops over arrays of unknown length and overlap are more than a compiler dares to vectorise, or
vectorises half as wide as the machine could. Kernels here load sixteen numbers at once and compute
with them explicitly; where vectors are narrower, the compiler splits each operation. Arrays of
kernels are therefore padded to whole multiples of sixteen, and aligned.

All functions below are for compiled code. A *lanes* value holds float32, float64, int32 or uint32.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from deepparticle.compile.backends.native.expressions import Expression
from deepparticle.compile.backends.native.toolkit import (
    cgutils,
    intrinsic,
    ir,
    models,
    overload,
    register_model,
    types,
)

__all__ = [
    "LANES",
    "Lanes",
    "accumulate",
    "aligned",
    "broadcast",
    "chosen",
    "copy_numbers",
    "count_up",
    "formula",
    "gather",
    "is_set",
    "load",
    "multiply_add",
    "padded",
    "store",
    "total_of",
    "without",
    "zero_number",
    "zeros",
]

LANES = 16
"""Numbers in a value: one register of 512 bits in single precision, two in double."""


def padded(count: int, multiple: int = LANES) -> int:
    """The next multiple.

    Examples
    --------
    >>> padded(17)
    32
    """
    return -(-count // multiple) * multiple


def aligned(shape: tuple[int, ...], dtype: Any) -> Any:
    """An array of zeros that begins with a cache line, so that no vector lies across two."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    memory = np.zeros(size + 64, dtype=np.uint8)
    start = -memory.__array_interface__["data"][0] % 64
    return memory[start : start + size].view(dtype).reshape(shape)


class Lanes(types.Type):  # type: ignore[misc]
    """The type of a lanes value."""

    def __init__(self, element: Any) -> None:
        self.element = element
        super().__init__(name=f"Lanes({element})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        element = manager.lookup(kind.element).get_data_type()
        super().__init__(manager, kind, ir.VectorType(element, LANES))


def formula(function: Callable[..., Expression]) -> Any:
    """Make a function of expressions callable in kernels, for floats and lanes of floats."""

    def typing(_context: Any, *operands: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
            return function(*(Expression(builder, value) for value in values)).value

        return operands[0](*operands), generate

    return _with_arity(typing, function.__code__.co_argcount)


def _with_arity(typing: Callable[..., Any], count: int) -> Any:
    # Numba asks a function for its parameters by name.
    def one(context: Any, a: Any) -> Any:
        return typing(context, a)

    def two(context: Any, a: Any, b: Any) -> Any:
        return typing(context, a, b)

    def three(context: Any, a: Any, b: Any, c: Any) -> Any:
        return typing(context, a, b, c)

    def four(context: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
        return typing(context, a, b, c, d)

    def five(context: Any, a: Any, b: Any, c: Any, d: Any, e: Any) -> Any:
        return typing(context, a, b, c, d, e)

    def six(context: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> Any:
        return typing(context, a, b, c, d, e, f)

    return intrinsic((one, two, three, four, five, six)[count - 1])


def _address(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    data = context.make_array(array_type)(context, builder, value=array).data
    return builder.gep(data, [index])


def _vector_pointer(builder: Any, address: Any) -> Any:
    vector = ir.VectorType(address.type.pointee, LANES)
    return builder.bitcast(address, vector.as_pointer())


def _bytes(array_type: Any) -> int:
    return int(array_type.dtype.bitwidth) // 8


@intrinsic
def load(_context: Any, array: Any, index: Any) -> Any:
    """The sixteen numbers of a flat array from `index` on."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        address = _address(context, builder, signature.args[0], *values)
        loaded = builder.load(_vector_pointer(builder, address))
        loaded.align = _bytes(signature.args[0])
        return loaded

    return Lanes(array.dtype)(array, types.intp), generate


@intrinsic
def store(_context: Any, array: Any, index: Any, lanes: Any) -> Any:
    """Put sixteen numbers into a flat array from `index` on."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        address = _address(context, builder, signature.args[0], *values[:2])
        stored = builder.store(values[2], _vector_pointer(builder, address))
        stored.align = _bytes(signature.args[0])
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), generate


@intrinsic
def gather(_context: Any, array: Any, start: Any, indices: Any) -> Any:
    """The numbers of a flat array at sixteen places, given as int32 and counted from `start`."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind = signature.args[0]
        data = _address(context, builder, kind, values[0], values[1])
        result = ir.Constant(ir.VectorType(data.type.pointee, LANES), ir.Undefined)
        for lane in range(LANES):
            place = ir.Constant(ir.IntType(32), lane)
            index = builder.sext(builder.extract_element(values[2], place), ir.IntType(64))
            number = builder.load(builder.gep(data, [index]))
            result = builder.insert_element(result, number, place)
        return result

    return Lanes(array.dtype)(array, types.intp, indices), generate


@intrinsic
def broadcast(_context: Any, number: Any) -> Any:
    """The same number in every lane."""

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return _splat(builder, values[0])

    return Lanes(number)(number), generate


def _splat(builder: Any, value: Any) -> Any:
    vector = ir.VectorType(value.type, LANES)
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, undefined, mask)


@intrinsic
def zero_number(_context: Any, array: Any, index: Any) -> Any:
    """Set one number of a flat array to 0."""
    # An assignment would first ask whether the index counts from the end.

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        address = _address(context, builder, signature.args[0], *values)
        builder.store(ir.Constant(address.type.pointee, 0), address)
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


@intrinsic
def copy_numbers(_context: Any, target: Any, to: Any, source: Any, begin: Any, count: Any) -> Any:
    """Copy `count` numbers between flat arrays of one type, to and from these places on."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        there = _address(context, builder, signature.args[0], *values[:2])
        here = _address(context, builder, signature.args[2], *values[2:4])
        width = ir.Constant(values[4].type, _bytes(signature.args[0]))
        cgutils.raw_memcpy(builder, there, here, values[4], width)
        return context.get_dummy_value()

    return types.void(target, types.intp, source, types.intp, types.intp), generate


@intrinsic
def zeros(_context: Any, array: Any) -> Any:
    """Zeros of the type of an array."""

    def generate(context: Any, _builder: Any, signature: Any, _values: Any) -> Any:
        element = context.get_data_type(signature.args[0].dtype)
        return ir.Constant(ir.VectorType(element, LANES), [ir.Constant(element, 0)] * LANES)

    return Lanes(array.dtype)(array), generate


@intrinsic
def count_up(_context: Any, start: Any) -> Any:
    """The whole numbers from `start` on, one more per lane."""

    def generate(_context: Any, builder: Any, signature: Any, values: Any) -> Any:
        first = _splat(builder, values[0])
        steps = ir.Constant(first.type, list(range(LANES)))
        return builder.add(first, steps)

    return Lanes(start)(start), generate


@intrinsic
def total_of(_context: Any, lanes: Any) -> Any:
    """The sum over the lanes, by halves."""

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        value, width = values[0], LANES
        while width > 1:
            width //= 2
            halves = []
            for start in (0, width):
                mask = ir.Constant(
                    ir.VectorType(ir.IntType(32), width), list(range(start, start + width))
                )
                halves.append(builder.shuffle_vector(value, value, mask))
            value = builder.fadd(*halves)
        return builder.extract_element(value, ir.Constant(ir.IntType(32), 0))

    return lanes.element(lanes), generate


@intrinsic
def without(_context: Any, lanes: Any, number: Any) -> Any:
    """The same numbers with 0 in one lane."""

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        value = values[0]
        which = builder.trunc(values[1], ir.IntType(32))
        numbers = ir.Constant(ir.VectorType(ir.IntType(32), LANES), list(range(LANES)))
        zero = ir.Constant(value.type.element, 0)
        nothing = ir.Constant(value.type, [zero] * LANES)
        hit = builder.icmp_signed("==", numbers, _splat(builder, which))
        return builder.select(hit, nothing, value)

    return lanes(lanes, types.intp), generate


@intrinsic
def is_set(_context: Any, lanes: Any) -> Any:
    """A condition per lane: whether the number is above zero."""

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return (Expression(builder, values[0]) > 0.0).value

    return Lanes(types.boolean)(lanes), generate


@intrinsic
def chosen(_context: Any, condition: Any, yes: Any, no: Any) -> Any:
    """One of two numbers per lane, by a condition per lane."""

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.select(*values)

    return yes(condition, yes, no), generate


@formula
def multiply_add(a: Expression, b: Expression, c: Expression) -> Expression:
    """``a * b + c``, rounded once where the machine can."""
    return a.times_plus(b, c)


def _operator(symbol: Callable[..., Any]) -> None:
    # a + b, a - b and a * b of lanes, as kernels write them
    @formula
    def combined(a: Expression, b: Expression) -> Expression:
        result: Expression = symbol(a, b)
        return result

    def of_lanes(a: Any, b: Any) -> Any:
        return combined(a, b)

    @overload(symbol)
    def choose(a: Any, b: Any) -> Any:
        return of_lanes if isinstance(a, Lanes) and isinstance(b, Lanes) else None


for _symbol in (operator.add, operator.sub, operator.mul):
    _operator(_symbol)


@intrinsic
def accumulate(_context: Any, sums: Any, index: Any, lanes: Any) -> Any:
    """Add sixteen floats to a flat array of float64 from `index` on."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        address = _address(context, builder, signature.args[0], *values[:2])
        pointer = _vector_pointer(builder, address)
        before = builder.load(pointer)
        before.align = 8
        number = values[2]
        if number.type != before.type:
            number = builder.fpext(number, before.type)
        after = builder.store(builder.fadd(before, number), pointer)
        after.align = 8
        return context.get_dummy_value()

    return types.void(sums, types.intp, lanes), generate
