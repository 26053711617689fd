"""Tensors that are read through the bytes of a file: packed.md, section 4, views."""

import math

import numpy as np

from chunk_filters import Filters

MAX_RANK = 1024
MAX_CHUNK = 256 << 20
KNOWN = {"C64": 4} | {name: size for size, names in enumerate((
    "", "BOOL U8 I8 F8_E4M3 F8_E5M2 F8_E4M3FNUZ F8_E5M2FNUZ F8_E8M0", "I16 U16 F16 BF16", "", "I32 U32 F32",
    "", "", "", "I64 U64 F64")) for name in names.split()}  # bytes of a number of each type


def read_views(c, file_bytes, names, need, Unknown):
    """All views of a file; `names` are those of its other tensors."""
    views, left = [], max(1000 * file_bytes, 4 << 30)
    for _ in range(c.count(7)):
        view = View(c, file_bytes, need, Unknown)
        left -= view.bytes
        need(left >= 0, "the views are out of proportion to the file")
        need(view.name not in names, f"the file has two tensors {view.name!r}")
        names.add(view.name)
        views.append(view)
    c.end()
    return views


class View:
    def __init__(self, c, file_bytes, need, Unknown):
        self.need = need
        self.name, self.type = c.string(), (c.string(), c.varint(), c.varint())
        self.shape = tuple(c.varint() for _ in range(self.rank(c)))
        size = self.size = self.type[2]
        need(self.type[1] == 1 and 1 <= size <= 8 << 20, "a view has a type of blocks")
        need(size == {"C64": 8}.get(self.type[0], KNOWN.get(self.type[0], size)), "a view has a type of another size")
        elements = 1
        for dimension in self.shape:
            elements *= dimension
            need(elements < 1 << 64, "a view is too large")
        self.bytes = elements * size
        need(elements < 1 << 63 and self.bytes < 1 << 61, "a view is too large")
        self.turned = self.flag(c)
        need(not self.turned or self.type[0] in KNOWN, "a view is turned whose type is not known")
        self.chunks = None
        if not self.flag(c):
            self.offset = c.varint()
            need(self.offset + self.bytes <= file_bytes, "a view lies beyond its file")
            return
        need(self.shape, "a view without dimensions has chunks")
        self.chunk = tuple(c.varint() for _ in self.shape)
        need(all(self.chunk), "a view has chunks of nothing")
        self.edges, self.fill = self.flag(c), c.take(c.count())
        need(self.fill and len(self.fill) % size == 0, "a view is filled with something else than elements")
        filters = []
        for _ in range(c.count(3)):
            number, _ = c.varint(), self.flag(c)
            filters.append((number, [int.from_bytes(c.take(4), "little") for _ in range(c.count(4))]))
        self.filters = Filters(filters, need, Unknown)
        self.chunk_bytes = math.prod(self.chunk) * size
        need(self.chunk_bytes < 1 << 63, "a view has chunks that are too large")
        self.grid = tuple(-(-n // step) for n, step in zip(self.shape, self.chunk))
        need(math.prod(self.grid) < 1 << 63, "a view has too many chunks")
        self.chunks, number = {}, -1
        for _ in range(c.count(7)):
            number += 1 + c.varint()
            offset, length, mask = c.varint(), c.varint(), int.from_bytes(c.take(4), "little")
            need(number < math.prod(self.grid), "a view has a chunk beyond its grid")
            need(length < 1 << 32 and offset + length <= file_bytes, "a view has a chunk beyond its file")
            need(not filters or length <= 2 * self.chunk_bytes + 65536, "a view has a chunk of too many bytes")
            self.chunks[number] = offset, length, mask

    def rank(self, c):
        rank = c.count()
        self.need(rank <= MAX_RANK, "a view has too many dimensions")
        return rank

    def flag(self, c):
        value = c.u8()
        self.need(value < 2, "a view has a flag that is none")
        return value

    def data(self, read):
        """The tensor's bytes; `read` gives `length` bytes of the file from `offset` on."""
        if self.chunks is None:
            out = read(self.offset, self.bytes)
        else:
            out = self.assembled(read)
        if self.turned:
            out = np.frombuffer(out, np.uint8).reshape(-1, KNOWN[self.type[0]])[:, ::-1].tobytes()
        return out

    def assembled(self, read):
        if self.filters.filters and self.chunk_bytes > MAX_CHUNK:
            raise self.filters.Unknown("chunks of more than 256 MiB are not decoded")
        whole = np.resize(np.frombuffer(self.fill, np.uint8), self.bytes).reshape(*self.shape, self.size)
        for number, (offset, length, mask) in self.chunks.items():
            place = np.unravel_index(number, self.grid)
            box = tuple(slice(k * step, min((k + 1) * step, n)) for k, step, n in zip(place, self.chunk, self.shape))
            cut = tuple(slice(b.stop - b.start) for b in box)
            reaches_beyond = any(b.stop - b.start < step for b, step in zip(box, self.chunk))
            if self.edges and reaches_beyond:
                mask = 0xFFFFFFFF
            data = self.filters.undo(read(offset, length), self.chunk_bytes, mask)
            whole[box] = np.frombuffer(data, np.uint8).reshape(*self.chunk, self.size)[cut]
        return whole.tobytes()
