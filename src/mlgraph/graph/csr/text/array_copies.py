"""Fast byte copies between arrays in compiled code (LLVM Language Reference, llvm.memcpy).

In a loop, numba copies byte by byte, since it cannot know that the two arrays do not overlap.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic


def _copy(_typing: Any, out: Any, _place: Any, data: Any, _start: Any, _count: Any) -> Any:  # noqa: ANN401 - numba's own protocol
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401 - the same
        kinds = signature.args
        into = context.make_array(kinds[0])(context, builder, arguments[0])
        source = context.make_array(kinds[2])(context, builder, arguments[2])
        target = builder.gep(into.data, [arguments[1]])
        origin = builder.gep(source.data, [arguments[3]])
        _emit_memcpy(builder, target, origin, arguments[4], ir.IntType(64)(1))
        return context.get_dummy_value()

    number = types.int64
    return types.void(out, number, data, number, number), build


_emit_memcpy: Any = cgutils.raw_memcpy
copy_bytes: Any = intrinsic(_copy)
"""`copy_bytes(out, place, data, start, count)`: copy data[start:start + count] to out[place:]. Both are one-dimensional,
contiguous uint8 arrays that do not overlap; bounds are not checked."""
