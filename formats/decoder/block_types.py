"""The block types of ../blocks.md as ../encodings/blocks.md takes them apart: where each bit of a block goes."""
import numpy as np

F16, F32 = "<f2", "<f4"


def words(at, width, count=1):
    """The streams of a field: for each byte of its words, where it lies in a block."""
    return [[at + width * word + k for word in range(count)] for k in range(width)]


class BlockType:
    """`plain`: the symbols are the bytes from there on. Otherwise `code(i)` gives the bits of element i, the lowest
    first, as bits of the block, and `symbol(part, s)` the elements whose codes are in a symbol."""

    def __init__(self, elements, size, fields, parts=1, symbols=0, plain=None, code=None, symbol=None, six=()):
        self.elements, self.size, self.fields, self.parts, self.symbols = elements, size, fields, parts, symbols
        # Bits of each number of a stream of six-bit scales.
        self.six = six
        self.bits = -np.ones((parts, symbols, 8), dtype=np.int64)
        for part in range(parts):
            for s in range(symbols):
                where = (range(8 * (plain + part * symbols + s), 8 * (plain + part * symbols + s) + 8) if code is None
                         else [bit for i in symbol(part, s) for bit in code(i)])
                self.bits[part, s, :len(where)] = list(where)


def run(byte, first, count):
    return [8 * byte + first + k for k in range(count)]


def half_split(at, i):
    return run(at + i % 16, 4 * (i // 16), 4)


def one_code(elements):
    return lambda part, s: [part * elements + s]


SIX_K = ([run(4 + g, 0, 6) if g < 4 else run(8 + g, 0, 4) + run(g, 6, 2) for g in range(8)],
         [run(8 + g, 0, 6) if g < 4 else run(8 + g, 4, 4) + run(4 + g, 6, 2) for g in range(8)])
SIX_Q3 = ([run(96 + k % 8, 4 * (k // 8), 4) + run(104 + k % 4, 2 * (k // 4), 2) for k in range(16)],)


def n_l(i):
    return 32 * (i // 128) + i % 32


TYPES = {
    "Q1_0": BlockType(128, 18, words(0, 2), 1, 16, plain=2),
    "Q2_0": BlockType(64, 18, words(0, 2), 1, 16, plain=2),
    "Q4_0": BlockType(32, 18, words(0, 2), 1, 16, plain=2),
    "Q4_1": BlockType(32, 20, words(0, 2) + words(2, 2), 1, 16, plain=4),
    "Q5_0": BlockType(32, 22, words(0, 2), 1, 32, symbol=one_code(32), code=lambda i: half_split(6, i) + [16 + i]),
    "Q5_1": BlockType(32, 24, words(0, 2) + words(2, 2), 1, 32, symbol=one_code(32),
                      code=lambda i: half_split(8, i) + [32 + i]),
    "Q8_0": BlockType(32, 34, words(0, 2), 1, 32, plain=2),
    "Q8_1": BlockType(32, 36, words(0, 2) + words(2, 2), 1, 32, plain=4),
    "Q2_K": BlockType(256, 84, words(0, 1, 16) + words(80, 2) + words(82, 2), 16, 4,
                      symbol=lambda p, s: [16 * p + 4 * s + k for k in range(4)],
                      code=lambda i: run(16 + n_l(i), 2 * (i // 32 % 4), 2)),
    "Q3_K": BlockType(256, 110, words(108, 2), 16, 8, symbol=lambda p, s: [16 * p + s, 16 * p + s + 8],
                      code=lambda i: run(32 + n_l(i), 2 * (i // 32 % 4), 2) + run(i % 32, i // 32, 1), six=SIX_Q3),
    "Q4_K": BlockType(256, 144, words(0, 2) + words(2, 2), 8, 16, symbol=lambda p, s: [32 * p + s, 32 * p + s + 16],
                      code=lambda i: run(16 + 32 * (i // 64) + i % 32, 4 * (i // 32 % 2), 4), six=SIX_K),
    "Q5_K": BlockType(256, 176, words(0, 2) + words(2, 2), 8, 32, symbol=one_code(32),
                      code=lambda i: run(48 + 32 * (i // 64) + i % 32, 4 * (i // 32 % 2), 4) + run(16 + i % 32, i // 32, 1),
                      six=SIX_K),
    "Q6_K": BlockType(256, 210, words(192, 1, 16) + words(208, 2), 16, 16, symbol=one_code(16),
                      code=lambda i: (run(64 * (i // 128) + i % 32 + 32 * (i // 32 % 2), 4 * (i // 64 % 2), 4)
                                      + run(128 + n_l(i), 2 * (i // 32 % 4), 2))),
    "Q8_K": BlockType(256, 292, words(0, 4) + words(260, 2, 16), 1, 256, plain=4),
    "IQ1_S": BlockType(256, 50, words(0, 2) + words(2, 1, 32) + words(34, 2, 8), 0),
    "IQ1_M": BlockType(256, 56, words(0, 1, 32) + words(32, 1, 16) + words(48, 2, 4), 0),
    "IQ2_XXS": BlockType(256, 66, words(0, 2) + [[2 + 8 * g + k for g in range(8) for k in range(4)]]
                         + [[6 + 8 * g + k for g in range(8)] for k in range(4)], 0),
    "IQ2_XS": BlockType(256, 74, words(0, 2) + words(2, 2, 32) + words(66, 1, 8), 0),
    "IQ2_S": BlockType(256, 82, words(0, 2) + words(2, 1, 32) + words(34, 1, 32) + words(66, 1, 8) + words(74, 1, 8), 0),
    "IQ3_XXS": BlockType(256, 98, words(0, 2) + words(2, 1, 64) + words(66, 4, 8), 0),
    "IQ3_S": BlockType(256, 110, words(0, 2) + words(2, 1, 64) + words(66, 1, 8) + words(74, 1, 32) + words(106, 1, 4), 0),
    "IQ4_NL": BlockType(32, 18, words(0, 2), 1, 16, plain=2),
    "IQ4_XS": BlockType(256, 136, words(0, 2) + words(2, 2) + words(4, 1, 4), 8, 16, plain=8),
    "TQ1_0": BlockType(256, 54, words(52, 2), 1, 52, plain=0),
    "TQ2_0": BlockType(256, 66, words(64, 2), 1, 64, plain=0),
    "MXFP4": BlockType(32, 17, words(0, 1), 1, 16, plain=1),
    "NVFP4": BlockType(64, 36, words(0, 1, 4), 4, 8, plain=4),
}


def number(blocks, at, kind=F16):
    """A number of each block, as a column of f32."""
    width = np.dtype(kind).itemsize
    return np.ascontiguousarray(blocks[:, at:at + width]).view(kind).astype(np.float32)


def six_bits(kind, blocks, stream):
    """The numbers of a stream of six-bit scales, of each block."""
    bits = np.unpackbits(blocks, axis=1, bitorder="little")[:, np.array(TYPES[kind].six[stream])]
    return (bits << np.arange(6, dtype=np.uint8)).sum(axis=2).astype(np.float32)


def keys(kind, blocks, row):
    """The scale and the ratio of each part."""
    with np.errstate(all="ignore"):
        if kind in ("Q4_1", "Q5_1"):
            scale, ratio = np.abs(number(blocks, 0)), number(blocks, 2) / number(blocks, 0)
        elif kind == "Q2_K":
            scale = number(blocks, 80) * (blocks[:, :16] & 15).astype(np.float32)
            ratio = number(blocks, 82) * (blocks[:, :16] >> 4).astype(np.float32) / scale
        elif kind in ("Q4_K", "Q5_K"):
            scale = number(blocks, 0) * six_bits(kind, blocks, 0)
            ratio = number(blocks, 2) * six_bits(kind, blocks, 1) / scale
        else:
            scale, ratio = plain_scale(kind, blocks), None
        if ratio is None:
            scale = scale.reshape(-1)
            return scale, ratio_to_rows(scale, row * TYPES[kind].parts)
        return scale.reshape(-1), ratio.reshape(-1)


def plain_scale(kind, blocks):
    if kind == "Q3_K":
        return number(blocks, 108) * (six_bits(kind, blocks, 0) - np.float32(32))
    if kind == "Q6_K":
        return number(blocks, 208) * blocks[:, 192:208].view(np.int8).astype(np.float32)
    if kind == "IQ4_XS":
        group = np.arange(8)
        low = blocks[:, 4 + group // 2] >> (4 * (group % 2)).astype(np.uint8) & 15
        high = blocks[:, 2:4].copy().view("<u2") >> (2 * group).astype(np.uint16) & 3
        return number(blocks, 0) * ((low | high << 4).astype(np.float32) - np.float32(32))
    if kind in ("MXFP4", "NVFP4"):
        return blocks[:, :4 if kind == "NVFP4" else 1].astype(np.float32)
    at = {"TQ1_0": 52, "TQ2_0": 64}.get(kind, 0)
    return np.abs(number(blocks, at, F32 if kind == "Q8_K" else F16))


def ratio_to_rows(scale, row):
    ratio = np.zeros(len(scale), dtype=np.float32)
    for start in range(0, len(scale), row) if row else ():
        part = scale[start:start + row]
        # Added one after the other.
        total = np.add.accumulate(np.abs(part), dtype=np.float32)[-1]
        ratio[start:start + row] = part / (total / np.float32(len(part)))
    return ratio


def cells(kind, blocks, row, ratios, scales):
    """The cell of each part."""
    scale, ratio = keys(kind, blocks, row)
    with np.errstate(all="ignore"):
        behind = [sum((key >= boundary).astype(np.int64) for boundary in boundaries) if len(boundaries)
                  else np.zeros(len(key), dtype=np.int64) for key, boundaries in ((ratio, ratios), (scale, scales))]
    return behind[0] * (len(scales) + 1) + behind[1]
