"""Writes the crafted packed files of this folder, and `expected.tsv`: what Tare says of each.

    .venv/bin/python3 testdata/hostile/packed/generate.py .build/debug/tare

Needs zstandard, and the plain decoder in `formats/decoder` for XXH3 and for a second opinion. The same bytes come out
each time. The writer below knows nothing but the pages in `formats`: every field can be lied about, and every checksum
is made to fit the lie, but where the checksum is the lie.

Each file is run through three commands; `expected.tsv` has a row for each: the file, what the plain decoder makes of
it (`accepts` or `refuses`), the command, its exit code, and the lines with which it complains, or `-`. A case says here
which part of them is the point of it; the rest is recorded from the run and is to be read before it is committed.
"""

import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import zstandard

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "formats" / "decoder"))
sys.dont_write_bytecode = True
from tare_decode import PackedError, PackedFile, open_base, xxh3  # noqa: E402

assert zstandard.__version__ == "0.25.0"

NAMES = ["none", "bitmask", "gaps", "raw", "constant", "bytes", "planes", "fused", "from-the-future"]
NONE, BITMASK, GAPS, RAW, CONSTANT, BYTES, PLANES, FUSED, FUTURE = range(9)
NEWER = [*NAMES, "palette", "grid"]  # in files that use them
NEWEST = [*NEWER, "rows", "delta", "sorted"]
GROUPED = [*NEWEST, "groups"]
PALETTE, GRID, ROWS, DELTA, SORTED, GROUPS = range(9, 15)
TYPES = [("U8", 1, 1), ("BF16", 1, 2), ("F32", 1, 4), ("F4", 2, 1)]
U8, BF16, F32, F4 = range(4)
MAGIC = b"\x89TARE\r\n\x1a"
MIB = 1 << 20


# The writer.


def u64(value):
    return struct.pack("<Q", value & 2**64 - 1)


def hash8(data):
    return u64(xxh3(data))


def varint(value):
    if isinstance(value, bytes):  # a lie about its form
        return value
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return varint(len(data)) + data


def frame(data, **how):
    return zstandard.ZstdCompressor(level=3, **how).compress(data)


def stored(data):
    return (b"\0" + varint(len(data)), data)


def zipped(body, size):
    return (b"\1" + varint(size) + varint(len(body)), body)


def stage(number, parameters=b"", *streams, count=None, length=None):
    """The record of a stage and its bodies."""
    streams = [stored(s) if isinstance(s, bytes) else s for s in streams]
    parameters = bytes(parameters)
    record = varint(number) + varint(len(parameters) if length is None else length) + parameters
    record += varint(len(streams) if count is None else count) + b"".join(s[0] for s in streams)
    return record, b"".join(s[1] for s in streams)


def chunk(mask, value):
    return mask[0] + value[0] + mask[1] + value[1]


def plain(dense):
    return chunk(stage(NONE), stage(RAW, b"", dense))


def repeated(element):
    return chunk(stage(NONE), stage(CONSTANT, element))


def entry(name, dense, *, role=0, type=U8, shape=None, cuts=None, chunks=None, rows=1, part=0, shared=(), **lies):
    """An entry as a dictionary; every key but `dense` and `cuts` is what is written."""
    e = dict(name=name, dense=dense, role=role, type=type, shape=[len(dense)] if shape is None else shape, rows=rows,
             part=part, shared=list(shared), rank=None, size=len(dense), stored=None, directory_bytes=None,
             directory_hash=None, shared_count=None, lengths=None, stored_hashes=None, dense_hashes=None, tail=b"",
             base=None)
    e["pieces"] = [dense[a:b] for a, b in (cuts if cuts is not None else [(0, len(dense))] if dense else [])]
    e["chunks"] = [plain(piece) for piece in e["pieces"]] if chunks is None else chunks
    assert not set(lies) - set(e), lies
    e.update(lies)
    return e


def literal(dense, **lies):
    return entry("", dense, role=2, **lies)


def alias(name, target, **lies):
    return dict(name=name, role=3, target=target, type=U8, shape=[4], rank=None, pieces=[b"abcd"], dense=b"abcd") | lies


def directory(e):
    out = varint(e["rows"]) + varint(e["part"])
    out += varint(len(e["shared"]) if e["shared_count"] is None else e["shared_count"])
    for record, body in e["shared"]:
        out += record + hash8(body)
    out += b"".join(map(varint, e["lengths"] or [len(c) for c in e["chunks"]]))
    out += b"".join(hash8(c)[:4] for c in e["chunks"]) if e["stored_hashes"] is None else e["stored_hashes"]
    out += b"".join(map(hash8, e["pieces"])) if e["dense_hashes"] is None else e["dense_hashes"]
    return out + e["tail"]


def sealed(e):
    """The entry's stored bytes and its record in the index."""
    shape = varint(len(e["shape"]) if e["rank"] is None else e["rank"]) + b"".join(map(varint, e["shape"]))
    head = bytes([e["role"]])
    head += string(e["name"]) + varint(e["type"]) + shape if e["role"] in (0, 3, 4) else varint(e["size"])
    if e["role"] == 3:
        return b"", head + varint(e["target"])
    d = directory(e)
    body = b"".join(s[1] for s in e["shared"]) + b"".join(e["chunks"]) + d
    given = [e[key] if e[key] is not None else len(x) for key, x in (("stored", body), ("directory_bytes", d))]
    place = varint(given[0]) + varint(given[1]) + (e["directory_hash"] or hash8(d))
    return body, head + place + (base_record(e) if e["role"] == 4 else b"")


def base_record(e):
    """The base tensor: its name, its type if it is another, and the hash of its bytes."""
    name, data, *type = e["base"]
    return string(name) + varint(*(type or [e["type"]])) + hash8(data)


def file(path, operations, *, mode=0, container=None, size=None, digest=None, count=None, raw=None):
    if container is None:  # one that begins with a tensor has no header to be read
        container = "safetensors" if operations and len(operations[0]) == 1 else ""
    return dict(path=path, operations=operations, mode=mode, container=container, size=size, digest=digest,
                count=count, raw=raw)


def file_record(f, entries):
    out, pieces, size = b"", [], 0
    for number, *span in f["operations"]:
        out += bytes([0 if span else 1]) + varint(number) + b"".join(map(varint, span))
        if not isinstance(number, int) or number >= len(entries):
            continue
        e, at = entries[number], 0
        size += span[1] if span else len(e["dense"])
        for piece in e["pieces"]:
            a, b = (span[0], span[0] + span[1]) if span else (0, len(e["dense"]))
            part = piece[max(a - at, 0):max(b - at, 0)]
            at += len(piece)
            pieces += [part] if part else []
    out = out if f["raw"] is None else f["raw"]
    digest = hash8(b"".join(u64(len(p)) + hash8(p) for p in pieces)) if f["digest"] is None else f["digest"]
    count = len(f["operations"]) if f["count"] is None else f["count"]
    return (string(f["path"]) + varint(f["mode"]) + string(f["container"])
            + varint(size if f["size"] is None else f["size"]) + digest + varint(count) + out)


def packed(entries=None, files=None, *, kind=0, names=NAMES, types=TYPES, index=lambda i: i, compress=None,
           header=lambda h: h, head=lambda h: h, version="0", requires="", footer=None, magic=MAGIC, counts=None,
           body=lambda b: b, base=None):
    """A whole file. `counts` lies about the counts of the index; `footer` maps fields to lies, a callable sees the truth."""
    entries = [tensor()] if entries is None else entries
    files = [file("", [(n,) for n in range(len(entries))])] if files is None else files
    counts = dict(names=len(names), types=len(types), entries=len(entries), files=len(files)) | (counts or {})
    bodies, records, arrays, at = b"", b"", {}, 0
    for number, e in enumerate(entries):
        data, record = sealed(e)
        records += record
        if data:
            arrays[f"#{number}"] = (at, at + len(data))
            at += len(data)
        bodies += data
    plain_index = bytes([kind]) + varint(counts["names"]) + b"".join(map(string, names)) + varint(counts["types"])
    plain_index += b"".join(string(n) + varint(e) + varint(b) for n, e, b in types)
    plain_index += varint(counts["entries"]) + records + varint(counts["files"])
    plain_index += b"".join(file_record(f, entries) for f in files)
    plain_index = index(plain_index + (b"" if base is None else string(base)))
    stored_index = plain_index if compress is None else compress(plain_index)
    arrays["tare:index"] = (at, at + len(stored_index) + 72)
    outer = {"__metadata__": {"format": "tare", "tare.version": version, "tare.requires": requires}}
    for name, (a, b) in arrays.items():
        outer[name] = {"dtype": "U8", "shape": [b - a], "data_offsets": [a, b]}
    text = header(json.dumps(outer, separators=(",", ":")).encode())
    text += b" " * (-len(text) % 8)
    start = head(u64(len(text)) + text)
    f = dict(H=len(start), header_hash=xxh3(start), offset=len(start) + len(bodies), S=len(stored_index),
             R=len(plain_index), index_hash=xxh3(stored_index), version=0)
    for key, lie in (footer or {}).items():
        if key != "footer_hash":
            f[key] = lie(f[key]) if callable(lie) else lie
    fields = b"".join(map(u64, f.values()))
    closing = fields + u64(xxh3(fields) ^ (footer or {}).get("footer_hash", 0)) + magic
    return body(start + bodies + stored_index + closing)


def tensor(name="a", dense=b"abcd", **lies):
    return entry(name, dense, **lies)


def coded(mask, value, dense, names=NAMES, **lies):
    """One tensor 'a' of one chunk, beside a sound one: what breaks a chunk breaks its tensor alone."""
    return packed([tensor("a", dense, chunks=[chunk(mask, value)], **lies), tensor("sound", b"sound")], names=names)


# The cases.

CASES = {}


def keep(name, blob, said, only=None):
    """`said` must be in what every command says that complains; `only` are the commands that do, if not all."""
    assert name not in CASES and len(blob) < 10_000, (name, len(blob))
    CASES[name] = (blob, said, only)


DATA = ("verify", "unpack")  # what shows only where the data is read
VERIFY = ("verify",)

keep("sound", packed(), "", ())
keep("sound_compressed_index", packed(compress=frame), "", ())
sound_parts = [literal(b"header", cuts=[(0, 4), (4, 6)], rows=0, part=4), tensor(), alias("b", 1)]
keep("sound_folder", packed(sound_parts, [file("f", [(0, 0, 5), (1,)], mode=0o644, container="other"),
                                          file("d/g", [(0, 2, 4), (2,)], mode=0o600)], kind=1), "", ())

# The outside.
keep("magic", packed(magic=b"\x89TARE\r\n\0"), "does not end with its mark")
keep("footer_cut", packed(body=lambda b: b[:-1]), "does not end with its mark")
keep("footer_alone", packed(body=lambda b: b[-72:]), "")
keep("prefix_alone", packed(body=lambda b: b[:77]), "")
keep("version_1_in_footer", packed(footer={"version": 1}), "packed file of version 1, this build reads version 0")
keep("version_huge_in_footer", packed(footer={"version": 2**64 - 1}), "packed file of version 18446744073709551615")
keep("version_1_in_header", packed(version="1"), "packed file of another version, this build reads version 0")
keep("requires_unknown", packed(requires="base,palette"), "needs the features 'base,palette'")
keep("requires_control", packed(header=lambda h: h.replace(b'requires":"', b'requires":"\x1b[2J')), "\\u{1b}[2J")
keep("requires_open", packed(header=lambda h: h[:h.index(b'requires":"') + 11] + b"a" * 90), "required features")
for name, count, said in (("1", b"1", None), ("largest", b"9223372036854775807", None), ("0", b"0", ""), ("01", b"01", ""),
                          ("plus", b"+1", ""), ("minus", b"-1", ""), ("nothing", b"", ""), ("escaped", b"\\u0031", ""),
                          ("2_63", b"9223372036854775808", ""), ("long", b"1" * 500, "")):  # fmt: skip
    keep(f"canonical_zero_{name}",
         packed(header=lambda h: h.replace(b'requires":"', b'requires":"","tare.canonical_zero":"' + count, 1)),
         "'tare.canonical_zero' is no count of zeros (at byte" if said is not None else "", None if said is not None else ())
keep("footer_hash", packed(footer={"footer_hash": 1}), "the checksum of the footer does not hold")
keep("header_hash", packed(footer={"header_hash": lambda h: h ^ 1}), "the checksum of the header does not hold (at byte 0)")
keep("index_hash", packed(footer={"index_hash": lambda h: h ^ 1}), "the checksum of the index does not hold")
keep("header_0", packed(footer={"H": 0}), "do not tile the file")
keep("header_8", packed(footer={"H": 8}), "the footer says 0")
keep("header_short_by_8", packed(footer={"H": lambda h: h - 8}), "the footer says")
keep("header_beyond_index", packed(footer={"H": lambda h: h + 4096}), "do not tile the file")
keep("header_2_64", packed(footer={"H": 2**64 - 1}), "do not tile the file")
keep("header_length_lies", packed(head=lambda h: u64(2**63) + h[8:]), "a header of 9223372036854775808 bytes")
keep("header_cut_in_prefix", packed(header=lambda h: h[:40], head=lambda h: h[:48]), "")
keep("index_offset_0", packed(footer={"offset": 0}), "do not tile the file")
keep("index_offset_wraps", packed(footer={"offset": 2**64 - 8}), "do not tile the file")
keep("index_offset_2_63", packed(footer={"offset": 2**63 - 1, "S": 2**63 - 1}), "do not tile the file")
keep("index_stored_long", packed(footer={"S": lambda s: s + 1}), "do not tile the file")
keep("index_stored_short", packed(footer={"S": lambda s: s - 1}), "do not tile the file")
keep("index_bytes_2_64", packed(footer={"R": 2**64 - 1}), "claims to decode to")
keep("index_bytes_by_one", packed(footer={"R": lambda r: 65536 + 256 * r + 1}), "claims to decode to")
keep("index_bytes_at_limit", packed(footer={"R": lambda r: 65536 + 256 * r}), "expected one zstd frame")
keep("index_bytes_lie", packed(compress=frame, footer={"R": lambda r: r - 1}), "announces another size")
keep("index_frame_broken", packed(compress=lambda i: frame(i)[:-1], footer={}), "zstd frame")
keep("index_compressed_bad_role", packed([tensor(role=5)], compress=frame), "byte 94 of the decoded index")

# The index.
SIXTY = 2**60
keep("kind_2", packed(kind=2), "kind 2, expected 0 or 1")
for what in ("names", "types", "entries", "files"):
    keep(f"count_{what}", packed(counts={what: SIXTY}), "1152921504606846976, with")
keep("count_operations", packed(files=[file("", [(0,)], count=SIXTY)]), "the number of operations: 1152921504606846976")
keep("count_entries_short", packed(counts={"entries": 0}), "")
keep("count_files_0", packed(files=[]), "0 files")
keep("index_long", packed(index=lambda i: i + b"\0"), "1 bytes too many after the index")
keep("index_short", packed(index=lambda i: i[:-1]), "")
keep("index_empty", packed(index=lambda i: b""), "the kind of the packed file: needs 1 bytes")
keep("varint_overlong", packed(counts={"names": b"\x89\0"}), "expected the shortest form")
keep("varint_2_63", packed([tensor(shape=[b"\x80" * 9 + b"\1"])]), "expected the shortest form of an integer below 2^63")
keep("varint_endless", packed([tensor(shape=[b"\xff" * 40])]), "expected the shortest form")
keep("varint_cut", packed(index=lambda i: i + b"\x80"), "too many after the index")
keep("utf8_encoding", packed(names=[*NAMES, b"\xff"]), "the name of an encoding: expected UTF-8")
keep("utf8_type", packed(types=[*TYPES, (b"\xc0\x80", 1, 1)]), "the name of a type: expected UTF-8")
keep("utf8_tensor", packed([tensor(b"\xed\xa0\x80")]), "the name of a tensor: expected UTF-8")
keep("utf8_path", packed(files=[file(b"\x80", [(0,)])]), "the path of a file: expected UTF-8")
keep("string_too_long", packed(index=lambda i: i[:1] + b"\x01\xff\x7f" + i[2:]), "the name of an encoding: 16383, with")
keep("type_elements_0", packed(types=[("X", 0, 1)]), "blocks of 0 elements in 1 bytes")
keep("type_bytes_0", packed(types=[("X", 1, 0)]), "blocks of 1 elements in 0 bytes")
keep("type_elements_large", packed(types=[("X", 65537, 1)]), "blocks of 65537 elements")
keep("type_bytes_large", packed(types=[("X", 1, 8 * MIB + 1)]), "in 8388609 bytes")
keep("type_other_block", packed(types=[("U8", 1, 2)]), "type 'U8' has blocks of 1 elements in 2 bytes")
keep("type_unknown", packed(types=[("X", 2, 4)], entries=[tensor(shape=[2], type=0)]), "", ())
keep("type_beyond", packed([tensor(type=4)]), "type 4 of 4")
keep("role_5", packed([tensor(role=5)]), "an entry has role 5, expected 0 to 4")
keep("rank_1024", packed([tensor(shape=[1] * 1023 + [4], cuts=[(0, 4)], rows=1)]), "", ())
keep("rank_1025", packed([tensor(shape=[1] * 1024 + [4])]), "rank 1025, expected at most 1024")
keep("rank_2_60", packed([tensor(rank=SIXTY)]), "its rank: 1152921504606846976, with")
keep("shape_2_64", packed([tensor(shape=[2**32, 2**32])]), "has 2^64 elements or more")
keep("shape_2_64_then_0", packed([tensor(shape=[2**32, 2**32, 0])]), "has 2^64 elements or more")
keep("shape_wraps_to_4", packed([tensor(shape=[2**62 + 1, 4])]), "has 2^64 elements or more")
keep("shape_2_61_bytes", packed([tensor(shape=[2**61])]), "")
keep("shape_2_63_elements", packed([tensor(type=0, shape=[2**62, 2])], types=[("X", 65536, 1)]), "2^63 elements or more")
keep("shape_0_then_huge", packed([tensor("a", b"", shape=[0, 2**62, 2**62])]), "", ())
keep("shape_0_huge_rows", packed([tensor("a", b"", shape=[0, 2**62], type=F32, rows=2**62)]), "", ())
keep("shape_half_block", packed([tensor(type=F4, shape=[3])]), "does not fill whole bytes")
keep("elements_2_63_together",
     packed([tensor(n, shape=[2**62], type=0) for n in "ab"], types=[("X", 65536, 1)],
            files=[file("", [(0,), (1,)], size=2**47)]), "entries of 2^63 elements or more together")
keep("alias_forward", packed([alias("b", 1), tensor()]), "alias 'b' of entry 1, expected an earlier tensor like it")
keep("alias_itself", packed([tensor(), alias("b", 1)]), "alias 'b' of entry 1")
keep("alias_of_alias", packed([tensor(), alias("b", 0), alias("c", 1)]), "alias 'c' of entry 1")
keep("alias_of_literal", packed([literal(b"abcd"), alias("b", 0)]), "alias 'b' of entry 0")
keep("alias_beyond", packed([tensor(), alias("b", 2**62)]), "alias 'b' of entry 4611686018427387904")
keep("alias_other_type", packed([tensor(), alias("b", 0, type=F4, shape=[8])]), "alias 'b' of entry 0")
keep("alias_other_shape", packed([tensor(), alias("b", 0, shape=[2, 2])]), "alias 'b' of entry 0")
keep("stored_short", packed([tensor(stored=20, directory_bytes=16)]), "entries end at byte")
keep("stored_long", packed([tensor(stored=4096)]), "stores 4096 bytes")
keep("stored_2_63", packed([tensor(stored=2**63 - 1)]), "stores 9223372036854775807 bytes")
keep("directory_beyond_entry", packed([tensor(directory_bytes=60)]), "60 of them its directory")
keep("name_twice", packed([tensor(), tensor()]), "tensor 'a' is there twice")
keep("names_of_one_look", packed([tensor("\u00e9"), tensor("e\u0301")]), "", ())
keep("tensor_used_twice", packed(files=[file("", [(0,), (0,)])]), "tensor 'a' is used twice")
keep("tensor_never_used", packed([tensor(), tensor("b")], [file("", [(0,)])]), "an entry that no file uses")
keep("literal_never_used", packed([tensor(), literal(b"x")], [file("", [(0,)])]), "an entry that no file uses")
keep("operation_4", packed(files=[file("", [(0,)], raw=b"\4\0")]), "operation 4 on entry 0, which is of another role")
for name, text, ops, said, only in (
        ("metadata", b'[{"key":"a","type":"u8","value":1}]', b"\3\1", "", ()),
        ("metadata_twice", b"[]", b"\3\1\3\1", "a file has metadata twice", None),
        ("metadata_no_json", b"nonsense", b"\3\1", "the metadata of a file", ("inspect",))):
    keep("operation_" + name, packed([tensor(), literal(text)], [file(
        "", [(0,)], raw=b"\1\0" + ops, count=1 + len(ops) // 2, container="hdf5")]), said, only)
keep("operation_metadata_tensor", packed(files=[file("", [(0,)], raw=b"\3\0")]), "operation 3 on entry 0, which is of another role")
keep("operation_entry_beyond", packed(files=[file("", [(1,)])]), "an operation on entry 1 of 1")
keep("operation_range_of_tensor", packed(files=[file("", [(0, 0, 4)])]), "operation 0 on entry 0")
keep("operation_literal_whole", packed([literal(b"abcd")], [file("", [(0,)])]), "operation 1 on entry 0")
keep("operation_beyond", packed([literal(b"abcd")], [file("", [(0, 1, 4)])]), "4 bytes at 1 of an entry of 4 bytes")
keep("operation_wraps", packed([literal(b"abcd")], [file("", [(0, 2**62, 2**62)], size=4)]), "of an entry of 4 bytes")


# Boxes of tensors.


def boxed(sides, made, *transforms, fill=b"", size=None, hash=None, count=None):
    """A sound record of an operation 2 on entry 0, but for the lies."""
    out = b"\2\0" + b"".join(varint(n) for side in sides for n in side) + varint(len(fill)) + fill
    out += varint(len(transforms) if count is None else count)
    out += b"".join(varint(number) + varint(len(p)) + p for number, p in transforms)
    return out + varint(len(made) if size is None else size) + (hash8(made) if hash is None else hash), made


def of_boxes(*operations, entries=None, size=None, before=b"", behind=b"", count=None, container="gguf"):
    made = [o[1] for o in operations]
    digest = hash8(b"".join(u64(len(m)) + hash8(m) for m in made if m))
    return packed([tensor(shape=[2, 2], rows=2)] if entries is None else entries, [file(
        "", [(0,)] * (len(operations) if count is None else count),
        raw=before + b"".join(o[0] for o in operations) + behind, digest=digest, container=container,
        size=sum(map(len, made)) if size is None else size)])


WHOLE, TOP, BOTTOM = [(0, 2, 2), (0, 2, 2)], [(0, 1, 1), (0, 2, 2)], [(1, 1, 1), (0, 2, 2)]
NOTHING = [(0, 0, 0), (0, 0, 0)]
FLETCHER = (4, b"")
ABCD = tensor(shape=[2, 2])["dense"]


HEADER = ("inspect", "verify")  # what shows where the file is opened as a model, and is in nobody's way who unpacks it


def view(form, *, name="v", type=("U8", 1, 1), shape=[4], rank=None, turned=0):
    """A view of the file that `viewing` makes, whatever it says."""
    out = string(name) + string(type[0]) + varint(type[1]) + varint(type[2]) + varint(len(shape) if rank is None else rank)
    return out + b"".join(map(varint, shape)) + bytes([turned]) + form


def at(offset):
    return b"\0" + varint(offset)


def tiles(*stored, shape=[2], edges=0, fill=b"\0", filters=(), count=None, filter_count=None):
    """Chunks: `filters` are (id, optional, parameters), `stored` (skipped, offset, bytes, mask)."""
    out = b"\1" + b"".join(map(varint, shape)) + bytes([edges]) + varint(len(fill)) + fill
    out += varint(len(filters) if filter_count is None else filter_count)
    for number, optional, parameters in filters:
        out += varint(number) + bytes([optional]) + varint(len(parameters)) + b"".join(u64(p)[:4] for p in parameters)
    out += varint(len(stored) if count is None else count)
    return out + b"".join(varint(s) + varint(o) + varint(n) + u64(m)[:4] for s, o, n, m in stored)


def viewing(*views, count=None, tail=b"", notes=b"\4\2", more=1, container="hdf5", content=b"\3abcdefg", parts=None):
    """A file of a literal and a tensor 'a', which `views` read through it."""
    text = literal(varint(len(views) if count is None else count) + b"".join(views) + tail)
    size = len(content)
    parts = parts or [literal(content), tensor()]
    raw = b"\0\0\0" + varint(size) + b"\1\1" + notes
    made = file("", [(0, 0, size), (1,)], raw=raw, count=2 + more, container=container)
    return packed([*parts, text], [made])


def deflated(level=6, identity=0):
    return 3, bytes([level]) + (identity if isinstance(identity, bytes) else u64(identity))


LZF = [(32000, 1, [])]
keep("views", viewing(view(at(5)), view(tiles((0, 0, 5, 0), filters=LZF, shape=[4]), name="w")), "", ())
keep("views_none", viewing(), "", ())
keep("view_beyond", viewing(view(at(9))), "4 bytes at 9 of a file of 12", HEADER)
keep("view_offset_2_62", viewing(view(at(2**62))), "4 bytes at 4611686018427387904 of a file of 12", HEADER)
keep("view_shape_wraps", viewing(view(at(0), shape=[2**32, 2**32])), "tensor 'v'", HEADER)
keep("view_out_of_proportion", viewing(view(tiles(), shape=[2**40])), "too large for a file of 12 bytes", HEADER)
keep("views_out_of_proportion", viewing(*[view(tiles(), shape=[2**31], name=n) for n in "uvw"]), "too large for a file of 12", HEADER)
keep("view_rank_2_40", viewing(view(at(0), rank=2**40)), "its rank", HEADER)
keep("view_rank_1025", viewing(view(at(0), shape=[1] * 1025)), "rank 1025, expected at most 1024", HEADER)
keep("view_of_blocks", viewing(view(at(0), type=("F4", 2, 1))), "of blocks of F4", HEADER)
keep("view_type_lies", viewing(view(at(0), type=("F32", 1, 2))), "type 'F32' has blocks of 1 elements in 2 bytes", HEADER)
keep("view_type_future", viewing(view(at(2), type=("F9", 1, 2))), "", ())
keep("view_type_future_turned", viewing(view(at(2), type=("F9", 1, 2), turned=1)), "numbers of type 'F9' are turned", HEADER)
keep("view_turned_2", viewing(view(at(0), turned=2)), "expected 0 or 1", HEADER)
keep("view_form_2", viewing(view(b"\2\0")), "expected 0 or 1", HEADER)
keep("view_name_twice", viewing(view(at(0)), view(at(4))), "tensor 'v' is there twice", HEADER)
keep("view_name_of_entry", viewing(view(at(0), name="a")), "tensor 'a' is there twice", HEADER)
keep("view_name_not_utf8", viewing(view(at(0), name=b"\xff")), "the name of a tensor", HEADER)
keep("view_cut", viewing(view(at(0))[:-1]), "", HEADER)
keep("views_count_lies", viewing(view(at(0)), count=2), "", HEADER)
keep("views_count_2_60", viewing(count=2**60), "the number of views", HEADER)
keep("views_tail", viewing(view(at(0)), tail=b"x"), "1 bytes too many", HEADER)
keep("views_twice", viewing(view(at(0)), notes=b"\4\2\4\2", more=2), "a file has views twice")
keep("views_of_tensor", viewing(notes=b"\4\1\3\2", more=2), "operation 4 on entry 1, which is of another role")
keep("views_of_bytes", viewing(container=""), "a file that is bytes has views")
keep("views_damaged", viewing(view(at(0))).replace(b"\1\1v\2U8", b"\1\1v\2U9"), "checksum of chunk 0", HEADER)
keep("operation_5", viewing(notes=b"\5\2"), "operation 5, expected 0 to 4")
keep("tiles_of_scalar", viewing(view(tiles(shape=[]), shape=[])), "chunks of shape []", HEADER)
keep("tiles_of_nothing", viewing(view(tiles(shape=[0]))), "chunks of shape [0]", HEADER)
keep("tiles_of_2_62", viewing(view(tiles(shape=[2**62], fill=bytes(4)), type=("F32", 1, 4), shape=[1])), "beyond 2^63", HEADER)
keep("tiles_of_2_61", viewing(view(tiles((0, 0, 2, 0), shape=[2**61]), shape=[1])), "a chunk of 2 bytes, expected 2305843009213693952", VERIFY)
keep("tiles_of_2_61_filtered", viewing(view(tiles((0, 0, 2, 0), shape=[2**61], filters=LZF), shape=[1])), "", ())
keep("tiles_edges_2", viewing(view(tiles(edges=2))), "expected 0 or 1", HEADER)
keep("tiles_filled_with_nothing", viewing(view(tiles(fill=b""))), "filled with 0 bytes", HEADER)
keep("tiles_filled_with_half", viewing(view(tiles(fill=b"abc"), type=("BF16", 1, 2))), "filled with 3 bytes", HEADER)
keep("tiles_fill_2_60", viewing(view(b"\1\2\0" + varint(2**60))), "the length of what fills it", HEADER)
keep("tiles_filters_33", viewing(view(tiles(filters=[(3, 0, [])] * 33))), "a pipeline of 33 filters", HEADER)
keep("tiles_filters_2_60", viewing(view(tiles(filter_count=2**60))), "the number of filters", HEADER)
keep("tiles_filter_future", viewing(view(tiles((0, 0, 2, 0), filters=[(2**40, 1, [])]))), "", ())
keep("tiles_filter_of_library", viewing(view(tiles((0, 0, 2, 0), filters=[(4, 0, [1, 2])]))), "", ())
keep("tiles_optional_2", viewing(view(tiles(filters=[(3, 2, [])]))), "expected 0 or 1", HEADER)
keep("tiles_beyond_grid", viewing(view(tiles((2, 0, 2, 0)))), "chunk 2 of 2", HEADER)
keep("tiles_skip_2_62", viewing(view(tiles((2**62, 0, 2, 0), (2**62, 0, 2, 0)))), "chunk", HEADER)
keep("tiles_beyond_file", viewing(view(tiles((0, 11, 2, 0)))), "a chunk of 2 bytes at 11", HEADER)
keep("tiles_bytes_2_40", viewing(view(tiles((0, 0, 2**40, 0)))), "of 1099511627776 bytes", HEADER)
keep("tiles_count_2_60", viewing(view(tiles(count=2**60))), "the number of chunks", HEADER)
keep("tiles_other_size", viewing(view(tiles((0, 0, 3, 0)))), "a chunk of 3 bytes, expected 2", VERIFY)
keep("tiles_far_too_long", viewing(view(tiles((0, 0, 70_000, 0), filters=LZF)), parts=[
    literal(bytes(70_000), chunks=[repeated(b"\0")]), tensor()], content=bytes(70_000)), "takes more than twice as many", HEADER)
keep("tiles_before_the_chunk", viewing(view(tiles((0, 0, 3, 0), filters=LZF)), content=b"\x20\x00xabcdef"), "lzf: a match 1 bytes back, behind 0 bytes", VERIFY)
keep("tiles_unsound_parameter", viewing(view(tiles((0, 0, 2, 0), filters=[(2, 0, [])]))), "filter 2 has 0 parameters", VERIFY)
keep("tiles_masked_parameter", viewing(view(tiles((0, 0, 2, 1), filters=[(2, 0, [])]))), "", ())

other = dict(container="")
keep("boxes", of_boxes(boxed(TOP, ABCD[:2]), boxed(BOTTOM, ABCD[2:]), **other), "", ())
keep("box_nothing", of_boxes(boxed(NOTHING, b""), **other), "", ())
keep("box_beyond", of_boxes(boxed([(1, 2, 2), (0, 2, 2)], ABCD), **other), "a box of 2 elements at 1, padded to 2")
keep("box_start_2_62", of_boxes(boxed([(2**62, 1, 1), (0, 2, 2)], ABCD[:2]), **other), "a box of 1 elements at 4611686018427387904")
keep("box_count_2_63", of_boxes(boxed([(0, 2**63 - 1, 2**63 - 1), (0, 2, 2)], ABCD), **other), "a box of 9223372036854775807")
keep("box_padded_less", of_boxes(boxed([(0, 2, 1), (0, 2, 2)], ABCD), **other), "padded to 1")
keep("box_padding_lacks", of_boxes(boxed([(0, 2, 3), (0, 2, 2)], ABCD + b"xx"), **other), "padded with blocks of 0 bytes")
keep("box_padding_unneeded", of_boxes(boxed(WHOLE, ABCD, fill=b"x"), **other), "padded with blocks of 1 bytes")
keep("box_padding_long", of_boxes(boxed([(0, 2, 3), (0, 2, 2)], ABCD + b"xx", fill=b"xx"), **other), "padded with blocks of 2")
keep("box_padded_huge", of_boxes(boxed([(0, 2, 2**40), (0, 2, 2)], ABCD, fill=b"x"), **other), "a box of more than 67108864 bytes")
keep("box_padded_wraps", of_boxes(boxed([(0, 2, 2**32), (0, 2, 2**32)], ABCD, fill=b"x"), **other), "a box of more than")
keep("box_padded_much", of_boxes(boxed([(0, 2, 2**20), (0, 2, 2)], ABCD, fill=b"x"), **other), "4 bytes are made of a box of 2097152")
keep("box_half_empty", of_boxes(boxed([(0, 0, 0), (0, 2, 2)], b""), **other), "empty in some dimensions but not in all")
keep("box_empty_padded", of_boxes(boxed([(0, 0, 1), (0, 0, 1)], b"", fill=b"x"), **other), "empty in some dimensions")
keep("box_empty_makes", of_boxes(boxed(NOTHING, b"x"), **other), "1 bytes are made of an empty box")
keep("box_makes_nothing", of_boxes(boxed(WHOLE, b""), **other), "no bytes are made of a box of 4")
keep("box_makes_70_mib", of_boxes(boxed(WHOLE, ABCD, size=70 << 20), size=70 << 20, **other), "73400320 bytes are made of a box of 4")
keep("box_makes_other_bytes", of_boxes(boxed(WHOLE, b"abcx"), **other), "what is made of its elements is not what was packed", DATA)
keep("box_makes_fewer_bytes", of_boxes(boxed(WHOLE, ABCD[:3]), **other), "what is made of its elements is not what was packed", DATA)
keep("box_other_hash", of_boxes(boxed(WHOLE, ABCD, hash=bytes(8)), **other), "", ("verify", "unpack"))
keep("boxes_overlap", of_boxes(boxed(WHOLE, ABCD), boxed(TOP, ABCD[:2]), **other), "boxes of tensor 'a' have more elements than it has")
keep("box_and_whole", of_boxes(boxed(TOP, ABCD[:2]), behind=b"\1\0", count=2, size=6, **other), "tensor 'a' is used twice")
keep("whole_and_box", of_boxes(boxed(TOP, ABCD[:2]), before=b"\1\0", count=2, size=6, **other), "tensor 'a' is used twice")
keep("box_of_literal", of_boxes(boxed([(0, 4, 4)], ABCD), entries=[literal(b"abcd")], **other), "operation 2 on entry 0, which is of another role")
keep("box_cuts_blocks", of_boxes(boxed([(1, 2, 2)], b"x"), entries=[tensor(type=F4, shape=[8])], **other), "a box of 2 elements at 1")
keep("box_transforms_many", of_boxes(boxed(WHOLE, ABCD, *[FLETCHER] * 9), **other), "9 transforms, expected at most 8")
keep("box_transforms_2_60", of_boxes(boxed(WHOLE, ABCD, count=SIXTY), **other), "the number of transforms")
keep("box_transform_future", of_boxes(boxed(WHOLE, ABCD, (99, b"x")), **other), "parts of it are made by transform 99", ("unpack",))
keep("box_swap_no_words", of_boxes(boxed(WHOLE, ABCD, (1, b"")), **other), "a block of no words")
keep("box_swap_words_of_3", of_boxes(boxed(WHOLE, ABCD, (1, varint(3) + varint(1))), **other), "1 words of 3 bytes")
keep("box_swap_words_2_62", of_boxes(boxed(WHOLE, ABCD, (1, varint(8) + varint(2**62))), **other), "4611686018427387904 words")
keep("box_swap_cuts", of_boxes(boxed(WHOLE, ABCD, (1, varint(8) + varint(1))), **other), "4 bytes are turned in blocks of 8", DATA)
keep("box_shuffle_0", of_boxes(boxed(WHOLE, ABCD, (2, varint(0))), **other), "elements of no bytes are shuffled")
keep("box_shuffle_2_62", of_boxes(boxed(WHOLE, ABCD, (2, varint(2**62))), **other), "", ())
keep("box_deflate_10", of_boxes(boxed(WHOLE, ABCD, deflated(10)), **other), "level 10 of zlib, expected at most 9")
keep("box_deflate_other", of_boxes(boxed(WHOLE, ABCD, deflated()), **other), "a zlib that writes other bytes", ("unpack",))
keep("box_deflate_short", of_boxes(boxed(WHOLE, ABCD, deflated(identity=b"")), **other), "the identity of a zlib")
keep("box_fletcher_long", of_boxes(boxed(WHOLE, ABCD, (4, b"x")), **other), "the parameters of a transform")

keep("file_short", packed(files=[file("", [(0,)], size=3)]), "operations give more than the 3 bytes")
keep("file_long", packed(files=[file("", [(0,)], size=5)]), "operations give 4 bytes, expected 5")
huge = literal(b"abcd", size=2**60)
keep("file_2_63", packed([huge], [file("", [(0, 0, 2**60)] * 8, size=2**63 - 1)]), "operations give more than")
keep("files_2_63_together", packed([huge], [file(p, [(0, 0, 2**60)] * 4, size=2**62) for p in "ab"], kind=1),
     "files of 2^63 bytes or more together")
keep("file_mode", packed(files=[file("f", [(0,)], mode=0o1644)], kind=1), "mode 932, expected nine permission bits")
keep("file_container_unknown", packed(files=[file("", [(0,)], container="future")]), "", ())
keep("file_container_is_none", packed([literal(b"no header"), tensor()],
                                      [file("", [(0, 0, 9), (1,)], container="safetensors")]), "", ("inspect",))
keep("single_with_path", packed(files=[file("f", [(0,)])]), "holds one file without path and mode")
keep("single_with_mode", packed(files=[file("", [(0,)], mode=0o644)]), "holds one file without path and mode")
keep("single_of_two", packed([tensor(), tensor("b")], [file("", [(0,)]), file("", [(1,)])]), "holds one file")


def folder(*paths):
    return packed([literal(b"x")], [file(p, [(0, 0, 1)], mode=0o644) for p in paths], kind=1)


for name, path, said in (("absolute", "/tmp/x", "is absolute"), ("parent", "../x", "'.' or '..'"),
                         ("parent_inside", "a/../../x", "'.' or '..'"), ("dot", "a/./b", "'.' or '..'"),
                         ("dot_alone", ".", "'.' or '..'"), ("nul", "a\0b", "holds a NUL"), ("empty", "", "empty name"),
                         ("empty_part", "a//b", "empty name"), ("trailing_slash", "a/", "empty name"),
                         ("part_of_256", "x" * 256, "a name of 256 bytes"),
                         ("part_of_258", "\u20ac" * 86, "a name of 258 bytes")):  # fmt: skip
    keep(f"path_{name}", folder(path), said)
keep("path_part_of_255", folder("x" * 255), "", ())
keep("paths_equal", folder("a", "a"), "are one, letter case aside")
keep("paths_case", folder("Model", "model"), "are one, letter case aside")
keep("paths_case_unicode", folder("\u00c9", "\u00e9"), "are one, letter case aside")
keep("paths_file_and_folder", folder("a", "a/b"), "is a file and, for 'a/b', a folder")
keep("paths_folder_and_file_case", folder("A/b", "a.b", "a"), "is a file and, for 'A/b', a folder")
keep("paths_folders_differ_in_case", folder("a/b", "A/c"), "", ())

# Directories.
keep("directory_hash", packed([tensor(directory_hash=bytes(8))]), "the checksum of the directory does not hold", DATA)
keep("directory_no_grid", packed([tensor(rows=0)]), "a chunk is 0 rows and 0 bytes", DATA)
keep("directory_two_grids", packed([tensor(part=4)]), "a chunk is 1 rows and 4 bytes", DATA)
keep("directory_rows_2_62", packed([tensor(rows=2**62)]), "", ())
keep("directory_empty_rows_2_60", packed([tensor("a", b"", shape=[0, 8], rows=2**60)]), "", ())
keep("directory_empty_part", packed([tensor("a", b"", shape=[0, 8], rows=0, part=3)]), "", ())
keep("directory_empty_no_grid", packed([tensor("a", b"", rows=0)]), "a chunk is 0 rows and 0 bytes", VERIFY)
keep("directory_part_cuts_block", packed([tensor(type=F32, shape=[1], rows=0, part=3)]), "expected whole blocks", DATA)
keep("directory_part_beyond_row", packed([tensor(rows=0, part=5)]), "a chunk is 5 bytes of a row of 4", DATA)
keep("directory_chunk_large", packed([tensor(shape=[8 * MIB + 1])], [file("", [(0,)], size=8 * MIB + 1)]),
     "expected at most 8388608 bytes", DATA)
keep("directory_rows_large", packed([tensor(shape=[9, MIB], rows=9)], [file("", [(0,)], size=9 * MIB)]),
     "a chunk of 9 rows of 1048576 bytes", DATA)
keep("directory_chunks_2_60", packed([tensor(shape=[SIXTY], rows=0, part=1)], [file("", [(0,)], size=SIXTY)]),
     "1152921504606846976", DATA)
keep("directory_length_long", packed([tensor(lengths=[4096])]), "a chunk of 4096 stored bytes", DATA)
keep("directory_length_2_63", packed([tensor(lengths=[2**63 - 1])]), "of 9223372036854775807 stored bytes", DATA)
keep("directory_length_short", packed([tensor(lengths=[9])]), "chunks fill 9 of", DATA)
keep("directory_tail", packed([tensor(tail=b"\0")]), "1 bytes too many after the directory", DATA)
keep("directory_cut", packed([tensor(dense_hashes=bytes(4))]), "", DATA)
keep("directory_none", packed([tensor(directory_bytes=0, directory_hash=hash8(b""))]), "needs 1 bytes", DATA)
keep("shared_count_2_60", packed([tensor(shared_count=SIXTY)]), "the number of shared streams: 115292150", DATA)
keep("shared_bomb", packed([tensor(shared=[zipped(frame(b""), SIXTY)])]), "a shared stream of 1152921504606846976 bytes", DATA)
keep("shared_over_4_mib", packed([tensor(shared=[zipped(b"", 4 * MIB), zipped(b"", 1)])]), "a shared stream of 1 bytes in 0", DATA)
keep("shared_beyond_entry", packed([tensor(shared=[(b"\0" + varint(4096), b"")])]), "a shared stream of 4096 bytes", DATA)
keep("shared_kind_2", packed([tensor(shared=[(b"\2\0", b"")])]), "a shared stream of kind 2", DATA)
keep("shared_frame_lies", packed([tensor(shared=[zipped(frame(b"12345"), 4)])]), "announces another size than 4", DATA)
keep("shared_hash", packed([tensor(shared=[(b"\0\1" + bytes(8) + b"\0\0", b"x")], shared_count=1)]), "", DATA)

# Chunks.
BAD = ("verify", "unpack")


def bad(name, mask, value, said, dense=bytes(16), **lies):
    keep("chunk_" + name, coded(mask, value, dense, **lies), said, BAD)


none, raw16 = stage(NONE), stage(RAW, b"", bytes(16))
keep("chunk_stored_hash", packed([tensor(stored_hashes=bytes(4)), tensor("sound", b"sound")]),
     "the checksum of chunk 0 does not hold", BAD)
keep("chunk_dense_hash", packed([tensor(dense_hashes=bytes(8)), tensor("sound", b"sound")]),
     "chunk 0 decodes to other bytes than were packed", BAD)
bad("constant_dense_hash", none, stage(CONSTANT, b"\1"), "chunk 0 decodes to other bytes")
bad("encoding_beyond", none, stage(9, b"", bytes(16)), "a chunk names encoding 9 of 9")
bad("encoding_2_62", stage(2**62), raw16, "a chunk names encoding 4611686018427387904 of 9")
bad("encoding_unknown", none, stage(FUTURE, b"xy", bytes(16)), "encoding 'from-the-future'; known: none, bitmask")
bad("mask_unknown", stage(FUTURE, bytes(100), b""), raw16, "encoding 'from-the-future'; known: none, bitmask")
bad("mask_for_value", none, stage(BITMASK, [1], b"\0\0"), "encoding 'bitmask' in the place of the other stage")
bad("value_for_mask", stage(RAW, b"", bytes(16)), raw16, "encoding 'raw' in the place of the other stage")
bad("none_with_parameters", stage(NONE, b"x"), raw16, "'none' has parameters")
bad("none_with_stream", stage(NONE, b"", b"x"), raw16, "a stage has 1 streams, expected 0")
bad("raw_with_parameters", none, stage(RAW, b"x", bytes(16)), "'raw' has parameters")
bad("raw_compressed", none, stage(RAW, b"", zipped(frame(bytes(16)), 16)), "the stream of 'raw' is compressed")
bad("raw_short", none, stage(RAW, b"", bytes(15)), "decodes to 15 bytes, expected 16")
bad("raw_long", none, stage(RAW, b"", bytes(17)), "decodes to 17 bytes, expected 16")
bad("raw_two_streams", none, stage(RAW, b"", bytes(16), b""), "a stage has 2 streams")
bad("constant_of_0", none, stage(CONSTANT), "an element of 0 bytes")
bad("constant_of_9", none, stage(CONSTANT, bytes(9)), "an element of 9 bytes")
bad("constant_of_16", none, stage(CONSTANT, bytes(16)), "an element of 16 bytes")
bad("constant_of_3", none, stage(CONSTANT, bytes(3)), "an element of 3 bytes does not fill 16 bytes")
bad("constant_with_stream", none, stage(CONSTANT, b"\0", b"x"), "a stage has 1 streams")
bad("constant_under_mask_parameters", stage(NONE, b"x"), stage(CONSTANT, b"\0"), "'none' has parameters")
bad("bytes_stride_0", none, stage(BYTES, [0]), "a width from 1 to 8")
bad("bytes_stride_9", none, stage(BYTES, [9], *[b""] * 9), "a width from 1 to 8")
bad("bytes_stride_3", none, stage(BYTES, [3], *[bytes(5)] * 3), "16 bytes in 3 planes of equal length")
bad("bytes_planes_lie", none, stage(BYTES, [2], bytes(7), bytes(9)), "decodes to 7 bytes, expected 8")
bad("planes_width_3", none, stage(PLANES, [3], *[bytes(5)] * 3), "16 bytes in elements of 3 bytes")
bad("planes_too_few", none, stage(PLANES, [4], *[bytes(4)] * 3), "a stage has 3 streams")
bad("planes_sizes_lie", none, stage(PLANES, [2], bytes(9), bytes(7)), "decodes to 9 bytes, expected 8")
bad("planes_of_nothing_hold_some", stage(BITMASK, [2], b"\0"), stage(PLANES, [2], b"x", b"y"), "expected 0")
bad("bytes_of_nothing_hold_some", stage(GAPS, [2], b""), stage(BYTES, [1], b"x"), "expected 0")
bad("bitmask_width_3", stage(BITMASK, [3], b"\0"), stage(RAW, b"", b""), "a mask of elements of 3 bytes")
bad("bitmask_short", stage(BITMASK, [1], b"\0"), stage(RAW, b"", b""), "decodes to 1 bytes, expected 2")
bad("bitmask_past_end", stage(BITMASK, [4], b"\x10"), stage(RAW, b"", bytes(4)), "bits past its last element")
bad("bitmask_more_bits", stage(BITMASK, [4], b"\3"), stage(RAW, b"", bytes(4)), "decodes to 4 bytes, expected 8")
bad("bitmask_fewer_bits", stage(BITMASK, [4], b"\1"), stage(RAW, b"", bytes(8)), "decodes to 8 bytes, expected 4")
bad("signs_long", stage(BITMASK, [4], b"\0", bytes(2)), stage(RAW, b"", b""), "decodes to 2 bytes, expected 1")
bad("signs_twice", stage(BITMASK, [4], b"\0", b"\1", b"\1"), stage(RAW, b"", b""), "a stage has 3 streams")
bad("signs_none_negative", stage(BITMASK, [4], b"\0", b"\0"), stage(RAW, b"", b""), "none is negative")
bad("signs_of_no_zeros", stage(GAPS, [8], b"\0\0", b""), stage(RAW, b"", bytes(16)), "none is negative")
bad("gaps_past_end", stage(GAPS, [2], b"\x08"), stage(RAW, b"", bytes(2)), "a gap leads past the last of 8 elements")
bad("gaps_of_255_past_end", stage(GAPS, [2], b"\xff"), stage(RAW, b"", b""), "a gap leads past the last")
bad("gaps_too_many", stage(GAPS, [8], bytes(3)), stage(RAW, b"", bytes(24)), "3 gaps for 2 elements")
bad("gaps_fewer_than_values", stage(GAPS, [8], b"\0"), stage(RAW, b"", bytes(16)), "decodes to 16 bytes, expected 8")
bad("stream_kind_2", none, stage(RAW, b"", (b"\2\x10", bytes(16))), "a stream of kind 2, expected 0 or 1")
bad("stream_count_2_60", none, stage(RAW, b"", bytes(16), count=SIXTY), "the streams of a stage: 1152921504606846976")
bad("parameters_2_60", none, stage(RAW, b"", bytes(16), length=SIXTY), "the parameters of a stage: 11529215046068469")
bad("stream_claims_2_60", none, stage(BYTES, [1], zipped(frame(bytes(16)), SIXTY)), "claims to decode to 1152921504606846976")
bad("stream_stored_2_60", none, stage(BYTES, [1], (b"\1\x10" + varint(SIXTY), b"")), "a stream of 1152921504606846976 bytes")
bad("streams_over_budget", none, stage(BYTES, [2], zipped(b"", 65536 + 48), zipped(b"", 1)), "claims to decode to 1 bytes")
bad("stream_over_budget", none, stage(BYTES, [1], zipped(b"", 65536 + 49)), "claims to decode to 65585 bytes")
bad("tail", none, stage(RAW, b"", (b"\0\x10", bytes(17))), "1 bytes too many in a chunk")
keep("chunk_empty", packed([tensor(chunks=[b""]), tensor("sound", b"sound")]), "the encoding of a stage: needs 1 bytes", BAD)

# zstd frames, of 1000 zeros.
good = frame(bytes(1000))
head = b"\x28\xb5\x2f\xfd"
size = struct.pack("<H", 1000 - 256)
zeros = struct.pack("<I", 1000 << 3 | 3)[:3] + b"\0"  # the last block: one byte, repeated
for name, body, said in (
        ("trailing_byte", good + b"x", "expected one zstd frame"), ("two", good + good, "expected one zstd frame"),
        ("truncated", good[:-1], "expected one zstd frame"), ("nothing", b"", "expected one zstd frame"),
        ("other_size", frame(bytes(999)), "announces another size than 1000 bytes"),
        ("no_size", frame(bytes(1000), write_content_size=False), "announces another size than 1000 bytes"),
        ("skippable", b"\x50\x2a\x4d\x18\1\0\0\0x", "announces another size"),
        ("skippable_first", b"\x50\x2a\x4d\x18\1\0\0\0x" + good, "expected one zstd frame"),
        ("dictionary", head + b"\x41\0\x07" + size + zeros, "a dictionary"),
        ("window_16_mib", head + b"\x40\x70" + size + zeros, "too large a window"),
        ("reserved_bit", head + b"\x68" + size + struct.pack("<I", 1000 << 3 | 3)[:3] + b"\0", ""),
        ("gives_more", head + b"\x60" + size + struct.pack("<I", 1001 << 3 | 3)[:3] + b"\0", "does not decode"),
        ("gives_less", head + b"\x60" + size + struct.pack("<I", 999 << 3 | 3)[:3] + b"\0", "does not decode"),
        ("block_type_3", head + b"\x60" + size + b"\7\0\0", "zstd frame"),
        ("checksum_lies", frame(bytes(1000), write_checksum=True)[:-1] + b"\0", "does not decode"),
        ("no_magic", b"\x28\xb5\x2f\xfc" + good[4:], "expected one zstd frame")):  # fmt: skip
    bad("frame_" + name, none, stage(BYTES, [1], zipped(body, 1000)), said, bytes(1000))
long = head + b"\xa0" + struct.pack("<I", 8 * MIB + 1)
long += b"".join(struct.pack("<I", (1 << 17) << 3 | 2)[:3] + b"\0" for _ in range(64)) + struct.pack("<I", 1 << 3 | 3)[:3] + b"\0"
keep("chunk_frame_one_segment_over_8_mib",
     packed([tensor(shape=[8 * MIB], chunks=[chunk(stage(GAPS, [1], zipped(long, 8 * MIB + 1)), stage(CONSTANT, b"\1"))])],
            [file("", [(0,)], size=8 * MIB)]), "too large a window", BAD)
keep("chunk_frame_checksum", coded(none, stage(BYTES, [1], zipped(frame(bytes(1000), write_checksum=True), 1000)),
                                   bytes(1000)), "", ())

# fused: bf16, eight elements, one exponent listed.
FIELDS = (bytes(2), bytes(1))


def fused(name, parameters, streams, said, dense=bytes(16), **lies):
    bad("fused_" + name, none, stage(FUSED, parameters, *streams), said, dense, **lies)


keep("chunk_fused_sound", coded(none, stage(FUSED, [2, 8, 3, 1, 0], bytes(8), b"", *FIELDS), bytes(16)), "", ())
for name, stream in (("shared_plain", stored(b"\x00\x7f")), ("shared_frame", zipped(frame(b"\x00\x7f"), 2))):
    keep("sound_" + name, coded(none, stage(FUSED, [2, 8, 3, 0], bytes(8), b"", *FIELDS), bytes(16), shared=[stream]), "", ())
for name, parameters in (("width_3", [3, 8, 3, 1, 0]), ("width_0", [0, 8, 3, 1, 0]), ("exponent_1", [2, 1, 1, 1, 0]),
                         ("exponent_12", [8, 12, 3, 1, 0, 0]), ("exponent_fills", [1, 8, 3, 1, 0]),
                         ("rank_0", [2, 8, 0, 0]), ("rank_6", [2, 8, 6, 1, 0]), ("rank_beyond_exponent", [2, 3, 4, 1, 0]),
                         ("parameters_none", [])):  # fmt: skip
    fused(name, parameters, (bytes(8), b"", *FIELDS), "'fused' has the parameters")
fused("lists_too_many", [2, 8, 3, 8, *range(8)], (bytes(8), b"", *FIELDS), "'fused' lists 8 exponents in 3 bits")
fused("list_long", [2, 8, 3, 1, 0, 0], (bytes(8), b"", *FIELDS), "'fused' lists 2 bytes of exponents")
fused("list_short", [2, 8, 3, 2, 0], (bytes(8), b"", *FIELDS), "'fused' lists 1 bytes of exponents")
fused("exponent_large", [2, 5, 3, 1, 32], (bytes(8), b"", bytes(4), bytes(2)), "an exponent of more than 5 bits")
fused("no_shared", [2, 8, 3, 0], (bytes(8), b"", *FIELDS), "the entry has no shared stream")
fused("escape_large", [2, 5, 3, 1, 0], (b"\xe0" + bytes(7), b"\x20", bytes(4), bytes(2)), "an escaped exponent of more than 5 bits")
fused("shared_odd", [8, 11, 3, 0], (bytes(2), b"", *[bytes(2)] * 6), "", shared=[stored(b"123")])
fused("symbols_short", [2, 8, 3, 1, 0], (bytes(7), b"", *FIELDS), "decodes to 7 bytes, expected 8")
fused("streams_too_many", [2, 8, 3, 1, 0], (bytes(8), b"", *FIELDS, b""), "a stage has 5 streams")
fused("field_long", [2, 8, 3, 1, 0], (bytes(8), b"", bytes(2), bytes(2)), "decodes to 2 bytes, expected 1")
fused("escape_missing", [2, 8, 3, 1, 0], (b"\xe0" + bytes(7), b"", *FIELDS), "the escapes do not fit the symbols")
fused("escape_too_many", [2, 8, 3, 1, 0], (bytes(8), b"\0", *FIELDS), "the escapes do not fit the symbols")
fused("escapes_beyond_elements", [2, 8, 3, 1, 0], (bytes(8), bytes(9), *FIELDS), "9 bytes of escapes for 8 elements")

# palette: eight elements of two bytes.


def book(name, parameters, streams, said, mask=none, **lies):
    bad("palette_" + name, mask, stage(PALETTE, parameters, *streams), said, names=NEWER, **lies)


def sized(width, words):
    return bytes([width]) + varint(words)


keep("chunk_palette_sound", coded(none, stage(PALETTE, sized(2, 2), b"\0\1\0\0", b"\0"), bytes(16), names=NEWER), "", ())
for name, parameters in (("of_0", sized(2, 0)), ("of_4097", sized(2, 4097)), ("of_2_60", sized(2, SIXTY)),
                         ("width_0", sized(0, 1)), ("width_3", sized(3, 1)), ("parameters_none", b""),
                         ("parameters_long", sized(2, 1) + b"\0")):  # fmt: skip
    book(name, parameters, (bytes(2), b""), "" if name == "parameters_none" else "'palette' has the parameters")
book("words_short", sized(2, 2), (bytes(3), b"\0"), "decodes to 3 bytes, expected 4")
book("words_descend", sized(2, 2), (b"\1\0\0\0", b"\0"), "the elements of a palette are not ascending")
book("words_equal", sized(2, 2), (b"\1\1\0\0", b"\0"), "the elements of a palette are not ascending")
book("codes_of_one", sized(2, 1), (bytes(2), b"\0"), "decodes to 1 bytes, expected 0")
book("codes_long", sized(2, 2), (b"\0\1\0\0", bytes(2)), "decodes to 2 bytes, expected 1")
book("code_beyond", sized(2, 5), (bytes(range(5)) + bytes(5), b"\5\0\0"), "a code beyond the 5 elements of a palette")
book("byte_no_codes", sized(2, 3), (bytes(range(3)) + bytes(3), b"\xf3\0"), "a code beyond the 3 elements of a palette")
wide = bytes(n & 255 for n in range(257)) + bytes(n >> 8 for n in range(257))
book("wide_without_high", sized(2, 257), (wide, bytes(8)), "a stage has 2 streams, expected 3")
book("wide_code_beyond", sized(2, 257), (wide, b"\1" + bytes(7), b"\1"), "a code beyond the 257 elements of a palette")
book("odd_chunk", sized(2, 2), (b"\0\1\0\0", b"\0"), "15 bytes in elements of 2 bytes", dense=bytes(15))
book("of_nothing", sized(2, 1), (bytes(2), b""), "decodes to 2 bytes, expected 0", mask=stage(BITMASK, [2], b"\0"))

# grid: two rows of four bf16, groups of two of a row, three levels from 0 up.
FOUR = (bytes(4),) * 4  # scales of 0


def gridded(name, said, streams=None, mask=none, dense=bytes(16), **p):
    p = dict(kind=0, flags=0, row=4, group_rows=1, group_columns=2, low=0, levels=3, tail=b"") | p
    parameters = bytes([p["kind"], p["flags"]]) + b"".join(varint(p[k]) for k in ("row", "group_rows", "group_columns"))
    parameters += bytes([p["low"]]) + varint(p["levels"]) + p["tail"]
    parts = [b"", *FOUR, bytes(2), b"", b"", b"", b""]
    for number, stream in (streams or {}).items():
        parts[number:number + 1] = stream if isinstance(stream, tuple) else [stream]
    made = stage(GRID, parameters, *parts)
    if said is None:
        keep("chunk_grid_" + name, coded(mask, made, dense, names=NEWER), "", ())
    else:
        bad("grid_" + name, mask, made, said, dense=dense, names=NEWER)


def floats(*words):
    return bytes(word >> 8 * plane & 255 for plane in range(4) for word in words)


all_kept = stage(BITMASK, [2], b"\xff")
gridded("sound", None)
gridded("sound_masked", None, mask=all_kept)
gridded("sound_listed", None, {0: floats(0, 1, 0x40000000)}, flags=1)
gridded("sound_signs", None, {6: b"\1"}, dense=b"\0\x80" + bytes(14))
gridded("sound_corrected", None, {7: bytes(12)}, flags=4)
gridded("sound_exceptions", None, {8: b"\2\3", 9: b"\1\2\3\4"}, dense=bytes(4) + b"\1\3" + bytes(6) + b"\2\4\0\0")
gridded("sound_offsets", None, {9: (b"", b"\x7f" * 4, *FOUR[1:])}, flags=8, dense=b"\x80\x3f" * 8)
gridded("sound_divided", None, {n: b"\x7f" * 4 if n == 1 else bytes(4) for n in range(1, 5)}, flags=2)
for name, p in (("row_0", dict(row=0)), ("row_over_2_48", dict(row=2**48 + 1)), ("row_2_62", dict(row=2**62)),
                ("rows_2_62", dict(group_rows=2**62)), ("columns_2_62", dict(group_columns=2**62)), ("levels_0", dict(levels=0)),
                ("levels_257", dict(levels=257)), ("levels_2_60", dict(levels=SIXTY)), ("flags_16", dict(flags=16)),
                ("parameters_long", dict(tail=b"\0"))):  # fmt: skip
    gridded(name, "'grid' has the parameters", **p)
gridded("kind_3", "a grid of kind 3, expected 0 to 2", kind=3)
gridded("row_2_48", "stream 1 of a stage decodes to 4 bytes, expected 8", row=2**48, group_columns=1)
gridded("groups_of_cut_rows", "stream 1 of a stage decodes to 8 bytes, expected 10", {1: bytes(8)}, row=5, group_columns=1)
gridded("masked_of_256", "a masked grid of 256 levels", mask=all_kept, levels=256)
gridded("masked_other_width", "a masked grid of 3 levels and 2 bytes an element in a mask of 4", mask=stage(BITMASK, [4], b"\x0f"))
gridded("masked_of_nothing", "decodes to 4 bytes, expected 0", {5: b""}, mask=stage(BITMASK, [2], b"\0"))
gridded("odd_chunk", "15 bytes at byte 0 in elements of 2 bytes", dense=bytes(15))
gridded("streams_too_many", "a stage has 11 streams, expected 10", {9: (b"", b"")})
gridded("offsets_missing", "a stage has 10 streams, expected 14", flags=8)
gridded("offsets_short", "stream 10 of a stage decodes to 3 bytes, expected 4", {9: (b"", *[bytes(3)] * 4)}, flags=8)
gridded("levels_not_listed", "decodes to 12 bytes, expected 0", {0: floats(0, 1, 2)})
gridded("levels_short", "decodes to 11 bytes, expected 12", {0: bytes(11)}, flags=1)
for name, words in (("descend", (0x3F800000, 0, 0x40000000)), ("equal", (0, 0, 1)), ("zeros", (0x80000000, 0, 1)),
                    ("nan", (0, 1, 0x7FC00000)), ("infinite", (0, 1, 0x7F800000))):
    gridded("levels_" + name, "the levels of a grid are not finite and ascending", {0: floats(*words)}, flags=1)
gridded("scales_short", "stream 2 of a stage decodes to 3 bytes, expected 4", {2: bytes(3)})
gridded("codes_short", "stream 5 of a stage decodes to 1 bytes, expected 2", {5: bytes(1)})
gridded("code_beyond", "a code beyond the 5 levels of a grid", {5: b"\5\0\0"}, levels=5)
gridded("byte_no_codes", "a code beyond the 3 levels of a grid", {5: b"\xf3\0"})
gridded("signs_long", "stream 6 of a stage decodes to 2 bytes, expected 1", {6: b"\1\0"})
gridded("signs_without_zero", "signs of zeros on a grid without a zero", {0: floats(1, 2, 3), 6: b"\1"}, flags=1)
gridded("signs_with_offsets", "stream 6 of a stage decodes to 1 bytes, expected 0", {9: (b"", *FOUR), 6: b"\1"}, flags=8)
gridded("corrections_missing", "stream 7 of a stage decodes to 0 bytes, expected 12", flags=4)
gridded("corrections_short", "stream 7 of a stage decodes to 11 bytes, expected 12", {7: bytes(11)}, flags=4)
gridded("corrections_unasked", "stream 7 of a stage decodes to 12 bytes, expected 0", {7: bytes(12)})
gridded("exceptions_too_many", "9 exceptions among 8 elements", {8: bytes(9), 9: bytes(18)})
gridded("exception_past_end", "an exception past the last element", {8: b"\x08", 9: bytes(2)})
gridded("exception_2_60", "an exception past the last element", {8: varint(SIXTY), 9: bytes(2)})
gridded("exception_second_past_end", "an exception past the last element", {8: b"\7\0", 9: bytes(4)})
gridded("exception_past_kept", "an exception past the last element", {5: b"\0", 8: b"\2", 9: bytes(2)},
        mask=stage(BITMASK, [2], b"\x88"))
gridded("exception_half", "stream 9 of a stage decodes to 1 bytes, expected 0", {9: b"\0"})
gridded("exception_without_place", "the place of an exception", {9: bytes(2)})
gridded("places_too_many", "more places than exceptions", {8: b"\0\0", 9: bytes(2)})
gridded("place_overlong", "expected the shortest form", {8: b"\x80\0", 9: bytes(2)})
gridded("place_alone", "more places than exceptions", {8: b"\0"})

# Files, and the outside again.
keep("file_digest", packed(files=[file("", [(0,)], digest=bytes(8))]), "digest that was recorded", DATA)
keep("literal_damaged", packed([literal(b"abcd", stored_hashes=bytes(4))], [file("", [(0, 1, 2)])]),
     "the checksum of chunk 0 does not hold", DATA)
bomb = entry("zeros", bytes(72 * MIB), rows=0, part=8 * MIB, cuts=[(i * 8 * MIB, (i + 1) * 8 * MIB) for i in range(9)],
             chunks=[repeated(b"\0")] * 9)
keep("expansion", packed([bomb]), "more than 1000 times as many", ("unpack",))
at_limit = entry("zeros", bytes(64 * MIB), rows=0, part=8 * MIB,
                 cuts=[(i * 8 * MIB, (i + 1) * 8 * MIB) for i in range(8)], chunks=[repeated(b"\0")] * 8)
keep("expansion_of_64_mib", packed([at_limit]), "", ())
quote = b'"tare:index"'
for name, old, new, said in (("deep", b'"#0":', b'"#0":' + b"[" * 3000, ""), ("garbage", b'"#0":', b'"#0"?', "found '?'"),
                             ("array_missing", quote, b'"tare:other"', "the last array is not the index"),
                             ("signed", b'"U8"', b'"I8"', "is I8 ["), ("shifted", b'[0,', b'[1,', ""),
                             ("metadata_number", b'requires":""', b'requires":"","x":1', "expected a string"),
                             ("twice", b'"#0":', b'"tare:index":', "comes twice")):  # fmt: skip
    keep(f"outer_{name}", packed(header=lambda h: h.replace(old, new, 1)), said, VERIFY)
whole = len(sealed(tensor())[0])
keep("outer_cuts_entry", packed(header=lambda h: h.replace(
    f'"#0":{{"dtype":"U8","shape":[{whole}],"data_offsets":[0,{whole}]}}'.encode(),
    f'"x":{{"dtype":"U8","shape":[5],"data_offsets":[0,5]}},'
    f'"y":{{"dtype":"U8","shape":[{whole - 5}],"data_offsets":[5,{whole}]}}'.encode())),
     "array 'y' begins inside an entry", VERIFY)
keep("outer_unpadded", packed(head=lambda h: u64(len(h) - 7) + h[8:] + b" "), "multiple of 8", VERIFY)

# The first bytes of a packed file of safetensors are its header.
for name, start in (("cut", struct.pack("<Q", 100) + b"{}"), ("in_length", b"\2\0\0")):
    keep(f"inner_header_{name}", packed([literal(start), tensor(dense=bytes(200))],
                                       [file("", [(0, 0, len(start)), (1,)], container="safetensors")]), "that hold", ("inspect",))


# groups: three rows of two bf16, of which the columns of the first two rows are groups of two; then the last row's.

THREE_ROWS = b"\1\0\0\0\0\0\2\0\3\0\0\0"
MASKS = b"\x19"  # the groups (1, 0), (0, 1), (1), (0), the lowest bits first


def groups(*streams, width=2, size=2, down=1, first=2, row=2, tail=b"", dense=THREE_ROWS, values=b"\1\0\2\0\3\0"):
    mask = stage(GROUPS, bytes([width, size, down, first]) + varint(row) + tail, *(streams or (MASKS,)))
    return coded(mask, stage(RAW, b"", values), dense, names=GROUPED, type=BF16, shape=[len(dense) // 2])


keep("chunk_groups_sound", groups(), "", ())
keep("chunk_groups_sound_signs", groups(MASKS, b"\1", dense=b"\1\0\0\x80\0\0\2\0\3\0\0\0"), "", ())
keep("chunk_groups_sound_first", groups(b"\x61", first=1), "", ())
keep("chunk_groups_sound_along", groups(b"\x11\1", down=0, size=3, first=3), "", ())
keep("chunk_groups_size_1", groups(size=1, first=1), "'groups' has the parameters", DATA)
keep("chunk_groups_size_9", groups(size=9), "'groups' has the parameters", DATA)
keep("chunk_groups_down_2", groups(down=2), "'groups' has the parameters", DATA)
keep("chunk_groups_first_0", groups(first=0), "'groups' has the parameters", DATA)
keep("chunk_groups_first_beyond", groups(first=3), "'groups' has the parameters", DATA)
keep("chunk_groups_along_first", groups(down=0, first=1), "'groups' has the parameters", DATA)
keep("chunk_groups_row_0", groups(row=0), "'groups' has the parameters", DATA)
keep("chunk_groups_row_4", groups(row=4), "6 elements in rows of 4", DATA)
keep("chunk_groups_row_2_62", groups(row=2**62), "6 elements in rows of 4611686018427387904", DATA)
keep("chunk_groups_width_0", groups(width=0), "'groups' has the parameters", DATA)
keep("chunk_groups_width_3", groups(width=3), "a mask of elements of 3 bytes", DATA)
keep("chunk_groups_parameters_none", coded(stage(GROUPS, b"", MASKS), stage(RAW, b"", b"abcd"), b"abcd", names=GROUPED),
     "'groups' has the parameters []", DATA)
keep("chunk_groups_parameters_long", groups(tail=b"\0"), "'groups' has the parameters", DATA)
keep("chunk_groups_streams_3", groups(MASKS, b"\1", b""), "a stage has 3 streams", DATA)
keep("chunk_groups_mask_short", groups(b""), "decodes to 0 bytes, expected 1", DATA)
keep("chunk_groups_mask_long", groups(MASKS + b"\0"), "decodes to 2 bytes, expected 1", DATA)
keep("chunk_groups_past_group", groups(b"\x29"), "bits past its last element", DATA)
keep("chunk_groups_past_byte", groups(b"\x91\1", down=0, size=3, first=3), "bits past its last element", DATA)
keep("chunk_groups_past_last", groups(b"\x11\x09", down=0, size=3, first=3), "bits past its last element", DATA)


# delta: eight bf16 beside those of the base. Files that begin with `delta_` are read with `--base base.safetensors`.

BASE = struct.pack("<8H", *range(0x3F80, 0x3F88))
WIDE = b"".join(b"\x33\x44" + BASE[i:i + 2] for i in range(0, 16, 2))  # a little more, in f32
OTHER = struct.pack("<8H", *range(0x3F81, 0x3F89))  # each one more than the base's
PLUS_ONE = bytes([2] * 8), bytes(8)  # the planes of these differences


def differing(value, dense=OTHER, mask=None, *, requires="delta", label="base.safetensors", role=4, names=NEWEST,
              base=("a", BASE), **lies):
    """A file of one tensor 'a' of one chunk that is a difference, beside a sound one."""
    chunks = [chunk(stage(NONE) if mask is None else mask, value)]
    a = tensor("a", dense, type=BF16, shape=[len(dense) // 2], role=role, chunks=chunks, base=base, **lies)
    return packed([a, tensor("sound", b"sound")], names=names, requires=requires, base=label)


def delta(*streams, width=2, order=1, form=1, zeros=0, tail=b"", **more):
    return stage(DELTA, bytes([width, order, form, zeros]) + tail, *streams, **more)


def in_order(number, *parameters, width=2, streams=()):
    return stage(SORTED, bytes([width]) + varint(number) + bytes(parameters), *streams)


EVERY_OTHER, HALVES = b"\x55", b"".join(BASE[i:i + 2] if i % 4 == 0 else b"\0\0" for i in range(0, 16, 2))
SIGNED = bytes(b ^ (0x80 if i % 4 == 3 else 0) for i, b in enumerate(HALVES))
kept = stage(BITMASK, [2], EVERY_OTHER)
keep("delta_sound", differing(delta(*PLUS_ONE)), "", ())
keep("delta_sound_equal", differing(delta(form=0), BASE), "", ())
keep("delta_sound_some", differing(delta(b"\x03", b"\2\2", b"\0\0", form=2), OTHER[:4] + BASE[4:]), "", ())
keep("delta_sound_masked", differing(delta(form=0), HALVES, kept), "", ())
keep("delta_sound_signs", differing(delta(b"\x0F", form=0, zeros=2), SIGNED, kept), "", ())
keep("delta_sound_sorted", differing(delta(*PLUS_ONE), OTHER, in_order(NONE)), "", ())
keep("delta_sound_sorted_masked", differing(delta(form=0), HALVES, in_order(BITMASK, 2, streams=[EVERY_OTHER])), "", ())
keep("delta_width_3", differing(delta(*PLUS_ONE, width=3)), "'delta' has the parameters", DATA)
keep("delta_width_4_of_6_bytes", differing(delta(b"", b"", b"", b"", width=4), OTHER[:6], base=("c", BASE[:6])),
     "differences of 4 bytes in a chunk of 6", DATA)
keep("delta_order_2", differing(delta(*PLUS_ONE, order=2)), "'delta' has the parameters", DATA)
keep("delta_form_3", differing(delta(*PLUS_ONE, form=3)), "'delta' has the parameters", DATA)
keep("delta_zeros_3", differing(delta(*PLUS_ONE, zeros=3), OTHER, kept), "'delta' has the parameters", DATA)
keep("delta_zeros_without_mask", differing(delta(*PLUS_ONE, zeros=1)), "under a mask of 0", DATA)
keep("delta_parameters_none", differing(stage(DELTA, b"", *PLUS_ONE)), "'delta' has the parameters []", DATA)
keep("delta_parameters_long", differing(delta(*PLUS_ONE, tail=b"\0")), "'delta' has the parameters", DATA)
keep("delta_streams_missing", differing(delta(PLUS_ONE[0])), "a stage has 1 streams, expected 2", DATA)
keep("delta_streams_too_many", differing(delta(*PLUS_ONE, form=0)), "a stage has 2 streams, expected 0", DATA)
keep("delta_plane_short", differing(delta(PLUS_ONE[0], bytes(7))), "decodes to 7 bytes, expected 8", DATA)
keep("delta_plane_long", differing(delta(PLUS_ONE[0], bytes(9))), "decodes to 9 bytes, expected 8", DATA)
keep("delta_plane_truncated", differing(delta(PLUS_ONE[0], zipped(frame(bytes(8))[:-1], 8))), "", DATA)
keep("delta_bits_short", differing(delta(b"", b"\2\2", b"\0\0", form=2)), "decodes to 0 bytes, expected 1", DATA)
keep("delta_bits_past_end", differing(delta(b"\x83", b"\2\2\2", b"\0\0\0", form=2), OTHER[:4] + BASE[4:14],
                                      base=("b", BASE[:14])), "past the last element", DATA)
keep("delta_bits_more_than_planes", differing(delta(b"\x07", b"\2\2", b"\0\0", form=2)), "decodes to 2 bytes", DATA)
keep("delta_signs_short", differing(delta(b"", form=0, zeros=2), SIGNED, kept), "decodes to 0 bytes, expected 1", DATA)
keep("delta_mask_of_other_width", differing(delta(form=0), HALVES, stage(BITMASK, [1], b"\x55\x55")),
     "under a mask of 1", DATA)
keep("delta_other_values", differing(delta(*PLUS_ONE), BASE), "decodes to other bytes than were packed", DATA)
keep("delta_other_base", differing(delta(*PLUS_ONE), base=("other", BASE)), "is not the base", DATA)
keep("delta_wrong_hash_unused", differing(delta(*PLUS_ONE), base=("a", b"lie")), "", ())
keep("delta_of_no_tensor", differing(delta(*PLUS_ONE), base=("gone", BASE)), "it has no tensor 'gone'", DATA)
keep("delta_of_other_type", differing(delta(*PLUS_ONE), base=("wide", BASE)), "its 'wide' is F32 [8], expected BF16 [8]", DATA)
keep("delta_sound_converted", differing(delta(*PLUS_ONE), base=("wide", WIDE, F32)), "", ())
keep("delta_of_unlike_type", differing(delta(*PLUS_ONE), base=("a", BASE, U8)), "expected one like its own")
keep("delta_of_type_beyond", differing(delta(*PLUS_ONE), base=("a", BASE, 9)), "expected one like its own")
keep("delta_of_other_shape", differing(delta(*PLUS_ONE), base=("b", BASE)), "its 'b' is BF16 [7], expected BF16 [8]", DATA)
keep("delta_role_without_feature", differing(delta(*PLUS_ONE), requires=""), "which the header does not require")
keep("delta_feature_without_role", differing(stage(RAW, b"", OTHER), role=0), "no entry is a difference")
keep("delta_feature_and_another", differing(delta(*PLUS_ONE), requires="delta,sponge"), "known: delta")
keep("delta_no_label", differing(delta(*PLUS_ONE), label=None), "the name of the base")
keep("delta_label_past_end", packed(
    [tensor("a", OTHER, type=BF16, shape=[8], role=4, chunks=[chunk(stage(NONE), delta(*PLUS_ONE))], base=("a", BASE))],
    names=NEWEST, requires="delta", index=lambda i: i + b"\x7Fabc"), "the name of the base")
keep("delta_in_plain_entry", packed([
    tensor("a", OTHER, type=BF16, shape=[8], chunks=[chunk(stage(NONE), delta(*PLUS_ONE))]),
    tensor("b", BASE, type=BF16, shape=[8], role=4, chunks=[chunk(stage(NONE), delta(form=0))], base=("a", BASE))],
    names=NEWEST, requires="delta", base="base.safetensors"), "names no base tensor", DATA)
keep("delta_sorted_in_plain_entry", packed([
    tensor("a", OTHER, type=BF16, shape=[8], chunks=[chunk(in_order(NONE), stage(RAW, b"", OTHER))]),
    tensor("b", BASE, type=BF16, shape=[8], role=4, chunks=[chunk(stage(NONE), delta(form=0))], base=("a", BASE))],
    names=NEWEST, requires="delta", base="base.safetensors"), "names no base tensor", DATA)
keep("delta_as_mask", differing(stage(RAW, b"", OTHER), mask=delta(form=0)), "in the place of the other stage", DATA)
keep("delta_sorted_as_value", differing(in_order(NONE)), "in the place of the other stage", DATA)
keep("delta_sorted_around_itself", differing(delta(*PLUS_ONE), mask=in_order(SORTED, 2, NONE)), "in the place of the other", DATA)
keep("delta_sorted_around_rows", differing(delta(*PLUS_ONE), mask=in_order(ROWS, 2, NONE)), "in the place of the other", DATA)
keep("delta_sorted_around_value", differing(delta(*PLUS_ONE), mask=in_order(RAW)), "in the place of the other stage", DATA)
keep("delta_sorted_around_2_62", differing(delta(*PLUS_ONE), mask=in_order(2**62)), "a chunk names encoding", DATA)
keep("delta_sorted_width_3", differing(delta(*PLUS_ONE), mask=in_order(NONE, width=3)), "elements of 3 bytes", DATA)
keep("delta_sorted_width_8_of_4_bytes", differing(delta(b"\2\2", b"\0\0"), OTHER[:4], in_order(NONE, width=8),
                                                  base=("two", BASE[:4])), "in elements of 8 bytes", DATA)
keep("delta_sorted_parameters_none", differing(delta(*PLUS_ONE), mask=stage(SORTED)), "the width of 'sorted'", DATA)
keep("delta_within_rows", differing(delta(*PLUS_ONE), mask=stage(ROWS, varint(2) + varint(NONE), bytes(8))),
     "names no base tensor", DATA)
keep("delta_role_of_alias", packed([
    tensor("a", OTHER, type=BF16, shape=[8], role=4, chunks=[chunk(stage(NONE), delta(*PLUS_ONE))], base=("a", BASE)),
    alias("b", 0, type=BF16, shape=[8], dense=OTHER, pieces=[OTHER])], names=NEWEST, requires="delta",
    base="base.safetensors"), "", ())


# What is said of them.


def base_model():
    """What `base.safetensors` holds."""
    tensors = {"a": ("BF16", 8, BASE), "b": ("BF16", 7, BASE[:14]), "c": ("BF16", 3, BASE[:6]), "other": ("BF16", 8, OTHER),
               "two": ("BF16", 2, BASE[:4]), "wide": ("F32", 8, WIDE)}
    text, at = {}, 0
    for name, (dtype, count, data) in tensors.items():
        text[name] = {"dtype": dtype, "shape": [count], "data_offsets": [at, at + len(data)]}
        at += len(data)
    header = json.dumps(text, separators=(",", ":")).encode()
    return u64(len(header)) + header + b"".join(data for _, _, data in tensors.values())


def base_of(name):
    return ["base.safetensors"] if name.startswith("delta_") else []


def decoder(path):
    try:
        base = [open_base(HERE / base) for base in base_of(path.name)]
        with PackedFile(path, *base) as opened:
            opened.check()
        return "accepts"
    except PackedError:
        return "refuses"


def complaints(tare, path):
    for command, arguments in (("inspect", ["inspect", "--header-only"]), ("verify", ["verify"]), ("unpack", ["unpack"])):
        with tempfile.TemporaryDirectory() as out:
            more = ["-o", out + "/out"] if command == "unpack" else []
            if command != "inspect":
                more += [argument for base in base_of(path.name) for argument in ("--base", base)]
            run = subprocess.run([tare, *arguments, path.name, *more], cwd=path.parent, capture_output=True, text=True)
        lines = run.stderr.splitlines()
        if command == "verify" and run.returncode == 1:
            lines = run.stdout.splitlines()[:-1]  # the last one is the verdict
        yield command, run.returncode, " | ".join(lines) if run.returncode else "-"


def main(tare):
    for old in HERE.glob("*.tare"):
        old.unlink()
    (HERE / "base.safetensors").write_bytes(base_model())
    rows, wrong = ["file\tdecoder\tcommand\texit\tline"], 0
    for name, (blob, said, only) in CASES.items():
        path = HERE / f"{name}.tare"
        path.write_bytes(blob)
        opinion = decoder(path)
        for command, code, line in complaints(tare, path):
            complains = only is None or command in only
            if (code != 0) != complains or complains and said not in line or code < 0:
                wrong += 1
                print(f"{name}: {command}: exit {code}: {line}\n    expected: {complains} {said}", file=sys.stderr)
            rows.append(f"{path.name}\t{opinion}\t{command}\t{code}\t{line}")
    (HERE / "expected.tsv").write_text("\n".join(rows) + "\n")
    return wrong


if __name__ == "__main__":
    sys.exit(1 if main(str(Path(sys.argv[1]).resolve())) else 0)
