"""Writes the golden safetensors files of this folder, and `expected.tsv`, which says what they hold.

Needs safetensors==0.8.0, numpy, ml_dtypes. Every file is read back with the reference implementation before it stays.
Run it in this folder; the same bytes come out each time.
"""

import json
import struct
from pathlib import Path

import ml_dtypes
import numpy as np
import safetensors
from safetensors import deserialize
from safetensors.numpy import save

assert safetensors.__version__ == "0.8.0"

ROWS = ["file\ttensor\tdtype\tshape\toffset\tbytes\tfnv1a64"]
BITS = {
    "BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "C64": 64, "F64": 64, "I64": 64, "U64": 64,
}  # fmt: skip


def fnv1a64(data):
    state = 0xCBF29CE484222325
    for byte in data:
        state = (state ^ byte) * 0x100000001B3 % 2**64
    return f"{state:016x}"


def keep(name, blob):
    """Writes the file and a row for each tensor that the reference sees in it, in file order."""
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(blob)
    (length,) = struct.unpack_from("<Q", blob)
    header = json.loads(blob[8 : 8 + length])
    views = dict(deserialize(blob))
    # In file order, empty tensors at one place in the header's: sorting is stable.
    tensors = sorted((key for key in header if key != "__metadata__"), key=lambda key: header[key]["data_offsets"])
    assert set(tensors) == set(views)
    for tensor in tensors:
        view, (begin, end) = views[tensor], header[tensor]["data_offsets"]
        data = bytes(view["data"])
        assert data == blob[8 + length + begin : 8 + length + end]
        shape = "x".join(map(str, view["shape"])) or "-"
        label = json.dumps(tensor)
        ROWS.append(f"{name}\t{label}\t{view['dtype']}\t{shape}\t{8 + length + begin}\t{len(data)}\t{fnv1a64(data)}")


def raw(header, data, pad=True):
    """A file whose header is spelt out, for what the reference's writer cannot express."""
    text = header if isinstance(header, str) else json.dumps(header, separators=(",", ":"), ensure_ascii=False)
    text = text.encode()
    if pad:
        text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def members(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


rng = np.random.default_rng(20240607)

# All 22 types, 24 elements each, in the order in which the reference's writer sorts them.
header, offset = {"__metadata__": {"format": "pt"}}, 0
for dtype in sorted(BITS, key=list(BITS).index, reverse=True):
    header[f"tensor.{dtype}"] = members(dtype, [4, 6], offset, offset + 24 * BITS[dtype] // 8)
    offset += 24 * BITS[dtype] // 8
keep("all_dtypes.safetensors", raw(header, rng.bytes(offset)))

# Low-bit floats as ml_dtypes has them: every pattern of a byte, and of a sign with an exponent.
patterns = np.arange(256, dtype=np.uint8)
bytewide = ["float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu"]
low = {name: patterns.view(getattr(ml_dtypes, name)) for name in bytewide}
low["bfloat16"] = (patterns.astype(np.uint16) << 8).view(ml_dtypes.bfloat16)
keep("low_precision.safetensors", save(low))

# Rank 0, empty tensors at the start, between and at the end, and a dimension of 2^62 beside a 0.
keep(
    "scalars_and_empties.safetensors",
    raw(
        {
            "empty.last": members("F64", [3, 0], 12, 12),
            "empty.first": members("F32", [0], 0, 0),
            "scalar": members("F32", [], 0, 4),
            "empty.middle": members("BF16", [2, 0, 5], 4, 4),
            "empty.middle.too": members("U8", [0, 1 << 62], 4, 4),
            "one": members("I64", [1, 1, 1], 4, 12),
        },
        np.float32(3.5).tobytes() + np.int64(-7).tobytes(),
    ),
)

# Wide elements at odd addresses, in a header whose own length is odd.
odd = json.dumps(
    {
        "byte": members("U8", [1], 0, 1),
        "f32": members("F32", [2, 3], 1, 25),
        "f4": members("F4", [2, 1], 25, 26),
        "f64": members("F64", [2], 26, 42),
    }
)
odd += "\n" if len(odd) % 2 == 0 else ""
values = rng.standard_normal(6).astype("<f4").tobytes(), rng.standard_normal(2).tobytes()
keep("misaligned.safetensors", raw(odd, b"\x2a" + values[0] + b"\x21" + values[1], pad=False))

# Metadata in an order that no sorting gives, behind a tensor; names that need care.
keep(
    "names_and_metadata.safetensors",
    raw(
        '{"zuletzt":{"shape":[1],"data_offsets":[0,1],"dtype":"U8"},'
        '"__metadata__":{"format":"pt","a":"1","Z":"","caf\u00e9":"\\ud83d\\ude00 \\"\\\\\\/\\b\\f\\n\\r\\t",'
        '"_quantization":"{\\"bits\\":4}"},'
        '"":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},'
        '"caf\u00e9":{"dtype":"U8","shape":[1],"data_offsets":[2,3]},'
        '"cafe\u0301":{"dtype":"U8","shape":[1],"data_offsets":[3,4]},'
        '"a\\u0000b/..\\/c":{"\\u0064type":"U8","shape":[1],"data_offsets":[4,5]},'
        '"\U0001f40d" : {"dtype" : "U8" , "shape" : [ 1 ] , "data_offsets" : [ 5 , 6 ] } } \t\r\n',
        b"\x00\x01\x02\x03\x04\x05",
    ),
)

keep("no_tensors.safetensors", save({}))
keep("metadata_null.safetensors", raw('{"__metadata__":null,"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', b"a"))

# Three shards and their index, as huggingface_hub writes them, in a folder with its usual company.
shards = [
    {f"layers.{i}.{kind}": (rng.standard_normal(shape).astype("<f4")) for kind, shape in kinds.items()}
    for i, kinds in enumerate(({"weight": (4, 5), "bias": (5,)}, {"weight": (5, 3)}, {"weight": (3, 2), "bias": (2,)}))
]
weight_map = {}
total = 0
for number, tensors in enumerate(shards, 1):
    name = f"model-{number:05}-of-00003.safetensors"
    keep(f"sharded/{name}", save(tensors, {"format": "pt"}))
    weight_map |= {key: name for key in tensors}
    total += sum(v.nbytes for v in tensors.values())
index = {"metadata": {"total_size": total, "note": [1.5e3, None, True, {"deep": []}]}, "weight_map": weight_map}
Path("sharded/model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")
Path("sharded/config.json").write_text('{"model_type": "tiny"}\n')

Path("expected.tsv").write_text("\n".join(ROWS) + "\n")
