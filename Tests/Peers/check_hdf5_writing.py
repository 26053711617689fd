"""Compares HDF5 files that tare wrote with where they come from, bit for bit, as h5py and Keras read them.

    check_hdf5_writing.py source FILE SEED        writes a safetensors model of every type that HDF5 can hold
    check_hdf5_writing.py model FILE HDF5         compares datasets and attributes with such a model
    check_hdf5_writing.py tree HDF5 HDF5          compares groups, attributes, datasets and their types
    check_hdf5_writing.py archive KERAS KERAS     compares the members of archives, the weights as tree does, and their
                                                  checksums with what they hold
    check_hdf5_writing.py keras MODEL FILE        compares the weights of a model with what Keras loads of FILE: a whole
                                                  model, or weights alone where it ends in .weights.h5

Prints what was compared; exits 1 where something differs.
"""

import json
import os
import sys
import tempfile
import zipfile

import h5py
import hdf5plugin  # noqa: F401, registers its filters
import numpy as np

# By the names of safetensors: bytes of an element, and how h5py sees it where numpy has the type.
TYPES = {
    "BOOL": (1, "b1"), "U8": (1, "u1"), "I8": (1, "i1"), "U16": (2, "u2"), "I16": (2, "i2"), "U32": (4, "u4"),
    "I32": (4, "i4"), "U64": (8, "u8"), "I64": (8, "i8"), "F16": (2, "f2"), "BF16": (2, None), "F32": (4, "f4"),
    "F64": (8, "f8"), "C64": (8, "c8"), "F8_E4M3": (1, None), "F8_E5M2": (1, None), "F8_E8M0": (1, None),
}
SHAPES = [(), (0,), (3, 0, 2), (1,), (7,), (5, 3), (2, 3, 4, 5), (1000, 300), (3, 5, 70_000), (700_001,), (1, 1, 400_000)]


def source(path, seed):
    random = np.random.default_rng(int(seed))
    header, parts, end = {"__metadata__": {"format": "pt", "größe": "ü" * 9, "empty": "", "nul": "a\0b"}}, [], 0
    for number, (dtype, (size, _)) in enumerate(sorted(TYPES.items())):
        for index in random.permutation(len(SHAPES))[:4]:
            shape = SHAPES[index]
            count = int(np.prod(shape))
            data = np.frombuffer(random.bytes(count * size), "u1").reshape(-1, size).copy()
            if dtype == "BOOL":
                data &= 1
            # Elements that are zero, and a run of them that is longer than a chunk.
            data[random.random(count) < random.choice([0, 0.5, 0.95])] = 0
            if random.integers(2):
                data[count // 8 :] = 0
            name = random.choice(["", "a/", "a/b.c/", "ä/", "model.layers.0/"]) + f"{dtype}.{number}.{index}"
            header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [end, end + data.nbytes]}
            parts.append(data.tobytes())
            end += data.nbytes
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + b"".join(parts))


def read(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    metadata = header.pop("__metadata__", {})
    return metadata, {name: (e["dtype"], e["shape"], data[slice(*e["data_offsets"])]) for name, e in header.items()}


def raw(dataset):
    """The elements in the type that the file has for them."""
    if dataset.size == 0:
        return b""
    buffer = np.empty(dataset.size, f"V{dataset.id.get_type().get_size()}")
    dataset.id.read(h5py.h5s.ALL, h5py.h5s.ALL, buffer, mtype=dataset.id.get_type())
    return buffer.tobytes()


def found(file):
    items = {}
    file.visititems(lambda name, item: items.__setitem__(name, item))
    return items


def model(path, written):
    metadata, tensors = read(path)
    wrong = []
    with h5py.File(written) as file:
        datasets = {name: item for name, item in found(file).items() if isinstance(item, h5py.Dataset)}
        wrong += [f"{name}: only in one" for name in datasets.keys() ^ tensors.keys()]
        for name in datasets.keys() & tensors.keys():
            dtype, shape, data = tensors[name]
            dataset, numpy = datasets[name], TYPES[dtype][1]
            if list(dataset.shape) != shape or raw(dataset) != data:
                wrong.append(f"{name}: differs")
            if numpy and (dataset.dtype != np.dtype(numpy) or dataset[()].tobytes() != data):
                wrong.append(f"{name}: is {dataset.dtype}")
        # A NUL ends a string, so that one is only in the list that keeps the order.
        for key in metadata.keys() - {"nul"}:
            if file.attrs[key] != metadata[key]:
                wrong.append(f"{key}: is {file.attrs[key]!r}")
        if {e["key"]: e["value"] for e in json.loads(file.attrs["tare.metadata"])} != metadata:
            wrong.append("the list differs")
    print(f"{len(tensors)} tensors, {len(wrong)} disagreements", *wrong, sep="\n")
    return wrong


def attributes(item):
    def plain(value):
        value = np.asarray(value)
        return value.astype("U") if value.dtype.kind in "OSU" else value

    return {key: (plain(item.attrs[key]).shape, plain(item.attrs[key]).tolist()) for key in item.attrs}


def tree(one, other):
    wrong, count = [], 0
    with h5py.File(one) as one, h5py.File(other) as other:
        ones, others = {"": one} | found(one), {"": other} | found(other)
        wrong += [f"{name}: only in one" for name in ones.keys() ^ others.keys()]
        if list(ones) != list(others):
            wrong.append("another order")
        for name in ones.keys() & others.keys():
            a, b = ones[name], others[name]
            if type(a) is not type(b) or attributes(a) != attributes(b):
                wrong.append(f"{name}: differs, or its attributes do")
            elif isinstance(a, h5py.Dataset):
                count += 1
                if a.dtype != b.dtype or a.shape != b.shape or raw(a) != raw(b):
                    wrong.append(f"{name}: differs")
    print(f"{count} datasets, {len(wrong)} disagreements", *wrong, sep="\n")
    return wrong


def archive(one, other):
    wrong = []
    with zipfile.ZipFile(one) as a, zipfile.ZipFile(other) as b, tempfile.TemporaryDirectory() as folder:
        if b.testzip() is not None or any(member.compress_type != zipfile.ZIP_STORED for member in b.infolist()):
            wrong.append("a member is damaged or compressed")
        if sorted(a.namelist()) != sorted(b.namelist()):
            wrong.append(f"members {b.namelist()}")
        weights = "model.weights.h5"
        wrong += [name for name in set(a.namelist()) - {weights} if a.read(name) != b.read(name)]
        wrong += tree(a.extract(weights, f"{folder}/a"), b.extract(weights, f"{folder}/b"))
    print(f"{len(wrong)} disagreements", *wrong, sep="\n")
    return wrong


def keras(path, written):
    os.environ["KERAS_BACKEND"] = "numpy"
    from keras.models import load_model

    def weights(model):
        arrays = [(weight.path, np.asarray(weight.value)) for weight in model.weights]
        return [(path, array.dtype, array.shape, array.tobytes()) for path, array in arrays]

    known = load_model(path, compile=False)
    expected = weights(known)
    if written.endswith(".weights.h5"):
        for weight in known.weights:
            weight.assign(np.zeros(weight.shape, weight.dtype))
        known.load_weights(written)
        loaded = weights(known)
    else:
        loaded = weights(load_model(written, compile=False))
    wrong = [a[0] for a, b in zip(expected, loaded, strict=True) if a[1:] != b[1:]]
    print(f"{len(expected)} weights, {len(wrong)} disagreements", *wrong, sep="\n")
    return wrong


if __name__ == "__main__":
    command = {"source": source, "model": model, "tree": tree, "archive": archive, "keras": keras}[sys.argv[1]]
    if command(*sys.argv[2:]):
        sys.exit(1)
