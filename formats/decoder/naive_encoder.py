"""A small encoder of packed files, written from the same pages as the decoder, for its tests and for golden files.

It is as naive as can be: loops over elements as integers, whatever is asked for whether it pays or not. Nothing of it is
shared with the decoder but XXH3, which has its own test, and the table of the block types.
"""
import ctypes
import json
import math
import struct

import zstandard

from block_types import TYPES as TYPES_OF_BLOCKS
from tare_decode import xxh3

NAMES = ["none", "bitmask", "gaps", "raw", "constant", "bytes", "planes", "fused", "palette", "grid", "rows",
         "blocks", "from-the-future"]


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out + bytes([n]))


def string(s):
    s = s.encode() if isinstance(s, str) else s
    return varint(len(s)) + s


def hash8(data):
    return struct.pack("<Q", xxh3(data))


def frame(data, level=3):
    return zstandard.ZstdCompressor(level=level).compress(data)


def records_and_bodies(streams, compress):
    """`compress`: False, True, or a list of which streams to compress."""
    if isinstance(compress, bool):
        compress = [compress] * len(streams)
    records, bodies = b"", b""
    for data, yes in zip(streams, compress):
        if yes:
            body = frame(data)
            records += b"\1" + varint(len(data)) + varint(len(body))
        else:
            body = data
            records += b"\0" + varint(len(data))
        bodies += body
    return records, bodies


class Coded:
    """A stage: its name, parameters and streams."""

    def __init__(self, name, parameters=b"", streams=()):
        self.name, self.parameters, self.streams = name, bytes(parameters), [bytes(s) for s in streams]


def chunk(mask, value, compress=False):
    heads, bodies = b"", b""
    for stage in (mask, value):
        records, body = records_and_bodies(stage.streams, compress and stage.name != "raw")
        heads += (varint(NAMES.index(stage.name)) + varint(len(stage.parameters)) + stage.parameters
                  + varint(len(stage.streams)) + records)
        bodies += body
    return heads + bodies


def elements(data, width):
    assert len(data) % width == 0
    return [int.from_bytes(data[i:i + width], "little") for i in range(0, len(data), width)]


def pack_bits(bits):
    out = bytearray((len(bits) + 7) // 8)
    for i, bit in enumerate(bits):
        out[i // 8] |= bit << (i % 8)
    return out


def split(data, width, name):
    """A mask stage of `data`, and the bytes that it leaves to the value stage."""
    if name == "none":
        return Coded("none"), data
    top = 1 << (8 * width - 1)
    xs = elements(data, width)
    stored = [x for x in xs if x not in (0, top)]
    signs = [int(x == top) for x in xs if x in (0, top)]
    if name == "bitmask":
        first = pack_bits([int(x not in (0, top)) for x in xs])
    else:
        first, run = bytearray(), 0
        for x in xs:
            if x in (0, top):
                run += 1
                if run == 255:
                    first.append(255)
                    run = 0
            else:
                first.append(run)
                run = 0
    streams = [first] + ([pack_bits(signs)] if any(signs) else [])
    return Coded(name, [width], streams), b"".join(x.to_bytes(width, "little") for x in stored)


def rows(data, row, classes, mask):
    """A `rows` stage around what `mask` makes of the sorted rows, and the bytes left to the value stage."""
    places = sorted(range(len(classes)), key=lambda i: classes[i])
    inner, rest = mask(b"".join(data[i * row:(i + 1) * row] for i in places))
    parameters = varint(row) + varint(NAMES.index(inner.name)) + inner.parameters
    return Coded("rows", parameters, [bytes(classes), *inner.streams]), rest


def raw(data):
    return Coded("raw", b"", [data])


def constant(data, width):
    assert data == data[:width] * (len(data) // width)
    return Coded("constant", data[:width] or bytes(width))


def plain_bytes(data, stride):
    return Coded("bytes", [stride], [data[k::stride] for k in range(stride)])


def planes(data, width):
    bits = 8 * width
    xs = [(x << 1 | x >> (bits - 1)) & ((1 << bits) - 1) for x in elements(data, width)]
    return Coded("planes", [width],
                 [bytes(x >> (8 * (width - 1 - k)) & 255 for x in xs) for k in range(width)])


def pack_field(values, f):
    out = bytearray()
    for first in range(0, len(values), 4096):
        tile = values[first:first + 4096]
        s = (len(tile) * f + 7) // 8
        for j in range(s):
            byte = 0
            for place, i in enumerate(range(j, len(tile), s)):
                byte |= tile[i] << (place * f)
            out.append(byte)
    return out


def exponent_list(exponents, E):
    return b"".join(e.to_bytes(1 if E <= 8 else 2, "little") for e in exponents)


def fused(data, width, E, r, exponents, shared=False):
    M = 8 * width - 1 - E
    k = min(8 - r, M)
    escape = 2 ** r - 1
    table = exponents[:escape]
    symbols, escapes, rests = bytearray(), [], []
    for x in elements(data, width):
        sign, exponent, mantissa = x >> (8 * width - 1), x >> M & (2 ** E - 1), x & (2 ** M - 1)
        rank = table.index(exponent) if exponent in table else escape
        if rank == escape:
            escapes.append(exponent)
        symbols.append(rank << k | mantissa >> (M - k))
        rests.append(sign << (M - k) | mantissa & (2 ** (M - k) - 1))
    streams = [symbols, exponent_list(escapes, E)]
    bits, at = M - k + 1, 0
    while bits - at >= 8:
        streams.append(bytes(x >> at & 255 for x in rests))
        at += 8
    for f in (4, 2, 1):
        if bits - at >= f:
            streams.append(pack_field([x >> at & (2 ** f - 1) for x in rests], f))
            at += f
    listed = [] if shared else table
    return Coded("fused", bytes([width, E, r, len(listed)]) + exponent_list(listed, E), streams)


def pack_codes(codes, levels):
    radix, k = next((r, k) for most, r, k in ((1, 1, 0), (2, 2, 8), (3, 3, 5), (4, 4, 4), (6, 6, 3), (16, 16, 2),
                                              (256, 256, 1)) if levels <= most)
    if k == 0:
        return b""
    return bytes(sum(code * radix ** i for i, code in enumerate(codes[at:at + k])) for at in range(0, len(codes), k))


def byte_planes(words, width):
    """The words in one stream, the lowest byte of each first."""
    return bytes(word >> 8 * k & 255 for k in range(width) for word in words)


def palette(data, width):
    xs = elements(data, width)
    words = sorted(set(xs))
    places = {word: place for place, word in enumerate(words)}
    codes = [places[x] for x in xs]
    streams = [byte_planes(words, width)]
    if len(words) > 256:
        streams += [bytes(c & 255 for c in codes), pack_codes([c >> 8 for c in codes], -(-len(words) // 256))]
    else:
        streams += [pack_codes(codes, len(words))]
    return Coded("palette", bytes([width]) + varint(len(words)), streams)


def blocks(data, kind, row=0, ratios=(), scales=(), classes=(0,)):
    """`data` is blocks of a type; the boundaries are f32, and there is a class for each cell."""
    layout = TYPES_OF_BLOCKS[kind]
    parts = [data[i:i + layout.size] for i in range(0, len(data), layout.size)]
    parameters = (string(kind) + varint(row)
                  + b"".join(bytes([len(b)]) + struct.pack(f"<{len(b)}f", *b) for b in (ratios, scales)) + bytes(classes))
    streams = [bytes(block[at] for block in parts for at in offsets) for offsets in layout.fields]
    streams += [bytes(number_of(block, bits) for block in parts for bits in numbers) for numbers in layout.six]
    if layout.parts:
        symbols = [b""] * (max(classes) + 1)
        keys = [key for block in parts for key in keys_of(kind, block)]
        if row:
            keys = with_ratios(keys, row * layout.parts)
        for place, (scale, ratio) in enumerate(keys):
            cell = sum(ratio >= b for b in ratios) * (len(scales) + 1) + sum(scale >= b for b in scales)
            block, part = parts[place // layout.parts], place % layout.parts
            symbols[classes[cell]] += bytes(
                number_of(block, [int(b) for b in layout.bits[part, s] if b >= 0]) for s in range(layout.symbols))
        streams += symbols
    return Coded("blocks", parameters, streams)


def number_of(block, bits):
    """The number that some bits of a block are, the lowest first."""
    return sum((block[bit // 8] >> bit % 8 & 1) << k for k, bit in enumerate(bits))


def keys_of(kind, block):
    """(scale, ratio) of each part."""
    half = lambda at: struct.unpack_from("<e", block, at)[0]
    six = [[number_of(block, bits) for bits in numbers] for numbers in TYPES_OF_BLOCKS[kind].six]
    if kind in ("Q4_1", "Q5_1"):
        return [(abs(half(0)), divided(half(2), half(0)))]
    if kind == "Q2_K":
        pairs = [(f32(half(80) * (b & 15)), f32(half(82) * (b >> 4))) for b in block[:16]]
        return [(scale, divided(minimum, scale)) for scale, minimum in pairs]
    if kind in ("Q4_K", "Q5_K"):
        pairs = [(f32(half(0) * s), f32(half(2) * m)) for s, m in zip(*six)]
        return [(scale, divided(minimum, scale)) for scale, minimum in pairs]
    if kind == "Q3_K":
        return [(f32(half(108) * (s - 32)), 0.0) for s in six[0]]
    if kind == "Q6_K":
        return [(f32(half(208) * (s - 256 if s > 127 else s)), 0.0) for s in block[192:208]]
    if kind == "IQ4_XS":
        high = block[2] | block[3] << 8
        codes = [block[4 + g // 2] >> 4 * (g % 2) & 15 | (high >> 2 * g & 3) << 4 for g in range(8)]
        return [(f32(half(0) * (code - 32)), 0.0) for code in codes]
    if kind in ("MXFP4", "NVFP4"):
        return [(float(b), 0.0) for b in block[:4 if kind == "NVFP4" else 1]]
    if kind == "Q8_K":
        return [(abs(struct.unpack_from("<f", block)[0]), 0.0)]
    return [(abs(half({"TQ1_0": 52, "TQ2_0": 64}.get(kind, 0))), 0.0)]


def divided(a, b):
    """a / b of f32, with what floats of Python lack."""
    if b == 0 or a != a or b != b:
        if a != a or b != b or a == 0:
            return math.nan
        return math.copysign(math.inf, a) * math.copysign(1, b)
    return math.nan if math.isinf(a) and math.isinf(b) else f32(a / b)


def with_ratios(keys, row):
    found = []
    for start in range(0, len(keys), row):
        scales = [scale for scale, _ in keys[start:start + row]]
        total = 0.0
        for scale in scales:
            total = f32(total + abs(scale))
        found += [(scale, divided(scale, divided(total, float(len(scales))))) for scale in scales]
    return found


def f32(value):
    return ctypes.c_float(value).value


def f32_bits(value):
    return int.from_bytes(struct.pack("<f", value), "little")


def nearest(value, kind):
    """The word of an f32 value in the float type of that kind: to nearest, ties to even."""
    bits = f32_bits(value)
    if kind == 2:
        return bits
    if kind == 0:
        high, low = bits >> 16, bits & 0xFFFF
        return high + (low > 0x8000 or low == 0x8000 and high & 1)
    try:
        return int.from_bytes(struct.pack("<e", value), "little")
    except OverflowError:
        return 0xFC00 if value < 0 else 0x7C00


class Grid:
    """A grid over a matrix of rows of `row` elements. `scale`, and where they are given `offset` and `correction`, say
    what belongs to a block of the matrix: functions of its row and column, and of the code for `correction`."""

    def __init__(self, kind, row, group_rows, group_columns, scale, levels=None, low=0, count=0, divide=False,
                 correction=None, offset=None):
        self.kind, self.row, self.group_rows, self.group_columns = kind, row, group_rows, group_columns
        self.scale, self.correction, self.offset, self.divide = scale, correction, offset, divide
        self.listed, self.low = levels is not None, low
        self.levels = levels if self.listed else list(range(-low, count - low))
        self.width = 4 if kind == 2 else 2

    def block(self, i):
        """The row and the column of the block in which element i of the tensor lies."""
        row, column = divmod(i, self.row)
        return (row // self.group_rows if self.group_rows else 0,
                column // self.group_columns if self.group_columns else 0)

    def word(self, i, code, negative):
        level, block = self.levels[code], self.block(i)
        if level == 0 and not self.offset:
            return negative << 8 * self.width - 1
        scale = self.scale(*block)
        value = f32(level / scale if self.divide else level * scale)
        if self.offset:
            value = f32(value + self.offset(*block))
        word = nearest(value, self.kind)
        if self.correction:
            word += self.correction(*block, code)
        return word & (1 << 8 * self.width) - 1

    def groups(self, start, count):
        """The blocks that a chunk lists."""
        first, last = self.block(start), self.block(start + count - 1)
        if start // self.row == (start + count - 1) // self.row:
            return [(first[0], column) for column in range(first[1], last[1] + 1)]
        columns = -(-self.row // self.group_columns) if self.group_columns else 1
        return [(row, column) for row in range(first[0], last[0] + 1) for column in range(columns)]

    def chunk(self, start, codes, negative=(), exceptions=None, mask="none", compress=False):
        """The dense bytes of a chunk and the chunk. An element without a code is left out by the mask;
        `negative` holds the places of the zeros that are −0, `exceptions` words by their places."""
        exceptions = exceptions or {}
        top = 1 << 8 * self.width - 1
        words = [exceptions[i] if i in exceptions else (i in negative) * top if code is None
                 else self.word(start + i, code, i in negative) for i, code in enumerate(codes)]
        stored = [i for i, code in enumerate(codes) if code is not None]
        zeros = [i for i in stored if self.levels[codes[i]] == 0 and not self.offset]
        groups = self.groups(start, len(codes))
        before, between = -1, b""
        for number, i in enumerate(stored):
            if i in exceptions:
                between += varint(number - before - 1)
                before = number
        streams = [byte_planes([f32_bits(level) for level in self.levels], 4) if self.listed else b"",
                   *f32_planes([self.scale(*g) for g in groups]), pack_codes([codes[i] for i in stored], len(self.levels)),
                   pack_bits([int(i in negative) for i in zeros]) if any(i in negative for i in zeros) else b"",
                   b"".join(struct.pack("<b", self.correction(*g, code)) for g in groups
                            for code in range(len(self.levels))) if self.correction else b"",
                   between, byte_planes([exceptions[i] for i in stored if i in exceptions], self.width)]
        if self.offset:
            streams += f32_planes([self.offset(*g) for g in groups])
        flags = self.listed | self.divide << 1 | bool(self.correction) << 2 | bool(self.offset) << 3
        parameters = bytes([self.kind, flags]) + b"".join(map(varint, (self.row, self.group_rows, self.group_columns)))
        parameters += bytes([0 if self.listed else self.low]) + varint(len(self.levels))
        first = keeping([code is not None for code in codes], [i in negative for i in range(len(codes))], self.width, mask)
        dense = b"".join(word.to_bytes(self.width, "little") for word in words)
        return dense, chunk(first, Coded("grid", parameters, streams), compress)


def f32_planes(values):
    """The streams of an f32 for each group: the words of `planes`."""
    return planes(b"".join(struct.pack("<f", value) for value in values), 4).streams


def keeping(kept, negative, width, name):
    """A mask stage that keeps those elements, whatever they are."""
    if name == "none":
        return Coded("none")
    data = b"".join((1 if keep else 0).to_bytes(width - 1, "little") + (b"\x80" if minus and not keep else b"\0")
                    for keep, minus in zip(kept, negative))
    return split(data, width, name)[0]


class Entry:
    """An entry from its dense bytes. `encode(part)` gives a chunk for each part."""

    def __init__(self, role, dense, encode=None, rows=0, part=0, shape=None, name="", type=0, rowbytes=None,
                 shared=(), compress_shared=False, spans=None):
        self.role, self.dense, self.name, self.type = role, dense, name, type
        self.shape = [len(dense)] if shape is None else shape
        encode = encode or (lambda d: chunk(Coded("none"), raw(d)))
        row = rowbytes if rowbytes is not None else len(dense)
        part = 0 if rows else part or min(len(dense), row) or 1
        if not dense:
            cuts = []
        elif spans:
            cuts = spans
        elif rows:
            cuts = [(i, min(i + rows * row, len(dense))) for i in range(0, len(dense), rows * row)]
        else:
            cuts = [(a, min(a + part, o + row)) for o in range(0, len(dense), row) for a in range(o, o + row, part)]
        self.pieces = [dense[a:b] for a, b in cuts]
        self.spans = cuts
        self.chunks = [encode(p) for p in self.pieces]
        self.rows, self.part = rows, part
        self.shared, self.compress_shared = list(shared), compress_shared
        self.dense_hashes = [xxh3(p) for p in self.pieces]

    def directory(self):
        out = varint(self.rows) + varint(self.part) + varint(len(self.shared))
        bodies = b""
        for stream in self.shared:
            record, body = records_and_bodies([stream], self.compress_shared)
            out += record + hash8(body)
            bodies += body
        out += b"".join(varint(len(c)) for c in self.chunks)
        out += b"".join(struct.pack("<I", xxh3(c) & 0xFFFFFFFF) for c in self.chunks)
        return out + struct.pack(f"<{len(self.chunks)}Q", *self.dense_hashes), bodies

    def seal(self, damage=lambda what, data: data):
        directory, bodies = self.directory()
        directory = damage("directory", directory)
        stored = bodies + b"".join(self.chunks) + directory
        place = varint(len(stored)) + varint(len(directory)) + hash8(directory)
        if self.role == 0:
            head = b"\0" + string(self.name) + varint(self.type) + varint(len(self.shape))
            head += b"".join(map(varint, self.shape))
        else:
            head = bytes([self.role]) + varint(len(self.dense))
        return stored, head + place


class Alias:
    role = 3

    def __init__(self, target, number, name, shape=None, type=None):
        self.target, self.number, self.name = target, number, name
        self.dense, self.pieces, self.spans = target.dense, target.pieces, target.spans
        self.shape = target.shape if shape is None else shape
        self.type = target.type if type is None else type

    def seal(self, damage=None):
        return b"", (b"\3" + string(self.name) + varint(self.type) + varint(len(self.shape))
                     + b"".join(map(varint, self.shape)) + varint(self.number))


class File:
    """A file from operations (entry number,), (entry number, start, bytes), (entry number, Boxed) or (entry number, Note)."""

    def __init__(self, path, operations, mode=0, container="safetensors"):
        self.path, self.operations, self.mode, self.container = path, operations, mode, container

    def content(self, entries):
        def bytes_of(number, start=0, length=None):
            if isinstance(start, Boxed):
                return start.made
            if isinstance(start, Note):
                return b""
            return entries[number].dense[start:None if length is None else start + length]
        return b"".join(bytes_of(*o) for o in self.operations)

    def record(self, entries):
        pieces, out = [], b""
        for o in self.operations:
            entry = entries[o[0]]
            if len(o) == 1:
                pieces += entry.pieces
                out += b"\1" + varint(o[0])
            elif isinstance(o[1], Note):
                out += bytes([o[1].kind]) + varint(o[0])
            elif len(o) == 2:
                pieces += [o[1].made] if o[1].made else []
                out += b"\2" + varint(o[0]) + o[1].record()
            else:
                out += b"\0" + b"".join(map(varint, o))
                for a, b in entry.spans:
                    a, b = max(a, o[1]), min(b, o[1] + o[2])
                    if a < b:
                        pieces.append(entry.dense[a:b])
        digest = xxh3(b"".join(struct.pack("<QQ", len(p), xxh3(p)) for p in pieces))
        return (string(self.path) + varint(self.mode) + string(self.container)
                + varint(len(self.content(entries))) + struct.pack("<Q", digest)
                + varint(len(self.operations)) + out)


class Boxed:
    """What an operation of kind 2 says, whatever it says: the bytes that it makes are given."""

    def __init__(self, sides, made, transforms=(), fill=b"", hash=None):
        self.sides, self.made, self.transforms, self.fill = sides, made, transforms, fill
        self.hash = xxh3(made) if hash is None else hash

    def record(self):
        out = b"".join(varint(n) for side in self.sides for n in side)
        out += varint(len(self.fill)) + self.fill + varint(len(self.transforms))
        out += b"".join(varint(i) + varint(len(p)) + p for i, p in self.transforms)
        return out + varint(len(self.made)) + struct.pack("<Q", self.hash)


class Note:
    """Says that the entry tells something of the file: 3 its metadata, 4 its views."""

    def __init__(self, kind):
        self.kind = kind


def view(name, shape, type=("F32", 1, 4), turned=0, offset=None, chunk=None, edges=0, fill=b"\0\0\0\0", filters=(),
         stored=()):
    """A view, whatever it says. `filters`: (id, optional, parameters); `stored`: (skipped, offset, bytes, mask)."""
    out = string(name) + string(type[0]) + varint(type[1]) + varint(type[2]) + varint(len(shape))
    out += b"".join(map(varint, shape)) + bytes([turned])
    if offset is not None:
        return out + b"\0" + varint(offset)
    out += b"\1" + b"".join(map(varint, chunk)) + bytes([edges]) + varint(len(fill)) + fill + varint(len(filters))
    for number, optional, parameters in filters:
        out += varint(number) + bytes([optional]) + varint(len(parameters)) + struct.pack(f"<{len(parameters)}I", *parameters)
    out += varint(len(stored))
    for skipped, at, size, mask in stored:
        out += varint(skipped) + varint(at) + varint(size) + struct.pack("<I", mask)
    return out


def views(*made):
    return varint(len(made)) + b"".join(made)


TYPES = [("U8", 1, 1), ("BF16", 1, 2), ("F32", 1, 4), ("F64", 1, 8), ("F4", 2, 1), ("Q4_0", 32, 18), ("F16", 1, 2)]


def build(entries, files, kind=0, compress_index=False, types=TYPES, damage=lambda what, data: data, version=0,
          requires="", lengthen=0):
    body, records, arrays = b"", b"", {}
    for i, entry in enumerate(entries):
        stored, record = entry.seal(damage)
        if stored:
            arrays[f"{entry.name or 'tare:literal'}#{i}"] = (len(body), len(body) + len(stored))
        body += stored
        records += record
    index = bytes([kind]) + varint(len(NAMES)) + b"".join(map(string, NAMES))
    index += varint(len(types)) + b"".join(string(n) + varint(e) + varint(b) for n, e, b in types)
    index += varint(len(entries)) + records + varint(len(files))
    index = damage("index", index + b"".join(f.record(entries) for f in files))
    stored = frame(index) if compress_index else index
    arrays["tare:index"] = (len(body), len(body) + len(stored) + 72)
    header = json.dumps({"__metadata__": {"format": "tare", "tare.version": "0", "tare.requires": requires},
                         **{n: {"dtype": "U8", "shape": [b - a], "data_offsets": [a, b]}
                            for n, (a, b) in arrays.items()}}, separators=(",", ":")).encode()
    header = damage("header", header + b" " * (-len(header) % 8))
    head = struct.pack("<Q", len(header)) + header
    footer = struct.pack("<Q", len(head)) + hash8(head) + struct.pack("<3Q", len(head) + len(body), len(stored),
                                                                     len(index) + lengthen)
    footer += hash8(stored) + struct.pack("<Q", version)
    footer += hash8(footer) + b"\x89TARE\r\n\x1a"
    return head + body + stored + footer


def one(entry, **more):
    """A packed single file that holds one tensor."""
    return build([entry], [File("", [(0,)])], **more)
