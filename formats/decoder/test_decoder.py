"""Tests of tare_decode.py against naive_encoder.py, which was written from the same pages.

    python -m unittest test_decoder         (in this folder)
"""
import io
import json
import os
import random
import stat
import struct
import sys
import tempfile
import unittest
import zlib
from contextlib import redirect_stderr, redirect_stdout

import zstandard

import block_types
import tare_decode
from recoding import zlib_identity
from tare_decode import PackedError, PackedFile, UnknownEncoding, UnknownFilter, UnknownTransform, open_base, xxh3, xxh3_plain
from naive_encoder import (NAMES, TYPES, Alias, Boxed, Coded, Entry, File, Grid, blocks, build, chunk, constant, exponent_list,
                           frame, fused, one, pack_field, palette, plain_bytes, planes, raw, rows, split, string, varint, view,
                           views, Note)


class Base(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.random = random.Random(1)
        self.path = os.path.join(self.temporary.name, "a.tare")

    def open(self, data):
        with open(self.path, "wb") as f:
            f.write(data)
        return PackedFile(self.path)

    def check(self, data):
        with self.open(data) as packed:
            packed.check()

    def refuses(self, data, pattern, error=PackedError):
        with self.assertRaisesRegex(error, pattern):
            self.check(data)

    def round_trip(self, data, want):
        out = os.path.join(self.temporary.name, "out")
        with self.open(data) as packed:
            packed.check()
            packed.unpack(out, float("inf"))
        with open(out, "rb") as f:
            self.assertEqual(f.read(), want)
        os.remove(out)

    def floats(self, n, width, zeros=0.0, negative=False, exponent_bits=None):
        """Elements with few exponents, some of them rare, and zeros of one or both signs."""
        E = exponent_bits or {1: 4, 2: 8, 4: 8, 8: 11}.get(width, 4)
        M = 8 * width - 1 - E
        out = bytearray()
        for _ in range(n):
            exponent = min(2 ** E - 1, int(self.random.expovariate(0.7)) + 1)
            x = self.random.getrandbits(1) << (8 * width - 1) | exponent << M | self.random.getrandbits(M)
            if self.random.random() < zeros:
                x = (self.random.getrandbits(1) if negative else 0) << (8 * width - 1)
            out += x.to_bytes(width, "little")
        return bytes(out)


class HashTests(unittest.TestCase):
    # By the length of a text whose byte i is 7i + 3.
    VECTORS = {
        0: 0x2D06800538D394C2, 1: 0x13E608BC156DEFED, 3: 0xA9088DDA485B481C, 4: 0x6D9253B16C8B1ED3,
        8: 0x60539DB630471163, 9: 0xFEFF668361D723A8, 16: 0xB8C859B0F030B585, 17: 0x714A04408E79B80F,
        32: 0x19FF4EE1D6BA1A55, 33: 0x3E44983AD21679C8, 64: 0x287EB1FA9E4BE2C1, 65: 0x829218DE4D798646,
        96: 0xF084E7CFBC624743, 97: 0x1DAA83271A8E7B7C, 128: 0x67425A03650261BF, 129: 0xC664BF3311C6ABC4,
        160: 0xD70DEA8DE694B883, 240: 0x64556DC6B462A6CF, 241: 0x8BEADD3A8874FE17, 256: 0x3C38817F6D79C0DA,
        1024: 0x9B81661C641C72B1, 1025: 0x806C2072ED713576, 1088: 0x2F8781E01841F0DA,
        1089: 0x2A90437FE231E7E8, 2048: 0xABE604813BA62ED1, 2049: 0x55AED42C9F1554B6,
        5000: 0x799AADDD7339581D,
    }

    def test_vectors(self):
        for n, value in self.VECTORS.items():
            data = bytes((7 * i + 3) & 255 for i in range(n))
            self.assertEqual(xxh3_plain(data), value, n)
            self.assertEqual(xxh3(data), value, n)


class EncodingTests(Base):
    def test_every_mask_with_every_value(self):
        for mask in ("none", "bitmask", "gaps"):
            for width in range(1, 9):
                for zeros, negative in ((0, False), (0.5, False), (0.995, True)):
                    dense = self.floats(900, width, zeros, negative)
                    values = [raw, lambda d: plain_bytes(d, 1), lambda d: plain_bytes(d, width)]
                    if width in (1, 2, 4, 8):
                        E = {1: 4, 2: 8, 4: 8, 8: 11}[width]
                        values += [lambda d: planes(d, width),
                                   lambda d: fused(d, width, E, 3, [1, 2, 3, 4, 5])]
                    for i, value in enumerate(values):
                        compress = (width + i) % 2 == 1

                        def encode(part):
                            first, rest = split(part, width, mask)
                            return chunk(first, value(rest), compress)

                        with self.subTest(mask=mask, width=width, zeros=zeros, value=i):
                            self.round_trip(one(Entry(0, dense, encode, part=300 * width)), dense)

    def test_constant(self):
        for mask in ("none", "bitmask", "gaps"):
            for width in range(1, 9):
                word = bytes(range(1, width + 1))
                dense = word * 700
                if mask != "none":
                    top = bytes(width - 1) + b"\x80"
                    dense = b"".join(self.random.choice((word, bytes(width), top)) for _ in range(700))

                def encode(part):
                    first, rest = split(part, width, mask)
                    return chunk(first, constant(rest, width))

                self.round_trip(one(Entry(0, dense, encode)), dense)

    def test_all_zeros(self):
        for mask in ("bitmask", "gaps"):
            for word in (b"\0\0", b"\0\x80"):
                for value in (raw, lambda d: constant(d, 2), lambda d: planes(d, 2), lambda d: plain_bytes(d, 2),
                              lambda d: fused(d, 2, 8, 3, [1])):
                    for compress in (False, True):
                        def encode(part):
                            first, rest = split(part, 2, mask)
                            return chunk(first, value(rest), compress)

                        self.round_trip(one(Entry(0, word * 801, encode)), word * 801)

    def test_gaps_of_the_page(self):
        dense = bytes(600) + b"\7" + bytes(3)
        coded = Coded("gaps", [1], [bytes([255, 255, 90])])
        self.round_trip(one(Entry(0, dense, lambda d: chunk(coded, raw(b"\7")))), dense)
        trailing = Coded("gaps", [1], [bytes([255, 255, 90] + [255] * 1)])
        self.refuses(one(Entry(0, dense, lambda d: chunk(trailing, raw(b"\7")))), "past the end")

    def test_fused_cuts(self):
        for width in (1, 2, 4, 8):
            for E in (2, 4, 5, 7, 8, 9, 11):
                if E > 8 * width - 1:
                    continue
                for r in range(1, min(5, E) + 1):
                    for n in (0, 1, 777):
                        dense = self.floats(n, width, 0.1, True, exponent_bits=E)
                        with self.subTest(width=width, E=E, r=r, n=n):
                            coded = lambda d: chunk(Coded("none"), fused(d, width, E, r, [1, 2, 3, 0, 5, 7][:2 ** r - 1]
                                                                         if E > 2 else [1, 3]), n % 2 == 1)
                            self.round_trip(one(Entry(0, dense, coded)), dense)

    def test_fields_in_tiles(self):
        # f32, r 3: 19 bits rest: two planes, fields of 2 and 1. bf16, r 5: 5 bits: fields of 4 and 1.
        for width, r in ((4, 3), (2, 5), (2, 4)):
            for n in (4095, 4096, 4097, 8192 + 4099):
                dense = self.floats(n, width)
                self.round_trip(one(Entry(0, dense, lambda d: chunk(Coded("none"), fused(d, width, 8, r, [1, 2, 3, 4])))),
                                dense)

    def test_shared_exponents(self):
        for width, E, r, listed in ((2, 8, 3, 5), (2, 8, 2, 9), (8, 11, 4, 20), (4, 8, 5, 3)):
            exponents = list(range(1, listed + 1))
            for compress in (False, True):
                dense = self.floats(1500, width)
                entry = Entry(0, dense, lambda d: chunk(Coded("none"), fused(d, width, E, r, exponents, shared=True)),
                              part=400 * width, shared=[exponent_list(exponents, E), b"more"], compress_shared=compress)
                self.round_trip(one(entry), dense)

    def test_rows(self):
        for count, row in ((1, 10), (7, 6), (100, 24), (64, 1), (33, 3)):
            classes = [self.random.randrange(16) for _ in range(count)]
            width = 2 if row % 2 == 0 else 1
            for mask in ("none", "bitmask", "gaps"):
                dense = self.floats(count * row // width, width, 0.6, True)

                def encode(part):
                    first, rest = rows(part, row, classes, lambda sorted_rows: split(sorted_rows, width, mask))
                    return chunk(first, planes(rest, width), count % 2 == 1)

                with self.subTest(count=count, row=row, mask=mask):
                    self.round_trip(one(Entry(0, dense, encode)), dense)

    def test_refused_rows(self):
        def file(row=4, inner=0, streams=(b"\0\1\0\1",), tail=b"", value=raw(bytes(16))):
            mask = Coded("rows", varint(row) + varint(inner) + tail, streams)
            return one(Entry(0, bytes(16), lambda d: chunk(mask, value)))

        self.check(file())
        for data, pattern in ((file(row=0), "fill"), (file(row=5), "fill"), (file(inner=99), "not name"), (file(streams=()), "no classes"),
                              (file(streams=(b"\0\1\0",)), "wrong length"), (file(streams=(b"\0\1\0\x10",)), "class"),
                              (file(inner=NAMES.index("rows"), tail=b"\4\0"), "wrong place"),
                              (file(inner=NAMES.index("raw")), "wrong place"), (file(tail=b"x"), "none"),
                              (file(value=Coded("rows")), "wrong place")):
            with self.subTest(pattern=pattern):
                self.refuses(data, pattern)
        self.refuses(file(inner=NAMES.index("from-the-future")), "from-the-future", UnknownEncoding)

    def test_palettes(self):
        for width in (1, 2, 4, 8):
            for count in (1, 2, 3, 4, 5, 6, 7, 16, 17, 256, 257, 512, 513, 1025, 4096):
                if count > 256 and width == 1:
                    continue
                words = [self.random.getrandbits(8 * width) for _ in range(count)]
                dense = b"".join(word.to_bytes(width, "little")
                                 for word in words + [self.random.choice(words) for _ in range(count % 7)])
                for mask in ("none", "bitmask"):
                    def encode(part):
                        first, rest = split(part, width, mask)
                        return chunk(first, palette(rest, width) if rest else raw(rest), count % 2 == 1)

                    with self.subTest(width=width, count=count, mask=mask):
                        self.round_trip(one(Entry(0, dense, encode)), dense)

    def blocks(self, kind, count):
        """Blocks of random bits, zeros and repetitions; one in sixteen has scales that are not finite."""
        size, found = block_types.TYPES[kind].size, []
        for _ in range(count):
            pick = self.random.randrange(16)
            block = bytearray(size if pick == 0 else self.random.randbytes(size))
            if pick > 1:
                for at in {"Q2_K": (81, 83), "Q3_K": (109,), "Q6_K": (209,), "TQ1_0": (53,), "TQ2_0": (65,)}.get(kind, (1, 3)):
                    block[at] = block[at] & 0x80 | 0x20 + self.random.randrange(16)
            found.append(found[-1] if found and pick == 2 else bytes(block))
        return b"".join(found)

    def test_blocks(self):
        types = [(kind, layout.elements, layout.size) for kind, layout in block_types.TYPES.items()]
        for number, (kind, _, size) in enumerate(types):
            has_ratio = kind in ("Q4_1", "Q5_1", "Q2_K", "Q4_K", "Q5_K")
            for count, row in ((1, 0), (9, 0), (37, 0 if has_ratio else 5)):
                dense = self.blocks(kind, count)
                cells = [self.random.randrange(3) for _ in range(12)]
                ways = [dict(row=row), dict(row=row, ratios=(-1.0, 0.5, 1.0), scales=(0.01, 30.0), classes=cells)]
                for way in ways:
                    with self.subTest(kind=kind, count=count, way=way):
                        entry = Entry(0, dense, lambda d: chunk(Coded("none"), blocks(d, kind, **way), count % 2 == 1),
                                      shape=[count * types[number][1]], type=number)
                        self.round_trip(one(entry, types=types), dense)

    def test_refused_blocks(self):
        kind = string("Q4_0")
        fields = [bytes(2), bytes(2)]

        def file(parameters, streams=(), mask=Coded("none")):
            return one(Entry(0, bytes(36), lambda d: chunk(mask, Coded("blocks", parameters, fields + list(streams)))))

        sound = kind + bytes([0, 0, 0, 0])
        float_bytes = lambda *numbers: struct.pack(f"<{len(numbers)}f", *numbers)
        self.check(file(sound, [bytes(32)]))
        cases = [
            (file(sound), "number of streams"), (file(sound, [bytes(31)]), "wrong length"),
            (file(sound + b"\0", [bytes(32)]), "longer"), (file(sound[:-1], [bytes(32)]), "too short"),
            (file(kind + bytes([0, 0, 0, 32]), [bytes(32)]), "class beyond"),
            (file(kind + b"\0\2" + float_bytes(1, 1) + bytes(4), [bytes(32)]), "ascend"),
            (file(kind + b"\0\1" + float_bytes(float("nan")) + bytes(3), [bytes(32)]), "ascend"),
            (file(kind + b"\0\7" + float_bytes(*range(7)) + b"\x08" + float_bytes(*range(8)) + bytes(72)), "too many cells"),
            (file(string("Q4_1") + bytes([1, 0, 0, 0]), [bytes(32)]), "rows of a type"),
            (file(sound, [bytes(32)], Coded("bitmask", [1], [b"\xff" * 5])), "mask"),
            (file(string("Q4_1") + bytes(4), [bytes(32)]), "cuts blocks"),
        ]
        for number, (data, pattern) in enumerate(cases):
            with self.subTest(number=number, pattern=pattern):
                self.refuses(data, pattern)
        self.refuses(file(string("Q9_9") + bytes(4), [bytes(32)]), "Q9_9", UnknownEncoding)

    def grid(self, kind, **more):
        """A grid with scales and corrections of its own for each block."""
        scales = {}

        def scale(*block):
            if block not in scales:
                value = self.random.choice((1, -1)) * 2.0 ** self.random.randrange(-20, 4) * (1 + self.random.random())
                scales[block] = struct.unpack("<f", struct.pack("<f", value))[0]
            return scales[block]

        return Grid(kind, scale=scale, **more)

    def grid_file(self, grid, cuts, zeros, mask, exceptions=0, compress=False):
        """A packed file of one row, in chunks of so many elements (the last may be shorter), and its bytes."""
        part, count = cuts
        chunks, dense = [], b""
        for start in range(0, count, part):
            n = min(part, count - start)
            codes = [None if mask != "none" and self.random.random() < zeros
                     else self.random.randrange(len(grid.levels)) for _ in range(n)]
            codes[0] = 0
            negative = {i for i in range(n) if self.random.random() < 0.3
                        and (codes[i] is None or grid.levels[codes[i]] == 0 and not grid.offset)}
            stored = [i for i in range(n) if codes[i] is not None]
            lies = {i: self.random.getrandbits(8 * grid.width) for i in self.random.sample(stored, min(exceptions, len(stored)))}
            piece, coded = grid.chunk(start, codes, negative - set(lies), lies, mask, compress)
            dense += piece
            chunks.append(coded)
        made = iter(chunks)
        entry = Entry(0, dense, lambda _: next(made), part=part * grid.width)
        return one(entry), dense

    LEVELS = {"integers": dict(low=7, count=15), "ternary": dict(low=1, count=3), "one": dict(low=0, count=1),
              "above": dict(low=0, count=256), "below": dict(low=255, count=17), "few": dict(low=2, count=6),
              "listed": dict(levels=[-1.0, -0.6961928009986877, 0.0, 0.07958029955625534, 0.1609302, 3e38]),
              "listed without 0": dict(levels=[-6.0, -0.5, 0.5, 4.0])}

    def test_grids_of_all_kinds(self):
        blocks = [(10, 0, 0), (10, 1, 0), (10, 0, 1), (10, 0, 4), (10, 1, 3), (10, 2, 4), (1, 3, 0), (64, 1, 16), (1 << 48, 1, 5)]
        number = 0
        for kind in (0, 1, 2):
            for name, levels in self.LEVELS.items():
                for row, group_rows, group_columns in blocks:
                    number += 1
                    levels = {key: [struct.unpack("<f", struct.pack("<f", x))[0] for x in value] if key == "levels"
                              else value for key, value in levels.items()}
                    masked = number % 3 and levels.get("count") != 256
                    more = dict(divide=number % 2 == 1)
                    if number % 5 == 1:
                        corrections = {}
                        more["correction"] = lambda *at: corrections.setdefault(at, self.random.randrange(-128, 128))
                    if number % 5 == 2:
                        more["offset"] = lambda r, c: 0.25 * r - c
                    grid = self.grid(kind, row=row, group_rows=group_rows, group_columns=group_columns, **levels, **more)
                    mask = ("none", "bitmask", "gaps")[number % 3] if masked else "none"
                    cuts = ((7, 33), (23, 61), (200, 200))[number // 3 % 3]
                    with self.subTest(kind=kind, levels=name, row=row, rows=group_rows, columns=group_columns):
                        data, dense = self.grid_file(grid, cuts, 0.5, mask, number % 4, number % 2 == 0)
                        self.round_trip(data, dense)

    def test_products_are_rounded_twice_where_there_is_an_offset(self):
        # 3 × (1 + 2⁻²³) isn't an f32, nor is its sum with 2⁻²²; f16 overflows, and subnormals are kept.
        grid = Grid(2, 4, 0, 0, lambda *_: 1 + 2.0 ** -23, low=0, count=4, offset=lambda *_: 2.0 ** -23)
        self.round_trip(*self.grid_file(grid, (4, 40), 0, "none"))
        for kind, scale in ((1, 20000.0), (1, 2.0 ** -25), (0, 2.0 ** -133), (2, 2.0 ** -149), (0, 3e38), (2, 3e38)):
            grid = Grid(kind, 4, 0, 0, lambda *_: scale, low=9, count=16)
            self.round_trip(*self.grid_file(grid, (4, 200), 0, "none"))

    def test_refused_grids_and_palettes(self):
        sound = dict(kind=0, flags=0, row=4, group_rows=1, group_columns=2, low=0, levels=3)
        streams = [b"", *[bytes(4)] * 4, bytes(2), b"", b"", b"", b""]

        def file(change=(), mask=Coded("none"), **more):
            p = {**sound, **more}
            parameters = (bytes([p["kind"], p["flags"]]) + varint(p["row"]) + varint(p["group_rows"])
                          + varint(p["group_columns"]) + bytes([p["low"]]) + varint(p["levels"]) + p.get("tail", b""))
            coded = Coded("grid", parameters, [dict(change).get(i, s) for i, s in enumerate(p.get("streams", streams))])
            return one(Entry(0, bytes(16), lambda d: chunk(mask, coded)))

        listed = lambda *words: b"".join(bytes(w >> 8 * k & 255 for w in words) for k in range(4))
        cases = [
            (file(kind=3), "kind"), (file(flags=16), "flags"), (file(row=0), "groups"), (file(row=2 ** 48 + 1), "groups"),
            (file(group_rows=2 ** 49), "groups"), (file(row=2 ** 48, group_columns=1), "wrong length"),
            (file(levels=0), "levels"), (file(levels=257), "levels"), (file(tail=b"\0"), "longer"),
            (file(mask=Coded("bitmask", [2], [b"\xff"]), levels=256), "levels"),
            (file(mask=Coded("bitmask", [4], [b"\x0f"])), "another width"),
            (file(mask=Coded("bitmask", [2], [b"\0"])), "no elements"),
            (file({5: bytes(3)}), "wrong length"), (file({5: b"\xf3\0"}), "no codes"), (file({5: b"\0\1"}, levels=2), "wrong"),
            (file({5: b"\5\0\0"}, levels=5), "too large"), (file({5: b"\0\x7f"}), "past the last"),
            (file({0: bytes(12)}), "not listed"), (file({0: bytes(12)}, flags=1), "ascend"),
            (file({0: listed(0, 1, 0x7F800000)}, flags=1), "ascend"), (file({0: listed(0, 0x80000000, 1)}, flags=1), "ascend"),
            (file(flags=4), "wrong length"), (file({7: bytes(12)}), "flag"), (file(flags=8), "number of streams"),
            (file({6: b"\1\0"}), "wrong length"), (file({9: b"\0"}), "half"), (file({9: b"\0\0"}), "number of exceptions"),
            (file({8: b"\0"}), "number of exceptions"), (file({8: b"\x08", 9: b"\0\0"}), "past the last"),
            (file({8: b"\7\0", 9: bytes(4)}), "past the last"), (file({8: b"\x80\0", 9: b"\0\0"}), "shortest"),
            (file({6: b"\1"}, flags=8, streams=streams + [bytes(4)] * 4), "signs beside"),
        ]
        palettes = [([2, 0], [b"", b""], "number of words"), ([2, 0x81, 0x20], [bytes(2), b"", b""], "number of words"),
                    ([3, 1], [bytes(3), b""], "width"), ([2, 2], [b"\1\0\0\0", b"\0"], "ascend"),
                    ([2, 3], [bytes([0, 1, 2, 0, 0, 0]), b"\xf3\0"], "no codes"), ([2, 1], [b"\0\0", b"\0"], "wrong length"),
                    ([2, 1], [b"\0\0"], "number of streams"), ([2, 1, 0], [b"\0\0", b""], "longer"),
                    ([2, 0x81, 2], [bytes(range(256)) + b"\0" + bytes(256) + b"\1", b"\1" * 8, b"\xff"], "too large")]
        cases += [(one(Entry(0, bytes(16), lambda d: chunk(Coded("none"), Coded("palette", p, s)))), why)
                  for p, s, why in palettes]
        self.check(file())
        for number, (data, pattern) in enumerate(cases):
            with self.subTest(number=number, pattern=pattern):
                self.refuses(data, pattern)

    def test_unknown_encoding_blocks_its_tensor_alone(self):
        good = Entry(0, b"abcd", name="good")
        bad = Entry(0, b"efgh", lambda d: chunk(Coded("none"), Coded("from-the-future", b"xy", [d])), name="bad")
        data = build([good, bad], [File("", [(0,), (1,)])])
        with self.open(data) as packed:
            self.assertEqual(b"".join(p for p, _ in packed.pieces(packed.tensor("good"))), b"abcd")
            with self.assertRaisesRegex(UnknownEncoding, "from-the-future"):
                list(packed.pieces(packed.tensor("bad")))
        self.refuses(data, "from-the-future", UnknownEncoding)

    def test_refused_chunks(self):
        def bad(mask, value, dense=bytes(16), compress=False, **more):
            return one(Entry(0, dense, lambda d: chunk(mask, value, compress), **more))

        none, zeros = Coded("none"), bytes(16)
        cases = [
            (none, Coded("none"), "wrong place"),
            (raw(zeros), raw(zeros), "wrong place"),
            (Coded("none", b"x"), raw(zeros), "none"),
            (none, raw(zeros[1:]), "wrong length"),
            (none, Coded("constant"), "constant"),
            (none, Coded("constant", bytes(9)), "constant"),
            (none, Coded("constant", bytes(3)), "divide"),
            (none, Coded("bytes", [3], [bytes(5)] * 3), "stride"),
            (none, Coded("bytes", [0]), "stride"),
            (none, Coded("bytes", [2], [bytes(7), bytes(9)]), "wrong length"),
            (none, Coded("planes", [3], [bytes(5)] * 3), "width"),
            (none, Coded("planes", [2], [bytes(8)] * 3), "number of streams"),
            (none, Coded("fused", [1, 8, 3, 1, 0], [zeros, b""]), "cut"),
            (none, Coded("fused", [2, 5, 5, 0], [bytes(8), b""]), "no shared stream"),
            (none, Coded("fused", [2, 8, 3, 8, *range(8)], [bytes(8), b""]), "too many"),
            (none, Coded("fused", [2, 8, 3, 1, 0], [b"\x20" + bytes(7), b"", bytes(2), bytes(1)]), "rank"),
            (none, Coded("fused", [2, 8, 3, 1, 0], [bytes(8), b"", bytes(8)]), "number of streams"),
            (none, Coded("fused", [2, 8, 3, 1, 0], [b"\xe0" + bytes(7), b"", bytes(2), bytes(1)]), "wrong length"),
            (none, Coded("fused", [2, 8, 3, 1, 0, 0], [bytes(8), b"", bytes(2), bytes(1)]), "longer"),
            (none, Coded("fused", [2, 8, 3, 2, 0], [bytes(8), b"", bytes(2), bytes(1)]), "short"),
            (none, Coded("fused", [2, 5, 3, 1, 32], [bytes(8), b"", pack_field([0] * 8, 4), pack_field([0] * 8, 2)]),
             "too large"),
            (Coded("bitmask", [3], [b"\0"]), raw(b""), "divide"),
            (Coded("bitmask", [2], [b"\0\0"]), raw(b""), "wrong length"),
            (Coded("bitmask", [4], [b"\x10"]), raw(b""), "past the last"),
            (Coded("bitmask", [2], [b"\0", b"\0"]), raw(b""), "negative"),
            (Coded("bitmask", [2], [b"\1"]), raw(b""), "wrong length"),
            (Coded("gaps", [2], [b"\x08"]), raw(b"\0\0"), "past the end"),
            (Coded("gaps", [2], [b"\xff"]), raw(b""), "past the end"),
            (Coded("gaps", [2]), raw(b""), "number of streams"),
            (none, Coded("bytes", [1], [bytes(65536 + 49)]), "too large"),
        ]
        for mask, value, pattern in cases:
            with self.subTest(pattern=pattern, value=value.name, parameters=value.parameters):
                self.refuses(bad(mask, value), pattern)

    def test_a_wrong_result_is_refused(self):
        self.refuses(one(Entry(0, b"abcd", lambda d: chunk(Coded("none"), raw(b"abcx")))), "something else")


class FrameTests(Base):
    def stream(self, body, size, dense=bytes(1000)):
        made = b"\0\0\0\5\1\1\1\1" + varint(size) + varint(len(body)) + body        # none, bytes with stride 1
        return one(Entry(0, dense, lambda d: made))

    def test_frames(self):
        good = frame(bytes(1000))
        self.check(self.stream(good, 1000))
        self.check(self.stream(zstandard.ZstdCompressor(write_checksum=True).compress(bytes(1000)), 1000))
        for body, pattern in (
                (good + b"x", "longer"), (good + good, "longer"), (good[:-1], "short"), (b"", "short"),
                (frame(bytes(999)), "another size"), (b"\x50\x2A\x4D\x18\1\0\0\0x" + good, "not a zstd"),
                (zstandard.ZstdCompressor(write_content_size=False).compress(bytes(1000)), "declare"),
                (b"\x28\xB5\x2F\xFD" + bytes([0x41, 0, 7]) + struct.pack("<H", 744) + b"\3\0\0", "dictionary"),
                (b"\x28\xB5\x2F\xFD" + bytes([0x40, 0x78]) + struct.pack("<H", 744) + b"\3\0\0", "window"),
                (b"\x28\xB5\x2F\xFD" + bytes([0x48, 0]) + struct.pack("<H", 744) + b"\3\0\0", "reserved"),
                # RLE blocks: more and less than the frame declares
                (b"\x28\xB5\x2F\xFD" + bytes([0x60]) + struct.pack("<H", 744)
                 + struct.pack("<I", 1001 << 3 | 3)[:3] + b"\0", "stream"),
                (b"\x28\xB5\x2F\xFD" + bytes([0x60]) + struct.pack("<H", 744)
                 + struct.pack("<I", 999 << 3 | 3)[:3] + b"\0", "stream"),
                (b"\x28\xB5\x2F\xFD" + bytes([0x60]) + struct.pack("<H", 744) + b"\7\0\0", "unknown type")):
            with self.subTest(pattern=pattern, body=body[:12]):
                self.refuses(self.stream(body, 1000), pattern)
        self.check(self.stream(b"\x28\xB5\x2F\xFD" + bytes([0x60]) + struct.pack("<H", 744)
                               + struct.pack("<I", 1000 << 3 | 3)[:3] + b"\0", 1000))

    def test_empty_frames(self):
        empty = frame(b"")

        def entry(body):                       # bitmask; bytes with stride 1, nothing of it
            head = b"\1\1\1\1\0\1\5\1\1\1\1\0" + varint(len(body))
            return one(Entry(0, bytes(8), lambda d: head + b"\0" + body))
        self.check(entry(empty))
        self.refuses(entry(b"\x28\xB5\x2F\xFD\x20\0" + struct.pack("<I", 50 << 3 | 3)[:3] + b"\0"), "frame|stream")


class GridTests(Base):
    def tensor(self, rows_of, row_bytes, rows=0, part=0, shape=None, type=1, **more):
        dense = self.random.randbytes(rows_of * row_bytes)
        entry = Entry(0, dense, rows=rows, part=part, rowbytes=row_bytes, shape=shape, type=type, name="t", **more)
        return dense, entry

    def test_grids(self):
        for rows, part in ((1, 0), (2, 0), (3, 0), (5, 0), (100, 0), (0, 2), (0, 6), (0, 14)):
            dense, entry = self.tensor(5, 14, rows, part, [5, 7])
            self.round_trip(one(entry), dense)
        dense, entry = self.tensor(6, 10, 4, 0, [2, 3, 5])
        self.round_trip(one(entry), dense)
        dense, entry = self.tensor(1, 30, 0, 8, [15])                         # rank 1: one row
        self.round_trip(one(entry), dense)
        dense, entry = self.tensor(1, 2, 1, 0, [])                            # rank 0
        self.round_trip(one(entry), dense)

    def test_blocks(self):
        dense, entry = self.tensor(3, 36, 2, 0, [3, 64], type=5)
        self.round_trip(one(entry), dense)
        dense, entry = self.tensor(3, 36, 0, 18, [3, 64], type=5)
        self.round_trip(one(entry), dense)
        dense, entry = self.tensor(1, 36, 1, 0, [4, 16], type=5)              # no whole blocks in a row: one row
        self.round_trip(one(entry), dense)
        dense, entry = self.tensor(1, 6, 0, 4, [4, 3], type=4)
        self.round_trip(one(entry), dense)
        dense, entry = self.tensor(3, 36, 0, 20, [3, 64], type=5)
        self.refuses(one(entry), "cuts blocks")
        dense, entry = self.tensor(1, 18, 1, 0, [33], type=5)
        self.refuses(one(entry), "whole blocks")

    def test_empty(self):
        for shape in ([0], [3, 0], [0, 7], [0, 2 ** 62, 2 ** 62]):
            for rows, part in ((1, 0), (2 ** 60, 0), (0, 2)):
                self.round_trip(one(Entry(0, b"", rows=rows, part=part, shape=shape, type=1)), b"")

    def test_refused_grids(self):
        dense, entry = self.tensor(5, 14, 2, 0, [5, 7])
        entry.part = 2
        self.refuses(one(entry), "both rows and parts")
        entry.rows = entry.part = 0
        self.refuses(one(entry), "neither")
        entry.rows = 1
        self.refuses(one(entry), "directory")
        _, entry = self.tensor(1, 9 << 20, 1, 0, [9 << 20], type=0)
        self.refuses(one(entry), "too large")
        self.refuses(one(Entry(0, b"ab", shape=[2 ** 61, 2 ** 61], type=0)), "too large")
        entry = Entry(0, b"ab", shape=[2 ** 50], type=0, rows=0, part=2, spans=[(0, 2)])

        class Huge(File):
            def content(self, entries):
                return range(2 ** 50)

        self.refuses(build([entry], [Huge("", [(0,)])]), "directory is too short")
        _, entry = self.tensor(2, 14, 0, 28, [2, 7], spans=[(0, 28)])
        self.refuses(one(entry), "longer than a row")
        entry = Entry(0, b"", shape=[0], type=1)
        entry.part = 0
        self.refuses(one(entry), "neither")

    def test_eight_mebibytes(self):
        word = b"\1\2"
        dense = word * (4 << 20)
        self.round_trip(one(Entry(0, dense, lambda d: chunk(Coded("none"), constant(d, 2)), type=1, shape=[4 << 20])),
                        dense)

    def test_ranges_of_literals(self):
        dense = self.random.randbytes(100)
        literal = Entry(2, dense, part=16)
        tensor = Entry(0, b"1234", name="t")
        file = File("", [(0, 0, 7), (1,), (0, 7, 9), (0, 16, 0), (0, 16, 32), (0, 50, 3), (0, 0, 100), (0, 100, 0)])
        self.round_trip(build([literal, tensor], [file]), file.content([literal, tensor]))
        file = File("", [(0, 0, 7), (1,), (0, 7, 9), (1,)])
        self.refuses(build([literal, tensor], [file]), "one name|used twice")


class FileTests(Base):
    def folder_entries(self):
        w = Entry(0, self.floats(300, 2), lambda d: chunk(Coded("none"), planes(d, 2), True), rows=2, rowbytes=60,
                  shape=[10, 30], type=1, name="w")
        return [Entry(2, b"header of one"), w, Entry(2, b"header of two"), Alias(w, 1, "w"), Alias(w, 1, "tied"),
                Entry(0, b"xy", type=1, shape=[1], name="only here"), Entry(1, b"# a card\n" * 10, part=30)]

    def folder(self, **more):
        entries = self.folder_entries()
        files = [File("one.safetensors", [(0, 0, 13), (1,), (5,)], 0o644),
                 File("sub/two.safetensors", [(2, 0, 13), (3,), (4,)], 0o600),
                 File("sub/README.md", [(6, 0, 90)], 0o755, ""), File("empty", [], 0o644, "")]
        return entries, files, build(entries, files, kind=1, **more)

    def run_main(self, *arguments):
        out, err = io.TextIOWrapper(io.BytesIO()), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = tare_decode.main(list(arguments))
        out.flush()
        return code, out.buffer.getvalue(), err.getvalue()

    def test_folder(self):
        for compress in (False, True):
            entries, files, data = self.folder(compress_index=compress)
            self.check(data)
            out = os.path.join(self.folder_path(), f"out{compress}")
            self.assertEqual(self.run_main(self.path, out)[0], 0)
            found = sorted(os.path.relpath(os.path.join(d, n), out) for d, _, ns in os.walk(out) for n in ns)
            self.assertEqual(found, sorted(f.path for f in files))
            for file in files:
                with open(os.path.join(out, file.path), "rb") as f:
                    self.assertEqual(f.read(), file.content(entries))
                self.assertEqual(stat.S_IMODE(os.stat(os.path.join(out, file.path)).st_mode), file.mode)
            self.assertEqual(self.run_main(self.path, out)[0], 74)            # it exists

    def folder_path(self):
        return os.path.dirname(self.path)

    def test_command_line(self):
        entries, _, data = self.folder()
        self.open(data).file.close()
        code, out, _ = self.run_main(self.path, "--list")
        self.assertEqual(code, 0)
        self.assertIn(b'"w" BF16 [10, 30] 600 bytes', out)
        self.assertIn(b'alias of "w"', out)
        self.assertEqual(self.run_main(self.path, "--check")[0], 0)
        self.assertEqual(self.run_main(self.path, "--tensor", "tied")[:2], (0, entries[1].dense))
        code, out, err = self.run_main(self.path, "--tensor", "w")
        self.assertEqual((code, out), (65, b""))
        self.assertIn("--file", err)
        self.assertEqual(self.run_main(self.path, "--tensor", "w", "--file", "sub/two.safetensors")[:2],
                         (0, entries[1].dense))
        self.assertEqual(self.run_main(self.path, "--tensor", "nothing")[0], 65)
        self.assertEqual(self.run_main(self.path + "x", "--check")[0], 74)

    def test_expansion(self):
        data = one(Entry(0, bytes(65 << 20), lambda d: chunk(Coded("none"), constant(d, 1)), part=5 << 20))
        self.open(data).file.close()
        out = os.path.join(self.folder_path(), "out")
        code, _, err = self.run_main(self.path, out)
        self.assertEqual(code, 65)
        self.assertIn("--max-expansion", err)
        self.assertEqual(self.run_main(self.path, out, "--max-expansion", "100000")[0], 0)
        self.assertEqual(os.path.getsize(out), 65 << 20)

    def test_paths(self):
        def folder(*paths):
            return build([Entry(1, b"x")], [File(p, [(0, 0, 1)], 0o644, "") for p in paths], kind=1)

        for paths in (["a", "b"], ["a/b", "a/c"], ["a/b", "A/c"], ["…"], ["x" * 255], ["a.b", "a/b"], ["straße", "STRASSE"]):
            self.check(folder(*paths))
        for paths in (["/a"], [""], ["a//b"], ["a/"], ["."], ["a/.."], ["../a"], ["a\0b"], ["x" * 256], ["…" * 86],
                      ["a", "a"], ["a", "A"], ["a", "A/b"], ["A/b", "a"], ["É", "é"], [b"\xff"],
                      ["a/./b"]):
            with self.subTest(paths=paths):
                self.refuses(folder(*paths), "path|UTF-8")
        self.refuses(build([Entry(1, b"x")], [File("a", [(0, 0, 1)])]), "single file")
        self.refuses(build([Entry(1, b"x")], [File("", [(0, 0, 1)], 0o644)]), "single file")
        self.refuses(build([Entry(1, b"x")], [File("a", [(0, 0, 1)], 0o1644)], kind=1), "mode")

    def test_refused_index(self):
        w, lit = Entry(0, b"abcd", name="w"), Entry(2, b"efgh")
        for entries, operations, pattern in (
                ([Alias(w, 0, "a"), w], [], "no earlier tensor"),
                ([w, Alias(w, 1, "a")], [], "no earlier tensor"),
                ([w, Alias(w, 0, "a"), Alias(w, 1, "b")], [], "no earlier tensor"),
                ([lit, Alias(w, 0, "a")], [], "no earlier tensor"),
                ([w, Alias(w, 0, "a", shape=[2, 2])], [], "differs"),
                ([w, Alias(w, 0, "a", type=1, shape=[2])], [], "differs"),
                ([w, Alias(w, 0, "a", type=99)], [], "does not list"),
                ([w, lit], [(0, 0, 4)], "range of a tensor"),
                ([w, lit], [(1,)], "tensor that is none"),
                ([w, lit], [(1, 1, 4)], "past the end")):
            with self.subTest(pattern=pattern):
                self.refuses(build(entries, [File("", operations)]), pattern)
        self.refuses(build([w], [File("", [(0,)])], types=[("U8", 0, 1)]), "empty block")
        self.refuses(build([w], [File("", [(0,)])], types=[("U8", 1, 0)]), "empty block")

    def test_boxes(self):
        """Words turned, boxes padded, and what can't be."""
        import numpy as np
        values = np.arange(12, dtype="<u2").reshape(3, 4)
        w, swap = Entry(0, values.tobytes(), rows=3, name="w", type=6, shape=[3, 4], rowbytes=8), ((1, varint(2) + varint(1)),)
        turned = values.astype(">u2")
        left, right = [(0, 3, 3), (0, 2, 2)], [(0, 3, 4), (2, 2, 3)]
        padded = np.full((4, 3), 0x0201, ">u2")
        padded[:3, :2] = turned[:, 2:]
        fill = bytes([1, 2])

        def boxed(*operations, entries=(w,)):
            return build(list(entries), [File("", [(0, o) for o in operations], container="")])

        good = (Boxed(left, turned[:, :2].tobytes(), swap), Boxed(right, padded.tobytes(), swap, fill))
        packed = self.open(boxed(*good))
        out = []
        packed.rebuild(packed.files[0], out.append)
        self.assertEqual(b"".join(out), turned[:, :2].tobytes() + padded.tobytes())
        packed.check()
        self.assertEqual([e.name for _, e in packed.tensors()], ["w"])
        packed.file.close()
        nothing = [(0, 0, 0), (0, 0, 0)]
        self.check(boxed(Boxed(nothing, b"")))
        scalar = Entry(0, b"ab", rows=1, name="s", type=6, shape=[])
        self.check(boxed(Boxed([], b"ba", swap), entries=[scalar]))
        self.check(boxed(Boxed([], b""), entries=[scalar]))
        square = values.tobytes()
        planes = values.view(np.uint8).reshape(-1, 2).T.tobytes()
        whole = [(0, 3, 3), (0, 4, 4)]
        shuffle, deflate = (2, varint(2)), (3, bytes([6]) + struct.pack("<Q", zlib_identity(6, xxh3)))
        self.check(boxed(Boxed(whole, zlib.compress(planes, 6), (shuffle, deflate))))
        self.check(boxed(Boxed(whole, square + struct.pack("<I", 0x1E014200), ((4, b""),))))
        # What this decoder does not have is no damage, and blocks the file alone.
        for operation, pattern in ((Boxed(whole, zlib.compress(planes, 6), (shuffle, (3, b"\6" + bytes(8)))), "another zlib"),
                                   (Boxed(left, turned[:, :2].tobytes(), ((9, b"x"),)), "transform 9")):
            self.check(boxed(operation))
            packed = self.open(boxed(operation))
            with packed.file, self.assertRaisesRegex(UnknownTransform, pattern):
                packed.rebuild(packed.files[0], out.append)
        self.refuses(boxed(Boxed(whole, square, ((2, varint(0)),))), "no bytes")
        self.refuses(boxed(Boxed(whole, square, ((3, b"\n" + bytes(8)),))), "no such level")
        made = turned[:, :2].tobytes()
        for operation, pattern in (
                (Boxed([(0, 4, 4), (0, 2, 2)], made, swap), "does not fit"),
                (Boxed([(0, 3, 2), (0, 2, 2)], made, swap), "does not fit"),
                (Boxed(left, made, swap, fill), "padded with"),
                (Boxed(right, padded.tobytes(), swap), "padded with"),
                (Boxed([(0, 3, 1 << 40), (0, 2, 2)], made, swap, fill), "too large"),
                (Boxed([(0, 3, 1 << 20), (0, 2, 2)], made, swap, fill), "too much or too little"),
                (Boxed([(0, 0, 0), (0, 2, 2)], made, swap), "of nothing"),
                (Boxed(left, b"", swap), "nothing of something"),
                (Boxed(left, made, swap * 9), "too many"),
                (Boxed(left, made, ((1, b""),)), "no words"),
                (Boxed(left, made, ((1, varint(3) + varint(1)),)), "impossible"),
                (Boxed(left, made, ((1, varint(8) + varint(1)),)), "cuts blocks"),
                (Boxed(left, made[:-2], swap), "something else"),
                (Boxed(left, made, swap, hash=0), "something else")):
            with self.subTest(pattern=pattern):
                self.refuses(boxed(operation), pattern)
        self.refuses(boxed(good[0], good[0], good[0]), "fewer elements")
        self.refuses(build([w], [File("", [(0,), (0, good[0])], container="")]), "used twice")
        self.refuses(build([w], [File("", [(0, good[0]), (0,)], container="")]), "used twice")

    def test_views(self):
        """Tensors in one piece and in tiles, and what is none."""
        content = bytes(range(64))
        lit, w = Entry(2, content, part=10), Entry(0, b"abcd", name="w")

        def viewed(*made, text=None, operations=None, container="x"):
            note = Entry(2, views(*made) if text is None else text)
            operations = operations or [(0, 0, 64), (1,), (2, Note(4))]
            return build([lit, w, note], [File("", operations, container=container)])

        tiles = dict(shape=[3, 3], type=("U16", 1, 2), chunk=[2, 2], fill=b"\7\0", filters=[(2, 1, [2])])
        stored = [(0, 3, 8, 0), (2, 20, 8, 1)]
        with self.open(viewed(view("t", **tiles, stored=stored), view("p", [2], ("U32", 1, 4), 1, offset=61 - 8))) as packed:
            packed.check()
            found = {tensor.name: packed.data(tensor) for _, tensor in packed.tensors()}
        pairs = {(0, 0): 3, (0, 1): 4, (1, 0): 5, (1, 1): 6}
        want = [(pairs[r, c], pairs[r, c] + 4) if (r, c) in pairs else (20, 21) if (r, c) == (2, 2) else (7, 0)
                for r in range(3) for c in range(3)]
        self.assertEqual(found, {"w": b"abcd", "t": bytes(n for pair in want for n in pair),
                                 "p": bytes([56, 55, 54, 53, 60, 59, 58, 57])})
        # What this decoder does not have is no damage, and blocks the tensor alone.
        future = viewed(view("t", [2], chunk=[2], filters=[(99, 1, [])], stored=[(0, 0, 8, 0)]))
        self.check(future)
        with self.open(future) as packed, self.assertRaisesRegex(UnknownFilter, "filter 99"):
            packed.data(packed.tensor("t"))
        plain = dict(shape=[4], chunk=[2])
        for made, pattern in (
                (view("t", [18], offset=0), "beyond its file"), (view("t", [1], offset=1 << 62), "beyond its file"),
                (view("w", [1], offset=0), "two tensors"), (view("t", [1], ("F4", 2, 1), offset=0), "type of blocks"),
                (view("t", [1], ("X", 1, 4), 1, offset=0), "not known"), (view("t", [1], turned=2, offset=0), "a flag"),
                (view("t", [1 << 40], chunk=[1], stored=()), "out of proportion"),
                (view("t", [1 << 32, 1 << 32], chunk=[1, 1]), "too large"), (view("t", [], chunk=[]), "without dimensions"),
                (view("t", [4], chunk=[0]), "chunks of nothing"), (view("t", [4], chunk=[1 << 62]), "too large"),
                (view("t", **plain, fill=b""), "filled with"), (view("t", **plain, fill=b"abc"), "filled with"),
                (view("t", **plain, stored=[(2, 0, 8, 0)]), "beyond its grid"),
                (view("t", **plain, stored=[(0, 61, 8, 0)]), "beyond its file"),
                (view("t", **plain, filters=[(3, 0, [])] * 33), "more than 32"),
                (view("t", **plain, stored=[(0, 0, 9, 0)]), "another number of bytes"),
                (view("t", **plain, filters=[(32000, 1, [])], stored=[(0, 40, 9, 0)]), "lies before the chunk")):
            with self.subTest(pattern=pattern):
                self.refuses(viewed(made), pattern)
        self.refuses(viewed(view("t", [1], offset=0), view("t", [1], offset=0)), "two tensors")
        self.refuses(viewed(text=varint(9)), "too short for what it counts")
        self.refuses(viewed(text=views() + b"x"), "longer than")
        self.refuses(viewed(container=""), "has views")
        self.refuses(viewed(operations=[(0, 0, 64), (1,), (2, Note(4)), (2, Note(4))]), "the second")
        self.refuses(viewed(operations=[(0, 0, 64), (1, Note(4)), (2, Note(3))]), "no literal")

    def test_every_filter_of_a_view(self):
        import base64
        from chunk_filters import Filters

        def fnv1a64(data):
            value = 0xCBF29CE484222325
            for byte in data:
                value = (value ^ byte) * 0x100000001B3 & (1 << 64) - 1
            return value

        folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "testdata", "filters")
        with open(os.path.join(folder, "chunks.tsv")) as table:
            rows = [line.rstrip("\n").split("\t") for line in table][1:]
        for name, filters, mask, size, want, chunk in rows:
            with self.subTest(name=name):
                filters = [list(map(int, filter(None, f.split(",")))) for f in filters.split(";") if f != "-"]
                undo = Filters([(f[0], f[2:]) for f in filters], tare_decode.need, UnknownFilter).undo
                chunk = base64.b64decode(chunk)
                self.assertEqual(fnv1a64(undo(chunk, int(size), int(mask))), int(want, 16))
                if filters and not int(mask):
                    for damaged in (chunk[:-1], chunk + b"x"):
                        with self.assertRaises(PackedError):
                            undo(damaged, int(size), 0)

    def test_file_sizes_and_digests(self):
        class Lying(File):
            def record(self, entries):
                return change(super().record(entries))

        entries = [Entry(2, b"abcd")]
        for change, pattern in ((lambda r: r[:3] + b"\5" + r[4:], "add up"),
                                (lambda r: r[:4] + bytes([r[4] ^ 1]) + r[5:], "not the one"),
                                (lambda r: r + b"\0", "longer"), (lambda r: r[:-1], "short")):
            self.refuses(build(entries, [Lying("", [(0, 0, 4)], container="")]), pattern)

    def test_outside(self):
        good = Entry(0, b"abcd", name="w")
        self.refuses(one(good, version=1), "version 1")
        self.refuses(one(good, requires="palette"), "requires palette")
        self.refuses(one(good, lengthen=1), "zstd")
        self.refuses(one(good, lengthen=1 << 30), "too large")
        self.refuses(one(good, damage=lambda what, d: d + b" " if what == "header" else d), "padded")
        for old, new in ((b'"w#0"', b'"w#0'), (b'"U8"', b'"I8"'), (b'"tare:index"', b'"tare:other"'),
                         (b'offsets":[0,', b'offsets":[1,'), (b'"shape":[', b'"shape":[9'),
                         (b'"data_offsets"', b'"offsets"'), (b'_offsets":[0', b'_offsets":[0,0'), (b'""', b'"",[]')):
            def damage(what, data):
                if what != "header":
                    return data
                data = data.rstrip().replace(old, new)
                return data + b" " * (-len(data) % 8)
            with self.subTest(new=new):
                self.refuses(one(good, damage=damage), "header")


class GalleryTests(Base):
    def test_hostile_files(self):
        folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../testdata/hostile/packed")
        with open(os.path.join(folder, "expected.tsv")) as table:
            rows = [line.split("\t") for line in table.read().splitlines()[1:]]
        for name, opinion in dict((row[0], row[1]) for row in rows).items():
            with self.subTest(name=name):
                try:
                    base = open_base(os.path.join(folder, "base.safetensors")) if name.startswith("delta_") else None
                    with PackedFile(os.path.join(folder, name), base) as packed:
                        packed.check()
                    found = "accepts"
                except PackedError:
                    found = "refuses"
                self.assertEqual(found, opinion)


class DamageTests(Base):
    def sample(self, **more):
        """A small folder in which every kind of structure occurs."""
        def encode(d):
            first, rest = split(d, 2, "gaps")
            return chunk(first, fused(rest, 2, 8, 3, [1, 2, 3], shared=True), True)

        def encode2(d):
            first, rest = split(d, 2, "bitmask")
            return chunk(first, planes(rest, 2))

        w = Entry(0, self.floats(60, 2, 0.4, True), encode, rows=3, rowbytes=20, shape=[6, 10], type=1, name="w",
                  shared=[bytes([1, 2, 3])], compress_shared=True)
        v = Entry(0, self.floats(16, 2, 0.4), encode2, type=1, shape=[16], name="v")
        entries = [Entry(2, b"a header", part=5), w, Alias(w, 1, "a"), v, Entry(1, b"a card")]
        files = [File("m", [(0, 0, 8), (1,), (2,), (3,)], 0o644), File("r", [(4, 0, 6)], 0o644, "")]
        return entries, files, build(entries, files, kind=1, **more)

    def everything(self, data):
        """What comes out, or None where it is refused; any other error is let through."""
        out = []
        try:
            with self.open(data) as packed:
                packed.check()
                list(packed.catalog())
                for file in packed.files:
                    if file.bytes > 1 << 24:
                        raise PackedError("too large for this test")
                    parts = []
                    packed.rebuild(file, parts.append)
                    out.append(b"".join(parts))
        except PackedError:
            return None
        return out

    def test_flipped_bits(self):
        for compress in (False, True):
            entries, files, data = self.sample(compress_index=compress)
            self.assertEqual(self.everything(data), [f.content(entries) for f in files])
            for i in range(len(data)):
                damaged = bytearray(data)
                damaged[i] ^= 1 << self.random.randrange(8)
                self.assertIsNone(self.everything(damaged), f"byte {i}")

    def test_cut_off(self):
        _, _, data = self.sample()
        for i in range(len(data)):
            self.assertIsNone(self.everything(data[:i]), f"length {i}")
            self.assertIsNone(self.everything(data[i + 1:]), f"from {i + 1}")
        self.assertIsNone(self.everything(data + b"\0"))

    def test_damage_under_good_checksums(self):
        """Structures damaged before their hashes are taken: refused, or harmless, but never another error."""
        def spoil(data):
            data = bytearray(data)
            for _ in range(self.random.randint(1, 2)):
                at = self.random.randrange(len(data))
                how = self.random.randrange(5)
                if how == 0:
                    data[at] ^= 1 << self.random.randrange(8)
                elif how == 1:
                    data[at] = self.random.choice((0, 1, 127, 128, 255))
                elif how == 2:
                    del data[at]
                elif how == 3:
                    data.insert(at, self.random.randrange(256))
                else:
                    data[at:at] = varint(self.random.getrandbits(self.random.choice((8, 20, 40, 62))))
            return bytes(data)

        for target in ("index", "directory", "header"):
            for _ in range(700):
                self.everything(self.sample(damage=lambda what, data: spoil(data) if what == target and data else data)[2])
        for _ in range(1500):
            entries, files, _ = self.sample()
            want = [f.content(entries) for f in files]
            entry = entries[self.random.choice((0, 1, 3, 4))]
            i = self.random.randrange(len(entry.chunks))
            entry.chunks[i] = spoil(entry.chunks[i])
            self.assertIn(self.everything(build(entries, files, kind=1)), (None, want))

    def test_random_files(self):
        _, _, data = self.sample()
        for n in (0, 1, 8, 72, 100, 160, 500):
            self.assertIsNone(self.everything(self.random.randbytes(n)))
            self.assertIsNone(self.everything(data[:n] + self.random.randbytes(n)))
            self.assertIsNone(self.everything(self.random.randbytes(n) + data[-72:]))


if __name__ == "__main__":
    unittest.main()
