"""The structures of HDF5 files (HDF5 file format specification, version 3.0) as bytes; every field can be made to lie.

Files of the first format: superblock 1, object headers 1, groups as symbol tables, chunks in B-trees of version 1.
"""

import struct
import zlib

UNDEFINED = 2**64 - 1
SIGNATURE = b"\x89HDF\r\n\x1a\n"
# Half of the least entries of nodes: groups, their leaves, chunks. Small ones make small files.
GROUP_K, LEAF_K, CHUNK_K = 2, 4, 2
SPACE, LINK_INFO, TYPE, FILL, LINK, EXTERNAL, LAYOUT, GROUP, FILTERS, ATTRIBUTE, CONTINUATION, TABLE = (
    1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 16, 17)


def u8(*values):
    return bytes(values)


def u16(*values):
    return struct.pack(f"<{len(values)}H", *values)


def u32(*values):
    return struct.pack(f"<{len(values)}I", *values)


def u64(*values):
    return struct.pack(f"<{len(values)}Q", *(value % 2**64 for value in values))


def padded(blob, unit=8):
    return blob + bytes(-len(blob) % unit)


# Messages of object headers.


def message(kind, body, flags=0, size=None):
    body = padded(body)
    return u16(kind, len(body) if size is None else size) + u8(flags, 0, 0, 0) + body


def space(*shape, most=None, rank=None, version=1, flags=None):
    rank = len(shape) if rank is None else rank
    flags = (1 if most else 0) if flags is None else flags
    return u8(version, rank, flags, 0, 0, 0, 0, 0) + u64(*shape) + (u64(*most) if most else b"")


def datatype(kind, bits=0, size=4, properties=b"", version=1):
    return u8(version << 4 | kind) + u32(bits)[:3] + u32(size) + properties


def float32(size=4, offset=0, precision=32, exponent=(23, 8), mantissa=(0, 23), bias=127, sign=31):
    return datatype(1, 0x20 | sign << 8, size, u16(offset, precision) + u8(*exponent, *mantissa) + u32(bias))


def integer(size=4, precision=None, offset=0, signed=True):
    return datatype(0, 8 if signed else 0, size, u16(offset, 8 * size if precision is None else precision))


def text(size):
    return datatype(3, 0, size)


def sequence(base, kind=0):
    """Of any length; kind 1 is a string."""
    return datatype(9, kind, 16, base)


def array(base, *shape, rank=None, size=4):
    return datatype(10, 0, size, u8(len(shape) if rank is None else rank, 0, 0, 0)
                    + u32(*shape) + u32(*[0] * len(shape)) + base, version=2)


def compound(*members, count=None, size=None):
    """Each member: a name, where it lies, and its type. No dimensions."""
    body = b"".join(padded(name + b"\0") + u32(place) + bytes(12) + bytes(16) + type for name, place, type in members)
    return datatype(6, len(members) if count is None else count, 8 if size is None else size, body)


def enumeration(base, names, values, count=None):
    return datatype(8, len(names) if count is None else count, 4,
                    base + b"".join(padded(name + b"\0") for name in names) + values)


def fill(value=None, size=None, allocation=2, version=2):
    if value is None:
        return u8(version, allocation, 2, 0)
    return u8(version, allocation, 2, 1) + u32(len(value) if size is None else size) + value


def compact(data, size=None):
    return u8(3, 0) + u16(len(data) if size is None else size) + data


def contiguous(address, size):
    return u8(3, 1) + u64(address, size)


def chunked(tree, *shape, element=4, rank=None, version=3, kind=2):
    return u8(version, kind, len(shape) + 1 if rank is None else rank) + u64(tree) + u32(*shape, element)


def filters(*each, count=None, version=1):
    """Each filter: its id, its parameters; then its flags and how many parameters it says it has."""
    body = b""
    for id, parameters, *rest in each:
        flags, said = (rest + [0, len(parameters)][len(rest):])[:2]
        body += u16(id, 0, flags, said) + u32(*parameters) + bytes(4 * (len(parameters) % 2))
    return u8(version, len(each) if count is None else count) + bytes(6) + body


def attribute(name, type, extent, data, version=1, sizes=None):
    name += b"\0"
    sizes = sizes or (len(name), len(type), len(extent))
    return u8(version, 0) + u16(*sizes) + padded(name) + padded(type) + padded(extent) + data


def link(name, kind, value, size=None):
    """Of a group that keeps its links in its header. Kinds: 0 hard, 1 soft, 64 external."""
    size = len(name) if size is None else size
    return u8(1, 8, kind, size) + name + (u64(value) if kind == 0 else u16(len(value)) + value)


def link_info(heap=UNDEFINED, names=UNDEFINED):
    return u8(0, 0) + u64(heap, names)


def external(heap, *slots, used=None):
    """Each slot: where its name lies in the heap, where its bytes in that file, and how many."""
    return u8(1, 0, 0, 0) + u16(len(slots), len(slots) if used is None else used) + u64(heap) + b"".join(
        u64(*slot) for slot in slots)


# What messages and superblock lead to.


def header(*messages, version=1, count=None, size=None):
    body = b"".join(messages)
    return u8(version, 0) + u16(len(messages) if count is None else count) + u32(
        1, len(body) if size is None else size, 0) + body


def tree(kind, level, *body, entries, signature=b"TREE", size=0, left=UNDEFINED, right=UNDEFINED):
    node = signature + u8(kind, level) + u16(entries) + u64(left, right) + b"".join(body)
    return node + bytes(max(0, size - len(node)))


def group_tree(*pairs, last, level=0, **lies):
    """Each pair: the key in front of a child, and the child."""
    lies = {"entries": len(pairs)} | lies
    return tree(0, level, *(u64(*pair) for pair in pairs), u64(last), size=24 + 8 * (4 * GROUP_K + 1), **lies)


def chunk_key(place, size=0, mask=0):
    return u32(size, mask) + u64(*place, 0)


def chunk_tree(*chunks, end, level=0, kind=1, **lies):
    """Each chunk: its place, its bytes in the file, its mask, and where it lies."""
    lies = {"entries": len(chunks)} | lies
    keys = [chunk_key(place, size, mask) + u64(address) for place, size, mask, address in chunks]
    rank = len(end)
    return tree(kind, level, *keys, chunk_key(end), size=24 + 2 * CHUNK_K * 8 + (2 * CHUNK_K + 1) * (16 + 8 * rank), **lies)


def symbols(*entries, signature=b"SNOD", version=1, count=None):
    """Each entry: where the name lies in the heap, the object's header, and how it is cached."""
    body = b"".join(u64(name, address) + u32(cache, 0) + scratch for name, address, cache, scratch in entries)
    node = signature + u8(version, 0) + u16(len(entries) if count is None else count) + body
    return node + bytes(max(0, 8 + 2 * LEAF_K * 40 - len(node)))


def local_heap(data, size, free=1, signature=b"HEAP", version=0):
    return signature + u8(version, 0, 0, 0) + u64(size, free, data)


def global_heap(*objects, size=None, signature=b"GCOL", version=1):
    """Each object: its number, its bytes, and how many it says they are."""
    body = b"".join(u16(number, 1) + bytes(4) + u64(said) + padded(data) for number, data, said in objects)
    total = max(4096, len(body) + 64)
    rest = total - 16 - len(body)
    body += u16(0, 0) + bytes(4) + u64(rest) + bytes(rest - 16)
    return signature + u8(version, 0, 0, 0) + u64(total if size is None else size) + body


class Image:
    """A file that grows; whatever is put into it begins at a multiple of 8."""

    def __init__(self, front=b""):
        self.front, self.bytes = front, bytearray(100)

    def put(self, blob):
        self.bytes += bytes(-len(self.bytes) % 8)
        self.bytes += blob
        return len(self.bytes) - len(blob)

    def reserve(self, size):
        return self.put(bytes(size))

    def set(self, address, blob):
        self.bytes[address:address + len(blob)] = blob

    def group(self, links, attributes=(), heap={}, table={}, node={}):
        """A group of these links, each a name and the address of a header or a soft link's text."""
        names, places, entries = bytearray(8), {}, []
        for name, _ in links:
            places[name] = len(names)
            names += padded(name + b"\0")
        for name, target in links:
            if isinstance(target, bytes):
                value = len(names)
                names += padded(target + b"\0")
                entries.append((places[name], UNDEFINED, 2, u32(value) + bytes(12)))
            else:
                entries.append((places[name], target, 0, bytes(16)))
        data = self.put(bytes(names))
        lies = {"data": data, "size": len(names)} | heap
        heap = self.put(local_heap(**lies))
        leaf = self.put(symbols(*entries, **node))
        lies = {"pairs": [(0, leaf)], "last": places[max(places)] if places else 0} | table
        root = self.put(group_tree(*lies.pop("pairs"), **lies))
        return self.put(header(message(TABLE, u64(root, heap)), *(message(ATTRIBUTE, a) for a in attributes)))

    def dataset(self, type, extent, layout, *more, filling=fill()):
        """A dataset of these messages; `more` are whole ones."""
        return self.put(header(message(SPACE, extent), message(TYPE, type), message(FILL, filling),
                               message(LAYOUT, layout), *more))

    def file(self, root, *, signature=SIGNATURE, version=1, sizes=(8, 8), base=None, end=None, leaf=LEAF_K,
             group=GROUP_K, chunk=CHUNK_K):
        """The whole file, whose root group has its header at `root`."""
        base = len(self.front) if base is None else base
        end = len(self.front) + len(self.bytes) if end is None else end
        block = signature + u8(version, 0, 0, 0, 0, *sizes, 0) + u16(leaf, group) + u32(0) + (
            u16(chunk, 0) if version == 1 else b"") + u64(base, UNDEFINED, end, UNDEFINED) + u64(0, root) + u32(
            0, 0) + bytes(16)
        self.set(0, block)
        return self.front + bytes(self.bytes)


# Checksums of the second format.


def lookup3(data):
    """Jenkins' hash, with which structures of the second format end."""
    def rot(x, k):
        return (x << k | x >> (32 - k)) & 0xFFFFFFFF

    a = b = c = (0xDEADBEEF + len(data)) & 0xFFFFFFFF
    place = 0
    while len(data) - place > 12:
        x, y, z = struct.unpack_from("<III", data, place)
        a, b, c = (a + x) & 0xFFFFFFFF, (b + y) & 0xFFFFFFFF, (c + z) & 0xFFFFFFFF
        for shift in (4, 6, 8, 16, 19, 4):
            a = ((a - c) & 0xFFFFFFFF) ^ rot(c, shift)
            c = (c + b) & 0xFFFFFFFF
            a, b, c = b, c, a
        place += 12
    if len(data) == place:
        return c
    x, y, z = struct.unpack("<III", data[place:].ljust(12, b"\0"))
    a, b, c = (a + x) & 0xFFFFFFFF, (b + y) & 0xFFFFFFFF, (c + z) & 0xFFFFFFFF
    for shift in (14, 11, 25, 16, 4, 14, 24):
        c = ((c ^ b) - rot(b, shift)) & 0xFFFFFFFF
        a, b, c = b, c, a
    # The last step was of what now is b.
    return b


def resummed(blob, start, end):
    """`blob` with the checksum at `end` made right for what lies from `start` to there."""
    return blob[:end] + u32(lookup3(blob[start:end])) + blob[end + 4:]
