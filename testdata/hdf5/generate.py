"""Writes the golden HDF5 files of this folder, and `expected.tsv`, which says what tensors they hold.

Needs h5py==3.16.0, hdf5plugin==7.1.0, ml_dtypes, numpy. What numpy has a type for is read back with h5py before it
stays. Run it in this folder; the same bytes come out each time.
"""

import json

import h5py
import hdf5plugin
import ml_dtypes
import numpy as np
from h5py import h5d, h5p, h5s, h5t

ROWS = ["file\ttensor\tdtype\tshape\tstorage\tbytes\tfnv1a64"]
NAMES = {"f2": "F16", "f4": "F32", "f8": "F64", "i1": "I8", "i2": "I16", "i4": "I32", "i8": "I64", "u1": "U8",
         "u2": "U16", "u4": "U32", "u8": "U64", "b1": "BOOL", "c8": "C64"}
random = np.random.default_rng(20260101)


def fnv1a64(data):
    state = 0xCBF29CE484222325
    for byte in data:
        state = (state ^ byte) * 0x100000001B3 % 2**64
    return f"{state:016x}"


def row(file, name, dtype, shape, storage, data):
    text = "x".join(map(str, shape)) or "-"
    ROWS.append(f"{file}\t{json.dumps(name, ensure_ascii=False)}\t{dtype}\t{text}\t{storage}\t{len(data)}\t{fnv1a64(data)}")


def little(array):
    """The bytes of the elements, little-endian, bit for bit."""
    array = np.ascontiguousarray(array)
    return (array.byteswap() if array.dtype.byteorder == ">" else array).tobytes()


class Golden:
    def __init__(self, name, **options):
        self.name, self.file = name, h5py.File(name, "w", **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def keep(self, name, storage="contiguous"):
        """A row for a dataset that h5py reads."""
        dataset = self.file[name]
        array = dataset[()]
        array = np.asarray(array)
        row(self.name, name, NAMES[array.dtype.str[1:]], array.shape, storage, little(array))

    def add(self, name, data, storage="contiguous", **options):
        self.file.create_dataset(name, data=data, **options)
        self.keep(name, storage)

    def raw(self, name, type, dtype, shape, data, mark=None):
        """A dataset of a type that numpy lacks, from its bytes."""
        if "/" in name:
            self.file.require_group(name.rsplit("/", 1)[0])
        dataset = h5d.create(self.file.id, name.encode(), type, h5s.create_simple(shape))
        size = type.get_size()
        memory = np.frombuffer(data, f"V{size}").reshape(shape)
        dataset.write(h5s.ALL, h5s.ALL, memory, mtype=type)
        if mark:
            self.file[name].attrs["dtype"] = mark
        if dtype:
            row(self.name, name, dtype, shape, "contiguous", data)


def numbers(dtype, shape):
    dtype = np.dtype(dtype)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return random.integers(info.min, info.max, shape, dtype.newbyteorder("="), endpoint=True).astype(dtype)
    return np.frombuffer(random.bytes(int(np.prod(shape)) * dtype.itemsize), dtype).reshape(shape)


def plain():
    with Golden("plain.h5") as golden:
        for order in "<>":
            for kind in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"):
                golden.add(f"{'little' if order == '<' else 'big'}/{kind}", numbers(order + kind, (3, 5)))
        golden.add("scalar", np.float32(-0.0))
        golden.add("empty/vector", np.zeros((0,), "f4"))
        golden.add("empty/matrix", np.zeros((4, 0, 2), "i8"))
        golden.add("bool", np.array([[True, False, True]]))
        golden.add("complex/little", numbers("<c8", (2, 2)))
        golden.add("complex/big", numbers(">c8", (3,)))
        golden.file["arrays"] = np.zeros(2, "(2,3)f4") + np.arange(6, dtype="f4").reshape(2, 3)
        golden.keep("arrays")
        golden.file.create_dataset("unwritten", shape=(3, 2), dtype=">f4", fillvalue=1.5)
        golden.keep("unwritten")
        golden.add("names/é/with space/100%@", np.arange(3, dtype="u1"))
        compact = h5p.create(h5p.DATASET_CREATE)
        compact.set_layout(h5d.COMPACT)
        dataset = h5d.create(golden.file.id, b"compact", h5t.IEEE_F32LE, h5s.create_simple((6,)), compact)
        dataset.write(h5s.ALL, h5s.ALL, np.array([1, -0.0, np.nan, np.inf, 2, 3], "f4"))
        golden.keep("compact", "compact")


def custom_float(size, exponent, exponent_bits, mantissa_bits, bias):
    type = h5t.IEEE_F16LE.copy()
    type.set_fields(8 * size - 1, exponent, exponent_bits, 0, mantissa_bits)
    type.set_size(size)
    type.set_ebias(bias)
    return type


def types():
    with Golden("types.h5") as golden:
        words = np.array([0, 0x8000, 0x3F80, 0x7FC1, 0x7F80, 0xFF81], "<u2").tobytes()
        every = bytes(range(256))
        golden.raw("bf16/float", custom_float(2, 7, 8, 7, 127), "BF16", (2, 3), words)
        opaque = h5t.create(h5t.OPAQUE, 2)
        golden.raw("bf16/marked", opaque, "BF16", (6,), words, "bfloat16")
        golden.raw("bf16/unmarked", opaque, None, (6,), words)
        for name, mark, fields in (
            ("F8_E4M3", "float8_e4m3fn", (3, 4, 3, 7)), ("F8_E5M2", "float8_e5m2", (2, 5, 2, 15)),
            ("F8_E4M3FNUZ", "float8_e4m3fnuz", (3, 4, 3, 8)), ("F8_E5M2FNUZ", "float8_e5m2fnuz", (2, 5, 2, 16)),
        ):
            golden.raw(f"f8/{name}/float", custom_float(1, *fields), name, (16, 16), every)
            golden.raw(f"f8/{name}/marked", h5t.create(h5t.OPAQUE, 1), name, (256,), every, mark)
        golden.raw("f8/F8_E8M0/marked", h5t.create(h5t.OPAQUE, 1), "F8_E8M0", (256,), every, "float8_e8m0fnu")
        golden.raw("f8/unmarked", h5t.create(h5t.OPAQUE, 1), None, (256,), every)
        golden.raw("bits", h5t.STD_B16LE, "U16", (3,), words[:6])
        golden.file.create_dataset("colours", data=np.array([2, 1, 0], ">i2"),
                                   dtype=h5py.enum_dtype({"RED": 0, "GREEN": 1, "BLUE": 2}, ">i2"))
        row("types.h5", "colours", "I16", (3,), "contiguous", np.array([2, 1, 0], "<i2").tobytes())
        golden.file["c128"] = np.array([1j])
        golden.file["compound"] = np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")])
        golden.file["null"] = h5py.Empty("f4")
        golden.file["strings"] = ["a", "é"]
        golden.file["fixed"] = np.array([b"ab", b"c"], "S3")
        golden.file["sequences"] = np.array([np.array([1, 2], "i4"), np.array([3], "i4")], h5py.vlen_dtype("i4"))
        golden.file["reference"] = np.array([golden.file["bits"].ref], h5py.ref_dtype)
        golden.file["long"] = np.zeros(2, np.longdouble)
    # As legacy files of Keras have it: nothing but the configuration says what the opaque elements are.
    with Golden("brain.h5") as golden:
        golden.file.attrs["model_config"] = json.dumps({"config": {"layers": [{"config": {"dtype": "bfloat16"}}]}})
        weights = np.array([1, -2, 0.5], ml_dtypes.bfloat16)
        golden.file["model_weights/dense/kernel"] = weights
        row("brain.h5", "model_weights/dense/kernel", "BF16", (3,), "contiguous", weights.tobytes())


def chunked():
    filters = {
        "none": {}, "gzip": dict(compression="gzip", compression_opts=6),
        "shuffled": dict(compression="gzip", compression_opts=4, shuffle=True),
        "checked": dict(compression="gzip", compression_opts=9, shuffle=True, fletcher32=True),
        "shuffle": dict(shuffle=True), "fletcher32": dict(fletcher32=True), "lzf": dict(compression="lzf"),
        "szip": dict(compression="szip"), "scaleoffset": dict(scaleoffset=0),
        "zstd": dict(hdf5plugin.Zstd(clevel=5)), "zstd_shuffled": dict(hdf5plugin.Zstd(), shuffle=True),
        "lz4": dict(hdf5plugin.LZ4()), "bitshuffle": dict(hdf5plugin.Bitshuffle(cname="none")),
        "bitshuffle_lz4": dict(hdf5plugin.Bitshuffle(cname="lz4")),
        "bitshuffle_zstd": dict(hdf5plugin.Bitshuffle(cname="zstd")),
    }
    texts = {
        "none": "", "gzip": ", gzip 6", "shuffled": ", shuffle, gzip 4", "checked": ", shuffle, gzip 9, fletcher32",
        "zstd": ", zstd 5", "zstd_shuffled": ", shuffle, zstd 3", "bitshuffle_lz4": ", bitshuffle",
        "bitshuffle_zstd": ", bitshuffle",
    }
    with Golden("chunked.h5") as golden:
        for name, options in filters.items():
            data = (np.arange(35 * 13) % 97).astype("<i4").reshape(35, 13)
            golden.add(f"filters/{name}", data, f"chunked 8×5{texts.get(name, ', ' + name)}", chunks=(8, 5), **options)
        gzip = dict(compression="gzip", shuffle=True)
        text = ", shuffle, gzip 4"
        golden.add("shapes/1", numbers("<f4", (1001,)), "chunked 64" + text, chunks=(64,), **gzip)
        golden.add("shapes/3", numbers("<f4", (5, 7, 9)), "chunked 2×3×4" + text, chunks=(2, 3, 4), **gzip)
        golden.add("shapes/4", numbers(">i2", (3, 4, 5, 6)), "chunked 2×3×2×4" + text, chunks=(2, 3, 2, 4), **gzip)
        golden.add("shapes/large", numbers("<f2", (3, 3)), "chunked 8×8" + text, chunks=(8, 8), maxshape=(9, 9), **gzip)
        golden.add("shapes/empty", np.zeros((0, 4), "<f4"), "chunked 2×4" + text, chunks=(2, 4), maxshape=(None, 4), **gzip)
        arrays = golden.file.create_dataset("arrays", shape=(7,), dtype="(2,3)<f4", chunks=(2,), **gzip)
        arrays[...] = np.arange(42, dtype="<f4").reshape(7, 2, 3)
        golden.keep("arrays", "chunked 2" + text)
        # Chunks that were never written hold the fill value.
        for name, fill, kind in (("sparse/filled", -1.5, ">f4"), ("sparse/zero", None, "<f4")):
            sparse = golden.file.create_dataset(name, shape=(20, 30), dtype=kind, chunks=(6, 7), fillvalue=fill, **gzip)
            sparse[7:9, 8:10] = 3
            golden.keep(name, "chunked 6×7" + text)
        nothing = golden.file.create_dataset("sparse/nothing", shape=(20, 30), dtype="<f8", chunks=(6, 7), fillvalue=7)
        golden.keep("sparse/nothing", "chunked 6×7")
        # The second chunk went through no filter, the third through the first alone.
        masked = golden.file.create_dataset("masked", shape=(24,), dtype="<u2", chunks=(8,), **gzip)
        data = numbers("<u2", (24,))
        masked[:8] = data[:8]
        masked.id.write_direct_chunk((8,), data[8:16].tobytes(), filter_mask=3)
        masked.id.write_direct_chunk((16,), data[16:].view("u1").reshape(8, 2).T.tobytes(), filter_mask=2)
        golden.keep("masked", "chunked 8" + text)


def indices():
    """Every index of chunks that later versions of the format have."""
    with Golden("indices.h5", libver=("v110", "v112")) as golden:
        gzip = dict(compression="gzip", compression_opts=4)
        golden.add("single", numbers("<f4", (4, 6)), "chunked 4×6, gzip 4", chunks=(4, 6), **gzip)
        golden.add("single_plain", numbers("<f4", (4, 6)), "chunked 4×6", chunks=(4, 6))
        golden.add("fixed", numbers("<f4", (9, 10)), "chunked 2×3, gzip 4", chunks=(2, 3), **gzip)
        golden.add("fixed_plain", numbers("<f4", (9, 10)), "chunked 2×3", chunks=(2, 3))
        golden.add("extensible", numbers("<f4", (9, 10)), "chunked 2×3, gzip 4", chunks=(2, 3), maxshape=(None, 10), **gzip)
        golden.add("tree", numbers("<f4", (9, 10)), "chunked 2×3, gzip 4", chunks=(2, 3), maxshape=(None, None), **gzip)
        early = h5p.create(h5p.DATASET_CREATE)
        early.set_chunk((2, 3))
        early.set_alloc_time(h5d.ALLOC_TIME_EARLY)
        dataset = h5d.create(golden.file.id, b"implicit", h5t.IEEE_F32LE, h5s.create_simple((9, 10)), early)
        dataset.write(h5s.ALL, h5s.ALL, numbers("<f4", (9, 10)))
        golden.keep("implicit", "chunked 2×3")


def user_block():
    with Golden("user_block.h5", userblock_size=1024) as golden:
        golden.add("contiguous", numbers("<f4", (10, 3)))
        golden.add("chunked", numbers("<f4", (10, 3)), "chunked 4×2, gzip 4", chunks=(4, 2), compression="gzip")
        golden.add("plain", numbers("<f4", (10, 3)), "chunked 4×2", chunks=(4, 2))
    with open("user_block.h5", "r+b") as file:
        file.write(b"#!/bin/sh\necho a user block\n")


def links():
    with Golden("links.h5") as golden:
        file = golden.file
        golden.add("b/weight", numbers("<f4", (2, 3)))
        file["a"] = file["b"]
        ROWS[-1] = ROWS[-1].replace('"b/weight"', '"a/weight"')
        file["z"] = file["b/weight"]
        file["b/loop"] = file["/"]
        file["soft"] = h5py.SoftLink("/b/weight")
        file["dangling"] = h5py.SoftLink("/nowhere")
        file["outside"] = h5py.ExternalLink("other.h5", "/x")
        file["type"] = np.dtype("<f8")
        file.create_group("nothing/at/all")
    # Where a group keeps the order in which its links were made, they come in it.
    with Golden("ordered.h5", track_order=True) as golden:
        for name in ("z", "b", "a/y", "a/x"):
            golden.add(name, numbers("<u1", (2,)))


def elsewhere():
    with Golden("elsewhere.h5") as golden:
        layout = h5py.VirtualLayout(shape=(2,), dtype="<f4")
        layout[:] = h5py.VirtualSource("other.h5", "x", shape=(2,))
        golden.file.create_virtual_dataset("virtual", layout, fillvalue=-1)
        golden.file.create_dataset("external", shape=(4,), dtype="<f4", external=[("other.raw", 0, 16)])
        golden.file.create_dataset("blosc", data=np.arange(64, dtype="<f4"), chunks=(32,), **hdf5plugin.Blosc(cname="lz4"))
        golden.add("sound", numbers("<f4", (3,)))
        for name, storage in (("virtual", "virtual"), ("external", "external"), ("blosc", "chunked 32, blosc")):
            ROWS.append(f"elsewhere.h5\t{json.dumps(name, ensure_ascii=False)}\tF32\t{golden.file[name].shape[0]}\t{storage}\t"
                        f"{golden.file[name].nbytes}\tunsupported")


def attributes():
    with Golden("attributes.h5") as golden:
        root = golden.file.attrs
        root["text"] = "grüße"
        root["a@b"] = np.int32(-7)
        root.create("fixed", b"ab", dtype="S5")
        root["nothing"] = h5py.Empty("f4")
        golden.add("group%/name@x", np.arange(2, dtype="<u1"))
        dataset = golden.file["group%/name@x"].attrs
        for order in "<>":
            for kind in ("f2", "f4", "f8", "i1", "u2", "i4", "u8"):
                dataset[f"{order}{kind}"] = np.array([[1, 2], [0, 100]], order + kind)
        dataset["names"] = ["kernel:0", "", "bias:0"]
        dataset["fixed names"] = np.array([[b"a ", b"\0b"]], "S4")
        dataset["flag"] = np.bool_(True)
        dataset["none"] = np.zeros((0,))
        dataset["nan"] = np.frombuffer(b"\x01\x00\xc0\x7f", "<f4")[0]
        dataset["reference"] = golden.file["group%"].ref
        dataset["pairs"] = np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")])
        dataset.create("arrays", np.arange(6, dtype="i2").reshape(2, 3), shape=(2, 3), dtype="(3,)i2")


for write in (plain, types, chunked, indices, user_block, links, elsewhere, attributes):
    write()
with open("expected.tsv", "w") as table:
    table.write("\n".join(ROWS) + "\n")
