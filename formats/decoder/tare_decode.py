#!/usr/bin/env python3
"""A decoder for Tare's packed files (`.tare`, version 0), in plain Python.

It follows ../packed.md and ../encodings/ section by section and prefers clarity
to speed. It needs numpy and zstandard; `xxhash` is used if it is installed.

    tare_decode.py FILE.tare OUT                    rebuild the file or the folder
    tare_decode.py FILE.tare --list                 print the catalog
    tare_decode.py FILE.tare --tensor NAME [--file PATH]
                                                    a tensor's bytes to stdout
    tare_decode.py FILE.tare --check                verify all checksums and structures

--base MODEL names the safetensors file, or the packed file, that FILE.tare is the
difference from, if it is.

Whatever is wrong with a packed file is reported as one class of error, PackedError.
"""
import argparse
import copy
import json
import math
import os
import shutil
import struct
import sys
from itertools import repeat

import numpy as np
import zstandard

import block_types
from recoding import Recoding
from views import View, read_views

MAGIC = bytes.fromhex("89 54 41 52 45 0D 0A 1A")
PREFIX = b'{"__metadata__":{"format":"tare","tare.version":"0","tare.requires":"'
CANONICAL_ZERO = b'","tare.canonical_zero":"'
FOOTER_BYTES = 72
MAX_CHUNK = 8 << 20
MAX_SHARED = 4 << 20
MAX_WINDOW = 8 << 20
MAX_SIZE = 1 << 61
MAX_RANK = 1024
MAX_SUM = 1 << 63
MAX_VIEWS = 100_000_000
TENSOR, FILE, LITERAL, ALIAS, DELTA = range(5)


class PackedError(Exception):
    """The packed file is damaged, or it is not one that this decoder can read."""


class WrongBase(PackedError):
    """The base is missing, or it is not the model that the packed file is the difference from."""


class UnknownTransform(PackedError):
    """A file is made by a transform that this decoder does not know. Its tensors can be read."""


class UnknownFilter(PackedError):
    """A view's chunks went through a filter that this decoder does not know. Only its tensor is blocked."""


class UnknownEncoding(PackedError):
    """A chunk uses an encoding that this decoder does not know. Only its tensor is blocked."""


def need(condition, message):
    if not condition:
        raise PackedError(message)


# ---------------------------------------------------------------- XXH3 of 64 bits, seed 0

_M = (1 << 64) - 1
_PRIME32 = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D)
_PRIME64 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)
_SECRET = bytes.fromhex("""
    b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221
    b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8
    a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb
    170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e
""")


def _word(data, at, size=8):
    return int.from_bytes(data[at:at + size], "little")


def _folded(a, b):
    return (a * b & _M) ^ (a * b >> 64)


def _avalanche(h):
    h = (h ^ h >> 37) * 0x165667919E3779F9 & _M
    return h ^ h >> 32


def _final_mix(h):
    h = (h ^ h >> 33) * _PRIME64[1] & _M
    h = (h ^ h >> 29) * _PRIME64[2] & _M
    return h ^ h >> 32


def _short(data):
    """Inputs of at most 240 bytes."""
    n = len(data)

    def mix(at, key):
        return _folded(_word(data, at) ^ _word(_SECRET, key), _word(data, at + 8) ^ _word(_SECRET, key + 8))

    if n == 0:
        return _final_mix(_word(_SECRET, 56) ^ _word(_SECRET, 64))
    if n <= 3:
        joined = data[0] << 16 | data[n >> 1] << 24 | data[-1] | n << 8
        return _final_mix(joined ^ _word(_SECRET, 0, 4) ^ _word(_SECRET, 4, 4))
    if n <= 8:
        h = (_word(data, n - 4, 4) + (_word(data, 0, 4) << 32)) ^ _word(_SECRET, 8) ^ _word(_SECRET, 16)
        h ^= (h << 49 | h >> 15) & _M ^ (h << 24 | h >> 40) & _M
        h = h * 0x9FB21C651E98DF25 & _M
        h = (h ^ (h >> 35) + n) * 0x9FB21C651E98DF25 & _M
        return h ^ h >> 28
    if n <= 16:
        low = _word(data, 0) ^ _word(_SECRET, 24) ^ _word(_SECRET, 32)
        high = _word(data, n - 8) ^ _word(_SECRET, 40) ^ _word(_SECRET, 48)
        swapped = int.from_bytes(low.to_bytes(8, "little"), "big")
        return _avalanche(n + swapped + high + _folded(low, high) & _M)
    h = n * _PRIME64[0]
    if n <= 128:
        for pair in range((n - 1) // 32 + 1):
            h += mix(16 * pair, 32 * pair) + mix(n - 16 * (pair + 1), 32 * pair + 16)
        return _avalanche(h & _M)
    h = _avalanche(h + sum(mix(16 * i, 16 * i) for i in range(8)) & _M)
    h += sum(mix(16 * i, 16 * (i - 8) + 3) for i in range(8, n // 16)) + mix(n - 16, 119)
    return _avalanche(h & _M)


def _stripes(words, secret_at):
    """What stripes (the last but one dimension) of eight words add to the lanes."""
    stripes = words.shape[-2]
    keys = np.stack([np.frombuffer(_SECRET, "<u8", 8, secret_at + 8 * i) for i in range(stripes)] or
                    [np.zeros(8, "<u8")])[:stripes]
    keyed = words ^ keys
    products = (keyed & np.uint64(0xFFFFFFFF)) * (keyed >> np.uint64(32))
    return products.sum(axis=-2, dtype=np.uint64) + words.sum(axis=-2, dtype=np.uint64)[..., [1, 0, 3, 2, 5, 4, 7, 6]]


def xxh3_plain(data):
    """XXH3 without the `xxhash` package."""
    data = bytes(data)
    n = len(data)
    if n <= 240:
        return _short(data)
    lanes = np.array([_PRIME32[2], *_PRIME64[:4], _PRIME32[1], _PRIME64[4], _PRIME32[0]], "<u8")
    blocks = (n - 1) // 1024
    sums = _stripes(np.frombuffer(data, "<u8", 128 * blocks).reshape(blocks, 16, 8), 0)
    key, prime = np.frombuffer(_SECRET, "<u8", 8, 128), np.uint64(_PRIME32[0])
    for block in range(blocks):
        lanes = lanes + sums[block]
        lanes = (lanes ^ lanes >> np.uint64(47) ^ key) * prime
    rest = (n - 1 - 1024 * blocks) // 64
    lanes = lanes + _stripes(np.frombuffer(data, "<u8", 8 * rest, 1024 * blocks).reshape(rest, 8), 0)
    lanes = lanes + _stripes(np.frombuffer(data, "<u8", 8, n - 64).reshape(1, 8), 121)
    v = [int(lane) for lane in lanes]
    h = n * _PRIME64[0]
    for pair in range(4):
        h += _folded(v[2 * pair] ^ _word(_SECRET, 11 + 16 * pair), v[2 * pair + 1] ^ _word(_SECRET, 19 + 16 * pair))
    return _avalanche(h & _M)


try:
    import xxhash
    xxh3 = xxhash.xxh3_64_intdigest
except ImportError:
    xxh3 = xxh3_plain


# ---------------------------------------------------------------- reading structures


class Cursor:
    """Takes a structure apart, from its first byte to its last."""

    def __init__(self, data, what):
        self.data, self.at, self.what = data, 0, what

    @property
    def left(self):
        return len(self.data) - self.at

    def take(self, n):
        need(n <= self.left, f"{self.what} is too short")
        self.at += n
        return self.data[self.at - n:self.at]

    def u8(self):
        return self.take(1)[0]

    def u64(self):
        return int.from_bytes(self.take(8), "little")

    def varint(self):
        value = 0
        for shift in range(0, 63, 7):
            byte = self.u8()
            value |= (byte & 127) << shift
            if byte < 128:
                need(byte or not shift, f"{self.what}: an integer is not in its shortest form")
                return value
        raise PackedError(f"{self.what}: an integer is too large")

    def count(self, item_bytes=1):
        """A number of items, each of which takes at least `item_bytes`."""
        n = self.varint()
        need(n * item_bytes <= self.left, f"{self.what} is too short for what it counts")
        return n

    def string(self):
        try:
            return self.take(self.varint()).decode("utf-8")
        except UnicodeDecodeError:
            raise PackedError(f"{self.what}: a string is not UTF-8") from None

    def end(self):
        need(not self.left, f"{self.what} is longer than what it holds")


def as_array(data):
    return np.frombuffer(data, np.uint8) if len(data) else np.zeros(0, np.uint8)


# ---------------------------------------------------------------- section 5: zstd frames


def unzstd(frame, size, what):
    """Decode exactly one frame that declares `size` and fills `frame`."""
    c = Cursor(frame, f"{what}: the zstd frame")
    need(c.take(4) == b"\x28\xB5\x2F\xFD", f"{what}: not a zstd frame")
    descriptor = c.u8()
    need(not descriptor & 8, f"{what}: a reserved bit of the zstd frame is set")
    single_segment = descriptor >> 5 & 1
    if not single_segment:
        byte = c.u8()
        window = (8 + (byte & 7)) << (7 + (byte >> 3))
    dictionary = int.from_bytes(c.take((0, 1, 2, 4)[descriptor & 3]), "little")
    need(not dictionary, f"{what}: the zstd frame wants a dictionary")
    size_bytes = (single_segment, 2, 4, 8)[descriptor >> 6]
    need(size_bytes, f"{what}: the zstd frame does not declare its size")
    declared = int.from_bytes(c.take(size_bytes), "little") + (256 if size_bytes == 2 else 0)
    need(declared == size, f"{what}: the zstd frame declares another size")
    if single_segment:
        window = size
    need(window <= MAX_WINDOW, f"{what}: the window of the zstd frame is too large")
    last = 0
    while not last:
        header = int.from_bytes(c.take(3), "little")
        last, kind, length = header & 1, header >> 1 & 3, header >> 3
        need(kind != 3, f"{what}: the zstd frame has a block of unknown type")
        c.take(1 if kind == 1 else length)
    c.take(4 if descriptor & 4 else 0)
    c.end()
    decoder = zstandard.ZstdDecompressor(max_window_size=window if window > 1 << 27 else 0)
    try:
        if size:
            out = decoder.decompress(frame, max_output_size=size, allow_extra_data=False)
        else:
            out = decoder.stream_reader(frame).read(1)
    except zstandard.ZstdError as error:
        raise PackedError(f"{what}: {error}") from None
    need(len(out) == size, f"{what}: the zstd frame has another size than announced")
    return out


# ---------------------------------------------------------------- streams


class StreamRecord:
    def __init__(self, c):
        self.kind = c.varint()
        need(self.kind < 2, f"{c.what}: a stream of unknown kind")
        self.bytes = c.varint()
        self.stored = c.varint() if self.kind else self.bytes

    def decode(self, body, what):
        return unzstd(body, self.bytes, what) if self.kind else body


class Stage:
    def __init__(self, c, names):
        encoding = c.varint()
        need(encoding < len(names), f"{c.what}: an encoding that the index does not name")
        self.encoding, self.names = names[encoding], names
        self.parameters = c.take(c.varint())
        self.records = [StreamRecord(c) for _ in range(c.count(2))]
        self.streams = []


# ---------------------------------------------------------------- encodings/: value stages
# Each takes the stage, the number of bytes to give, and the place of the chunk.


class Place:
    """What a value stage may know beside its own: the entry's shared streams, the chunk's first byte in
    the tensor and its length, the base's bytes there (None: no base), and the mask's element width and which
    elements it keeps (None: all)."""

    def __init__(self, shared, start, size, base):
        self.shared, self.start, self.size, self.base = shared, start, size, base
        self.mask_width = self.stored = None
        self.left_out = None                   # what a value stage knows of the elements that the mask leaves out

    def masked(self, width, stored):
        self.mask_width, self.stored = width, stored
        return self


def value_raw(stage, size, place):
    need(not stage.parameters and len(stage.records) == 1, "raw: wrong parameters or streams")
    need(stage.records[0].kind == 0, "raw: the stream is compressed")
    return same_length(stage.streams[0], size, "raw")


def value_constant(stage, size, place):
    width = len(stage.parameters)
    need(1 <= width <= 8 and not stage.records, "constant: wrong parameters or streams")
    need(size % width == 0, "constant: the element does not divide the length")
    return np.tile(as_array(stage.parameters), size // width)


def value_bytes(stage, size, place):
    need(len(stage.parameters) == 1, "bytes: wrong parameters")
    stride = stage.parameters[0]
    need(1 <= stride <= 8 and size % stride == 0, "bytes: wrong stride")
    need(len(stage.streams) == stride, "bytes: wrong number of streams")
    out = np.empty((size // stride, stride), np.uint8)
    for k, stream in enumerate(stage.streams):
        out[:, k] = same_length(stream, size // stride, "bytes")
    return out.reshape(-1)


def value_planes(stage, size, place):
    need(len(stage.parameters) == 1, "planes: wrong parameters")
    width = stage.parameters[0]
    need(width in (1, 2, 4, 8) and size % width == 0, "planes: wrong width")
    need(len(stage.streams) == width, "planes: wrong number of streams")
    return join_planes(stage.streams, size // width, "planes").view(np.uint8)


def join_planes(streams, n, what):
    """n words that were rotated left by one bit, the highest byte first."""
    x = join_bytes(streams[::-1], n, what)
    return x >> 1 | x << (8 * len(streams) - 1)


def join_bytes(streams, n, what):
    """n words, the lowest byte of all of them first."""
    out = np.empty((n, len(streams)), np.uint8)
    for k, stream in enumerate(streams):
        out[:, k] = same_length(stream, n, what)
    return out.reshape(-1).view(f"<u{len(streams)}")


def value_fused(stage, size, place):
    c = Cursor(stage.parameters, "fused: the parameters")
    width, E, r, listed = c.u8(), c.u8(), c.u8(), c.u8()
    need(width in (1, 2, 4, 8) and size % width == 0, "fused: wrong width")
    need(2 <= E <= 11 and 1 <= r <= min(5, E) and E <= 8 * width - 1, "fused: wrong cut")
    escape = (1 << r) - 1
    need(listed <= escape, "fused: too many exponents")
    exponent_bytes = 1 if E <= 8 else 2
    if listed:
        exponents = c.take(listed * exponent_bytes)
    else:
        need(place.shared, "fused: the entry has no shared stream")
        need(len(place.shared[0]) % exponent_bytes == 0, "fused: half an exponent is shared")
        exponents = place.shared[0][:escape * exponent_bytes]
    c.end()
    exponents = as_array(exponents).view(f"<u{exponent_bytes}")

    n, M = size // width, 8 * width - 1 - E
    k = min(8 - r, M)
    rest_bits = M - k + 1
    planes, bits = rest_bits // 8, rest_bits % 8
    fields = [f for f in (4, 2, 1) if bits & f]
    need(len(stage.streams) == 2 + planes + len(fields), "fused: wrong number of streams")
    word = np.dtype(f"<u{width}").type

    symbols = same_length(stage.streams[0], n, "fused")
    rank = symbols >> k
    escaped = rank == escape
    need(not np.any((rank >= len(exponents)) & ~escaped), "fused: a rank without an exponent")
    table = np.zeros(escape + 1, word)
    table[:len(exponents)] = exponents
    exponent = table[rank]
    count = int(np.count_nonzero(escaped))
    escapes = same_length(stage.streams[1], count * exponent_bytes, "fused")
    escapes = escapes.view(f"<u{exponent_bytes}")
    need(all(int(e.max(initial=0)) >> E == 0 for e in (exponents, escapes)),
         "fused: an exponent is too large")
    exponent[escaped] = escapes

    rest = np.zeros(n, word)
    at = 0
    for stream in stage.streams[2:2 + planes]:
        rest |= same_length(stream, n, "fused").astype(word) << word(at)
        at += 8
    for f, stream in zip(fields, stage.streams[2 + planes:]):
        rest |= unpack_field(stream, n, f).astype(word) << word(at)
        at += f
    low = M - k                                # mantissa bits below the symbol's
    x = (symbols & ((1 << k) - 1)).astype(word) << word(low)
    x |= exponent << word(M)
    x |= rest & word((1 << low) - 1)
    x |= (rest >> word(low)) << word(8 * width - 1)
    return x.view(np.uint8)


def unpack_field(stream, n, f):
    """n fields of f bits, packed in tiles of 4,096."""
    tile, per_byte = 4096, 8 // f
    whole, m = n // tile, n % tile
    s_whole, s = tile * f // 8, -(-m * f // 8)
    packed = same_length(stream, whole * s_whole + s, "fused")
    out = np.empty(whole * tile + per_byte * s, np.uint8)
    body, tail = out[:whole * tile].reshape(whole, tile), out[whole * tile:]
    packed_body = packed[:whole * s_whole].reshape(whole, s_whole)
    for i in range(per_byte):
        body[:, i * s_whole:(i + 1) * s_whole] = packed_body >> (i * f) & ((1 << f) - 1)
        tail[i * s:(i + 1) * s] = packed[whole * s_whole:] >> (i * f) & ((1 << f) - 1)
    need(not out[n:].any(), "fused: bits past the last element are set")
    return out[:n]


def same_length(stream, size, what):
    need(len(stream) == size, f"{what}: a stream has the wrong length")
    return as_array(stream)


def unpack_codes(stream, n, levels, what):
    """n codes of so many levels."""
    radix, per_byte = next((r, k) for most, r, k in RADICES if levels <= most)
    packed = same_length(stream, -(-n // per_byte) if per_byte else 0, what)
    if not per_byte:
        return np.zeros(n, np.uint8)
    need(int(packed.max(initial=0)) < radix ** per_byte, f"{what}: a byte holds no codes")
    places = [packed // radix ** i % radix for i in range(per_byte)] if per_byte > 1 else [packed]
    out = np.stack(places, axis=1).reshape(-1)
    need(not out[n:].any(), f"{what}: codes past the last element")
    need(int(out.max(initial=0)) < levels, f"{what}: a code is too large")
    return out[:n]


# Codes of up to so many levels have this radix, and this many are in a byte.
RADICES = [(1, 1, 0), (2, 2, 8), (3, 3, 5), (4, 4, 4), (6, 6, 3), (16, 16, 2), (256, 256, 1)]


def value_palette(stage, size, place):
    c = Cursor(stage.parameters, "palette: the parameters")
    width, count = c.u8(), c.varint()
    c.end()
    need(width in (1, 2, 4, 8) and size % width == 0, "palette: wrong width")
    need(1 <= count <= 4096, "palette: wrong number of words")
    wide = count > 256
    need(len(stage.streams) == 2 + wide, "palette: wrong number of streams")
    n = size // width
    words = split_planes(stage.streams[0], count, width, "palette: the words")
    need(np.all(words[1:] > words[:-1]), "palette: the words do not ascend")
    if wide:
        codes = unpack_codes(stage.streams[2], n, -(-count // 256), "palette: the codes").astype(np.uint16) << 8
        codes |= same_length(stage.streams[1], n, "palette: the codes")
    else:
        codes = unpack_codes(stage.streams[1], n, count, "palette: the codes")
    need(int(codes.max(initial=0)) < count, "palette: a code is too large")
    return words[codes].view(np.uint8)


def split_planes(stream, n, width, what):
    """n words of so many bytes, whose byte planes follow each other in one stream, the lowest first."""
    planes = same_length(stream, n * width, what).reshape(width, n)
    return np.ascontiguousarray(planes.T).reshape(-1).view(f"<u{width}")


def value_blocks(stage, size, place):
    c = Cursor(stage.parameters, "blocks: the parameters")
    kind, row = c.string(), c.varint()
    if kind not in block_types.TYPES:
        raise UnknownEncoding(f"blocks of type {kind}")
    ratios, scales = [[struct.unpack("<f", c.take(4))[0] for _ in range(c.u8())] for _ in range(2)]
    need((len(ratios) + 1) * (len(scales) + 1) <= 64, "blocks: too many cells")
    classes = np.array([c.u8() for _ in range((len(ratios) + 1) * (len(scales) + 1))])
    c.end()
    for boundaries in (ratios, scales):
        need(all(b == b for b in boundaries) and all(a < b for a, b in zip(boundaries, boundaries[1:])),
             "blocks: the boundaries do not ascend")
    need(classes.max() < 32, "blocks: a class beyond 31")
    need(row == 0 or kind not in ("Q4_1", "Q5_1", "Q2_K", "Q4_K", "Q5_K"), "blocks: rows of a type with ratios")
    need(place.stored is None, "blocks: behind a mask")
    layout = block_types.TYPES[kind]
    need(size % layout.size == 0, "blocks: the chunk cuts blocks")
    n = size // layout.size
    fields, sixes = len(layout.fields), len(layout.six)
    count = fields + sixes + (int(classes.max()) + 1 if layout.parts else 0)
    need(len(stage.streams) == count, "blocks: wrong number of streams")

    blocks = np.zeros((n, layout.size), dtype=np.uint8)
    for offsets, stream in zip(layout.fields, stage.streams):
        blocks[:, offsets] = same_length(stream, n * len(offsets), "blocks: a field").reshape(n, -1)
    bits = np.unpackbits(blocks, axis=1, bitorder="little")
    for numbers, stream in zip(layout.six, stage.streams[fields:]):
        values = same_length(stream, n * len(numbers), "blocks: the scales").reshape(n, -1)
        for bit in range(6):
            bits[:, [where[bit] for where in numbers]] = values >> bit & 1
    if layout.parts:
        blocks = np.packbits(bits, axis=1, bitorder="little")
        found = classes[block_types.cells(kind, blocks, row, ratios, scales)]
        symbols = np.zeros((n * layout.parts, layout.symbols), dtype=np.uint8)
        for number, stream in enumerate(stage.streams[fields + sixes:]):
            parts = np.flatnonzero(found == number)
            symbols[parts] = same_length(stream, len(parts) * layout.symbols, "blocks: the symbols").reshape(-1, layout.symbols)
        used = layout.bits >= 0
        bits[:, layout.bits[used]] = np.unpackbits(symbols, axis=1, bitorder="little").reshape(n, *used.shape)[:, used]
    return np.packbits(bits, axis=1, bitorder="little").reshape(-1)


LISTED, DIVIDE, CORRECTED, OFFSET = 1, 2, 4, 8
GRID_MOST = 1 << 48


def value_grid(stage, size, place):
    c = Cursor(stage.parameters, "grid: the parameters")
    kind, flags, row, group_rows, group_columns, low, count = (
        c.u8(), c.u8(), c.varint(), c.varint(), c.varint(), c.u8(), c.varint())
    c.end()
    need(kind < 3, "grid: unknown kind")
    need(flags < 16, "grid: unknown flags")
    need(1 <= row <= GRID_MOST and group_rows <= GRID_MOST and group_columns <= GRID_MOST, "grid: wrong groups")
    masked = place.stored is not None
    need(1 <= count <= 256 - masked, "grid: wrong number of levels")
    need(len(stage.streams) == (14 if flags & OFFSET else 10), "grid: wrong number of streams")
    width = (2, 2, 4)[kind]
    need(place.mask_width in (None, width), "grid: the mask has another width")
    need(place.start % width == 0 and place.size % width == 0, "grid: the chunk cuts elements")
    n = size // width
    levels, *scales, codes, signs, corrections, gaps, words = stage.streams[:10]

    groups, group = grid_groups(place.start // width, place.size // width, place.stored, row, group_rows, group_columns)
    scale = join_planes(scales, groups, "grid: the scales").view("<f4")
    if flags & LISTED:
        level = split_planes(levels, count, 4, "grid: the levels").view("<f4")
        need(np.isfinite(level).all() and np.all(level[1:] > level[:-1]), "grid: the levels do not ascend")
    else:
        need(not levels, "grid: levels that are not listed have a stream")
        level = np.arange(-low, count - low, dtype=np.float32)
    code = unpack_codes(codes, n, count, "grid: the codes")

    level, factor = level[code], scale[group]
    with np.errstate(all="ignore"):
        value = level / factor if flags & DIVIDE else level * factor
        if flags & OFFSET:
            value = value + join_planes(stage.streams[10:], groups, "grid: the offsets").view("<f4")[group]
        out = rounded(value, kind)
    if flags & CORRECTED:
        added = same_length(corrections, groups * count, "grid: the corrections").view(np.int8)
        out = out + added.astype(out.dtype)[group * count + code]
    else:
        need(not corrections, "grid: corrections without their flag")
    zero = level == 0
    if not flags & OFFSET:
        out[zero] = 0
    if signs:
        need(not flags & OFFSET, "grid: signs beside offsets")
        negative = unpack_bits(signs, int(np.count_nonzero(zero)), "grid: the signs")
        out[zero] = negative.astype(out.dtype) << (8 * width - 1)

    need(len(words) % width == 0, "grid: half an exception")
    exceptions = len(words) // width
    between = unpack_varints(gaps, exceptions, n)
    places = np.cumsum(between + 1) - 1
    need(not exceptions or places[-1] < n, "grid: an exception past the last element")
    out[places] = split_planes(words, exceptions, width, "grid: the exceptions")
    return out.view(np.uint8)


def grid_groups(start, n, stored, row, group_rows, group_columns):
    """How many groups the chunk lists, and for each stored element the number of its group."""
    columns = -(-row // group_columns) if group_columns else 1
    place = start + np.arange(n, dtype=np.int64)
    if stored is not None:
        place = place[stored]

    def block(i):
        return i // row // group_rows if group_rows else i * 0, i % row // group_columns if group_columns else i * 0

    (first, first_column), (last, last_column) = block(start), block(start + max(n, 1) - 1)
    row_block, column_block = block(place)
    if start // row == (start + max(n, 1) - 1) // row:
        return last_column - first_column + 1, column_block - first_column
    return (last - first + 1) * columns, (row_block - first) * columns + column_block


def rounded(value, kind):
    """The words of floats, rounded to nearest, ties to even."""
    if kind == 0:
        bits = value.view(np.uint32)
        return (bits + 0x7FFF + (bits >> 16 & 1) >> 16).astype(np.uint16)
    if kind == 1:
        return value.astype(np.float16).view(np.uint16)
    return value.view(np.uint32)


def unpack_varints(stream, count, limit):
    """Exactly `count` varints, each below `limit`."""
    data = as_array(stream).astype(np.int64)
    ends = np.flatnonzero(data < 128)
    need(len(ends) == count and (ends[-1] if count else -1) == len(data) - 1, "grid: wrong number of exceptions")
    if not count:
        return np.zeros(0, np.int64)
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    need(lengths.max() <= 9, "grid: an integer is too large")
    need(not np.any((data[ends] == 0) & (lengths > 1)), "grid: an integer is not in its shortest form")
    values = np.add.reduceat((data & 127) << 7 * (np.arange(len(data)) - np.repeat(starts, lengths)), starts)
    need(values.max() < limit, "grid: an exception past the last element")
    return values


def value_delta(stage, size, place):
    need(place.base is not None, "delta: the entry names no base tensor")
    c = Cursor(stage.parameters, "delta: the parameters")
    width, order, form, zeros = c.u8(), c.u8(), c.u8(), c.u8()
    c.end()
    need(width in (1, 2, 4, 8) and place.size % width == 0, "delta: wrong width")
    need(order < 2 and form < 3 and zeros < 3, "delta: unknown parameters")
    masked = place.stored is not None
    need(place.mask_width in (None, width), "delta: the mask has another width")
    need(masked or not zeros, "delta: zeros without a mask")
    need(len(stage.streams) == (form == 2) + width * (form > 0) + (zeros == 2), "delta: wrong number of streams")
    word = np.dtype(f"<u{width}").type
    top = word(1 << (8 * width - 1))
    base = place.base.view(word)
    kept = base[place.stored] if masked else base
    streams = list(stage.streams)
    z = np.zeros(len(kept), word)
    if form:
        changed = unpack_bits(streams.pop(0), len(kept), "delta") if form == 2 else np.ones(len(kept), bool)
        planes, streams = streams[:width], streams[width:]
        z[changed] = join_bytes(planes, int(np.count_nonzero(changed)), "delta")

    def ordered(x):
        return np.where(x & top, x ^ (top - word(1)), x).astype(word) if order else x

    with np.errstate(over="ignore"):
        out = ordered(ordered(kept) + (z >> word(1) ^ word(0) - (z & word(1))))
    if zeros:
        place.left_out = base[~place.stored] & top
        if zeros == 2:
            flipped = unpack_bits(streams[0], len(place.left_out), "delta: the signs")
            place.left_out = place.left_out ^ flipped.astype(word) << word(8 * width - 1)
    return out.view(np.uint8)


VALUE_STAGES = {"raw": value_raw, "constant": value_constant, "bytes": value_bytes, "planes": value_planes,
                "fused": value_fused, "palette": value_palette, "grid": value_grid, "blocks": value_blocks,
                "delta": value_delta}


# ---------------------------------------------------------------- encodings/: mask stages
# Each takes the stage, the number of bytes of the chunk, and a function that gives a number
# of bytes of the value stage, for a mask of so wide elements that keeps these of them.


def mask_none(stage, size, values):
    need(not stage.parameters and not stage.records, "none: it has parameters or streams")
    return values(size, None, None)


def mask_bitmask(stage, size, values):
    width = mask_width(stage, size, "bitmask")
    return scatter(unpack_bits(stage.streams[0], size // width, "bitmask"), width, stage, values)


def mask_gaps(stage, size, values):
    width = mask_width(stage, size, "gaps")
    n = size // width
    gaps = as_array(stage.streams[0])
    ends = np.cumsum(gaps.astype(np.int64) + (gaps < 255))     # the position after each byte
    need(not len(ends) or ends[-1] <= n, "gaps: they go past the end of the chunk")
    stored = np.zeros(n, bool)
    stored[ends[gaps < 255] - 1] = True
    return scatter(stored, width, stage, values)


def mask_groups(stage, size, values):
    c = Cursor(stage.parameters, "groups: the parameters")
    width, group, down, first, row = c.u8(), c.u8(), c.u8(), c.u8(), c.varint()
    c.end()
    need(1 <= width <= 8 and size % width == 0, "groups: the width does not divide the chunk")
    need(len(stage.streams) in (1, 2), "groups: wrong number of streams")
    need(2 <= group <= 8 and down < 2 and 1 <= first <= group and (down or first == group), "groups: wrong groups")
    n = size // width
    need(row and n % row == 0, "groups: the rows do not fill the chunk")
    # The places of the elements in order: lists of equal groups, padded with n where a group is short.
    places = np.arange(n, dtype=np.int64).reshape(-1, row)
    if down:
        head, rest = places[:first], places[first:]
        bands = [head] + [rest[at:at + group] for at in range(0, len(rest), group)]
        groups = [band.T for band in bands if len(band)]
    else:
        groups = [np.pad(line, (0, -row % group), constant_values=n).reshape(-1, group) for line in places]
    order = np.concatenate([np.pad(g, ((0, 0), (0, group - g.shape[1])), constant_values=n) for g in groups])
    per_byte = 8 // group
    packed = as_array(same_length(stage.streams[0], -(-len(order) // per_byte), "groups"))
    masks = np.stack([packed >> (group * i) & ((1 << group) - 1) for i in range(per_byte)], axis=1).reshape(-1)
    need(not (packed >> (group * per_byte - 1) >> 1).any() and not masks[len(order):].any(), "groups: bits past the last group")
    bits = masks[:len(order), None] >> np.arange(group, dtype=np.uint8) & 1
    stored = np.zeros(n + 1, bool)
    stored[order[bits.astype(bool)]] = True
    need(not stored[n], "groups: bits past the last element of a group")
    return scatter(stored[:n], width, stage, values)


def mask_rows(stage, size, values):
    c = Cursor(stage.parameters, "rows: the parameters")
    row, inner = c.varint(), c.varint()
    need(row and size % row == 0, "rows: they do not fill the chunk")
    name = inner_mask(stage, inner, "rows")
    stage.place.base = None
    need(stage.streams, "rows: no classes")
    classes = as_array(same_length(stage.streams[0], size // row, "rows"))
    need(not len(classes) or classes.max() < 16, "rows: a class beyond 15")
    within = copy.copy(stage)
    within.parameters = c.take(c.left)
    within.streams, within.records = stage.streams[1:], stage.records[1:]
    stored = as_array(MASK_STAGES[name](within, size, values)).reshape(-1, row)
    rows = np.empty_like(stored)
    rows[np.argsort(classes, kind="stable")] = stored
    return rows.reshape(-1)


def mask_sorted(stage, size, values):
    place = stage.place
    need(place.base is not None, "sorted: the entry names no base tensor")
    c = Cursor(stage.parameters, "sorted: the parameters")
    width, inner = c.u8(), c.varint()
    need(width in (1, 2, 4, 8) and size % width == 0, "sorted: wrong width")
    name = inner_mask(stage, inner, "sorted")
    base = place.base.view(f"<u{width}")
    magnitude = base & np.dtype(f"<u{width}").type((1 << (8 * width - 1)) - 1)
    order = np.argsort(magnitude >> np.dtype(f"<u{width}").type(max(0, 8 * width - 16)), kind="stable")
    place.base = np.ascontiguousarray(base[order]).view(np.uint8)
    within = copy.copy(stage)
    within.parameters = c.take(c.left)
    stored = as_array(MASK_STAGES[name](within, size, values)).reshape(-1, width)
    out = np.empty_like(stored)
    out[order] = stored
    return out.reshape(-1)


def inner_mask(stage, inner, what):
    """The name of a mask stage around which another stands."""
    need(inner < len(stage.names), f"{what}: an encoding that the index does not name")
    name = stage.names[inner]
    need(name not in ("rows", "sorted") and name not in VALUE_STAGES, f"{what}: {name} in the wrong place")
    if name not in MASK_STAGES:
        raise UnknownEncoding(f"unknown encoding {name!r}")
    return name


def mask_width(stage, size, what):
    need(len(stage.parameters) == 1 and 1 <= stage.parameters[0] <= 8, f"{what}: wrong width")
    need(size % stage.parameters[0] == 0, f"{what}: the width does not divide the chunk")
    need(len(stage.streams) in (1, 2), f"{what}: wrong number of streams")
    return stage.parameters[0]


def unpack_bits(stream, n, what):
    bits = np.unpackbits(same_length(stream, -(-n // 8), what), bitorder="little")
    need(not bits[n:].any(), f"{what}: bits past the last element are set")
    return bits[:n].astype(bool)


def scatter(stored, width, stage, values):
    """The stored elements to their places, zeros with their signs to the others."""
    count = int(np.count_nonzero(stored))
    out = np.zeros((len(stored), width), np.uint8)
    out[stored] = values(count * width, width, stored).reshape(count, width)
    if stage.place.left_out is not None:
        out[~stored] = np.ascontiguousarray(stage.place.left_out).view(np.uint8).reshape(-1, width)
    if len(stage.streams) == 2:
        signs = unpack_bits(stage.streams[1], len(stored) - count, "signs")
        need(signs.any(), "signs: no zero is negative")
        out[~stored, width - 1] |= signs.astype(np.uint8) << 7
    return out.reshape(-1)


MASK_STAGES = {"none": mask_none, "bitmask": mask_bitmask, "gaps": mask_gaps, "groups": mask_groups,
               "rows": mask_rows, "sorted": mask_sorted}


# ---------------------------------------------------------------- section 3: chunks


def needs_base(chunk, names):
    """Whether a chunk names a stage that takes something from the base."""
    c = Cursor(chunk, "a chunk")
    return any(Stage(c, names).encoding in ("sorted", "delta") for _ in range(2))


def decode_chunk(chunk, start, size, names, shared, base=None):
    """The `size` bytes that a chunk stands for; `start` is the first one's place in the tensor, `base` what the
    base holds there."""
    c = Cursor(chunk, "a chunk")
    stages = Stage(c, names), Stage(c, names)
    records = [record for stage in stages for record in stage.records]
    need(sum(r.stored for r in records) == c.left, "a chunk's streams do not fill it")
    need(sum(r.bytes for r in records) <= 3 * size + 65536, "a chunk's streams are too large")
    for stage, known, others in zip(stages, (MASK_STAGES, VALUE_STAGES), (VALUE_STAGES, MASK_STAGES)):
        need(stage.encoding not in others, f"a chunk has {stage.encoding} in the wrong place")
        if stage.encoding not in known:
            raise UnknownEncoding(f"unknown encoding {stage.encoding!r}")
    for stage in stages:
        for record in stage.records:
            stage.streams.append(record.decode(c.take(record.stored), "a stream"))
    c.end()
    mask, value = stages
    place = mask.place = Place(shared, start, size, None if base is None else as_array(base))

    def values(n, *kept):
        need(n or value.encoding == "delta" or not any(value.streams), "a stage of no elements has bytes")
        return VALUE_STAGES[value.encoding](value, n, place.masked(*kept))

    return MASK_STAGES[mask.encoding](mask, size, values)


# ---------------------------------------------------------------- section 2: entries


class Entry:
    """A tensor, file, literal or alias, and where it lies."""

    def __init__(self, c, number, types, earlier):
        self.number, self.role, self.target = number, c.u8(), self
        need(self.role <= DELTA, "the index has an entry of unknown role")
        self.needs_base = self.role == DELTA
        if self.needs_base:
            self.role = TENSOR
        if self.role in (TENSOR, ALIAS):
            self.name, kind = c.string(), c.varint()
            need(kind < len(types), "an entry has a type that the index does not list")
            self.type = types[kind]
            rank = c.count()
            need(rank <= MAX_RANK, "an entry has too many dimensions")
            self.shape = tuple(c.varint() for _ in range(rank))
        else:
            self.name, self.type, self.shape = "", ("U8", 1, 1), (c.varint(),)
        _, block, block_bytes = self.type
        elements = 1
        for dimension in self.shape:
            elements *= dimension
            need(elements < 1 << 64, "an entry is too large")
        need(elements < MAX_SUM, "an entry is too large")
        need(elements % block == 0, "an entry does not fill whole blocks")
        self.elements = elements
        self.bytes = elements // block * block_bytes
        need(self.bytes < MAX_SIZE, "an entry is too large")
        if self.role == ALIAS:
            target = c.varint()
            need(target < number and earlier[target].role == TENSOR, "an alias of no earlier tensor")
            self.target = earlier[target]
            need((self.type, self.shape) == (self.target.type, self.target.shape),
                 "an alias differs from its target")
            self.stored = 0
        else:
            self.stored, self.directory_bytes, self.directory_hash = c.varint(), c.varint(), c.u64()
            need(self.directory_bytes <= self.stored, "a directory is larger than its entry")
        if self.needs_base:
            self.base_name, kind = c.string(), c.varint()
            need(kind < len(types), "an entry has a base of a type that the index does not list")
            self.base_type = types[kind]
            need(self.base_type == self.type or {self.base_type, self.type} <= set(CONVERTIBLE),
                 "an entry has a base of another type")
            self.base_hash = c.u64()
        self.row_bytes = self.bytes
        if len(self.shape) >= 2 and self.shape[-1] % block == 0:
            self.row_bytes = self.shape[-1] // block * block_bytes

    @property
    def block_elements(self):
        return self.type[1]

    @property
    def block_bytes(self):
        return self.type[2]

    @property
    def label(self):
        return ("tensor", "file", "literal", "alias")[self.role] + f" {self.name!r}, entry {self.number}"


class Directory:
    """The chunks of an entry, and its shared streams."""

    def __init__(self, entry, data):
        c = Cursor(data, "a directory")
        self.entry = entry
        self.rows, self.part = c.varint(), c.varint()
        need(not (self.rows and self.part), "a directory has both rows and parts")
        need(self.rows or self.part, "a directory has neither rows nor parts")
        if entry.bytes == 0:
            self.chunks = 0
        elif self.rows:
            self.step = self.rows * entry.row_bytes
            self.chunks = -(-entry.bytes // self.step)
            need(min(self.step, entry.bytes) <= MAX_CHUNK, "a chunk is too large")
        else:
            need(self.part % entry.block_bytes == 0, "a directory cuts blocks")
            need(self.part <= entry.row_bytes, "a part is longer than a row")
            need(self.part <= MAX_CHUNK, "a chunk is too large")
            self.parts = -(-entry.row_bytes // self.part)
            self.chunks = entry.bytes // entry.row_bytes * self.parts

        self.shared = [(StreamRecord(c), c.u64()) for _ in range(c.count(10))]
        need(sum(r.bytes for r, _ in self.shared) <= MAX_SHARED, "shared streams are too large")
        need(self.chunks * 13 <= c.left, "a directory is too short for its chunks")
        self.lengths = [c.varint() for _ in range(self.chunks)]
        self.stored_hashes = np.frombuffer(c.take(4 * self.chunks), "<u4") if self.chunks else ()
        self.dense_hashes = np.frombuffer(c.take(8 * self.chunks), "<u8") if self.chunks else ()
        c.end()

        self.starts = []                       # of the chunks, in the entry's stored bytes
        at = sum(r.stored for r, _ in self.shared)
        for length in self.lengths:
            self.starts.append(at)
            at += length
        need(at + len(data) == entry.stored, "the parts of an entry do not fill it")

    def span(self, chunk):
        """The first byte of a chunk in the entry's decoded bytes, and the one after its last."""
        if self.rows:
            return chunk * self.step, min((chunk + 1) * self.step, self.entry.bytes)
        row, part = divmod(chunk, self.parts)
        start = part * self.part
        end = min(start + self.part, self.entry.row_bytes)
        return row * self.entry.row_bytes + start, row * self.entry.row_bytes + end

    def chunk_at(self, offset):
        if self.rows:
            return offset // self.step
        row, inside = divmod(offset, self.entry.row_bytes)
        return row * self.parts + inside // self.part


# ---------------------------------------------------------------- section 4: files


class FileRecord:
    def __init__(self, c, entries):
        self.path, self.mode, self.container = c.string(), c.varint(), c.string()
        self.bytes, self.digest = c.varint(), c.u64()
        need(self.mode <= 0o777, "a file's mode is more than its permissions")
        self.operations = []                   # (entry, start, bytes, recoding)
        self.notes = {}                        # by kind: the metadata, the views
        for _ in range(c.count(2)):
            kind, number = c.varint(), c.varint()
            need(kind < 5, "an operation of unknown kind")
            need(number < len(entries), "an operation on an entry that is not there")
            entry, recoding = entries[number], None
            if kind == 0:
                need(entry.role in (FILE, LITERAL), "an operation takes a range of a tensor")
                start, length = c.varint(), c.varint()
                need(start + length <= entry.bytes, "an operation goes past the end of its entry")
            elif kind > 2:
                need(entry.role == LITERAL and kind not in self.notes, "an operation's note is no literal, or the second")
                need(kind == 3 or self.container, "a file that is bytes has views")
                self.notes[kind] = entry
                start, length = 0, 0
            else:
                need(entry.role in (TENSOR, ALIAS), "an operation takes a tensor that is none")
                start, length = 0, entry.bytes
                if kind == 2:
                    recoding = Recoding(c, entry, need, UnknownTransform, xxh3)
                    length = recoding.bytes
            self.operations.append((entry, start, length, recoding))
        need(sum(o[2] for o in self.operations) == self.bytes,
             "a file's operations do not add up to its size")


def check_use(files, entries):
    """Every tensor and alias is used once, under a name of its own in its file; the rest at least once."""
    used, boxed = set(), {}
    for file in files:
        names, in_boxes = set(), set()
        for entry, _, _, recoding in file.operations:
            if entry.role in (TENSOR, ALIAS) and not (recoding and entry.number in in_boxes):
                need(entry.number not in used, f"the {entry.label} is used twice")
                need(entry.name not in names, f"the file {file.path!r} has two tensors {entry.name!r}")
                names.add(entry.name)
            if recoding:
                in_boxes.add(entry.number)
                boxed[entry.number] = boxed.get(entry.number, 0) + recoding.elements
                need(boxed[entry.number] <= entry.elements, f"the {entry.label} has fewer elements than its boxes")
            used.add(entry.number)
    need(len(used) == len(entries), "an entry is used by no file")


def check_paths(files):
    """Refuse paths that leave the folder or collide."""
    root = {}                                  # a tree of dictionaries; a file is None
    for file in files:
        parts = file.path.split("/")
        folder = root
        for i, part in enumerate(parts):
            need(part not in ("", ".", "..") and "\0" not in part
                 and len(part.encode()) <= 255, f"the path {file.path!r} is not allowed")
            key = "".join(c.lower() for c in part)
            if i == len(parts) - 1:
                need(key not in folder, f"the path {file.path!r} collides with another")
                folder[key] = None
            else:
                folder = folder.setdefault(key, {})
                need(folder is not None, f"the path {file.path!r} collides with another")


# ---------------------------------------------------------------- the packed file


# Types whose numbers are rounded to each other, as the index has them.
CONVERTIBLE = [("F32", 1, 4), ("F16", 1, 2), ("BF16", 1, 2)]


def converted(data, source, target):
    """The bytes of floats of one type in another."""
    if source == target:
        return data
    if source == "F32":
        wide = np.frombuffer(data, "<u4")
    elif source == "BF16":
        wide = np.frombuffer(data, "<u2").astype(np.uint32) << 16
    else:
        half = np.frombuffer(data, "<u2").astype(np.uint32)
        nan = half & 0x7FFF > 0x7C00
        wide = half.astype(np.uint16).view(np.float16).astype(np.float32).view(np.uint32)
        wide = np.where(nan, (half & 0x8000) << 16 | 0x7FC00000 | (half & 0x3FF) << 13, wide).astype(np.uint32)
    nan = wide & 0x7FFFFFFF > 0x7F800000
    if target == "F32":
        return np.where(nan, wide | 0x400000, wide).astype("<u4").tobytes()
    if target == "BF16":
        out = np.where(nan, wide >> 16 | 0x40, wide + 0x7FFF + (wide >> 16 & 1) >> 16)
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            out = wide.view(np.float32).astype(np.float16).view(np.uint16)
        out = np.where(nan, wide >> 16 & 0x8000 | 0x7E00 | wide >> 13 & 0x3FF, out)
    return out.astype("<u2").tobytes()


class PlainFile:
    """The tensors of a safetensors file, as a base."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = np.memmap(file, np.uint8, "r")
        try:
            start = 8 + int.from_bytes(self.data[:8].tobytes(), "little")
            self.body, self.header = self.data[start:], json.loads(self.data[8:start].tobytes())
        except ValueError:
            raise WrongBase(f"{path} is neither a packed file nor a safetensors file") from None

    def tensor_bytes(self, name, dtype, shape):
        found = self.header.get(name)
        if found is None or (found["dtype"], tuple(found["shape"])) != (dtype, shape):
            return None
        return self.body[slice(*found["data_offsets"])].tobytes()


def open_base(path):
    """A base: a packed file that needs none itself, or else a safetensors file."""
    with open(path, "rb") as file:
        start = file.read(8 + len(PREFIX))
    if start[8:] != PREFIX:
        return PlainFile(path)
    base = PackedFile(path)
    if base.base_name is not None:
        raise WrongBase(f"{path} is itself the difference from {base.base_name!r}")
    return base


class PackedFile:
    def __init__(self, path, base=None):
        self.base = base
        self.file = open(path, "rb")
        try:
            self.open()
        except BaseException:
            self.file.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def read(self, offset, n):
        """n bytes of the file; whoever calls knows that they lie inside of it."""
        self.file.seek(offset)
        data = self.file.read(n)
        need(len(data) == n, "the file is too short")
        return data

    def open(self):
        """Section 6, steps 1 to 3."""
        self.size = self.file.seek(0, os.SEEK_END)
        need(self.size >= 8 + len(PREFIX) + FOOTER_BYTES, "the file is too short")
        start = self.read(0, 8 + len(PREFIX))
        footer = self.read(self.size - FOOTER_BYTES, FOOTER_BYTES)
        need(footer[64:] == MAGIC, "the file has been cut off, or is no packed file"
             if start[8:] == PREFIX else "this is no packed file")
        (self.header_bytes, header_hash, self.index_offset, stored, decoded, index_hash,
         version, footer_hash) = struct.unpack("<8Q", footer[:64])
        need(xxh3(footer[:56]) == footer_hash, "the footer is damaged")
        need(version == 0, f"version {version} is not supported")

        need(8 + len(PREFIX) <= self.header_bytes <= self.size - FOOTER_BYTES, "the header is misplaced")
        self.header = self.read(0, self.header_bytes)
        need(xxh3(self.header) == header_hash, "the header is damaged")
        need(int.from_bytes(self.header[:8], "little") + 8 == self.header_bytes, "the header is misplaced")
        need(self.header[8:8 + len(PREFIX)] == PREFIX, "the header is not that of a packed file")
        required = self.header[8 + len(PREFIX):].split(b'"')[0]
        need(required in (b"", b"delta"), f"the file requires {required.decode(errors='replace')}; known is delta")
        self.canonical_zeros = self.read_canonical_zeros(self.header[8 + len(PREFIX) + len(required):])

        need(self.index_offset >= self.header_bytes
             and self.index_offset + stored + FOOTER_BYTES == self.size, "the index is misplaced")
        need(decoded <= 65536 + 256 * stored, "the index is too large")
        index = self.read(self.index_offset, stored)
        need(xxh3(index) == index_hash, "the index is damaged")
        self.read_index(index if decoded == stored else unzstd(index, decoded, "the index"), required == b"delta")

    @staticmethod
    def read_canonical_zeros(rest):
        """How many -0 of what was packed are +0 here."""
        if not rest.startswith(CANONICAL_ZERO):
            return 0
        digits = rest[len(CANONICAL_ZERO):].split(b'"')[0]
        need(digits.isdigit() and not digits.startswith(b"0") and int(digits) < 1 << 63, "a wrong count of zeros")
        return int(digits)

    def read_index(self, index, needs_base):
        c = Cursor(index, "the index")
        self.kind = c.u8()
        need(self.kind < 2, "the index is of unknown kind")
        self.names = [c.string() for _ in range(c.count())]
        types = []
        for _ in range(c.count(3)):
            types.append((c.string(), c.varint(), c.varint()))
            need(types[-1][1] and types[-1][2], "a type has an empty block")
        self.entries, offset = [], self.header_bytes
        for number in range(c.count(4)):
            entry = Entry(c, number, types, self.entries)
            entry.offset = offset
            offset += entry.stored
            self.entries.append(entry)
        need(offset == self.index_offset, "the entries do not fill the body")
        self.files = [FileRecord(c, self.entries) for _ in range(c.count(13))]
        need(any(e.needs_base for e in self.entries) == needs_base, "the header and the index differ about the base")
        self.base_name = c.string() if needs_base else None
        c.end()
        need(self.files, "there is no file")
        need(sum(f.bytes for f in self.files) < MAX_SUM, "the files are too large")
        need(sum(e.elements for e in self.entries) < MAX_SUM, "the entries are too large")
        check_use(self.files, self.entries)
        if self.kind == 0:
            need(len(self.files) == 1 and self.files[0].path == "" and self.files[0].mode == 0,
                 "a packed single file has more than a file")
        else:
            check_paths(self.files)
        # What was read last, for tensors (True) and for literals and files (False), which take turns:
        self.current = {}                      # the directory and the shared streams
        self.last_chunk = {}                   # the number of the entry, of the chunk; the decoded chunk
        self.last_whole = ()                   # the number of the entry; all its bytes
        self.last_base = ()                    # the number of the entry; the bytes of its base tensor

    def directory(self, entry):
        """An entry's directory and shared streams; section 6, step 4."""
        entry = entry.target
        slot = entry.role == TENSOR
        if slot not in self.current or self.current[slot][0].entry is not entry:
            data = self.read(entry.offset + entry.stored - entry.directory_bytes, entry.directory_bytes)
            need(xxh3(data) == entry.directory_hash, "the directory is damaged")
            directory = Directory(entry, data)
            shared, at = [], entry.offset
            for record, stored_hash in directory.shared:
                body = self.read(at, record.stored)
                need(xxh3(body) == stored_hash, "a shared stream is damaged")
                shared.append(record.decode(body, "a shared stream"))
                at += record.stored
            self.current[slot] = directory, shared
        return self.current[slot]

    def decoded(self, entry, number):
        """A decoded chunk of an entry; section 6, step 5."""
        directory, shared = self.directory(entry)
        entry = entry.target
        slot = entry.role == TENSOR
        if self.last_chunk.get(slot, ())[:2] != (entry.number, number):
            stored = self.read(entry.offset + directory.starts[number], directory.lengths[number])
            need(xxh3(stored) & 0xFFFFFFFF == directory.stored_hashes[number],
                 f"chunk {number} is damaged")
            start, end = directory.span(number)
            base = None
            if entry.needs_base and needs_base(stored, self.names):
                base = self.base_bytes(entry)[1][start:end]
            try:
                chunk = decode_chunk(stored, start, end - start, self.names, shared, base).tobytes()
                need(len(chunk) == end - start and xxh3(chunk) == directory.dense_hashes[number],
                     f"chunk {number} decodes to something else than what was packed")
            except PackedError:
                if base is not None and xxh3(self.base_bytes(entry)[0]) != entry.base_hash:
                    raise WrongBase(f"the base's {entry.base_name!r} holds other values than when this was packed") from None
                raise
            self.last_chunk[slot] = entry.number, number, chunk
        return self.last_chunk[slot][2]

    def base_bytes(self, entry):
        """The bytes of the base tensor of an entry, as they are and in the type of the entry."""
        if self.base is None:
            raise WrongBase(f"it is the difference from {self.base_name!r}, which was not given; --base names that model")
        if self.last_base[:1] != (entry.number,):
            data = self.base.tensor_bytes(entry.base_name, entry.base_type[0], entry.shape)
            if data is None:
                raise WrongBase(f"the base has no tensor {entry.base_name!r} of that type and shape")
            self.last_base = entry.number, data, converted(data, entry.base_type[0], entry.type[0])
        return self.last_base[1:]

    def tensor_bytes(self, name, dtype, shape):
        """All bytes of the first tensor of that name, type and shape; None where there is none."""
        for _, entry in self.tensors():
            if (entry.name, entry.type[0], entry.shape) == (name, dtype, shape):
                return self.data(entry)
        return None

    def blame(self, entry, error):
        return type(error)(f"{entry.label}: {error}")

    def pieces(self, entry, start=0, length=None):
        """The bytes of a range of an entry, one piece per chunk that it touches, with their hashes."""
        end = entry.bytes if length is None else start + length
        try:
            directory, _ = self.directory(entry)
            while start < end:
                number = directory.chunk_at(start)
                first, last = directory.span(number)
                stop = min(end, last)
                piece = self.decoded(entry, number)
                if (start, stop) == (first, last):
                    yield piece, int(directory.dense_hashes[number])
                else:
                    piece = piece[start - first:stop - first]
                    yield piece, xxh3(piece)
                start = stop
        except PackedError as error:
            raise self.blame(entry, error) from None

    def made(self, entry, recoding):
        """What an operation of kind 2 makes of an entry, and its hash: one piece, or none."""
        if not recoding.bytes:
            return
        if self.last_whole[:1] != (entry.target.number,):
            self.last_whole = entry.target.number, b"".join(piece for piece, _ in self.pieces(entry))
        try:
            piece = recoding.made(self.last_whole[1])
            need(xxh3(piece) == recoding.hash, "an operation makes something else than was packed")
        except UnknownTransform:
            raise
        except PackedError as error:
            raise self.blame(entry, error) from None
        yield piece, recoding.hash

    def views(self, file):
        """The tensors that are read through a file's bytes."""
        entry = file.notes.get(4)
        if entry is None:
            return []
        need(entry.bytes <= MAX_VIEWS, "the views of a file are too large")
        c = Cursor(b"".join(piece for piece, _ in self.pieces(entry)), "the views of a file")
        names = {entry.name for entry, _, _, _ in file.operations if entry.role in (TENSOR, ALIAS)}
        views = read_views(c, file.bytes, names, need, UnknownFilter)
        for view in views:
            view.file = file
        return views

    def span(self, file, offset, length):
        """A range of a file's bytes."""
        out, at = [], 0
        for entry, start, size, recoding in file.operations:
            first, last = max(offset, at), min(offset + length, at + size)
            if first < last and recoding:
                made = b"".join(piece for piece, _ in self.made(entry, recoding))
                out.append(made[first - at:last - at])
            elif first < last:
                out += (piece for piece, _ in self.pieces(entry, start + first - at, last - first))
            at += size
        return b"".join(out)

    def data(self, tensor):
        """All bytes of a tensor."""
        if not isinstance(tensor, View):
            return b"".join(piece for piece, _ in self.pieces(tensor))
        try:
            return tensor.data(lambda offset, length: self.span(tensor.file, offset, length))
        except PackedError as error:
            raise type(error)(f"tensor {tensor.name!r}: {error}") from None

    def rebuild(self, file, write):
        """Give the bytes of a file to `write` and check them."""
        digest = []
        for entry, start, length, recoding in file.operations:
            for piece, piece_hash in self.made(entry, recoding) if recoding else self.pieces(entry, start, length):
                write(piece)
                digest.append(struct.pack("<2Q", len(piece), piece_hash))
        need(xxh3(b"".join(digest)) == file.digest,
             f"the file {file.path!r} is not the one that was packed")

    # ---- what the command line offers

    def unpack(self, out, max_expansion=1000):
        # What is a difference has as many bytes in the base.
        total = sum(length for file in self.files for entry, _, length, _ in file.operations
                    if not entry.target.needs_base)
        need(total <= max(max_expansion * self.size, 64 << 20),
             f"the file would expand to {total} bytes, more than {max_expansion:g} times its own size; "
             "allow it with --max-expansion")
        if os.path.lexists(out):
            raise FileExistsError(f"{out} exists")
        draft = f"{out.rstrip('/')}.{os.getpid()}.part"
        try:
            if self.kind == 0:
                with open(draft, "xb") as target:
                    self.rebuild(self.files[0], target.write)
            else:
                os.mkdir(draft)
                for file in self.files:
                    path = os.path.join(draft, *file.path.split("/"))
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                    with open(path, "xb") as target:
                        self.rebuild(file, target.write)
                    os.chmod(path, file.mode)
            os.rename(draft, out)
        except BaseException:
            if os.path.isdir(draft):
                shutil.rmtree(draft, ignore_errors=True)
            elif os.path.lexists(draft):
                os.remove(draft)
            raise

    def tensors(self):
        """(path of the file, tensor, alias or view) in the order of the files."""
        for file in self.files:
            found = {entry.number: entry for entry, _, _, _ in file.operations if entry.role in (TENSOR, ALIAS)}
            yield from ((file.path, tensor) for tensor in [*found.values(), *self.views(file)])

    def tensor(self, name, path=None):
        found = [tensor for p, tensor in self.tensors() if tensor.name == name and path in (None, p)]
        need(found, f"there is no tensor {name!r}")
        need(len(found) == 1, f"there are several tensors {name!r}; choose one with --file")
        return found[0]

    def check_header(self):
        """Section 1: arrays of U8 that tile the body; none cuts an entry."""
        need(self.header_bytes % 8 == 0, "the header is not padded")
        try:
            header = json.loads(self.header[8:].decode("utf-8"), object_pairs_hook=unique)
            metadata = header.pop("__metadata__")
            need(all(isinstance(v, str) for v in metadata.values()), "the header's metadata are no strings")
            arrays = [(*a["data_offsets"], name, a["dtype"], a["shape"]) for name, a in header.items()]
            need(all(len(a) == 5 and type(a[0]) is type(a[1]) is int for a in arrays), "the header is malformed")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise PackedError("the header is malformed") from None
        edges = {e.offset - self.header_bytes for e in self.entries} | {self.index_offset - self.header_bytes}
        arrays.sort(key=lambda a: a[:2])
        at = 0
        for start, end, name, dtype, shape in arrays:
            need(start == at and end >= start and dtype == "U8" and shape == [end - start],
                 f"the header's array {name!r} does not continue the body")
            need(start in edges, f"the header's array {name!r} cuts an entry")
            at = end
        need(arrays and arrays[-1][2] == "tare:index" and at == self.size - self.header_bytes
             and arrays[-1][0] == self.index_offset - self.header_bytes, "the header's last array is not the index")

    def check(self):
        """Verify every checksum and structure of the file."""
        self.check_header()
        unknown = []
        piece_hashes = {}
        for entry in self.entries:
            if entry.role == ALIAS:
                continue
            try:
                directory, _ = self.directory(entry)
                for number in range(directory.chunks):
                    try:
                        self.decoded(entry, number)
                    except UnknownEncoding as error:
                        unknown.append(str(self.blame(entry, error)))
            except PackedError as error:
                raise self.blame(entry, error) from None
            if entry.role == TENSOR:
                spans = (directory.span(i) for i in range(directory.chunks))
                piece_hashes[entry.number] = b"".join(
                    struct.pack("<2Q", end - start, h)
                    for (start, end), h in zip(spans, map(int, directory.dense_hashes)))
        if unknown:
            raise UnknownEncoding("; ".join(dict.fromkeys(unknown)))
        for file in self.files:
            digest = []
            for entry, start, length, recoding in file.operations:
                if recoding:
                    try:
                        for _ in self.made(entry, recoding):
                            pass
                    except UnknownTransform:
                        pass                   # no damage, though the file can't be rebuilt
                    digest += [struct.pack("<2Q", recoding.bytes, recoding.hash)] if recoding.bytes else []
                elif entry.role in (TENSOR, ALIAS):
                    digest.append(piece_hashes[entry.target.number])
                else:
                    digest += (struct.pack("<2Q", len(p), h) for p, h in self.pieces(entry, start, length))
            need(xxh3(b"".join(digest)) == file.digest,
                 f"the file {file.path!r} is not the one that was packed")
            for view in self.views(file):
                try:
                    self.data(view)
                except UnknownFilter:
                    pass                       # no damage, though the tensor can't be read

    def catalog(self):
        for file in self.files:
            yield f"file {json.dumps(file.path)} mode {file.mode:o} {file.bytes} bytes, container {json.dumps(file.container)}"
            listed = set()
            for entry, start, length, _ in file.operations:
                if entry.role in (FILE, LITERAL):
                    yield f"  bytes {start}..<{start + length} of {entry.label}"
                elif entry.number not in listed:
                    listed.add(entry.number)
                    alias = f", alias of {json.dumps(entry.target.name)}" if entry.role == ALIAS else ""
                    yield (f"  {json.dumps(entry.name)} {json.dumps(entry.type[0])[1:-1]} {list(entry.shape)} "
                           f"{entry.bytes} bytes, {entry.stored} stored{alias}")
            for view in self.views(file):
                yield (f"  {json.dumps(view.name)} {json.dumps(view.type[0])[1:-1]} {list(view.shape)} "
                       f"{view.bytes} bytes, a view of the file")


def unique(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key occurs twice")
    return dict(pairs)


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Decode a packed file of Tare.")
    parser.add_argument("packed", metavar="FILE.tare")
    parser.add_argument("out", nargs="?", metavar="OUT", help="rebuild the file or folder here")
    parser.add_argument("--list", action="store_true", help="print the catalog")
    parser.add_argument("--check", action="store_true", help="verify all checksums and structures")
    parser.add_argument("--tensor", metavar="NAME", help="write a tensor's bytes to stdout")
    parser.add_argument("--file", metavar="PATH", help="the file of a packed folder that holds the tensor")
    parser.add_argument("--base", metavar="MODEL", help="the model that FILE.tare is the difference from")
    parser.add_argument("--max-expansion", type=float, default=1000, metavar="N",
                        help="let the result have up to N times the bytes of FILE.tare (1000)")
    options = parser.parse_args(arguments)
    if (options.out is not None) + options.list + options.check + (options.tensor is not None) != 1:
        parser.error("give one of OUT, --list, --tensor, --check")
    if options.file is not None and options.tensor is None:
        parser.error("--file goes with --tensor")
    if math.isnan(options.max_expansion):
        parser.error("--max-expansion is not a number")
    try:
        with PackedFile(options.packed, options.base and open_base(options.base)) as packed:
            if packed.canonical_zeros:
                print(f"{options.packed}: {packed.canonical_zeros} zeros that were -0 are +0", file=sys.stderr)
            if options.list:
                for line in packed.catalog():
                    print(line)
            elif options.check:
                packed.check()
                print(f"{options.packed}: ok, {len(packed.files)} files, {len(packed.entries)} entries")
            elif options.tensor is not None:
                sys.stdout.buffer.write(packed.data(packed.tensor(options.tensor, options.file)))
                sys.stdout.buffer.flush()
            else:
                packed.unpack(options.out, options.max_expansion)
    except PackedError as error:
        print(f"{options.packed}: {error}", file=sys.stderr)
        return 66 if isinstance(error, WrongBase) and options.base is None else 65
    except OSError as error:
        print(error, file=sys.stderr)
        return 74
    return 0


if __name__ == "__main__":
    sys.exit(main())
