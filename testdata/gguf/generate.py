"""Writes the golden GGUF files of this folder, and `expected.tsv`, which says what they hold.

Needs gguf==0.19.0, numpy. Every file is read back with the reference implementation before it stays. Types that it does
not know, or knows with another size, are written by hand. Run it in this folder; the same bytes come out each time.
"""

import json
import struct
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as T
from gguf import GGUFEndian, GGUFReader, GGUFValueType, GGUFWriter

ROWS = ["file\ttensor\tdtype\tshape\toffset\tbytes\tfnv1a64"]
METADATA = ["file\tmetadata"]
BY_HAND = {42: ("Q2_0", 64, 18), 9: ("Q8_1", 32, 36)}


def fnv1a64(data):
    state = 0xCBF29CE484222325
    for byte in data:
        state = (state ^ byte) * 0x100000001B3 % 2**64
    return f"{state:016x}"


def row(name, tensor, dtype, shape, offset, data):
    text = "x".join(map(str, shape)) or "-"
    ROWS.append(f"{name}\t{json.dumps(tensor)}\t{dtype}\t{text}\t{offset}\t{len(data)}\t{fnv1a64(data)}")


def keep(name):
    """Adds a row for each tensor that the reference sees in the file, in file order, and a line of its metadata."""
    reader, blob = GGUFReader(name), Path(name).read_bytes()
    for tensor in sorted(reader.tensors, key=lambda tensor: tensor.data_offset):
        data = blob[tensor.data_offset : tensor.data_offset + int(tensor.n_bytes)]
        row(name, tensor.name, tensor.tensor_type.name, [int(d) for d in reversed(tensor.shape)], tensor.data_offset, data)
    fields = [field for key, field in reader.fields.items() if not key.startswith("GGUF.")]
    text = json.dumps([entry(field) for field in fields], ensure_ascii=False, separators=(",", ":"))
    METADATA.append(f"{name}\t{text}")


def entry(field):
    """As `formats/metadata.md` writes it."""
    word = {"UINT": "u", "INT": "i", "FLOAT": "f", "BOOL": "bool", "STRING": "string"}
    kind = field.types[-1].name
    kind = word[kind.rstrip("0123456789")] + kind.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    value = field.contents()
    if len(field.types) > 1:
        return {"key": field.name, "type": kind + "[]", "value": value}
    return {"key": field.name, "type": kind, "value": str(value) if kind in ("u64", "i64") else value}


def write(name, fill, **options):
    writer = GGUFWriter(name, "test", **options)
    fill(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def numbers(*shape):
    return np.random.default_rng(len(shape)).standard_normal(shape).astype("f4")


def all_types(writer):
    random = np.random.default_rng(7)
    for kind in (np.float32, np.float16, np.float64, np.int8, np.int16, np.int32, np.int64):
        writer.add_tensor(np.dtype(kind).name, random.integers(-100, 100, (3, 5)).astype(kind))
    blocks = [kind for kind in T if kind.name.startswith(("Q", "IQ", "TQ", "MX", "NV", "BF")) and kind != T.Q8_1]
    for kind in blocks:
        elements, size = gguf.GGML_QUANT_SIZES[kind]
        columns = 2 if elements < 256 else 1
        writer.add_tensor(kind.name, random.integers(0, 256, (2, columns * size), dtype=np.uint8), raw_dtype=kind)


def metadata(writer):
    for index, (kind, value) in enumerate(
        [
            (GGUFValueType.UINT8, 255), (GGUFValueType.INT8, -128), (GGUFValueType.UINT16, 65535),
            (GGUFValueType.INT16, -32768), (GGUFValueType.UINT32, 2**32 - 1), (GGUFValueType.INT32, -(2**31)),
            (GGUFValueType.FLOAT32, -0.0), (GGUFValueType.BOOL, True), (GGUFValueType.STRING, "caf\u00e9 \U0001f600"),
            (GGUFValueType.UINT64, 2**64 - 1), (GGUFValueType.INT64, -(2**63)), (GGUFValueType.FLOAT64, 0.1),
        ]
    ):  # fmt: skip
        writer.add_key_value(f"test.{index}.{kind.name.lower()}", value, kind)
    writer.add_array("test.tokens", ["<s>", "a", "\u00e9", ""])
    writer.add_array("test.scores", [0.5, -1.25, 3.0])
    writer.add_array("test.flags", [True, False, True])
    writer.add_array("test.ids", list(range(-3, 9)))
    writer.add_tensor("scalar", np.array(1.5, dtype="f4").reshape(()))
    writer.add_tensor("four", numbers(2, 1, 3, 4))
    writer.add_tensor("line", numbers(7))
    writer.add_tensor("empty", np.zeros((0, 4), "f4"))


def aligned(writer):
    writer.add_custom_alignment(64)
    writer.add_tensor("a", numbers(3))
    writer.add_tensor("b", numbers(2, 9))


def big(writer):
    writer.add_array("test.ids", [1, 2, 70000])
    writer.add_array("test.scores", [0.5, -1.25])
    writer.add_string("test.text", "ab")
    writer.add_tensor("f32", numbers(2, 3))
    writer.add_tensor("f16", numbers(5).astype("f2"))
    writer.add_tensor("i64", np.arange(-2, 4))


def split(writer):
    for index in range(5):
        writer.add_tensor(f"blk.{index}.weight", numbers(2, 4 + index))


def field(text):
    return struct.pack("<Q", len(text)) + text.encode()


def by_hand(name, version=3):
    """A file of the types that gguf-py can't write, a nested array and an empty one."""
    head = b"GGUF" + struct.pack("<IQQ", version, len(BY_HAND), 2)
    head += field("nested") + struct.pack("<IIQ", 9, 9, 2)
    head += struct.pack("<IQ2I", 4, 2, 5, 6) + struct.pack("<IQ", 8, 1) + field("x")
    head += field("none") + struct.pack("<IIQ", 9, 4, 0)
    data, places = b"", []
    for kind, (label, elements, size) in BY_HAND.items():
        head += field(label) + struct.pack("<IQQIQ", 2, elements, 3, kind, len(data))
        blocks = np.random.default_rng(kind).integers(0, 256, 3 * size, dtype=np.uint8).tobytes()
        places.append((label, [3, elements], len(data), blocks))
        data += blocks + bytes(-len(blocks) % 32)
    head += bytes(-len(head) % 32)
    for label, shape, offset, blocks in places:
        row(name, label, label, shape, len(head) + offset, blocks)
    Path(name).write_bytes(head + data)


np.seterr(all="ignore")
write("all_types.gguf", all_types)
write("metadata.gguf", metadata)
write("aligned_64.gguf", aligned)
write("big_endian.gguf", big, endianess=GGUFEndian.BIG)
write("split.gguf", split, split_max_tensors=2)
for path in sorted(set(Path(".").glob("*.gguf")) - {Path("by_hand.gguf"), Path("version_2.gguf")}):
    keep(path.name)
by_hand("by_hand.gguf")
by_hand("version_2.gguf", version=2)
Path("expected.tsv").write_text("\n".join(ROWS) + "\n")
Path("metadata.tsv").write_text("\n".join(METADATA) + "\n")
