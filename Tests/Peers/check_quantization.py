"""Quantises with numpy and compares with what tare convert --quantize wrote, bit for bit.

    check_quantization.py write FOLDER SEED          writes model.safetensors
    check_quantization.py check FOLDER OUTPUT SPEC   quantises every F32, F16 and BF16 tensor with numpy, compares with OUTPUT
"""

import math
import re

import ml_dtypes
import numpy as np
from check_pruning import main, matrix, random_weights, read, write

F32 = np.float32
QUANTISED = {np.dtype(t) for t in (np.float32, np.float16, ml_dtypes.bfloat16)}
TYPES = {"f32": np.float32, "f16": np.float16, "bf16": ml_dtypes.bfloat16}
NF4 = np.array([
    -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1], F32)
DEFAULTS = {"ternary": "tensor", "nf4": "g64", "mxfp4": "g32", "fp8": "row", "int8": "row"}


def write_model(folder, seed):
    random = np.random.default_rng(seed)
    model = {}
    for number, dtype in enumerate([*QUANTISED, np.float64, ml_dtypes.float8_e4m3fn]):
        def add(name, array):
            model[f"layers.{number}.{name}"] = array
        add("proj.weight", random_weights(random, dtype, (48, 275)))
        add("conv.weight", random_weights(random, dtype, (10, 12, 3, 3)))
        add("experts.weight", random_weights(random, dtype, (3, 8, 33)))
        add("vector", random_weights(random, dtype, (300,)))
        add("scalar", np.array(0.3, dtype))
        add("empty", np.zeros((0, 7), dtype))
        add("zeros", (np.zeros((5, 40)) * -1).astype(dtype))
        add("nothing_finite", np.full((3, 40), np.nan).astype(dtype))
        add("positive", np.abs(random.standard_normal((9, 70)) * 3).astype(dtype))
        add("few", random.choice([-0.5, 0.25, 1.0, 3.0], (9, 70)).astype(dtype))
        # Numbers of every magnitude, down to subnormals and up to the largest.
        bits = random.integers(0, 256, (7, 90 * np.dtype(dtype).itemsize), np.uint8)
        add("bits", bits.view(dtype))
        with np.errstate(all="ignore"):
            largest = np.float64(ml_dtypes.finfo(dtype).max)
            add("huge", (random.uniform(-1, 1, (6, 70)) * largest).astype(dtype))
            tiny = np.float64(ml_dtypes.finfo(dtype).smallest_subnormal)
            add("tiny", (random.integers(-9, 10, (6, 70)) * tiny).astype(dtype))
    write(folder + "/model.safetensors", model)


def parse(spec):
    base, *options = spec.split(":")
    shared = DEFAULTS.get(base, "g128")
    symmetric, scale_type = True, "f32"
    for option in options:
        if option in TYPES:
            scale_type = option
        elif option in ("sym", "asym"):
            symmetric = option == "sym"
        else:
            shared = option
    return base, shared, symmetric, np.dtype(TYPES[scale_type])


def blocks(rows, columns, shared):
    """The blocks of a matrix that have one scale, as pairs of slices."""
    if match := re.fullmatch(r"block(\d+)x(\d+)", shared):
        height, width = map(int, match.groups())
    else:
        height, width = {"tensor": (rows, columns), "row": (1, columns)}.get(shared) or (1, int(shared[1:]))
    for row in range(0, rows, height):
        for column in range(0, columns, width):
            yield slice(row, row + height), slice(column, column + width)


def as_scale(number, dtype):
    """The number rounded to the type of the scales, positive and finite."""
    bits = np.array(F32(number)).astype(dtype).view(f"u{dtype.itemsize}")
    infinity = np.array(np.inf, dtype).view(bits.dtype)
    return np.clip(bits, 1, infinity - 1).astype(bits.dtype).view(dtype).astype(F32)


def narrow_float(levels, bits_of_mantissa, least_exponent, largest):
    """Rounds to a float type of few bits, ties to even."""
    levels = np.clip(levels, -F32(largest), F32(largest))
    exponents = np.maximum(np.frexp(levels)[1] - 1, least_exponent)
    units = np.ldexp(F32(1), exponents - bits_of_mantissa)
    return (np.rint(levels / units) * units).astype(F32)


def nearest(levels, book):
    middles = ((book[:-1].astype(np.float64) + book[1:].astype(np.float64)) / 2).astype(F32)
    return book[np.searchsorted(middles, levels, side="left")]


def quantised_block(block, base, symmetric, scale_type):
    """Level × scale of one block, in F32."""
    low, high = min(F32(0), block.min(initial=0)), max(F32(0), block.max(initial=0))
    reach = max(-low, high)
    if base == "nf4":
        scale = as_scale(reach, scale_type)
        return nearest(block / scale, NF4) * scale
    if base == "fp8":
        scale = as_scale(reach / F32(448), scale_type)
        return narrow_float(block / scale, 3, -6, 448) * scale
    if base == "mxfp4":
        exponent = np.clip(np.frexp(reach)[1] - 1 - 2, -127, 127) if reach > 0 else -127
        scale = np.ldexp(F32(1), exponent)
        return narrow_float(block / scale, 1, 0, 6) * scale
    if base == "ternary":
        numbers = block[np.isfinite(block)]
        mean = math.fsum(np.abs(numbers.astype(np.float64))) / numbers.size if numbers.size else 0
        scale = as_scale(F32(mean), scale_type)
        return np.clip(np.rint(block / scale), F32(-1), F32(1)) * scale
    bits = int(base[3:])
    if symmetric:
        top = F32(2 ** (bits - 1) - 1)
        scale, bottom = as_scale(reach / top, scale_type), -top
    else:
        steps = F32(2**bits - 1)
        scale = as_scale((high - low) / steps, scale_type)
        zero = min(np.rint(-low / scale), steps)
        bottom, top = -zero, steps - zero
    return np.clip(np.rint(block / scale), bottom, top) * scale


def palette(numbers, size, dtype):
    """K-means in one dimension on the bins of a histogram: numbers by their first 19 bits."""
    numbers = numbers[np.isfinite(numbers)]
    has_zeros = bool((numbers == 0).any())
    numbers = numbers[numbers != 0]
    keys, places = np.unique(numbers.view(np.uint32) >> 13, return_inverse=True)
    counts = np.bincount(places, minlength=keys.size).astype(np.float64)
    sums = np.bincount(places, numbers.astype(np.float64), minlength=keys.size)
    order = np.argsort(np.where(keys >> 18, -(keys & 0x3FFFF).astype(np.int64) - 1, keys.astype(np.int64)))
    counts, sums = counts[order], sums[order]
    means = sums / counts
    values = means
    if means.size > size - has_zeros:
        values = lloyd(means, counts, sums, size, has_zeros)
    values = np.append(values, 0.0) if has_zeros else values
    rounded = np.unique(values.astype(F32).astype(dtype).astype(F32) + F32(0))
    return rounded if rounded.size else np.zeros(1, F32)


def lloyd(means, counts, sums, size, has_zeros):
    last = means.size - 1
    index = np.arange(means.size)
    shares = np.cumsum(np.sqrt(counts * (means[np.minimum(index + 1, last)] - means[np.maximum(index - 1, 0)])))
    places = (np.arange(size) + 0.5) / size * shares[-1]
    values = means[np.minimum(np.searchsorted(shares, places, side="right"), last)]
    pinned = int(np.argmin(np.abs(values))) if has_zeros else None
    if has_zeros:
        values[pinned] = 0
    counts, sums = (np.concatenate([[0.0], np.cumsum(array)]) for array in (counts, sums))
    for _ in range(300):
        ends = np.searchsorted(means, (values[:-1] + values[1:]) / 2, side="right")
        ends = np.maximum.accumulate(np.append(ends, means.size))
        starts = np.concatenate([[0], ends[:-1]])
        moved = np.where(ends > starts, (sums[ends] - sums[starts]) / (counts[ends] - counts[starts]), values)
        if has_zeros:
            moved[pinned] = 0
        if (moved == values).all():
            break
        values = moved
    return values


def quantised(name, weights, spec):
    base, shared, symmetric, scale_type = parse(spec)
    if weights.size == 0:
        return weights
    compared = weights.reshape(1, -1) if weights.ndim < 2 else matrix(name, weights)
    wide = compared.astype(F32)
    finite = np.isfinite(wide)
    numbers = np.where(finite, wide, F32(0))
    if base.startswith("palette"):
        products = nearest(numbers, palette(wide.reshape(-1), int(base[7:]), weights.dtype))
    else:
        products = np.zeros_like(numbers)
        for part in blocks(*numbers.shape, shared):
            source = wide[part] if base == "ternary" else numbers[part]
            products[part] = quantised_block(source, base, symmetric, scale_type)
    largest = F32(ml_dtypes.finfo(weights.dtype).max)
    result = np.clip(products, -largest, largest).astype(weights.dtype)
    result[result == 0] = 0
    return np.where(finite, result.view(f"u{weights.itemsize}"), compared.view(f"u{weights.itemsize}"))


def check(folder, output, spec):
    model, written = read(f"{folder}/model.safetensors"), read(f"{folder}/{output}")
    wrong, count = [], 0
    for name, weights in model.items():
        expected = weights
        if weights.dtype in QUANTISED:
            count += 1
            expected = quantised(name, weights, spec)
        if expected.tobytes() != written[name].tobytes():
            wrong.append(name)
    print(f"{count} tensors quantised with numpy, {len(wrong)} disagreements", *wrong[:9])
    return 1 if wrong or model.keys() != written.keys() else 0


if __name__ == "__main__":
    main(write_model, check)
