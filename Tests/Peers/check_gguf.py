"""Reads with gguf-py what tare writes as GGUF, and compares with what gguf-py makes of the same weights, bit for bit.

    check_gguf.py write FOLDER SEED            writes model.safetensors
    check_gguf.py check MODEL TYPE FILE…       compares the tensors of the files with those of MODEL, quantised to TYPE
    check_gguf.py dequantized GGUF MODEL       compares the tensors of MODEL with the numbers of those of GGUF

TYPE is a block type, or `none`. Prints what was compared; exits 1 where something differs.
"""

import sys

import gguf
import ml_dtypes
import numpy as np
from gguf import GGMLQuantizationType as T
from safetensors.numpy import load_file, save_file

PLAIN = {T.F32: np.float32, T.F16: np.float16, T.BF16: ml_dtypes.bfloat16, T.F64: np.float64,
         T.I8: np.int8, T.I16: np.int16, T.I32: np.int32, T.I64: np.int64}


def write(folder, seed):
    random = np.random.default_rng(int(seed))
    model = {}
    for name, dtype in (("f32", np.float32), ("f16", np.float16), ("bf16", ml_dtypes.bfloat16), ("f64", np.float64)):
        for shape in ((3, 512), (2, 3, 256), (5, 96), (4, 7), (300,), (1,), (), (0, 256), (2, 1, 1)):
            array = random.standard_normal(shape) * 10.0 ** random.integers(-3, 3)
            model[f"{name}.{'x'.join(map(str, shape))}"] = np.asarray(array).astype(dtype)
    for dtype in (np.int8, np.int16, np.int32, np.int64):
        model[np.dtype(dtype).name] = random.integers(-100, 100, (7, 11)).astype(dtype)
    save_file(model, folder + "/model.safetensors", {"format": "pt", "note": "a\tb"})


def raw(array):
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def tensors(files):
    for path in files:
        reader = gguf.GGUFReader(path)
        for tensor in reader.tensors:
            yield reader, tensor


def expected(weights, kind):
    """The bytes of a tensor, and its type."""
    takes = kind is not None and weights.ndim >= 2 and weights.size and weights.dtype in (
        np.float32, np.float16, ml_dtypes.bfloat16) and weights.shape[-1] % gguf.GGML_QUANT_SIZES[kind][0] == 0
    if not takes:
        return next(t for t, dtype in PLAIN.items() if dtype == weights.dtype), raw(weights)
    return kind, raw(gguf.quants.quantize(weights.astype(np.float32), kind))


def check(model, name, *files):
    kind = None if name == "none" else T[name.upper()]
    weights, found, wrong = load_file(model), {}, []
    for reader, tensor in tensors(files):
        found[tensor.name] = tensor
        want_type, want = expected(weights[tensor.name], kind)
        got = raw(tensor.data)
        if reader.endianess == gguf.GGUFEndian.BIG:
            # gguf-py turns the numbers that numpy has, and hands BF16 and blocks over as they lie in the file.
            if tensor.tensor_type == T.BF16:
                got = raw(got.view(">u2").astype("<u2"))
            elif tensor.tensor_type in PLAIN:
                got = raw(tensor.data.astype(tensor.data.dtype.newbyteorder("<")))
        shape = [int(n) for n in reversed(tensor.shape)]
        # A tensor without dimensions gets one.
        if tensor.tensor_type != want_type or shape != list(weights[tensor.name].shape or [1]):
            wrong.append(f"{tensor.name}: {tensor.tensor_type.name} {shape}")
        elif not np.array_equal(got, want):
            wrong.append(f"{tensor.name}: other bytes")
    wrong += [f"{name}: missing" for name in weights.keys() - found.keys()]
    print(f"{len(found)} tensors, {len(wrong)} disagreements", *wrong, sep="\n")
    return wrong


def dequantized(path, model):
    numbers, wrong, count = load_file(model), [], 0
    for _, tensor in tensors([path]):
        count += 1
        want = tensor.data if tensor.tensor_type in PLAIN else gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        if not np.array_equal(raw(want), raw(numbers[tensor.name])):
            wrong.append(tensor.name)
    print(f"{count} tensors, {len(wrong)} disagreements", *wrong, sep="\n")
    return wrong


if sys.argv[1] == "write":
    write(*sys.argv[2:])
else:
    sys.exit(1 if {"check": check, "dequantized": dequantized}[sys.argv[1]](*sys.argv[2:]) else 0)
