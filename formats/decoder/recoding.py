"""What operations of kind 2 make of a box of a tensor: packed.md, section 4."""

import functools
import math
import struct
import zlib

import numpy as np

MAX_BOX = 64 << 20
MAX_MADE = 65 << 20


class Recoding:
    """`need(condition, message)` reports what does not hold; `Unknown` is raised for a transform that is not had;
    `hash_of` is XXH3."""

    def __init__(self, c, entry, need, Unknown, hash_of):
        self.entry, self.need, self.Unknown, self.hash_of = entry, need, Unknown, hash_of
        self.sides = [(c.varint(), c.varint(), c.varint()) for _ in entry.shape]
        self.fill = c.take(c.count())
        count = c.count(2)
        need(count <= 8, "an operation has too many transforms")
        self.transforms = [self.transform(c) for _ in range(count)]
        self.bytes, self.hash = c.varint(), c.u64()
        self.check()

    def transform(self, c):
        number, parameters = c.varint(), c.take(c.count())
        inner, words = type(c)(parameters, "a transform"), []
        if number == 2:
            words = inner.varint()
            self.need(words > 0, "a transform has elements of no bytes")
            inner.end()
        elif number == 3:
            words = inner.u8(), inner.u64()
            self.need(words[0] <= 9, "a transform has no such level of zlib")
            inner.end()
        elif number == 4:
            inner.end()
        if number != 1:
            return number, words
        while inner.left:
            size, count = inner.varint(), inner.varint()
            self.need(size in (1, 2, 4, 8) and 1 <= count <= 8 << 20, "a transform has impossible words")
            words.append((size, count))
        self.need(words, "a transform has a block of no words")
        return number, words

    def check(self):
        entry, need, empty = self.entry, self.need, any(count == 0 for _, count, _ in self.sides)
        self.blocks = []                       # start, count and padded, in blocks along the last dimension
        for axis, (side, dimension) in enumerate(zip(self.sides, entry.shape)):
            unit = entry.block_elements if axis == len(entry.shape) - 1 else 1
            start, count, padded = side
            need(start + count <= dimension and padded >= count and not any(n % unit for n in side),
                 "a box does not fit its tensor")
            self.blocks.append((start // unit, count // unit, padded // unit))
        self.box_bytes = math.prod(padded for _, _, padded in self.blocks) * entry.block_bytes
        need(self.box_bytes <= MAX_BOX, "a box is too large")
        is_padded = any(padded > count for _, count, padded in self.sides)
        need(len(self.fill) == (entry.block_bytes if is_padded else 0), "a box is padded with something else than blocks")
        self.elements = math.prod(count for _, count, _ in self.sides)
        if self.bytes == 0:
            need(not self.transforms and (not self.sides or all(side[1:] == (0, 0) for side in self.sides)),
                 "an operation makes nothing of something")
        else:
            need(not empty, "an operation makes something of nothing")
            need(self.bytes <= MAX_MADE and self.box_bytes <= 1040 * self.bytes + 1024, "an operation makes too much or too little")

    def made(self, tensor):
        """The bytes, from all those of the tensor."""
        entry = self.entry
        size = entry.block_bytes
        shape = list(entry.shape)
        if shape:
            shape[-1] //= entry.block_elements
        whole = np.frombuffer(tensor, np.uint8).reshape(*shape, size)
        box = whole[tuple(slice(start, start + count) for start, count, _ in self.blocks)]
        if self.fill:
            padded = np.empty((*(padded for _, _, padded in self.blocks), size), np.uint8)
            padded[...] = np.frombuffer(self.fill, np.uint8)
            padded[tuple(slice(count) for _, count, _ in self.blocks)] = box
            box = padded
        data = box.tobytes()
        for number, parameters in self.transforms:
            if number == 1:
                data = self.swapped(data, parameters)
            elif number == 2:
                data = shuffled(data, parameters)
            elif number == 3:
                data = self.deflated(data, *parameters)
            elif number == 4:
                data += struct.pack("<I", fletcher32(data))
            else:
                raise self.Unknown(f"transform {number} is not known")
        self.need(len(data) == self.bytes, "an operation makes something else than was packed")
        return data

    def deflated(self, data, level, identity):
        if zlib_identity(level, self.hash_of) != identity:
            raise self.Unknown("a run was compressed by another zlib")
        return zlib.compress(data, level)

    def swapped(self, data, words):
        size = sum(word * count for word, count in words)
        self.need(len(data) % size == 0, "a transform cuts blocks")
        blocks = np.frombuffer(data, np.uint8).reshape(-1, size)
        out, at = np.empty_like(blocks), 0
        for word, count in words:
            part = slice(at, at + word * count)
            out[:, part] = blocks[:, part].reshape(-1, count, word)[:, :, ::-1].reshape(-1, word * count)
            at += word * count
        return out.tobytes()


@functools.lru_cache
def zlib_identity(level, hash_of):
    sample = bytes((i * i >> i % 13) & 255 for i in range(65536))
    return hash_of(zlib.compress(sample, level))


def shuffled(data, size):
    whole = len(data) // size * size
    return np.frombuffer(data[:whole], np.uint8).reshape(-1, size).T.tobytes() + data[whole:]


def fletcher32(data):
    words = np.frombuffer(data + bytes(len(data) % 2), ">u2").astype(np.uint64)
    if not len(words):
        return 0

    def folded(n):
        return n and (int(n) - 1) % 65535 + 1
    # The sum of a's values is that of each word as often as it is in one of them.
    weights = np.arange(len(words), 0, -1, dtype=np.uint64)
    a = folded(int(words.sum()))
    b = folded(sum(int(x) for x in (words * weights).reshape(-1)))
    return b << 16 | a
