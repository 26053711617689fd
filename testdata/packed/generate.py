"""Makes the golden packed files of this folder: `python3 generate.py PATH-OF-TARE`. Needs numpy and zstandard.

What the planner never makes is packed by the encoder in `formats/decoder`.

They prove that what was packed once stays readable, so those that are there stay as they are. The
sources are made from fixed seeds and not kept; `expected.tsv` has a row for each file inside each golden: the golden, the
file's path in it (empty where it is the only one), permission bits, bytes, XXH3, the encodings of the golden, and the
golden that is its base, if it has one. Where zeros are made positive, bytes and XXH3 are those of the file that comes
back.
"""

import base64
import itertools
import json
import math
import os
import random
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "formats" / "decoder"))
sys.dont_write_bytecode = True
from block_types import TYPES as BLOCK_TYPES  # noqa: E402
from naive_encoder import (Boxed, Coded, Entry, File, Grid, Note, blocks, build, chunk, f32, palette, split, varint, view,  # noqa: E402
                           views)
from recoding import fletcher32  # noqa: E402
from tare_decode import converted, xxh3  # noqa: E402

tare = str(Path(sys.argv[1]).resolve())
here = Path(__file__).resolve().parent
FLOATS = {  # bytes, exponent bits
    "BF16": (2, 8), "F16": (2, 5), "F32": (4, 8), "F64": (8, 11), "F8_E4M3": (1, 4), "F8_E5M2": (1, 5)}


def word(value, width, exponent_bits):
    """The bits of `value` in a float of that layout, cut rather than rounded."""
    bits = struct.unpack("<Q", struct.pack("<d", value))[0]
    sign, exponent, mantissa = bits >> 63, (bits >> 52 & 2047) - 1023, bits & (1 << 52) - 1
    exponent = max(exponent + (1 << exponent_bits - 1) - 1, 0)
    mantissa_bits = 8 * width - 1 - exponent_bits
    return sign << 8 * width - 1 | exponent << mantissa_bits | mantissa >> 52 - mantissa_bits


def weights(dtype, count, zeros, seed, masked=False):
    """Normal weights; that share of them is zero, −0 where they were negative and `masked`. The last few are odd."""
    width, exponent_bits = FLOATS[dtype]
    generator = random.Random(seed)
    sign = 1 << 8 * width - 1
    words = []
    for _ in range(count):
        bits = word(generator.gauss(0, 0.5 if width == 1 else 0.02), width, exponent_bits)
        words.append(bits & (sign if masked else 0) if generator.random() < zeros else bits)
    if zeros < 1:
        # A NaN with a payload, −0, the smallest subnormal and its negative, all ones.
        words[-5:] = [sign - 1, sign, 1, sign | 1, 2 * sign - 1]
    return b"".join(value.to_bytes(width, "little") for value in words)


def write(path, tensors, metadata=None, pad=0):
    """A safetensors file of (name, dtype, shape, bytes); `pad` spaces behind the header shift its data."""
    header, start = {} if metadata is None else {"__metadata__": metadata}, 0
    for name, dtype, shape, data in tensors:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, start + len(data)]}
        start += len(data)
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode() + b" " * pad
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data for _, _, _, data in tensors))


def floats(path):
    """Every float type, dense and pruned in several ways."""
    tensors = []
    for number, dtype in enumerate(FLOATS):
        count = 40 * 24
        for place, (label, zeros, masked) in enumerate(
                [("dense", 0, False), ("pruned", 0.5, False), ("masked", 0.5, True), ("sparse", 0.97, False)]):
            data = weights(dtype, count, zeros, 10 * number + place, masked)
            tensors.append((f"{dtype.lower()}.{label}", dtype, [40, 24], data))
        tensors.append((f"{dtype.lower()}.zero", dtype, [40, 24], weights(dtype, count, 1, 0)))
    write(path, tensors, {"format": "pt"})


def shapes(path):
    """Names, shapes and types at their edges, two tensors with the same bytes, and data at an odd offset."""
    generator = random.Random(7)
    noise = generator.randbytes(96)
    tied = weights("BF16", 300, 0, 5)
    long_name = "layer." * 60 + "weight"
    write(path, [
        ("scalar", "F32", [], noise[:4]), ("empty", "F16", [3, 0, 2], b""), ("odd", "I8", [3], noise[:3]),
        ("café", "U8", [2], noise[3:5]), ("cafe\u0301", "U8", [2], noise[5:7]), ("tare:group", "U8", [2], noise[7:9]),
        (long_name, "I16", [2, 2], noise[9:17]), ("tied.a", "BF16", [30, 10], tied), ("tied.b", "BF16", [30, 10], tied),
        ("five", "U16", [2, 1, 2, 1, 2], noise[17:33]), ("f4", "F4", [4, 2], noise[33:37]),
        ("f6", "F6_E2M3", [4], noise[37:40]), ("bool", "BOOL", [4], b"\0\1\1\0"),
        ("ids", "I64", [200], b"".join(struct.pack("<q", i) for i in range(200))),
        ("c64", "C64", [4], noise[40:72]), ("ones", "F32", [8, 8], struct.pack("<f", 1) * 64),
        ("text", "U8", [400], b"the quick brown fox " * 20),
    ], {"z": "last comes first", "a": ""}, pad=5)


def long_rows(path):
    """Tensors of several chunks: one long row, and rows that are longer than a chunk."""
    long = bytearray(5 << 20)
    wide = bytearray(2 * (3 << 20))
    generator = random.Random(3)
    for data in (long, wide):
        for _ in range(40):
            place = generator.randrange(len(data) // 4) * 4
            data[place:place + 4] = struct.pack("<f", generator.gauss(0, 1))
    write(path, [("long", "F32", [len(long) // 4], bytes(long)), ("wide", "F32", [2, len(wide) // 8], bytes(wide))])


def checkpoint(folder):
    """A folder of shards with their index, and files that are no model, one of them a program."""
    parts = {"model-00001-of-00002.safetensors": "a", "model-00002-of-00002.safetensors": "b"}
    for number, (name, tensor) in enumerate(parts.items()):
        write(folder / name, [(tensor, "BF16", [20, 30], weights("BF16", 600, 0.5, number))], {"format": "pt"})
    index = {"metadata": {"total_size": 2400}, "weight_map": {tensor: name for name, tensor in parts.items()}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "config.json").write_text('{"model_type": "golden"}\n')
    (folder / "tokenizer").mkdir()
    (folder / "tokenizer" / "vocab.txt").write_text("".join(f"token{n}\n" for n in range(300)))
    (folder / "empty.txt").write_bytes(b"")
    (folder / "run.sh").write_text("#!/bin/sh\nexit 0\n")
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.name == "run.sh" else 0o640 if path.name == "config.json" else 0o644)


GRID_TYPES = ["BF16", "F16", "F32"]  # by the kind of a grid
NF4 = [f32(level) for level in (
    -1, -0.6961928, -0.52507305, -0.39491749, -0.28444138, -0.18477343, -0.09105004, 0, 0.0795803, 0.1609302, 0.2461123,
    0.33791524, 0.44070983, 0.562617, 0.72295684, 1)]


def scales(seed, exponents=(-9, -5)):
    """A scale for each block of a matrix, the same whenever it is asked for."""
    def scale(*block):
        generator = random.Random(f"{seed} {block}")
        return f32(2.0 ** generator.randint(*exponents) * (1 + generator.random()))
    return scale


def grids(kind, row):
    """Grids of every layout over rows of `row` elements: name, grid, and the share of zeros that a mask leaves out."""
    def make(groups, seed, **more):
        return Grid(kind, row, *groups, **{"scale": scales(seed), **more})

    def offset(r, c):
        return f32(-0.375 + 0.125 * ((r + 3 * c) % 5))

    def correction(r, c, code):
        return (7 * r + 5 * c + code) % 3 - 1 if code else 0

    return [
        ("tensor", make((0, 0), 1, low=127, count=255), 0), ("row", make((1, 0), 2, low=127, count=255), 0.5),
        ("column", make((0, 1), 3, low=7, count=15), 0), ("group", make((1, 16), 4, low=7, count=15), 0.5),
        ("block", make((4, 16), 5, low=7, count=16), 0.3), ("rows", make((3, 0), 6, low=3, count=7), 0),
        ("columns", make((0, 5), 7, low=2, count=5), 0), ("ternary", make((0, 0), 8, low=1, count=3), 0),
        ("binary", make((1, 16), 9, levels=[-1.0, 1.0]), 0.5), ("four", make((1, 16), 10, low=2, count=4), 0.5),
        ("one", make((1, 16), 11, levels=[1.0]), 0.5), ("bytes", make((1, 0), 12, low=128, count=256), 0),
        ("listed", make((1, 16), 13, levels=NF4), 0), ("listed.masked", make((1, 16), 14, levels=NF4), 0.6),
        ("divide", make((1, 16), 15, low=127, count=255, divide=True, scale=scales(15, (6, 10))), 0),
        ("corrected", make((1, 16), 16, levels=NF4, correction=correction), 0),
        ("offset", make((1, 16), 17, low=0, count=16, offset=offset), 0),
        ("offset.masked", make((2, 8), 18, low=0, count=256 - 1, offset=offset), 0.4),
    ]


def chosen(grid, count, zeros, seed):
    """For that many elements the codes, None for those left out, the places of −0, and words that lie on no grid."""
    generator = random.Random(seed)
    codes = [None if generator.random() < zeros else generator.randrange(len(grid.levels)) for _ in range(count)]
    negative = {i for i, code in enumerate(codes) if generator.random() < 0.5
                and (code is None or grid.levels[code] == 0 and not grid.offset)}
    top = 1 << 8 * grid.width - 1
    off = [i for i, code in enumerate(codes) if code is not None and i % 331 == 7 and i not in negative]
    return codes, negative, {i: (top - 1, 1, 2 * top - 1, top // 2 + 5)[n % 4] for n, i in enumerate(off)}


def quantised(path):
    """Weights that were quantised in many ways and saved dense, masked and not, and two code books."""
    tensors = []
    for kind, dtype in enumerate(GRID_TYPES):
        for number, (name, grid, zeros) in enumerate(grids(kind, 64)):
            codes, negative, off = chosen(grid, 24 * 64, zeros, number)
            data, _ = grid.chunk(0, codes, negative, off, "bitmask" if zeros else "none")
            tensors.append((f"{dtype.lower()}.{name}", dtype, [24, 64], data))
    for dtype, width, words in (("BF16", 2, 13), ("F32", 4, 16), ("F32", 4, 300), ("I32", 4, 5), ("F64", 8, 2)):
        tensors.append((f"{dtype.lower()}.{words}", dtype, [30, 100], code_book(width, 3000, words)))
    write(path, tensors, {"format": "pt"})


def code_book(width, count, words, zeros=0):
    """Elements of which so many differ, and beside them that share of zeros of either sign."""
    generator = random.Random(words)
    listed = [generator.getrandbits(8 * width) for _ in range(words)]
    words = [generator.choice((0, 1 << 8 * width - 1)) if generator.random() < zeros else generator.choice(listed)
             for _ in range(count)]
    return b"".join(word.to_bytes(width, "little") for word in words)


def by_hand(path):
    """The same grids and code books in chunks that begin in the middle of rows, under every mask; the packed file."""
    part, count, tensors, entries = 130, 600, [], []

    def add(name, dtype, width, pieces, part=part):
        data = b"".join(piece for piece, _ in pieces)
        chunks = iter([made for _, made in pieces])
        tensors.append((name, dtype, [count], data))
        entries.append(Entry(0, data, lambda _: next(chunks), part=part * width, shape=[count], name=name,
                             type={"U8": 0, "BF16": 1, "F32": 2, "F64": 3, "F16": 6}[dtype]))

    starts = range(0, count, part)
    for kind, dtype in enumerate(GRID_TYPES):
        for number, (name, grid, zeros) in enumerate(grids(kind, 48)):
            mask = ("bitmask", "gaps")[(number + kind) % 2] if zeros else "none"
            pieces = [grid.chunk(start, *chosen(grid, min(part, count - start), zeros, 100 * number + start), mask,
                                 number % 2 == 0) for start in starts]
            add(f"{dtype.lower()}.{name}", dtype, grid.width, pieces)
        # A correction that carries into the sign, and one that borrows from a product of 0.
        wild = Grid(kind, 48, 1, 16, lambda r, c: 2.0 ** (-149 if c else 100), low=2, count=5,
                    correction=lambda r, c, code: 127 if c else -128)
        add(f"{dtype.lower()}.wild", dtype, wild.width,
            [wild.chunk(start, *chosen(wild, min(part, count - start), 0, start)) for start in starts])
    for dtype, width, words in (("U8", 1, 3), ("BF16", 2, 2), ("F32", 4, 6), ("F64", 8, 1), ("F16", 2, 100), ("F32", 4, 400)):
        step = count if words > 256 else part
        for mask in ("none", "bitmask", "gaps"):
            data = code_book(width, count, words, 0 if mask == "none" else 0.2)
            pieces = []
            for at in range(0, len(data), step * width):
                piece = data[at:at + step * width]
                first, rest = split(piece, width, mask)
                pieces.append((piece, chunk(first, palette(rest, width), words % 4 == 0)))
            add(f"palette.{dtype.lower()}.{words}.{mask}", dtype, width, pieces, step)
    write(path, tensors, {"format": "pt"})
    data = path.read_bytes()
    size = len(data) - sum(len(entry.dense) for entry in entries)
    header = Entry(2, data[:size])
    return build([header, *entries], [File("", [(0, 0, size)] + [(n + 1,) for n in range(len(entries))])])


def positive(data):
    """A safetensors file with +0 for each −0."""
    size = struct.unpack("<Q", data[:8])[0]
    body = bytearray(data[8 + size:])
    for tensor in (v for k, v in json.loads(data[8:8 + size]).items() if k != "__metadata__"):
        width, _ = FLOATS[tensor["dtype"]]
        for at in range(*tensor["data_offsets"], width):
            if body[at:at + width] == b"\0" * (width - 1) + b"\x80":
                body[at + width - 1] = 0
    return data[:8 + size] + body


def uneven(path):
    """Rows of very different weights and zeros, which are stored in another order, in one chunk and in several."""
    tensors = []
    for dtype, shape in (("BF16", [80, 150]), ("F32", [70, 48]), ("F16", [72, 24, 3]), ("F64", [66, 20])):
        width, exponent_bits = FLOATS[dtype]
        for zeros in (0, 0.6):
            generator, data, row = random.Random(f"{dtype} {zeros}"), bytearray(), shape[-1] * (shape[1] if len(shape) > 2 else 1)
            for _ in range(shape[0]):
                deviation, share = 2.0 ** generator.uniform(-9, 0), generator.uniform(0, 2 * zeros)
                for _ in range(row):
                    value = 0 if generator.random() < share else generator.gauss(0, deviation)
                    data += word(value, width, exponent_bits).to_bytes(width, "little")
            tensors.append((f"{dtype.lower()}.{zeros}", dtype, shape, bytes(data)))
    write(path, tensors)


def every_block_type(path):
    """Blocks of every type behind each other, which no container of plain tensors holds: packed by hand."""
    types = [(kind, layout.elements, layout.size) for kind, layout in BLOCK_TYPES.items()]
    generator, entries = random.Random(27), []
    for number, (kind, elements, size) in enumerate(types):
        count = 1 + 1500 // elements
        data = bytearray(generator.randbytes(count * size))
        for block in range(0, len(data), size):
            for at in {"Q2_K": (81, 83), "Q3_K": (109,), "Q6_K": (209,), "TQ1_0": (53,), "TQ2_0": (65,)}.get(kind, (1, 3)):
                data[block + at] = data[block + at] & 0x80 | 0x28 + generator.randrange(8)
        data[-size:] = b"\xff" * size
        has_ratio = kind in ("Q4_1", "Q5_1", "Q2_K", "Q4_K", "Q5_K")
        way = dict(row=0 if has_ratio else 3, ratios=(-1.0, 0.75, 1.25), scales=(0.125, 100.0),
                   classes=[generator.randrange(4) for _ in range(12)])
        entries.append(Entry(0, bytes(data), lambda part: chunk(Coded("none"), blocks(part, kind, **way), number % 2 == 0),
                             shape=[count * elements], type=number, name=kind.lower()))
    path.write_bytes(b"".join(entry.dense for entry in entries))
    return build(entries, [File("", [(n,) for n in range(len(entries))])], types=types)


def turned(path):
    """A big-endian GGUF file."""
    path.write_bytes((here.parent / "gguf" / "big_endian.gguf").read_bytes())


def tiled(path):
    """A matrix and a cube that a file holds in tiles, padded, turned or shuffled, behind each other's."""
    def tiles(array, size, swap, number):
        """An entry of the array, and the operations that make its tiles."""
        width, fill, operations = array.itemsize, bytes(range(7, 7 + array.itemsize)), []
        for place in itertools.product(*(range(0, n, step) for n, step in zip(array.shape, size))):
            counts = [min(step, n - at) for n, step, at in zip(array.shape, size, place)]
            tile = np.frombuffer(fill * math.prod(size), array.dtype).reshape(size).copy()
            tile[tuple(slice(n) for n in counts)] = array[tuple(slice(at, at + n) for at, n in zip(place, counts))]
            if swap:
                transforms, made = [(1, varint(width) + varint(1))], tile.astype(array.dtype.newbyteorder(">")).tobytes()
            else:
                made = tile.view(np.uint8).reshape(-1, width).T.tobytes()
                made += struct.pack("<I", fletcher32(made))
                transforms = [(2, varint(width)), (4, b"")]
            is_padded = counts != list(size)
            operations.append((number, Boxed(list(zip(place, counts, size)), made, transforms, fill if is_padded else b"")))
        return operations

    matrix = np.arange(70 * 33, dtype="<u2").reshape(70, 33)
    cube = np.frombuffer(random.Random(5).randbytes(9 * 10 * 11 * 4), "<u4").reshape(9, 10, 11)
    entries = [Entry(0, array.tobytes(), rows=16, shape=list(array.shape), rowbytes=array.shape[-1] * array.itemsize,
                     type=type, name=name) for array, type, name in ((matrix, 0, "matrix"), (cube, 1, "cube"))]
    nothing = Boxed([(0, 0, 0)] * 2, b"")
    empty = Entry(0, b"", rows=1, shape=[0, 3], rowbytes=6, type=0, name="nowhere")
    left, right = tiles(matrix, (32, 16), True, 0), tiles(cube, (4, 4, 4), False, 1)
    file = File("", [(2, nothing)] + [o for pair in itertools.zip_longest(left, right) for o in pair if o], container="tiles")
    path.write_bytes(file.content(entries))
    return build([*entries, empty], [file], types=[("U16", 1, 2), ("U32", 1, 4)])


def viewed(path):
    """The golden chunks of every filter behind each other, each the middle one of a tensor that is read through them."""
    content, made = bytearray(b"no tensor"), []
    for line in (here.parent / "filters" / "chunks.tsv").read_text().splitlines()[1:]:
        name, filters, mask, size, _, stored = line.split("\t")
        filters, stored = [f.split(",") for f in filters.split(";") if f != "-"], base64.b64decode(stored)
        filters = [(int(f[0]), int(f[1]), [int(p) for p in f[2:] if p]) for f in filters]
        count = int(size) // 4
        made.append(view(name, [3 * count], chunk=[count], fill=struct.pack("<f", 1.5), filters=filters,
                         stored=[(1, len(content), len(stored), int(mask))]))
        content += stored
    start = len(content)
    content += bytes(range(96))
    # Big-endian, in tiles of which those at the edges are stored unfiltered; and in one piece, at an odd place.
    made.append(view("tiles", [5, 3], ("I16", 1, 2), 1, chunk=[4, 2], edges=1, fill=b"\1\2", filters=[(2, 0, [2])],
                     stored=[(0, start, 16, 0), (0, start + 17, 16, 0), (1, start + 40, 16, 0)]))
    made.append(view("piece", [2, 0, 3], ("U8", 1, 1), offset=start))
    made.append(view("scalar", [], ("F64", 1, 8), 1, offset=start + 71))
    path.write_bytes(content)
    entries = [Entry(2, bytes(content), part=5000), Entry(2, views(*made))]
    return build(entries, [File("", [(0, 0, len(content)), (1, Note(4))], container="chunks")])


def changed(path):
    """The floats of `floats`, each tensor changed in another way, and some that are as they were."""
    floats(path)
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    generator = random.Random(11)
    tensors = []
    for number, (name, tensor) in enumerate((k, v) for k, v in header.items() if k != "__metadata__"):
        width, _ = FLOATS[tensor["dtype"]]
        start, end = (8 + size + offset for offset in tensor["data_offsets"])
        words = [int.from_bytes(data[at:at + width], "little") for at in range(start, end, width)]
        top = 1 << 8 * width - 1
        median = sorted(word % top for word in words)[len(words) // 2]
        random_mask = [generator.random() < 0.5 for _ in words]
        changes = [
            lambda n, x: x, lambda n, x: 0 if x % top < median else x, lambda n, x: x & top if x % top < median else x,
            lambda n, x: x if random_mask[n] else x & top,
            lambda n, x: x if random_mask[n] else generator.choice((0, top)),
            lambda n, x: x + generator.randrange(-3, 4) & 2 * top - 1,
            lambda n, x: x + generator.randrange(-1, 2) & 2 * top - 1 if n % 9 == 0 else x,
            lambda n, x: x ^ 1 if random_mask[n] else x & top,
        ]
        change = changes[(number + number // 5) % len(changes)]
        words = [change(n, x) for n, x in enumerate(words)]
        tensors.append((name, tensor["dtype"], tensor["shape"], b"".join(x.to_bytes(width, "little") for x in words)))
    tensors.append(("new", "F32", [4], bytes(range(16))))
    tensors.append(("f32.tied", "F32", *tensors[13][2:]))
    write(path, tensors, {"format": "pt"})


def retyped(path):
    """The F32, F16 and BF16 tensors of `floats` in another of these types, every eleventh element a little off."""
    floats(path)
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    tensors = []
    for number, (name, tensor) in enumerate((k, v) for k, v in json.loads(data[8:8 + size]).items() if k != "__metadata__"):
        if tensor["dtype"] not in ("F32", "F16", "BF16"):
            continue
        width, _ = FLOATS[tensor["dtype"]]
        start, end = (8 + size + offset for offset in tensor["data_offsets"])
        target = {"F32": ("BF16", "F16"), "F16": ("F32", "BF16"), "BF16": ("F32", "F16")}[tensor["dtype"]][number % 2]
        dense = converted(data[start:end], tensor["dtype"], target)
        width, _ = FLOATS[target]
        words = [int.from_bytes(dense[at:at + width], "little") ^ (at % (11 * width) == 0)
                 for at in range(0, len(dense), width)]
        tensors.append((name, target, tensor["shape"], b"".join(word.to_bytes(width, "little") for word in words)))
    write(path, tensors)


def grouped(path):
    """N of every M elements, along rows and down columns, in matrices whose rows and chunks cut groups, and in kernels."""
    generator = random.Random(13)

    def mask(shape, n, m, axis):
        inner = 1
        for dimension in shape[axis + 1:]:
            inner *= dimension
        count = inner
        for dimension in shape[:axis + 1]:
            count *= dimension
        kept = [True] * count
        for outer in range(0, count, inner * shape[axis]):
            for place in range(outer, outer + inner):
                for at in range(0, shape[axis], m):
                    group = [place + inner * (at + i) for i in range(min(m, shape[axis] - at))]
                    for zero in generator.sample(group, min(m - n, len(group))):
                        kept[zero] = False
        return kept

    tensors = []
    for name, dtype, shape, n, m, axis in (
            ("columns.2.4", "BF16", [66, 50], 2, 4, 0), ("columns.3.5", "F32", [64, 40], 3, 5, 0),
            ("columns.1.3", "F16", [50, 61], 1, 3, 0), ("columns.1.8", "F64", [64, 20], 1, 8, 0),
            ("rows.3.5", "BF16", [70, 42], 3, 5, 1), ("rows.2.4", "F32", [65, 50], 2, 4, 1),
            ("rows.1.3", "F8_E4M3", [40, 80], 1, 3, 1), ("kernel.2.4", "BF16", [12, 16, 3, 5], 2, 4, 1)):
        width, _ = FLOATS[dtype]
        data = bytearray(weights(dtype, len(kept := mask(shape, n, m, axis)), 0, len(tensors)))
        for place, keeps in enumerate(kept):
            if not keeps:
                sign = data[(place + 1) * width - 1] & 0x80 if name.startswith("rows") else 0
                data[place * width:(place + 1) * width] = b"\0" * (width - 1) + bytes([sign])
        tensors.append((name, dtype, shape, bytes(data)))
    shape = [700, 512]
    data = b"".join(struct.pack("<f", 1.5 if keeps else 0) for keeps in mask(shape, 1, 3, 0))
    tensors.append(("chunks.1.3", "F32", shape, data))
    write(path, tensors)


GOLDENS = [("floats-1", floats, 1), ("floats-3", floats, 3), ("floats-9", floats, 9), ("shapes-3", shapes, 3),
           ("shapes-9", shapes, 9), ("long-3", long_rows, 3), ("folder-3", checkpoint, 3), ("quantised-3", quantised, 3),
           ("by-hand", by_hand, 0), ("rows-4", uneven, 4), ("blocks", every_block_type, 0)]
CANONICAL = [("positive-3", floats, 3)]
BASES = {"retyped-3": "floats-3.tare", "delta-3": "floats-3.tare", "delta-9": "floats-3.tare"}
GOLDENS += [("turned-3", turned, 3), ("tiled", tiled, 0), ("groups-3", grouped, 3), ("delta-3", changed, 3), ("delta-9", changed, 9),
            ("retyped-3", retyped, 3), ("viewed", viewed, 0)]


def main():
    rows = ["golden\tpath\tmode\tbytes\txxh3\tencodings\tbase"]
    for name, make, level in GOLDENS + CANONICAL:
        with tempfile.TemporaryDirectory() as temporary:
            source = Path(temporary) / "model"
            if make is checkpoint:
                source.mkdir()
            packed = make(source)
            golden = here / (name + ".tare")
            is_canonical = (name, make, level) in CANONICAL
            base = ["--base", BASES[name]] if name in BASES else []
            if packed is not None:
                golden.write_bytes(packed)
            elif not golden.exists():
                options = ["--level", str(level)] + ["--canonical-zero"] * is_canonical + base
                subprocess.run([tare, "pack", str(source), "-o", str(golden), *options], check=True, cwd=here,
                               stdout=subprocess.DEVNULL)
            found = json.loads(subprocess.run([tare, "inspect", "--json", str(golden), *base], check=True, cwd=here,
                                              capture_output=True).stdout)
            names = {part for tensor in found["models"][0]["tensors"] for kind in tensor["encodings"] for part in kind.split("+")}
            encodings = ",".join(sorted(names))
            files = sorted(p for p in source.rglob("*") if p.is_file()) if source.is_dir() else [source]
            for path in files:
                data = positive(path.read_bytes()) if is_canonical else path.read_bytes()
                inner = "" if path == source else str(path.relative_to(source))
                mode = f"{path.stat().st_mode & 0o777:03o}" if inner else ""
                rows.append(f"{golden.name}\t{inner}\t{mode}\t{len(data)}\t{xxh3(data):016x}\t{encodings}\t"
                            + BASES.get(name, ""))
    (here / "expected.tsv").write_text("\n".join(rows) + "\n")


os.umask(0o022)
main()
