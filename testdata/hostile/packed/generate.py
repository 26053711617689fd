"""Writes the crafted packed files of this folder: each one lie, with every checksum mended around it.

Needs xxhash and zstandard. Run it in this folder; the same bytes come out each time. `expect.py` then records what the
tool makes of them in `expected.tsv`; read its difference before keeping it.
"""

import struct
from pathlib import Path

import xxhash
import zstandard

MAGIC = bytes.fromhex("89544152450D0A1A")
HUGE = 1 << 60


def hashed(data):
    return xxhash.xxh64_intdigest(data)


def varint(value):
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return varint(len(data)) + data


def u32(value):
    return struct.pack("<I", value & 0xFFFFFFFF)


def u64(value):
    return struct.pack("<Q", value)


def frame(data, **options):
    return zstandard.ZstdCompressor(write_checksum=False, **options).compress(data)


# ---- chunks

NAMES = ["none", "raw", "bitmask", "gaps", "constant", "planes", "fused", "bytes", "later"]


def stored(data):
    """A stream as it is: its record and its body."""
    return b"\0" + varint(len(data)), data


def packed(claimed, body):
    """A stream said to be a frame of that many bytes."""
    return b"\1" + varint(claimed) + varint(len(body)), body


def stage(name, parameters=b"", streams=(), count=None, number=None):
    number = NAMES.index(name) if number is None else number
    head = varint(number) + varint(len(parameters)) + parameters + varint(len(streams) if count is None else count)
    return head + b"".join(record for record, _ in streams), b"".join(body for _, body in streams)


def chunk(mask, value):
    return mask[0] + value[0] + mask[1] + value[1]


def raw(data):
    return chunk(stage("none"), stage("raw", streams=[stored(data)]))


# ---- the file


class Entry:
    def __init__(self, head, chunks, rows=1, part=0, shared=(), **lies):
        """`chunks`: (stored bytes, decoded bytes or their hash); `shared`: (record, body)."""
        self.head, self.chunks, self.rows, self.part, self.shared, self.lies = head, chunks, rows, part, shared, lies

    def write(self):
        lengths = self.lies.get("lengths", [len(stored) for stored, _ in self.chunks])
        directory = varint(self.rows) + varint(self.part) + varint(self.lies.get("shared_count", len(self.shared)))
        directory += b"".join(record + u64(hashed(body)) for record, body in self.shared)
        directory += b"".join(varint(length) for length in lengths)
        for stored, _ in self.chunks:
            directory += u32(hashed(stored) + self.lies.get("stored_hash", 0))
        for _, dense in self.chunks:
            directory += u64(dense if isinstance(dense, int) else hashed(dense))
        directory += self.lies.get("behind", b"")
        body = b"".join(body for _, body in self.shared) + b"".join(stored for stored, _ in self.chunks) + directory
        place = varint(self.lies.get("stored", len(body))) + varint(self.lies.get("directory", len(directory)))
        place += u64(hashed(directory) ^ self.lies.get("directory_hash", 0))
        return self.head + place, body


def tensor(name, chunks, dims=(8,), kind=0, rank=None, **more):
    head = b"\0" + string(name) + varint(kind) + varint(len(dims) if rank is None else rank)
    return Entry(head + b"".join(varint(d) for d in dims), chunks, **more)


def literal(data, role=2, claimed=None, **more):
    return Entry(bytes([role]) + varint(len(data) if claimed is None else claimed), [(raw(data), data)], **more)


class Alias(Entry):
    def __init__(self, name, target, dims=(8,), kind=0):
        self.bytes = b"\3" + string(name) + varint(kind) + varint(len(dims)) + b"".join(varint(d) for d in dims)
        self.bytes += varint(target)

    def write(self):
        return self.bytes, b""


A, B = bytes(range(1, 9)), bytes(range(11, 19))


def front(size=8):
    """The length and the header of a safetensors file of `a`, of that many bytes, and `b`, of eight."""
    header = '{"a":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]},' % (size, size)
    header += '"b":{"dtype":"U8","shape":[8],"data_offsets":[%d,%d]}}' % (size, size + 8)
    return struct.pack("<Q", len(header)) + header.encode()


FRONT = front()


def take(entry):
    return b"\1" + varint(entry)


def part(entry, start, count):
    return b"\0" + varint(entry) + varint(start) + varint(count)


def digest(pieces):
    return hashed(b"".join(u64(len(piece)) + u64(hashed(piece)) for piece in pieces))


class Model:
    """A packed file of one safetensors file with the tensors `a` and `b`; what is wrong is changed afterwards."""

    def __init__(self):
        self.kind, self.names, self.types = 0, NAMES, [("U8", 1, 1)]
        self.entries = [literal(FRONT), tensor("a", [(raw(A), A)]), tensor("b", [(raw(B), B)])]
        self.files = [self.file()]
        self.lies = {}

    def file(self, path="", mode=0, container="safetensors", size=None, hash=None, operations=None, count=None):
        operations = [part(0, 0, len(FRONT)), take(1), take(2)] if operations is None else operations
        head = string(path) + varint(mode) + string(container)
        head += varint(len(FRONT) + 16 if size is None else size)
        head += u64(digest([FRONT, A, B]) if hash is None else hash)
        return head + varint(len(operations) if count is None else count) + b"".join(operations)

    def listed(self, what, items):
        return varint(self.lies.get(what, len(items))) + b"".join(items)

    def index(self, records):
        if "index" in self.lies:
            return self.lies["index"]
        types = [string(name) + varint(elements) + varint(size) for name, elements, size in self.types]
        index = bytes([self.kind]) + self.listed("names", [string(name) for name in self.names])
        index += self.listed("types", types) + self.listed("entries", records) + self.listed("files", self.files)
        return index + self.lies.get("behind_index", b"")

    def write(self):
        lies = self.lies
        written = [entry.write() for entry in self.entries]
        body = b"".join(body for _, body in written)
        plain = self.index([record for record, _ in written])
        index = lies.get("stored_index", plain)
        header = lies.get(
            "header",
            b'{"__metadata__":{"format":"tare","tare.version":"0","tare.requires":"%s"},' % lies.get("requires", b"")
            + b'"tare:body":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]},' % (len(body), len(body))
            + b'"tare:index":{"dtype":"U8","shape":[%d],"data_offsets":[%d,%d]}}'
            % (len(index) + 72, len(body), len(body) + len(index) + 72))
        header += b" " * (-len(header) % 8)
        front = struct.pack("<Q", len(header)) + header
        fields = {
            "H": len(front), "front_hash": hashed(front), "offset": len(front) + len(body), "S": len(index),
            "R": len(plain), "index_hash": hashed(index), "version": 0}
        footer = b"".join(u64(lies.get(name, value)) for name, value in fields.items())
        footer += u64(hashed(footer) ^ lies.get("footer_hash", 0))
        return front + body + index + footer + lies.get("magic", MAGIC)


def resize(m, size):
    """Lets the file around `a` say that it has that many bytes."""
    m.entries[0] = literal(front(size))
    operations = [part(0, 0, len(front(size))), take(1), take(2)]
    m.files = [m.file(size=len(front(size)) + size + 8, operations=operations)]


CASES = {}


def case(change):
    CASES[change.__name__] = change


def lie(name, **lies):
    CASES[name] = lambda m: m.lies.update(lies)


def with_chunk(name, stored_bytes, dense=A, **more):
    """Tensor `a` holds that one chunk."""
    def change(m):
        m.entries[1] = tensor("a", [(stored_bytes, dense)], **more)
        resize(m, more.get("dims", [8])[0])
    CASES[name] = change


def with_tensor(name, **more):
    def change(m):
        arguments = {"name": "a", "chunks": [(raw(A), A)], **more}
        m.entries[1] = tensor(**arguments)
    CASES[name] = change


def with_file(name, kind=0, **more):
    def change(m):
        m.kind, m.files = kind, [m.file(**more)]
    CASES[name] = change


def with_paths(name, *paths):
    """A folder of that many opaque files, all of them the same bytes."""
    def change(m):
        m.kind, m.entries = 1, [literal(A, role=1)]
        m.files = [m.file(path, 0o644, "", 8, digest([A]), [part(0, 0, 8)]) for path in paths]
    CASES[name] = change


# ---- what they say

CASES["sound"] = lambda m: None
with_paths("sound_folder", "config.json", "sub/config.json")

lie("magic", magic=b"\x89TARE\r\n\n")
lie("footer_hash", footer_hash=1)
lie("version_1", version=1)
lie("version_2_63", version=1 << 63)
lie("requires_unknown", requires=b"delta,teleport")
lie("header_not_tare", header=b'{"__metadata__":{"format":"pt"}}')
lie("header_deep", header=b'{"__metadata__":{"format":"tare","tare.version":"0","tare.requires":""},"a":' + b"[" * 5000)
lie("header_bytes_huge", H=HUGE)
lie("header_bytes_small", H=8)
lie("header_hash", front_hash=1)
lie("index_offset_huge", offset=HUGE)
lie("index_offset_wraps", offset=(1 << 64) - 8)
lie("index_offset_zero", offset=0)
lie("index_stored_huge", S=HUGE)
lie("index_stored_wraps", S=(1 << 64) - 8)
lie("index_decoded_huge", R=HUGE)
lie("index_decoded_over_limit", R=1 << 20)
lie("index_decoded_short", R=3)
lie("index_hash", index_hash=1)
lie("index_bomb", stored_index=frame(bytes(1 << 20)), R=1 << 20)
lie("index_frame_lies", stored_index=frame(bytes(5000)), R=6000)
lie("index_empty", index=b"")
lie("index_behind", behind_index=b"\0")
lie("names_huge", names=HUGE)
lie("types_huge", types=HUGE)
lie("entries_huge", entries=HUGE)
lie("files_huge", files=HUGE)
lie("files_none", files=0)
lie("varint_long", index=b"\0\x80\0")
lie("varint_ten_bytes", index=b"\0" + b"\xff" * 9 + b"\1")
lie("varint_cut", index=b"\0\xff\xff")


@case
def kind_2(m):
    m.kind = 2


@case
def name_not_utf8(m):
    m.entries[1] = tensor(b"a\xff", [(raw(A), A)])


@case
def name_twice(m):
    m.entries[2] = tensor("a", [(raw(B), B)])


@case
def type_no_elements(m):
    m.types = [("U8", 0, 1)]


@case
def type_no_bytes(m):
    m.types = [("U8", 1, 0)]


@case
def type_elements_huge(m):
    m.types = [("U8", 65537, 1)]


@case
def type_bytes_huge(m):
    m.types = [("U8", 1, (8 << 20) + 1)]


@case
def type_half_a_block(m):
    m.types = [("U8", 3, 1)]


@case
def role_4(m):
    m.entries[1].head = b"\4" + m.entries[1].head[1:]


with_tensor("type_unlisted", kind=1)
with_tensor("rank_huge", rank=HUGE)
with_tensor("rank_1025", dims=[1] * 1025)
with_tensor("shape_overflows", dims=[1 << 32, 1 << 32, 8])
with_tensor("shape_overflows_then_zero", dims=[1 << 32, 1 << 32, 0])
with_tensor("shape_huge", dims=[HUGE])
with_tensor("shape_2_61", dims=[1 << 61])
with_tensor("stored_huge", stored=HUGE)
with_tensor("stored_one_more", stored=10_000)
with_tensor("directory_larger_than_entry", directory=4000)
with_tensor("directory_empty", directory=0)
with_tensor("directory_hash", directory_hash=1)
with_tensor("directory_behind", behind=b"\0")
with_tensor("grid_none", rows=0, part=0)
with_tensor("grid_both", rows=1, part=8)
with_tensor("grid_huge_part", rows=0, part=HUGE)
with_tensor("grid_more_chunks", rows=0, part=1)
with_tensor("lengths_huge", lengths=[HUGE])
with_tensor("lengths_short", lengths=[3])
with_tensor("stored_hash", stored_hash=1)
with_tensor("shared_huge", shared_count=HUGE)
with_tensor("shared_bomb", shared=[packed(5 << 20, frame(bytes(5 << 20)))])
with_tensor("shared_lies", shared=[packed(100, frame(bytes(99)))])


@case
def alias_forward(m):
    m.entries[1] = Alias("a", 2)


@case
def alias_of_itself(m):
    m.entries[1] = Alias("a", 1)


@case
def alias_of_alias(m):
    m.entries += [Alias("c", 1), Alias("d", 3)]
    m.files = [m.file(size=len(FRONT) + 32, operations=[part(0, 0, len(FRONT))] + [take(n) for n in (1, 2, 3, 4)])]


@case
def alias_of_literal(m):
    m.entries[1] = Alias("a", 0)


@case
def alias_other_shape(m):
    m.entries[2] = Alias("b", 1, dims=[4, 2])


@case
def alias_huge_target(m):
    m.entries[2] = Alias("b", HUGE)


ALL = [part(0, 0, len(FRONT)), take(1), take(2)]
with_file("operations_huge", count=HUGE)
with_file("operation_kind_2", operations=ALL[:1] + [b"\2\1"] + ALL[2:])
with_file("operation_entry_huge", operations=ALL[:2] + [take(HUGE)])
with_file("operation_range_behind", operations=[part(0, 1, len(FRONT))] + ALL[1:])
with_file("operation_range_wraps", operations=[part(0, (1 << 62), (1 << 62))] + ALL[1:])
with_file("operation_range_of_tensor", operations=ALL[:2] + [part(2, 0, 8)])
with_file("operation_whole_literal", operations=[take(0)] + ALL[1:])
with_file("tensor_twice", operations=ALL[:2] + [take(1)])
with_file("tensor_never", size=len(FRONT) + 8, operations=ALL[:2])
with_file("literal_never", size=16, operations=ALL[1:])
with_file("file_bytes_more", size=len(FRONT) + 17)
with_file("file_bytes_huge", size=HUGE)
with_file("file_digest", hash=1)
with_file("file_with_a_path", path="a")
with_file("file_with_a_mode", mode=0o644)


@case
def two_files_of_one(m):
    m.files = m.files * 2


for name, path in {
        "absolute": "/etc/passwd", "parent": "../config.json", "parent_inside": "a/../../b", "dot": "./a", "empty": "",
        "empty_part": "a//b", "trailing_slash": "a/", "nul": "a\0b", "long_part": "a" * 256,
        "not_utf8": b"a\xff"}.items():
    with_paths("path_" + name, path)
with_paths("path_twice", "a", "a")
with_paths("path_case", "Config.json", "config.JSON")
with_paths("path_file_and_folder", "a", "a/b")
with_paths("path_file_and_folder_by_case", "A", "a/b")


@case
def mode_beyond(m):
    m.kind, m.entries = 1, [literal(A, role=1)]
    m.files = [m.file("a", 0o4755, "", 8, digest([A]), [part(0, 0, 8)])]


# ---- chunks

SEVEN = stage("constant", b"\7")
with_chunk("chunk_over_8_mib", chunk(stage("none"), SEVEN), dims=[9 << 20])
with_chunk("chunk_empty", b"")
with_chunk("chunk_cut", raw(A)[:-1])
with_chunk("chunk_behind", raw(A) + b"\0")
with_chunk("encoding_unknown", chunk(stage("none"), stage("later", streams=[stored(A)])))
with_chunk("encoding_unlisted", chunk(stage("none"), stage("raw", streams=[stored(A)], number=90)))
with_chunk("value_as_mask", chunk(stage("raw"), stage("raw", streams=[stored(A)])))
with_chunk("mask_as_value", chunk(stage("none"), stage("gaps", b"\1", [stored(b"\0")])))
with_chunk("streams_huge", stage("none")[0] + stage("raw", count=HUGE)[0])
with_chunk("parameters_huge", stage("none")[0] + varint(1) + varint(HUGE))
with_chunk("stream_kind_2", chunk(stage("none"), stage("raw", streams=[(b"\2" + varint(8), A)])))
with_chunk("stream_claims_2_60", chunk(stage("none"), stage("bytes", b"\1", [packed(HUGE, frame(A))])))
with_chunk("streams_over_budget", chunk(stage("none"), stage("bytes", b"\1", [packed(70_000, frame(bytes(70_000)))])))
with_chunk("stream_stored_huge", chunk(stage("none"), stage("raw", streams=[(b"\0" + varint(HUGE), A)])))
with_chunk("raw_packed", chunk(stage("none"), stage("raw", streams=[packed(8, frame(A))])))
with_chunk("raw_short", chunk(stage("none"), stage("raw", streams=[stored(A[:7])])))
with_chunk("raw_parameters", chunk(stage("none"), stage("raw", b"\1", [stored(A)])))
with_chunk("dense_hash", raw(A), dense=1)


def with_frame(name, claimed, body):
    with_chunk(name, chunk(stage("none"), stage("bytes", b"\1", [packed(claimed, body)])))


FRAME = frame(A * 1000)
with_frame("frame_longer", 8, frame(A + b"\0"))
with_frame("frame_shorter", 8, frame(A[:7]))
with_frame("frame_without_size", 8, frame(A, write_content_size=False))
with_frame("frame_cut", 8, frame(A)[:-1])
with_frame("frame_behind", 8, frame(A) + b"\0")
with_frame("frame_twice", 8, frame(A[:4]) + frame(A[4:]))
with_frame("frame_skippable", 8, b"\x50\x2a\x4d\x18" + u32(4) + A[:4] + frame(A))
with_frame("frame_none", 8, A)
# A header of 8 bytes of content with a window of 16 MiB and with a dictionary, and one raw block of eight bytes.
BLOCK = struct.pack("<I", 8 << 3 | 1)[:3] + A
with_frame("frame_window", 8, b"\x28\xb5\x2f\xfd\xc0" + bytes([14 << 3]) + u64(8) + BLOCK)
with_frame("frame_dictionary", 8, b"\x28\xb5\x2f\xfd\x21\x07\x08" + BLOCK)
with_frame("frame_reserved_block", 8, b"\x28\xb5\x2f\xfd\x20\x08" + struct.pack("<I", 8 << 3 | 7)[:3] + A)


def bits(mask, stored_bytes, width=1, signs=None, parameters=None):
    streams = [stored(mask)] + ([] if signs is None else [stored(signs)])
    value = stage("raw", streams=[stored(stored_bytes)])
    return chunk(stage("bitmask", bytes([width]) if parameters is None else parameters, streams), value)


def gaps(steps, stored_bytes, signs=None):
    streams = [stored(bytes(steps))] + ([] if signs is None else [stored(signs)])
    return chunk(stage("gaps", b"\1", streams), stage("raw", streams=[stored(stored_bytes)]))


with_chunk("bitmask_more_ones", bits(b"\xff", A[:7]))
with_chunk("bitmask_fewer_ones", bits(b"\x0f", A))
with_chunk("bitmask_bits_behind", bits(b"\xff", A[:5], width=1), dims=[5])
with_chunk("bitmask_short", bits(b"", A))
with_chunk("bitmask_width_3", bits(b"\xff", A, width=3))
with_chunk("bitmask_width_16", bits(b"\xff", A, width=16))
with_chunk("bitmask_width_uneven", bits(b"\x03", A, width=8), dims=[9])
with_chunk("bitmask_no_width", bits(b"\xff", A, parameters=b""))
with_chunk("bitmask_signs_long", bits(b"\x0f", A[:4], signs=b"\0\0"))
with_chunk("gaps_behind", gaps([0, 7], A[:2]))
with_chunk("gaps_too_many", gaps([0] * 9, A))
with_chunk("gaps_fewer_values", gaps([0, 0, 0], A[:2]))
with_chunk("gaps_long", gaps([255] * 20_000, b""))
with_chunk("constant_no_parameters", chunk(stage("none"), stage("constant")))
with_chunk("constant_nine_bytes", chunk(stage("none"), stage("constant", bytes(9))))
with_chunk("constant_uneven", chunk(stage("none"), stage("constant", b"abc")))
with_chunk("constant_streams", chunk(stage("none"), stage("constant", b"\7", [stored(A)])))
with_chunk("planes_width_3", chunk(stage("none"), stage("planes", b"\3", [stored(A)] * 3)))
with_chunk("planes_missing", chunk(stage("none"), stage("planes", b"\2", [stored(A[:4])])))
with_chunk("planes_uneven", chunk(stage("none"), stage("planes", b"\2", [stored(A[:5]), stored(A[:3])])))
with_chunk("planes_half_element", chunk(stage("none"), stage("planes", b"\2", [stored(A[:4])] * 2)), dims=[9])
with_chunk("bytes_stride_0", chunk(stage("none"), stage("bytes", b"\0")))
with_chunk("bytes_stride_9", chunk(stage("none"), stage("bytes", b"\x09", [stored(b"")] * 9)))
with_chunk("bytes_stride_uneven", chunk(stage("none"), stage("bytes", b"\3", [stored(A[:2])] * 3)))


def fused(parameters, *streams):
    return chunk(stage("none"), stage("fused", bytes(parameters), [stored(bytes(stream)) for stream in streams]))


# Four bf16: symbols, escapes, three bits of rest (a field of two, one of one) for three bits of rank.
with_chunk("fused_width_3", fused([3, 8, 3, 1, 127], [0] * 4, [], [0], [0]))
with_chunk("fused_exponent_1", fused([2, 1, 1, 1, 0], [0] * 4, [], [0], [0]))
with_chunk("fused_exponent_12", fused([2, 12, 3, 1, 0, 0], [0] * 4, [], [0], [0]))
with_chunk("fused_rank_0", fused([2, 8, 0, 0], [0] * 4, [], [0], [0]))
with_chunk("fused_rank_6", fused([2, 8, 6, 1, 127], [0] * 4, [], [0], [0]))
with_chunk("fused_list_long", fused([2, 8, 2, 4, 1, 2, 3, 4], [0] * 4, [], [0], [0]))
with_chunk("fused_list_short", fused([2, 8, 3, 4, 1], [0] * 4, [], [0], [0]))
with_chunk("fused_exponent_large", fused([2, 5, 3, 1, 32], [0] * 4, [], [0], [0]))
with_chunk("fused_streams_missing", fused([2, 8, 3, 1, 127], [0] * 4, [], [0]))
with_chunk("fused_symbols_short", fused([2, 8, 3, 1, 127], [0] * 3, [], [0], [0]))
with_chunk("fused_escapes_missing", fused([2, 8, 3, 1, 127], [0, 0, 255, 0], [], [0], [0]))
with_chunk("fused_escapes_more", fused([2, 8, 3, 1, 127], [0] * 4, [9], [0], [0]))
with_chunk("fused_escapes_beyond", fused([2, 8, 3, 1, 127], [255] * 4, [9] * 5, [0], [0]))
with_chunk("fused_half_element", fused([2, 8, 3, 1, 127], [0] * 4, [], [0], [0]), dims=[9])
with_chunk("fused_shared_absent", fused([2, 8, 3, 0, 127], [0] * 4, [], [0], [0]))


@case
def bomb(m):
    """Ten chunks of 8 MiB of one byte: 80 MiB from less than a kilobyte."""
    seven = xxhash.xxh64_intdigest(b"\7" * (8 << 20))
    count, size = 10, 8 << 20
    m.entries[1] = tensor("a", [(chunk(stage("none"), SEVEN), seven)] * count, dims=[count * size], rows=0, part=size)
    resize(m, count * size)
    begin = front(count * size)
    pieces = u64(len(begin)) + u64(hashed(begin)) + (u64(size) + u64(seven)) * count + u64(8) + u64(hashed(B))
    operations = [part(0, 0, len(begin)), take(1), take(2)]
    m.files = [m.file(size=len(begin) + count * size + 8, hash=hashed(pieces), operations=operations)]


def main():
    for path in Path(".").glob("*.tare"):
        path.unlink()
    for name, change in CASES.items():
        model = Model()
        change(model)
        Path(name + ".tare").write_bytes(model.write())
    # The bytes behind a file, and nothing at all.
    Path("cut_to_nothing.tare").write_bytes(b"")
    Path("cut_to_the_footer.tare").write_bytes(Model().write()[-72:])
    Path("byte_behind.tare").write_bytes(Model().write() + b"\0")


main()
