"""Writes the hostile and odd HDF5 files of this folder, and `expected.tsv`: what `tare` says of each.

    .venv/bin/python3 testdata/hostile/hdf5/generate.py .build/debug/tare

Needs h5py==3.16.0, numpy, zstandard. The same bytes come out each time. A case names a part of what must be said, of
reading the data (`inspect`) unless told otherwise; anything else is printed, and the table is written nevertheless. What
libhdf5 says and where it crashes is that of the release on the first line of the table.
"""

import io
import struct
import sys
import zlib
from pathlib import Path

import h5py
import numpy as np
import zstandard
from h5py import h5d, h5p, h5s, h5t

from structures import *

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent))
from commands import write  # noqa: E402

CASES = {}
DATA = struct.pack("<6f", *range(6))


def keep(name, blob, said="", code=None):
    """`said` is None where the file is sound; the code is 65 unless it says otherwise."""
    assert name not in CASES, name
    CASES[name] = (blob, said, (0 if said is None else 65) if code is None else code)


# Datasets.


def single(type=float32(), extent=space(2, 3), layout=None, *more, data=DATA, filling=fill(), front=b"", superblock={},
           **group):
    """A file with one dataset `w`; without a layout, its data lie in one piece."""
    image = Image(front)
    place = image.put(data)
    layout = contiguous(place, len(data)) if layout is None else layout
    w = image.dataset(type, extent, layout(place) if callable(layout) else layout, *more, filling=filling)
    return image.file(image.group([(b"w", w)], **group), **superblock)


def at(size):
    return lambda place: contiguous(place, size)


keep("sound", single(), None)
keep("sound_user_block", single(front=b"#!/bin/sh\n".ljust(512, b"\0")), None)
keep("sound_compact", single(layout=compact(DATA)), None)
keep("sound_nowhere", single(layout=contiguous(UNDEFINED, 24)), None)
keep("sound_empty", single(extent=space(0, 3), layout=contiguous(UNDEFINED, 0)), None)
keep("sound_scalar", single(extent=space(), data=DATA[:4]), None)

# Cut off in each structure: the superblock, the data, the dataset's header, the heap, the leaf, the tree, the root.
for length in (0, 4, 8, 9, 20, 48, 99):
    keep(f"cut_{length}", single()[:length])
SOUND = single()
for name, mark in (("heap", b"HEAP"), ("symbols", b"SNOD"), ("tree", b"TREE")):
    keep(f"cut_before_{name}", SOUND[:SOUND.index(mark)])
    keep(f"cut_in_{name}", SOUND[:SOUND.index(mark) + 6])
keep("cut_in_data", SOUND[:110])
keep("cut_before_header", SOUND[:128])
keep("cut_in_header", SOUND[:150])
keep("cut_last_byte", SOUND[:-1])
keep("longer", SOUND + b"more than the superblock says", None)

# The superblock.
keep("signature", single(superblock={"signature": b"\x89HDF\r\n\x1a\r"}))
keep("superblock_2_of_1", single(superblock={"version": 2}))
keep("superblock_3_of_1", single(superblock={"version": 3}))
keep("superblock_4", single(superblock={"version": 4}), "", 69)
keep("superblock_255", single(superblock={"version": 255}), "", 69)
for sizes in ((0, 8), (3, 8), (8, 0), (255, 255), (16, 16), (2, 8), (8, 2), (4, 4)):
    keep(f"sizes_{sizes[0]}_{sizes[1]}", single(superblock={"sizes": sizes}))
for name, value in (("leaf", 0), ("leaf", 65535), ("group", 0), ("group", 65535)):
    keep(f"k_{name}_{value}", single(superblock={name: value}))
keep("end_0", single(superblock={"end": 0}))
keep("end_100", single(superblock={"end": 100}))
keep("end_2_40", single(superblock={"end": 2**40}))
keep("end_undefined", single(superblock={"end": UNDEFINED}))
keep("base_1", single(superblock={"base": 1}))
keep("base_2_62", single(superblock={"base": 2**62}))
keep("base_undefined", single(superblock={"base": UNDEFINED}))
for name, root in (("0", 0), ("data", 104), ("outside", 2**20), ("2_62", 2**62), ("undefined", UNDEFINED)):
    keep(f"root_{name}", SOUND[:68] + u64(root) + SOUND[76:])
keep("root_cached_as_7", SOUND[:76] + u32(7) + SOUND[80:])

# Where data lie.
keep("offset_outside", single(layout=contiguous(4096, 24)))
keep("offset_at_end", single(layout=contiguous(len(SOUND), 24)))
keep("offset_cut", single(layout=contiguous(len(SOUND) - 20, 24)))
keep("offset_2_62", single(layout=contiguous(2**62, 24)))
keep("offset_2_64_minus_2", single(layout=contiguous(2**64 - 2, 24)))
keep("offset_0", single(layout=contiguous(0, 24)), None)
keep("offset_on_itself", single(layout=contiguous(128, 24)), None)
keep("size_23", single(layout=at(23)))
keep("size_25", single(layout=at(25)))
keep("size_0", single(layout=at(0)))
keep("size_2_63", single(layout=at(2**63)))
keep("size_undefined", single(layout=at(UNDEFINED)))
keep("compact_short", single(layout=compact(DATA[:20])))
keep("compact_long", single(layout=compact(DATA + bytes(4))))
keep("compact_beyond", single(layout=compact(DATA, 60000)))
keep("layout_version_9", single(layout=u8(9) + contiguous(0, 24)[1:]), "", 69)
keep("layout_class_7", single(layout=u8(3, 7) + bytes(16)))
keep("layout_twice", single(float32(), space(2, 3), compact(DATA), message(LAYOUT, contiguous(0, 24))), None)

# Shapes.
keep("shape_10_12", single(extent=space(10**6, 10**6), layout=contiguous(UNDEFINED, 0)))
keep("shape_10_12_sized", single(extent=space(10**6, 10**6), layout=contiguous(UNDEFINED, 4 * 10**12)))
keep("shape_2_63", single(extent=space(2**63, 1)))
keep("shape_undefined", single(extent=space(UNDEFINED)))
keep("shape_wraps_to_0", single(extent=space(2**32, 2**32), layout=at(0)))
keep("shape_wraps_to_6", single(extent=space(2**63 + 3, 2)))
keep("shape_bytes_wrap_to_24", single(extent=space(2**62 + 6)))
keep("shape_and_zero", single(extent=space(2**63, 2**63, 0), layout=at(0)))
keep("shape_of_33", single(extent=space(*[1] * 33), data=DATA[:4]))
keep("shape_of_32", single(extent=space(*[1] * 32), data=DATA[:4]), None)
keep("shape_of_255", single(extent=space(*[1] * 255), data=DATA[:4]))
keep("shape_rank_lies", single(extent=space(2, 3, rank=31)))
keep("shape_beyond_most", single(extent=space(2, 3, most=(1, 3))), None)
keep("shape_flags", single(extent=space(2, 3, flags=255)))
keep("shape_version_9", single(extent=space(2, 3, version=9)))
keep("null", single(extent=u8(2, 0, 0, 2), layout=contiguous(UNDEFINED, 0)), None)

# Types.
keep("type_size_0", single(float32(size=0)))
keep("type_size_2_31", single(float32(size=2**31)), None)
for name, lie in (("precision_0", {"precision": 0}), ("precision_65535", {"precision": 65535}),
                  ("offset_65535", {"offset": 65535}), ("exponent_outside", {"exponent": (250, 8)}),
                  ("exponent_255", {"exponent": (23, 255)}), ("exponent_over_mantissa", {"exponent": (3, 8)}),
                  ("sign_255", {"sign": 255})):
    # Floats that are none of ours are no tensor.
    keep(f"type_{name}", single(float32(**lie)), None)
keep("type_bias_2_32", single(float32(bias=2**32 - 1)), None)
keep("type_integer_of_3", single(integer(3), space(8)), None)
keep("type_integer_of_2_30", single(integer(2**30, 16), space(1), contiguous(UNDEFINED, 0)), None)
keep("type_class_11", single(datatype(11)))
keep("type_class_15", single(datatype(15)))
keep("type_version_0", single(b"\1" + float32()[1:]), "", 69)
keep("type_version_9", single(b"\x91" + float32()[1:]), "", 69)
keep("type_string_0", single(text(0)))
keep("type_bytes_2_62", single(text(2**31), space(2**31), at(2**62)), None)
keep("type_array_0", single(array(float32(), 0, 3)))
keep("type_array_of_33", single(array(float32(), *[1] * 33), data=DATA))
keep("type_array_2_32", single(array(float32(), 65536, 65536), space(1), contiguous(UNDEFINED, 0)))
keep("type_array_wraps", single(array(float32(), 2**31, 2**31, 4, size=24), space(1)))
keep("type_array_size_lies", single(array(float32(), 6, size=4), space(1)), None)
keep("type_array_size_large", single(array(float32(), 6, size=24), space(2**40), contiguous(UNDEFINED, 0)))
keep("type_compound_empty", single(compound(), space(2)))
keep("type_compound_65535", single(compound((b"r", 0, float32()), count=65535), space(3)), "", 69)
keep("type_compound_outside", single(compound((b"r", 0, float32()), (b"i", 6, float32())), space(3)), None)
keep("type_compound_overlap", single(compound((b"r", 0, float32()), (b"i", 0, float32())), space(3)))
keep("type_compound_twice", single(compound((b"r", 0, float32()), (b"r", 4, float32())), space(3)), None)
keep("type_enumeration_65535", single(enumeration(integer(), [b"a"], u32(1), count=65535)), None)
keep("type_enumeration_of_floats", single(enumeration(float32(), [b"a"], DATA[:4])), None)
keep("type_sequences", single(sequence(float32()), space(1), data=u32(6) + u64(2**40) + u32(1)), None)


def nested(depth, inner=float32(), around=lambda type: sequence(type)):
    for _ in range(depth):
        inner = around(inner)
    return inner


keep("type_15_deep", single(nested(15), space(1)), None)
keep("type_16_deep", single(nested(16), space(1)), "", 69)
keep("type_1000_deep", single(nested(1000), space(1)), "", 69)
keep("type_arrays_100_deep", single(nested(100, around=lambda type: array(type, 1)), space(6)), "", 69)
keep("type_compounds_100_deep", single(nested(
    100, around=lambda type: compound((b"a", 0, type), size=4)), space(6)), "", 69)

# Fill values.
keep("fill_short", single(filling=fill(b"\0\0")), None)
keep("fill_long", single(filling=fill(bytes(64))), None)
keep("fill_size_2_31", single(filling=fill(bytes(4), size=2**31)))
keep("fill_version_9", single(filling=fill(version=9)), "", 69)

# Object headers.
def headed(change):
    """The sound file with its dataset's header made of messages by `change`."""
    image = Image()
    place = image.put(DATA)
    messages = [message(SPACE, space(2, 3)), message(TYPE, float32()), message(FILL, fill()),
                message(LAYOUT, contiguous(place, 24))]
    return image.file(image.group([(b"w", image.put(change(messages, image)))]))


keep("header_version_0", headed(lambda m, i: header(*m, version=0)))
keep("header_version_9", headed(lambda m, i: header(*m, version=9)))
keep("header_count_more", headed(lambda m, i: header(*m, count=5)), None)
keep("header_count_65535", headed(lambda m, i: header(*m, count=65535)), None)
keep("header_count_fewer", headed(lambda m, i: header(*m, count=3)), None)
keep("header_size_0", headed(lambda m, i: header(*m, size=0)))
keep("header_size_2_31", headed(lambda m, i: header(*m, size=2**31)))
keep("header_size_2_32", headed(lambda m, i: header(*m, size=2**32 - 8)))
keep("header_empty", headed(lambda m, i: header()))
keep("message_size_65528", headed(lambda m, i: header(*m[:3], message(LAYOUT, contiguous(104, 24), size=65528))))
keep("message_size_odd", headed(lambda m, i: header(*m[:3], message(LAYOUT, contiguous(104, 24), size=17))))
keep("message_unknown", headed(lambda m, i: header(*m, message(200, b"what is this"))), None)
keep("message_unknown_needed", headed(lambda m, i: header(*m, message(200, b"what is this", flags=8))), None)
keep("message_unknown_must", headed(lambda m, i: header(*m, message(200, b"what is this", flags=128))))
keep("message_shared", headed(lambda m, i: header(m[0], message(TYPE, u8(3, 2) + u64(104), flags=2), *m[2:])))
keep("message_shared_itself", headed(
    lambda m, i: header(m[0], message(TYPE, u8(3, 2) + u64(len(i.bytes)), flags=2), *m[2:])))
for kind, name in ((0, "space"), (1, "type"), (3, "layout")):
    # A type without a dataspace is a named one.
    keep(f"no_{name}", headed(lambda m, i: header(*m[:kind], *m[kind + 1:])), None if name == "space" else "")
    keep(f"two_{name}s", headed(lambda m, i: header(*m, m[kind])), None)


def continued(target, size=40):
    return headed(lambda m, i: header(*m, message(CONTINUATION, u64(
        target(i) if callable(target) else target, size(i) if callable(size) else size))))


keep("continuation_outside", continued(2**20))
keep("continuation_2_62", continued(2**62))
keep("continuation_undefined", continued(UNDEFINED))
keep("continuation_to_header", continued(lambda i: len(i.bytes) + 16, 96))
keep("continuation_to_itself", continued(lambda i: len(i.bytes) + 16 + 96 + 8 - 8, 24))
keep("continuation_size_0", continued(104, 0))
keep("continuation_size_2_31", continued(104, 2**31))
keep("continuation_size_2_62", continued(104, 2**62))


def looped(length):
    """Continuations that lead to each other, the last to the first."""
    def build(messages, image):
        base = image.reserve(24 * length)
        for number in range(length):
            following = base + 24 * ((number + 1) % length)
            image.set(base + 24 * number, message(CONTINUATION, u64(following, 24)))
        return header(*messages, message(CONTINUATION, u64(base, 24)))
    return headed(build)


for length in (1, 2, 100):
    keep(f"continuations_{length}", looped(length), None)

# Groups.

keep("heap_signature", single(heap={"signature": b"PEAH"}))
keep("heap_version_9", single(heap={"version": 9}))
keep("heap_size_0", single(heap={"size": 0}))
keep("heap_size_9", single(heap={"size": 9}), None)
keep("heap_size_2_40", single(heap={"size": 2**40}))
keep("heap_size_2_63", single(heap={"size": 2**63}))
keep("heap_data_outside", single(heap={"data": 2**20}))
keep("heap_data_undefined", single(heap={"data": UNDEFINED}))
keep("heap_free_outside", single(heap={"free": 4096}))
keep("heap_free_loops", single(heap={"free": 0, "size": 16}))
keep("symbols_signature", single(node={"signature": b"DONS"}))
keep("symbols_version_9", single(node={"version": 9}))
keep("symbols_count_0", single(node={"count": 0}), None)
keep("symbols_count_9", single(node={"count": 9}))
keep("symbols_count_65535", single(node={"count": 65535}))
keep("tree_signature", single(table={"signature": b"EERT"}))
keep("tree_level_1", single(table={"level": 1}))
keep("tree_level_255", single(table={"level": 255}))
keep("tree_entries_0", single(table={"entries": 0}), None)
keep("tree_entries_5", single(table={"entries": 5}))
keep("tree_entries_65535", single(table={"entries": 65535}))
keep("tree_child_outside", single(table={"pairs": [(0, 2**20)]}))
keep("tree_child_undefined", single(table={"pairs": [(0, UNDEFINED)]}))
keep("tree_key_outside", single(table={"last": 2**20}))
keep("tree_sibling_outside", single(table={"right": 2**20}), None)
keep("tree_of_itself", single(table={"level": 1, "pairs": [(0, 584)]}))


def rooted(build):
    image = Image()
    return image.file(build(image, image.dataset(float32(), space(2, 3), contiguous(image.put(DATA), 24))))


keep("name_outside_heap", rooted(lambda i, w: i.group([(b"w", w)], heap={"size": 8})))
for name, link_name in (("empty", b""), ("slash", b"a/b"), ("dot", b".")):
    keep(f"name_{name}", rooted(lambda i, w: i.group([(link_name, w)])), "a link whose name is no name, but a path")
keep("name_dots", rooted(lambda i, w: i.group([(b"..", w)])), None)
keep("name_not_utf8", rooted(lambda i, w: i.group([(b"\xff\xfe", w)])), None)
keep("name_escapes", rooted(lambda i, w: i.group([(b"\x1b[2J\n", w)])), None)
keep("name_long", rooted(lambda i, w: i.group([(b"n" * 5000, w)])), None)
keep("name_twice", rooted(lambda i, w: i.group([(b"w", w), (b"w", w)])), None)
keep("names_unsorted", rooted(lambda i, w: i.group([(b"z", w), (b"a", w)])), "object 'z': cannot be opened")
keep("link_to_nothing", rooted(lambda i, w: i.group([(b"w", 2**20)])))
keep("link_undefined", rooted(lambda i, w: i.group([(b"w", UNDEFINED)])))
keep("link_to_data", rooted(lambda i, w: i.group([(b"w", 104)])))
keep("link_to_superblock", rooted(lambda i, w: i.group([(b"w", 0)])))
keep("link_soft_to_itself", rooted(lambda i, w: i.group([(b"s", b"/s"), (b"w", w)])), None)
keep("link_soft_up", rooted(lambda i, w: i.group([(b"s", b"../../etc/passwd"), (b"w", w)])), None)
keep("link_cache_7", rooted(lambda i, w: i.put(header(message(TABLE, u64(
    i.put(group_tree((0, i.put(symbols((8, w, 7, bytes(16))))), last=8)),
    i.put(local_heap(i.put(bytes(8) + b"w".ljust(8, b"\0")), 16))))))))


def cycle(length):
    """Groups in each other by hard links, the last of which holds the first."""
    def build(image, w):
        size = len(header(message(TABLE, bytes(16))))
        first = image.reserve(size)
        inner = first
        for _ in range(length - 1):
            inner = image.group([(b"g", inner), (b"w", w)])
        last = image.group([(b"g", inner), (b"w", w)])
        image.set(first, image.bytes[last:last + size])
        return first
    return rooted(build)


keep("groups_in_themselves", cycle(1), None)
keep("groups_in_each_other", cycle(3), None)


def deep(levels):
    def build(image, w):
        for _ in range(levels):
            w = image.put(header(message(LINK_INFO, link_info()), message(GROUP, bytes(2)), message(LINK, link(b"g", 0, w))))
        return w
    return rooted(build)


keep("groups_63_deep", deep(62), None)
keep("groups_64_deep", deep(64), "", 69)
keep("groups_100_deep", deep(100), "", 69)
keep("no_links", rooted(lambda i, w: i.put(header(message(TABLE, u64(UNDEFINED, UNDEFINED))))))
keep("table_and_links", rooted(lambda i, w: i.put(header(
    message(TABLE, u64(0, 0)), message(LINK_INFO, link_info()), message(LINK, link(b"w", 0, w))))), None)


def linked(*links, **info):
    return rooted(lambda i, w: i.put(header(
        message(LINK_INFO, link_info(**info)), message(GROUP, bytes(2)),
        *(message(LINK, l(w) if callable(l) else l) for l in links))))


keep("links_sound", linked(lambda w: link(b"w", 0, w)), None)
keep("links_external", linked(lambda w: link(b"w", 0, w), link(b"x", 64, b"\0/etc/passwd\0/w\0")), None)
keep("links_external_open", linked(link(b"x", 64, b"\0/etc/passwd")))
keep("links_external_empty", linked(link(b"x", 64, b"")))
keep("links_external_flags", linked(link(b"x", 64, b"\xff/etc/passwd\0/w\0")), None)
keep("links_soft_empty", linked(link(b"x", 1, b"")))
keep("links_user_defined", linked(lambda w: link(b"w", 0, w), link(b"x", 65, b"some"), link(b"y", 255, b"")), None)
keep("links_of_kind_2", linked(link(b"x", 2, b"")))
keep("links_name_long", linked(link(b"x", 1, b"/w", size=255)))
keep("links_name_empty", linked(link(b"", 1, b"/w")))
keep("links_twice", linked(lambda w: link(b"w", 0, w), lambda w: link(b"w", 0, w)), None)
keep("links_heap_outside", linked(heap=2**20, names=2**20))
keep("links_heap_is_data", linked(heap=104, names=104))

# Attributes.
def attributed(*attributes, more=b"", front=None):
    def build(image, w):
        image.extra = image.put(more) if more else 0
        return image.group([(b"w", w)], [a(image) if callable(a) else a for a in attributes])
    return rooted(build)


def strings(collection, name=b"a", number=1, length=5, count=1):
    return attribute(name, sequence(text(1), 1), space(count) if count > 1 else space(),
                     (u32(length) + u64(collection) + u32(number)) * count)


keep("attribute_sound", attributed(attribute(b"a", float32(), space(), DATA[:4])), None)
keep("attribute_2_40", attributed(attribute(b"a", float32(), space(2**40), DATA)))
keep("attribute_wraps", attributed(attribute(b"a", float32(), space(2**62 + 1), DATA)), "", 69)
keep("attribute_version_9", attributed(attribute(b"a", float32(), space(), DATA, version=9)), "", 69)
keep("attribute_name_long", attributed(attribute(b"a", float32(), space(), DATA, sizes=(65535, 20, 8))))
keep("attribute_name_0", attributed(attribute(b"a", float32(), space(), DATA, sizes=(0, 20, 8))))
keep("attribute_name_open", attributed(attribute(b"abcdefg", float32(), space(), DATA, sizes=(4, 20, 8))))
keep("attribute_type_long", attributed(attribute(b"a", float32(), space(), DATA, sizes=(2, 65535, 8))))
keep("attribute_space_long", attributed(attribute(b"a", float32(), space(), DATA, sizes=(2, 20, 65535))))
keep("attribute_twice", attributed(*[attribute(b"a", float32(), space(), DATA[:4])] * 2))
keep("attribute_named_strangely", attributed(attribute(b"\xff\x1b[2J", float32(), space(), DATA[:4])), None)
SOUND_HEAP = global_heap((1, b"hello", 5))
keep("strings_sound", attributed(lambda i: strings(i.extra), more=SOUND_HEAP), None)
keep("strings_shared_1000", attributed(lambda i: strings(i.extra, count=1000), more=SOUND_HEAP), None)
keep("strings_2_31", attributed(lambda i: strings(i.extra, length=2**31), more=SOUND_HEAP))
keep("strings_object_missing", attributed(lambda i: strings(i.extra, number=2), more=SOUND_HEAP), None)
keep("strings_object_65535", attributed(lambda i: strings(i.extra, number=65535), more=SOUND_HEAP))
keep("strings_object_0", attributed(lambda i: strings(i.extra, number=0), more=SOUND_HEAP), None)
keep("strings_outside", attributed(strings(2**20)))
keep("strings_2_62", attributed(strings(2**62)))
keep("strings_nowhere", attributed(strings(0, number=0, length=0)), None)
keep("strings_in_data", attributed(strings(104)))
for name, lies in (("signature", {"signature": b"LOCG"}), ("version_9", {"version": 9}), ("size_0", {"size": 0}),
                   ("size_100", {"size": 100}), ("size_2_40", {"size": 2**40}), ("size_2_63", {"size": 2**63})):
    keep(f"global_heap_{name}", attributed(lambda i: strings(i.extra), more=global_heap((1, b"hello", 5), **lies)),
         None if name == "size_100" else "")
keep("global_heap_object_2_40", attributed(lambda i: strings(i.extra), more=global_heap((1, b"hello", 2**40))))
keep("global_heap_object_2_64", attributed(lambda i: strings(i.extra), more=global_heap((1, b"hello", 2**64 - 1))))
keep("global_heap_object_twice", attributed(lambda i: strings(i.extra),
                                            more=global_heap((1, b"hello", 5), (1, b"other", 5))), None)
keep("attribute_32_mib_of_strings", attributed(
    lambda i: strings(i.extra, length=24000, count=1500), more=global_heap((1, b"x" * 24000, 24000))), "33554432 bytes", 69)
keep("attribute_96_mib_of_strings", attributed(
    *[lambda image, n=n: strings(image.extra, b"a%d" % n, length=4000, count=3600) for n in range(4)] * 2,
    more=global_heap((1, b"x" * 4000, 4000))), "", 69)

# Chunks.
CHUNK = struct.pack("<12f", *range(12))
FILTERED = zlib.compress(CHUNK, 9)
GRID = [(4 * (i // 2), 3 * (i % 2)) for i in range(4)]


def chunks(stored=CHUNK, pipeline=(), extent=space(8, 6), shape=(4, 3), places=GRID, sizes=None, masks=None, type=float32(),
           at=None, end=(8, 6), tree={}, layout={}, listed=None, superblock={}, more=()):
    """A dataset `w` of F32 whose four chunks are alike, and what is said of them."""
    image = Image()
    address = image.put(stored)
    entries = [(place, (sizes or {}).get(i, len(stored)), (masks or {}).get(i, 0), (at or {}).get(i, address))
               for i, place in enumerate(places)]
    image.bytes += bytes(-len(image.bytes) % 8)
    root = image.put(chunk_tree(*entries, end=end, **(tree(len(image.bytes)) if callable(tree) else tree)))
    messages = [message(FILTERS, listed or filters(*pipeline))] if pipeline or listed else []
    w = image.dataset(type, extent, chunked(root, *shape, **layout), *messages, *more)
    return image.file(image.group([(b"w", w)]), **superblock)


GZIP = [(1, [6])]
keep("chunks_sound", chunks(), None)
keep("chunks_gzip_sound", chunks(FILTERED, GZIP), None)
keep("chunks_fewer", chunks(places=GRID[:2]), None)
keep("chunks_none", chunks(places=[]), None)
keep("chunks_k_0", chunks(superblock={"chunk": 0}))
keep("chunks_k_65535", chunks(superblock={"chunk": 65535}))
keep("chunk_shape_0", chunks(shape=(4, 0)))
keep("chunk_shape_2_32_minus_1", chunks(shape=(2**32 - 1, 3)))
keep("chunk_shape_wraps", chunks(shape=(2**31, 2**31)))
keep("chunk_shape_4_gib", chunks(shape=(2**15, 2**15)))
keep("chunk_rank_1", chunks(layout={"rank": 1}))
keep("chunk_rank_2", chunks(layout={"rank": 2}))
keep("chunk_rank_33", chunks(layout={"rank": 33}))
keep("chunk_rank_255", chunks(layout={"rank": 255}))
keep("chunk_element_0", chunks(layout={"element": 0}))
keep("chunk_element_8", chunks(layout={"element": 8}), None)
keep("chunk_element_2_32", chunks(layout={"element": 2**32 - 1}), None)
keep("chunks_wider_than_data", chunks(extent=space(3, 2), places=GRID[:1]), None)
keep("chunks_10_12", chunks(extent=space(10**6, 10**6)))
keep("chunks_number_wraps", chunks(extent=space(2**40, 2**40), shape=(1, 1), places=[]))
keep("chunks_of_2_32_one_by_one", chunks(extent=space(2**15, 2**15), shape=(1, 1), places=[]), None)
keep("chunk_outside_grid", chunks(places=GRID[:3] + [(8, 0)]))
keep("chunk_far_outside_grid", chunks(places=GRID[:3] + [(2**60, 0)]))
keep("chunk_off_grid", chunks(places=GRID[:3] + [(5, 3)]), None)
keep("chunk_twice", chunks(places=[(0, 0), (0, 0), (0, 3), (4, 0)]), "chunk 0 of 4 comes twice")
keep("chunks_unsorted", chunks(places=GRID[::-1]), None)
keep("chunk_at_outside", chunks(at={2: 2**20}))
keep("chunk_at_2_62", chunks(at={2: 2**62}))
keep("chunk_at_undefined", chunks(at={2: UNDEFINED}))
keep("chunk_at_superblock", chunks(at={2: 0}), None)
keep("chunk_sizes_47", chunks(sizes={1: 47}))
keep("chunk_sizes_49", chunks(sizes={1: 49}))
keep("chunk_sizes_0", chunks(sizes={1: 0}))
keep("chunk_sizes_2_32", chunks(sizes={1: 2**32 - 1}))
keep("chunk_gzip_sizes_short", chunks(FILTERED, GZIP, sizes={1: len(FILTERED) - 1}))
keep("chunk_gzip_sizes_long", chunks(FILTERED, GZIP, sizes={1: len(FILTERED) + 8}))
keep("chunk_gzip_sizes_0", chunks(FILTERED, GZIP, sizes={1: 0}))
keep("chunk_tree_signature", chunks(tree={"signature": b"EERT"}))
keep("chunk_tree_of_groups", chunks(tree={"kind": 0}))
keep("chunk_tree_kind_9", chunks(tree={"kind": 9}))
keep("chunk_tree_level_1", chunks(tree={"level": 1}))
keep("chunk_tree_level_255", chunks(tree={"level": 255}))
keep("chunk_tree_entries_0", chunks(tree={"entries": 0}), None)
keep("chunk_tree_entries_5", chunks(tree={"entries": 5}))
keep("chunk_tree_entries_65535", chunks(tree={"entries": 65535}))
keep("chunk_tree_of_itself", chunks(at={i: 152 for i in range(4)}, tree={"level": 1}))
keep("chunk_tree_sibling_itself", chunks(tree=lambda place: {"right": place}), None)
keep("chunk_tree_outside", rooted(lambda i, w: i.group([(b"w", i.dataset(
    float32(), space(8, 6), chunked(2**20, 4, 3)))])))
keep("chunk_tree_undefined", rooted(lambda i, w: i.group([(b"w", i.dataset(
    float32(), space(8, 6), chunked(UNDEFINED, 4, 3)))])), None)


def towered(levels):
    """A chunk tree of so many levels with one child each, which is legal and odd."""
    def build(image, _):
        node = image.put(chunk_tree(((0, 0), 48, 0, image.put(CHUNK)), end=(8, 6)))
        for level in range(1, levels):
            node = image.put(chunk_tree(((0, 0), 48, 0, node), end=(8, 6), level=level))
        return image.group([(b"w", image.dataset(float32(), space(8, 6), chunked(node, 4, 3)))])
    return rooted(build)


keep("chunk_tree_20_levels", towered(20), None)


def fanned(levels):
    """A chunk tree whose nodes all have one child four times: 4^levels chunks in a few nodes."""
    def build(image, _):
        node = image.put(chunk_tree(*[((0, 0), 48, 0, image.put(CHUNK))] * 4, end=(8, 6)))
        for level in range(1, levels):
            node = image.put(chunk_tree(*[((0, 0), 48, 0, node)] * 4, end=(8, 6), level=level))
        return image.group([(b"w", image.dataset(float32(), space(8, 6), chunked(node, 4, 3)))])
    return rooted(build)


keep("chunk_tree_fans_3", fanned(3))
keep("chunk_tree_fans_16", fanned(16))
keep("chunk_tree_fans_31", fanned(31))

# Filters.
def filtered(stored, *pipeline, **lies):
    return chunks(stored, pipeline, **lies)


def shuffled(data, size=4):
    return np.frombuffer(data, "u1").reshape(-1, size).T.tobytes()


def frame(data, block, *blocks, size=None):
    """The frame around blocks of LZ4 and bitshuffle."""
    return struct.pack(">QI", len(data) if size is None else size, block) + b"".join(
        struct.pack(">I", len(b)) + b for b in blocks)


def literals(data):
    """A block of LZ4 that holds nothing but literals."""
    head = bytes([15 << 4, len(data) - 15]) if len(data) >= 15 else bytes([len(data) << 4])
    return head + data


def lzf(data):
    return b"".join(bytes([len(data[i:i + 32]) - 1]) + data[i:i + 32] for i in range(0, len(data), 32))


def fletcher(data):
    words = np.frombuffer(data + bytes(len(data) % 2), ">u2")
    one = two = 0
    for word in words:
        one = (one + int(word)) % 65535
        two = (two + one) % 65535
    return u32(two << 16 | one)


def planes(data, size=4):
    """The bits of all elements by plane."""
    bits = np.unpackbits(np.frombuffer(data, "u1").reshape(-1, size), axis=1, bitorder="little")
    return np.packbits(bits.T, axis=1, bitorder="little").tobytes()


def zstd(data, **options):
    return zstandard.ZstdCompressor(**options).compress(data)


def unsized(data):
    return zstandard.ZstdCompressor(write_content_size=False).compress(data)


BIG = CHUNK * 4  # 48 elements: 16 × 3
LZ4, BITSHUFFLE, LZF, ZSTD = 32004, 32008, 32000, 32015
SHUFFLES = [0, 3, 4, 0]
LARGE = {"shape": (16, 3), "extent": space(16, 3), "places": [(0, 0)], "end": (16, 3)}

keep("deflate_ends_early", filtered(FILTERED[:-6], (1, [6])))
keep("deflate_without_sum", filtered(FILTERED[:-4], (1, [6])))
keep("deflate_other_sum", filtered(FILTERED[:-1] + b"\0", (1, [6])))
keep("deflate_goes_on", filtered(FILTERED + b"more", (1, [6])))
keep("deflate_short", filtered(zlib.compress(CHUNK[:-1]), (1, [6])))
keep("deflate_long", filtered(zlib.compress(CHUNK + b"x"), (1, [6])))
keep("deflate_bomb", filtered(zlib.compress(bytes(4 << 20), 9)[:4000], (1, [6])))
keep("deflate_raw", filtered(FILTERED[2:], (1, [6])))
keep("deflate_dictionary", filtered(b"\x78\xbb" + FILTERED[2:], (1, [6])))
keep("deflate_garbage", filtered(b"\xff" * 40, (1, [6])))
keep("deflate_nothing", filtered(b"\0", (1, [6])))
keep("deflate_level_10", filtered(FILTERED, (1, [10])))
keep("deflate_level_missing", filtered(FILTERED, (1, [])))
keep("deflate_twice", filtered(zlib.compress(FILTERED), (1, [6]), (1, [6])), None)
keep("deflate_33_times", filtered(FILTERED, *[(1, [6])] * 33))
keep("deflate_32_times", filtered(FILTERED, *[(1, [6])] * 32))
keep("shuffle_sound", filtered(shuffled(CHUNK), (2, [4])), None)
keep("shuffle_of_0", filtered(CHUNK, (2, [0])))
keep("shuffle_of_2_32", filtered(CHUNK, (2, [2**32 - 1])))
keep("shuffle_of_2_31", filtered(CHUNK, (2, [2**31 - 1])), None)
keep("shuffle_short", filtered(CHUNK[:-4], (2, [4])))
keep("fletcher_sound", filtered(CHUNK + fletcher(CHUNK), (3, [])), None)
keep("fletcher_wrong", filtered(CHUNK + b"\0\1\2\3", (3, [])))
keep("fletcher_missing", filtered(CHUNK, (3, [])))
keep("fletcher_of_3", filtered(b"abc", (3, [])))
keep("fletcher_tiny", filtered(DATA[4:8] + fletcher(DATA[4:8]), (3, []), shape=(1, 1), extent=space(2, 2), end=(2, 2),
                               places=[(0, 0), (0, 1), (1, 0), (1, 1)]), None)
keep("fletcher_of_gzip", filtered(FILTERED + fletcher(FILTERED), (1, [6]), (3, [])), None)
keep("fletcher_of_gzip_wrong", filtered(FILTERED + bytes(4), (1, [6]), (3, [])))
keep("mask_hides_gzip", filtered(FILTERED, (1, [6]), masks={2: 1}))
keep("mask_shows_gzip", filtered(CHUNK, (1, [6]), masks={0: 1, 1: 1, 2: 1}))
keep("mask_hides_all", filtered(CHUNK, (1, [6]), masks=dict.fromkeys(range(4), 1)), None)
keep("mask_of_no_filter", filtered(CHUNK, (1, [6]), masks=dict.fromkeys(range(4), 2**32 - 1)), None)
keep("mask_without_filters", chunks(masks={0: 7}), None)
keep("lzf_sound", filtered(lzf(CHUNK), (LZF, [4, 0x105, 48])), None)
keep("lzf_short", filtered(lzf(CHUNK[:-1]), (LZF, [4, 0x105, 48])))
keep("lzf_long", filtered(lzf(CHUNK + b"x"), (LZF, [4, 0x105, 48])))
keep("lzf_cut", filtered(lzf(CHUNK)[:-3], (LZF, [4, 0x105, 48])))
keep("lzf_back_too_far", filtered(b"\0a\x20\xff" + lzf(CHUNK), (LZF, [4, 0x105, 48])))
keep("lzf_match_cut", filtered(b"\0a\xe0", (LZF, [4, 0x105, 48])))
keep("lzf_bomb", filtered(b"\0a" + b"\xe0\xff\0" * 1000, (LZF, [4, 0x105, 48])))
keep("lz4_sound", filtered(frame(CHUNK, 48, literals(CHUNK)), (LZ4, [0])), None)
keep("lz4_stored", filtered(frame(CHUNK, 48, CHUNK), (LZ4, [0])), None)
keep("lz4_no_header", filtered(b"short", (LZ4, [0])))
keep("lz4_size_49", filtered(frame(CHUNK, 48, literals(CHUNK), size=49), (LZ4, [0])))
keep("lz4_size_2_63", filtered(frame(CHUNK, 48, literals(CHUNK), size=2**63), (LZ4, [0])))
keep("lz4_block_0", filtered(frame(CHUNK, 0, literals(CHUNK)), (LZ4, [0])))
keep("lz4_block_2_32", filtered(frame(CHUNK, 2**32 - 1, literals(CHUNK)), (LZ4, [0])), None)
keep("lz4_blocks_of_1", filtered(frame(CHUNK, 1, *[CHUNK[i:i + 1] for i in range(48)]), (LZ4, [0])), None)
keep("lz4_block_cut", filtered(frame(CHUNK, 48, literals(CHUNK))[:-5], (LZ4, [0])))
keep("lz4_trailing", filtered(frame(CHUNK, 48, literals(CHUNK)) + b"x", (LZ4, [0])))
keep("lz4_literals_run_out", filtered(frame(CHUNK, 48, b"\xf0\xff\xff\xff"), (LZ4, [0])))
keep("lz4_back_too_far", filtered(frame(CHUNK, 48, b"\x1fa\xff\xff" + literals(CHUNK)), (LZ4, [0])))
keep("lz4_distance_0", filtered(frame(CHUNK, 48, b"\x1fa\0\0\x10"), (LZ4, [0])))
keep("bitshuffle_sound", filtered(planes(BIG), (BITSHUFFLE, SHUFFLES), **LARGE), None)
keep("bitshuffle_of_0", filtered(BIG, (BITSHUFFLE, [0, 3, 0, 0]), **LARGE))
keep("bitshuffle_of_2_32", filtered(BIG, (BITSHUFFLE, [0, 3, 2**32 - 1, 0]), **LARGE))
keep("bitshuffle_block_7", filtered(BIG, (BITSHUFFLE, [0, 3, 4, 7]), **LARGE))
keep("bitshuffle_codec_1", filtered(BIG, (BITSHUFFLE, [0, 3, 4, 0, 1]), **LARGE))
keep("bitshuffle_parameters_missing", filtered(BIG, (BITSHUFFLE, [0]), **LARGE))
keep("bitshuffle_short", filtered(BIG[:-4], (BITSHUFFLE, SHUFFLES), **LARGE))
keep("bitshuffle_lz4_sound", filtered(frame(BIG, 192, literals(planes(BIG))), (BITSHUFFLE, SHUFFLES + [2]), **LARGE), None)
keep("bitshuffle_lz4_block_odd", filtered(frame(BIG, 100, literals(planes(BIG))), (BITSHUFFLE, SHUFFLES + [2]), **LARGE))
keep("bitshuffle_lz4_short", filtered(frame(BIG, 192, literals(planes(BIG)[:-1])), (BITSHUFFLE, SHUFFLES + [2]), **LARGE))
keep("bitshuffle_zstd_sound", filtered(frame(BIG, 192, zstd(planes(BIG))), (BITSHUFFLE, SHUFFLES + [3]), **LARGE), None)
keep("bitshuffle_zstd_lies", filtered(frame(BIG, 192, zstd(bytes(1 << 20))), (BITSHUFFLE, SHUFFLES + [3]), **LARGE))
keep("zstd_sound", filtered(zstd(CHUNK), (ZSTD, [3])), None)
keep("zstd_unsized", filtered(unsized(CHUNK), (ZSTD, [3])))
keep("zstd_short", filtered(zstd(CHUNK[:-1]), (ZSTD, [3])))
keep("zstd_bomb", filtered(zstd(bytes(16 << 20)), (ZSTD, [3])))
keep("zstd_cut", filtered(zstd(CHUNK)[:-3], (ZSTD, [3])))
keep("zstd_trailing", filtered(zstd(CHUNK) + b"x", (ZSTD, [3])))
keep("zstd_two_frames", filtered(zstd(CHUNK[:24]) + zstd(CHUNK[24:]), (ZSTD, [3])))
keep("zstd_skippable", filtered(b"\x50\x2a\x4d\x18\4\0\0\0none" + zstd(CHUNK), (ZSTD, [3])))
keep("zstd_sum_wrong", filtered(zstd(CHUNK, write_checksum=True)[:-1] + b"\0", (ZSTD, [3])))
keep("zstd_garbage", filtered(b"\x28\xb5\x2f\xfd\x20\x30" + b"\xff" * 40, (ZSTD, [3])))
keep("filter_unknown", filtered(CHUNK, (31999, [])), "", 69)
keep("filter_unknown_optional", filtered(CHUNK, (31999, [], 1)), "", 69)
keep("filter_unknown_masked", filtered(CHUNK, (31999, []), masks=dict.fromkeys(range(4), 1)), None)
keep("filter_0", filtered(CHUNK, (0, [])), "", 69)
keep("filter_65535", filtered(CHUNK, (65535, [])), "", 69)
keep("filter_szip_nonsense", filtered(CHUNK, (4, [141, 32, 8, 48])))
keep("filter_szip_no_parameters", filtered(CHUNK, (4, [])))
keep("filter_nbit_nonsense", filtered(CHUNK, (5, [2**32 - 1] * 8)))
keep("filter_nbit_no_parameters", filtered(CHUNK, (5, [])))
keep("filter_scaleoffset_nonsense", filtered(CHUNK, (6, [2**32 - 1] * 20)))
keep("filter_scaleoffset_no_parameters", filtered(CHUNK, (6, [])))
keep("filters_count_255", chunks(FILTERED, listed=filters(*GZIP, count=255)))
keep("filters_version_9", chunks(FILTERED, listed=filters(*GZIP, version=9)), "", 69)
keep("filters_parameters_65535", chunks(FILTERED, listed=filters((1, [6], 0, 65535))))
keep("filters_parameters_256", chunks(CHUNK, listed=filters((31999, list(range(300))))), "", 69)
keep("filters_of_contiguous", single(float32(), space(2, 3), None, message(FILTERS, filters(*GZIP))), None)

# What lies elsewhere.
def elsewhere(name, *slots, **lies):
    def build(image, _):
        names = image.put(bytes(8) + name.ljust(24, b"\0"))
        heap = image.put(local_heap(names, 32))
        return image.group([(b"w", image.dataset(
            float32(), space(2, 3), contiguous(UNDEFINED, 24), message(EXTERNAL, external(heap, *slots, **lies))))])
    return rooted(build)


keep("external", elsewhere(b"/etc/passwd", (8, 0, 24)), "lies in another file, '/etc/passwd'", 69)
keep("external_unlimited", elsewhere(b"other.raw", (8, 0, UNDEFINED)), "", 69)
keep("external_name_outside", elsewhere(b"other.raw", (2**20, 0, 24)))
keep("external_slots_65535", elsewhere(b"other.raw", (8, 0, 24), used=65535))
keep("external_too_small", elsewhere(b"other.raw", (8, 0, 8)), "", 69)


def newest(build):
    """What h5py makes of it, in the format of HDF5 1.10."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver=("v110", "v110")) as file:
        build(file)
    return buffer.getvalue()


def virtual(file):
    four, created = h5s.create_simple((4,)), h5p.create(h5p.DATASET_CREATE)
    created.set_virtual(four, b"/etc/passwd", b"w", four)
    created.set_obj_track_times(False)
    h5d.create(file.id, b"w", h5t.IEEE_F32LE, four, created)


VIRTUAL = newest(virtual)
keep("virtual", VIRTUAL, "is a virtual dataset", 69)
keep("virtual_heap_lies", VIRTUAL.replace(b"GCOL", b"LOCG"), "")

# The second format, whose structures end with a checksum.
def numbers(shape, **options):
    def build(file):
        data = np.arange(np.prod(shape), dtype="<f4").reshape(shape)
        file.create_dataset("w", data=data, compression="gzip", track_times=False, **options)
    return newest(build)


def dozen(file):
    for number in range(12):
        file[f"w{number}"] = np.float32(number)


SECOND = {
    "plain": newest(lambda file: file.create_dataset("w", data=np.arange(6, dtype="<f4").reshape(2, 3))),
    "fixed": numbers((9, 10), chunks=(2, 3)),
    "extensible": numbers((9, 10), chunks=(2, 3), maxshape=(None, 10)),
    "tree2": numbers((9, 10), chunks=(2, 3), maxshape=(None, None)),
    "single": numbers((2, 3), chunks=(2, 3)),
    "dense": newest(dozen),
}
for name in SECOND:
    keep(f"{name}_sound", SECOND[name], None)
# Lies that libhdf5 does not care about: it reads what there is, and where that is nothing, the fill value.
READ = {"fixed_page", "fixed_block_undefined", "extensible_page_255", "extensible_blocks", "extensible_set_0",
        "extensible_realized", "extensible_index_undefined", "tree2_split_0", "tree2_root_count_0", "tree2_count",
        "tree2_count_0", "tree2_count_19"}
# Of each structure, where its checksum stands, and what is said in it.
HUGE = u64(2**62)
for name, mark, end, lies in (
    ("plain", b"\x89HDF", 44, {
        "sizes": (9, b"\3\3"), "flags": (11, b"\xff"), "base": (12, HUGE), "extension": (20, HUGE),
        "extension_here": (20, u64(0)), "end": (28, HUGE), "end_0": (28, u64(0)), "root": (36, HUGE), "root_0": (36, u64(0))}),
    ("plain", b"OHDR", None, {"version": (4, b"\x09"), "flags": (5, b"\xff"), "size": (6, b"\xff\xff\xff\xff")}),
    ("fixed", b"FAHD", 24, {
        "version": (4, b"\x09"), "client": (5, b"\x07"), "client_0": (5, b"\0"), "element_0": (6, b"\0"),
        "element_255": (6, b"\xff"), "page": (7, b"\xff"), "page_0": (7, b"\0"), "count": (8, HUGE), "count_0": (8, u64(0)),
        "count_19": (8, u64(19)), "block": (16, HUGE), "block_here": (16, u64(0)), "block_undefined": (16, u64(UNDEFINED))}),
    ("extensible", b"EAHD", 68, {
        "version": (4, b"\x09"), "client": (5, b"\x07"), "element_0": (6, b"\0"), "bits_255": (7, b"\xff"),
        "bits_0": (7, b"\0"), "index_0": (8, b"\0"), "least_0": (9, b"\0"), "least_3": (9, b"\3"), "pointers_0": (10, b"\0"),
        "page_255": (11, b"\xff"), "blocks": (12, HUGE), "set": (44, HUGE), "set_0": (44, u64(0)), "realized": (52, HUGE),
        "index": (60, HUGE), "index_undefined": (60, u64(UNDEFINED))}),
    ("tree2", b"BTHD", 34, {
        "version": (4, b"\x09"), "type": (5, b"\xff"), "type_1": (5, b"\1"), "node_0": (6, u32(0)), "node_2_32": (6, u32(2**32 - 1)),
        "record_0": (10, u16(0)), "record_65535": (10, u16(65535)), "depth_1": (12, u16(1)), "depth_65535": (12, u16(65535)),
        "split_0": (14, b"\0"), "root": (16, HUGE), "root_undefined": (16, u64(UNDEFINED)), "root_count_0": (24, u16(0)),
        "root_count_65535": (24, u16(65535)), "count": (26, HUGE), "count_0": (26, u64(0)), "count_19": (26, u64(19))}),
    ("dense", b"FRHP", 142, {
        "version": (4, b"\x09"), "filters": (7, u16(65535)),
        "most_0": (10, u32(0)), "width_0": (110, u16(0)), "width_3": (110, u16(3)),
        "start_0": (112, u64(0)), "start_2_62": (112, HUGE), "direct_0": (120, u64(0)), "direct_2_62": (120, HUGE),
        "bits_0": (128, u16(0)), "bits_65535": (128, u16(65535)), "root": (132, HUGE), "root_here": (132, u64(0)),
        "rows_65535": (140, u16(65535)), "rows_1": (140, u16(1))}),
    ("dense", b"FHDB", None, {"version": (4, b"\x09"), "heap": (5, HUGE), "offset": (13, b"\xff\xff")}),
    ("fixed", b"FADB", None, {"version": (4, b"\x09"), "header": (6, HUGE)}),
    ("extensible", b"EAIB", None, {"version": (4, b"\x09"), "header": (6, HUGE)}),
    ("tree2", b"BTLF", None, {"version": (4, b"\x09"), "type": (5, b"\1")}),
):
    blob = SECOND[name]
    start, label = blob.index(mark), mark[-4:].decode("ascii", "ignore").strip("\r\n").lower()
    keep(f"{name}_{label}_signature", blob[:start] + mark[::-1] + blob[start + 4:])
    keep(f"{name}_{label}_cut", blob[:start + 5])
    if end is not None:
        keep(f"{name}_{label}_sum", blob[:start + end] + bytes(4) + blob[start + end + 4:])
    for said, (place, new) in lies.items():
        lie = blob[:start + place] + new + blob[start + place + len(new):]
        lie = lie if end is None else resummed(lie, start, start + end)
        keep(f"{name}_{label}_{said}", lie, None if f"{name}_{said}" in READ else "")

if __name__ == "__main__":
    sys.exit(write(HERE, ".h5", CASES, sys.argv[1]))
