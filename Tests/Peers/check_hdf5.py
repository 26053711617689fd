"""Writes HDF5 files at random with h5py, and compares what tare made of them with what h5py reads, bit for bit.

    check_hdf5.py write FILE SEED              writes datasets of every kind, some 60
    check_hdf5.py many FILE                    writes a dataset of 50,000 chunks behind a user block
    check_hdf5.py check FILE SAFETENSORS       compares tensors and metadata with the datasets and attributes of FILE

Prints what was compared; exits 1 where something differs.
"""

import json
import sys

import h5py
import hdf5plugin
import numpy as np
from safetensors import safe_open

KINDS = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "c8", "b1"]


def elements(random, dtype, shape):
    """Any bits: NaNs with payloads, subnormals; a share of zeros, so that filters have something to do."""
    dtype = np.dtype(dtype)
    count = int(np.prod(shape))
    if dtype.kind == "b":
        return random.integers(0, 2, shape).astype(bool)
    data = np.frombuffer(random.bytes(count * dtype.itemsize), dtype).copy()
    data[random.random(count) < random.random()] = 0
    return data.reshape(shape)


def filters(random, dtype):
    choices = [
        {}, dict(shuffle=True), dict(compression="gzip", compression_opts=int(random.integers(0, 10))),
        dict(compression="gzip", shuffle=True), dict(compression="gzip", shuffle=True, fletcher32=True),
        dict(fletcher32=True), dict(compression="lzf"), dict(compression="lzf", shuffle=True, fletcher32=True),
        dict(hdf5plugin.Zstd(clevel=int(random.integers(1, 20)))), dict(hdf5plugin.Zstd(), shuffle=True),
        dict(hdf5plugin.LZ4()), dict(hdf5plugin.LZ4(nbytes=int(random.integers(64, 4096)))),
    ]
    if np.dtype(dtype).kind in "iuf":
        choices += [dict(hdf5plugin.Bitshuffle(cname=name)) for name in ("none", "lz4", "zstd")]
    if np.dtype(dtype).kind in "iu" and np.dtype(dtype).byteorder != ">":
        choices.append(dict(scaleoffset=0))
    return choices[random.integers(len(choices))]


def write(path, seed):
    random = np.random.default_rng(int(seed))
    low = ["earliest", "v108", "v110"][random.integers(3)]
    block = int(random.choice([0, 0, 512, 2048]))
    with h5py.File(path, "w", libver=(low, "v112"), userblock_size=block, track_order=bool(random.integers(2))) as file:
        for number in range(60):
            folder = "/".join(f"g{random.integers(3)}" for _ in range(random.integers(3)))
            kind = KINDS[random.integers(len(KINDS))]
            dtype = np.dtype(("<" if random.integers(2) else ">") + kind)
            rank = int(random.integers(0, 5))
            shape = tuple(int(n) for n in random.integers(0 if random.random() < 0.1 else 1, 40 // (rank + 1) + 2, rank))
            data = elements(random, dtype, shape)
            options = {}
            if rank and random.random() < 0.7:
                options["chunks"] = tuple(int(random.integers(1, n + 3)) for n in shape)
                options["maxshape"] = tuple(n + 5 if random.integers(2) else None for n in shape)
                options |= filters(random, dtype)
            if random.random() < 0.3 and kind != "b1":
                options["fillvalue"] = elements(random, dtype, (1,))[0]
            dataset = file.create_dataset(f"{folder}/{kind}.{number}", shape=shape, dtype=dtype, **options)
            if rank and 0 not in shape and random.random() < 0.5:
                # A part alone: chunks that are left out hold the fill value.
                part = tuple(slice(*sorted(random.integers(0, n + 1, 2).tolist())) for n in shape)
                dataset[part] = data[part]
            elif random.random() < 0.9:
                dataset[...] = data
            if random.random() < 0.3:
                dataset.attrs[f"attribute {number}"] = elements(random, dtype.newbyteorder(">"), (2, 3))
        file.attrs["text"] = "x" * int(random.integers(0, 100))
        file["strings"] = ["not", "a", "tensor"]


def many(path):
    with h5py.File(path, "w", userblock_size=512) as file:
        data = np.arange(250 * 200, dtype="<i4").reshape(250, 200)
        file.create_dataset("many", data=data, chunks=(1, 1), shuffle=True)


def bits(array):
    array = np.ascontiguousarray(array)
    return (array.byteswap() if array.dtype.byteorder == ">" else array).tobytes()


def datasets(file):
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "fiucb":
            found[name] = item

    file.visititems(visit)
    return found


def entry_bits(entry):
    """The bytes of an array of numbers in the canonical form of formats/metadata.md."""
    kind = entry["type"].removesuffix("[]")
    dtype = np.dtype("?" if kind == "bool" else kind[0] + str(int(kind[1:]) // 8))

    def one(value):
        if isinstance(value, str) and value.startswith("nan:"):
            return int(value[4:], 16).to_bytes(dtype.itemsize, "little")
        return np.array([float(value) if dtype.kind == "f" else int(value)]).astype(dtype).tobytes()

    with np.errstate(over="ignore"):
        return b"".join(one(value) for value in entry["value"])


def check(path, model):
    wrong, attributes = [], 0
    with h5py.File(path) as file, safe_open(model, "np") as tensors:
        expected = datasets(file)
        header = raw_tensors(model)
        wrong += [f"{name}: only in one" for name in expected.keys() ^ header.keys()]
        for name in expected.keys() & header.keys():
            shape, data = header[name]
            if shape != list(expected[name].shape) or data != bits(expected[name][()]):
                wrong.append(f"{name}: differs")
        metadata = tensors.metadata() or {}
        listed = {e["key"]: e for e in json.loads(metadata.get("tare.metadata", "[]"))}
        for name, dataset in expected.items():
            for key, value in dataset.attrs.items():
                entry = listed.get(f"{name}@{key}")
                if np.asarray(value).dtype.kind == "c":
                    continue
                attributes += 1
                if entry is None or entry["shape"] != list(value.shape) or entry_bits(entry) != bits(value):
                    wrong.append(f"{name}@{key}: differs")
    print(f"{len(expected)} tensors, {len(wrong)} disagreements", *wrong, sep="\n")
    print(f"{attributes} attributes", file=sys.stderr)
    return wrong


def raw_tensors(path):
    """Shape and bytes of each tensor; numpy lacks some of the types."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        data = file.read()
    header.pop("__metadata__", None)
    header.pop("tare.metadata", None)
    return {name: (entry["shape"], data[slice(*entry["data_offsets"])]) for name, entry in header.items()}


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(*sys.argv[2:])
    elif sys.argv[1] == "many":
        many(*sys.argv[2:])
    elif check(*sys.argv[2:]):
        sys.exit(1)
