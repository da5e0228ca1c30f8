"""Memory prefetch in compiled code (LLVM Language Reference, llvm.prefetch)."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic


def _prefetch(_typing: Any, array: Any, _index: Any) -> Any:  # noqa: ANN401 - numba's own protocol, which has no types
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401 - the same
        values = context.make_array(signature.args[0])(context, builder, arguments[0])
        pointer = builder.bitcast(builder.gep(values.data, [arguments[1]]), cgutils.voidptr_t)
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, number, number, number])
        function = _get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        read_access, locality, data_cache = number(0), number(3), number(1)
        builder.call(function, [pointer, read_access, locality, data_cache])
        return context.get_dummy_value()

    return types.void(array, types.int64), build


_get_or_insert_function: Any = cgutils.get_or_insert_function
prefetch: Any = intrinsic(_prefetch)
"""`prefetch(array, position)`: start loading array[position] of a one-dimensional, contiguous array, without waiting for it."""
