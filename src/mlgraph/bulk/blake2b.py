"""BLAKE2b with digests of 16 bytes (RFC 7693), compiled: what `hashlib` computes, without a Python object for each text."""

from __future__ import annotations

from typing import Final

import numba
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]

BLOCK_BYTES: Final = 128
_IV: Final = np.array(
    [
        0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
        0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
    ],
    np.uint64,
)  # fmt: skip
"""RFC 7693, section 2.6."""
_SIGMA: Final = np.array(
    [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
        [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4], [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
        [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13], [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
        [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11], [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
        [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5], [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
    ],
    np.int64,
)  # fmt: skip
"""RFC 7693, section 2.7: the order of the message words in each round; rounds 11 and 12 begin anew."""
_ROUNDS: Final = 12
_FIRST: Final = np.uint64(0x6A09E667F3BCC908 ^ 0x01010010)
"""The first word with the parameters in it: no key, 16 bytes of digest, fanout and depth 1 (section 2.5)."""
_ONES: Final = np.uint64(0xFFFFFFFFFFFFFFFF)

Word4 = tuple[np.uint64, np.uint64, np.uint64, np.uint64]


@numba.njit(cache=True, nogil=True, inline="always")
def _turned(word: np.uint64, by: int) -> np.uint64:
    """Return `word` rotated to the right."""
    return (word >> np.uint64(by)) | (word << np.uint64(64 - by))


@numba.njit(cache=True, nogil=True)
def _mixed(a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64, x: np.uint64, y: np.uint64) -> Word4:
    """The mixing function G (section 3.1)."""
    a = a + b + x
    d = _turned(d ^ a, 32)
    c = c + d
    b = _turned(b ^ c, 24)
    a = a + b + y
    d = _turned(d ^ a, 16)
    c = c + d
    b = _turned(b ^ c, 63)
    return a, b, c, d


@numba.njit(cache=True, nogil=True)
def _compress(state: Words, block: Words, counted: np.uint64, last: np.uint64) -> None:
    """Take a block of 16 words into `state` (section 3.2); `last` is all ones for the last block."""
    v0, v1, v2, v3 = state[0], state[1], state[2], state[3]
    v4, v5, v6, v7 = state[4], state[5], state[6], state[7]
    v8, v9, v10, v11 = _IV[0], _IV[1], _IV[2], _IV[3]
    v12, v13, v14, v15 = _IV[4] ^ counted, _IV[5], _IV[6] ^ last, _IV[7]
    for number in range(_ROUNDS):
        order = _SIGMA[number % 10]
        v0, v4, v8, v12 = _mixed(v0, v4, v8, v12, block[order[0]], block[order[1]])
        v1, v5, v9, v13 = _mixed(v1, v5, v9, v13, block[order[2]], block[order[3]])
        v2, v6, v10, v14 = _mixed(v2, v6, v10, v14, block[order[4]], block[order[5]])
        v3, v7, v11, v15 = _mixed(v3, v7, v11, v15, block[order[6]], block[order[7]])
        v0, v5, v10, v15 = _mixed(v0, v5, v10, v15, block[order[8]], block[order[9]])
        v1, v6, v11, v12 = _mixed(v1, v6, v11, v12, block[order[10]], block[order[11]])
        v2, v7, v8, v13 = _mixed(v2, v7, v8, v13, block[order[12]], block[order[13]])
        v3, v4, v9, v14 = _mixed(v3, v4, v9, v14, block[order[14]], block[order[15]])
    state[0] ^= v0 ^ v8
    state[1] ^= v1 ^ v9
    state[2] ^= v2 ^ v10
    state[3] ^= v3 ^ v11
    state[4] ^= v4 ^ v12
    state[5] ^= v5 ^ v13
    state[6] ^= v6 ^ v14
    state[7] ^= v7 ^ v15


@numba.njit(cache=True, nogil=True)
def digest_into(found: Words, text: Bytes, begin: int, end: int, scratch: Words) -> None:
    """Write the digest of text[begin:end] into `found` as two words (little-endian). `scratch` holds 24 words."""
    state, block = scratch[:8], scratch[8:24]
    state[:] = _IV
    state[0] = _FIRST
    at = begin
    while True:
        left = min(end - at, BLOCK_BYTES)
        for word in range(16):
            value = np.uint64(0)
            place = at + 8 * word
            if 8 * word + 8 <= left:
                for byte in range(8):
                    value |= np.uint64(text[place + byte]) << np.uint64(8 * byte)
            else:
                for byte in range(max(0, left - 8 * word)):
                    value |= np.uint64(text[place + byte]) << np.uint64(8 * byte)
            block[word] = value
        at += left
        is_last = at == end
        _compress(state, block, np.uint64(at - begin), _ONES if is_last else np.uint64(0))
        if is_last:
            break
    found[0], found[1] = state[0], state[1]
