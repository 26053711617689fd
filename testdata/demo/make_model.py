#!/usr/bin/env python3
"""Makes model.safetensors, a small transformer as pruning leaves one.

    python3 make_model.py OUT.safetensors

Only the standard library is needed, and the bytes are the same everywhere: the random numbers come from a
generator written out below, and all arithmetic is IEEE double precision without transcendental functions.

What it holds, as real checkpoints do:
- weights that are Gaussian with a scale of their own for each row, and a few rows that are ten times larger;
- attention and feed-forward matrices pruned by magnitude, 70 % unstructured, by `weight * mask`, so that every
  pruned negative weight is left as -0.0;
- one matrix pruned 2:4; one with rows that are zero;
- dense bfloat16 embeddings, tied to the output head, which is stored a second time;
- float32 LayerNorm vectors, an int64 buffer of positions, and `__metadata__` of `format: pt`.
"""

import json
import struct
import sys

VOCABULARY, WIDTH, HIDDEN, LAYERS, POSITIONS = 256, 64, 128, 2, 128


class Random:
    """xorshift64*, and normal numbers as the sum of twelve uniform ones less six."""

    def __init__(self, seed):
        self.state = seed

    def word(self):
        x = self.state
        x ^= x >> 12
        x ^= (x << 25) & 0xFFFFFFFFFFFFFFFF
        x ^= x >> 27
        self.state = x
        return (x * 0x2545F4914F6CDD1D) & 0xFFFFFFFFFFFFFFFF

    def uniform(self):
        return (self.word() >> 11) / (1 << 53)

    def normal(self):
        return sum(self.uniform() for _ in range(12)) - 6.0


def matrix(random, rows, columns, scale):
    """Rows of normal numbers; the scale differs from row to row, and one row in 32 is an outlier."""
    result = []
    for _ in range(rows):
        row_scale = scale * (0.5 + random.uniform()) * (10.0 if random.uniform() < 1 / 32 else 1.0)
        result.append([row_scale * random.normal() for _ in range(columns)])
    return result


def prune(weights, sparsity):
    """Zeroes the smallest weights by multiplying with a mask: -0.2 * 0 is -0.0."""
    magnitudes = sorted(abs(w) for row in weights for w in row)
    threshold = magnitudes[int(sparsity * len(magnitudes))]
    return [[w * (1.0 if abs(w) >= threshold else 0.0) for w in row] for row in weights]


def prune_two_four(weights):
    """Keeps the two largest of every four neighbours of a row."""
    result = []
    for row in weights:
        kept = []
        for start in range(0, len(row), 4):
            four = row[start : start + 4]
            order = sorted(range(4), key=lambda i: -abs(four[i]))
            kept += [w * (1.0 if i in order[:2] else 0.0) for i, w in enumerate(four)]
        result.append(kept)
    return result


def prune_rows(weights, sparsity):
    """Zeroes the rows of least norm, outright."""
    norms = sorted(range(len(weights)), key=lambda r: sum(w * w for w in weights[r]))
    gone = set(norms[: int(sparsity * len(weights))])
    return [[0.0] * len(row) if r in gone else row for r, row in enumerate(weights)]


def bf16(weights):
    """Rounds to bfloat16, half to even."""
    out = bytearray()
    for row in weights:
        for value in row:
            bits = struct.unpack("<I", struct.pack("<f", value))[0]
            out += struct.pack("<H", (bits + 0x7FFF + (bits >> 16 & 1)) >> 16)
    return bytes(out)


def f32(values):
    return struct.pack(f"<{len(values)}f", *values)


def tensors(random):
    """(name, dtype, shape, bytes) in the order of the file."""

    def weight(name, rows, columns, change=lambda w: w):
        return name, "BF16", [rows, columns], bf16(change(matrix(random, rows, columns, 0.02)))

    def vector(name, count, centre):
        return name, "F32", [count], f32([centre + 0.05 * random.normal() for _ in range(count)])

    embeddings = weight("model.embed_tokens.weight", VOCABULARY, WIDTH)
    positions = struct.pack(f"<{POSITIONS}q", *range(POSITIONS))
    yield embeddings
    yield "model.embed_positions.position_ids", "I64", [1, POSITIONS], positions
    for layer in range(LAYERS):
        prefix = f"model.layers.{layer}."
        yield vector(prefix + "input_layernorm.weight", WIDTH, 1.0)
        for part in ["q_proj", "k_proj", "v_proj", "o_proj"]:
            yield weight(prefix + f"self_attn.{part}.weight", WIDTH, WIDTH, lambda w: prune(w, 0.7))
        yield vector(prefix + "post_attention_layernorm.weight", WIDTH, 1.0)
        yield weight(prefix + "mlp.gate_proj.weight", HIDDEN, WIDTH, lambda w: prune(w, 0.7))
        yield weight(
            prefix + "mlp.up_proj.weight", HIDDEN, WIDTH, prune_two_four if layer == 0 else lambda w: prune_rows(w, 0.25)
        )
        yield weight(prefix + "mlp.down_proj.weight", WIDTH, HIDDEN, lambda w: prune(w, 0.9))
    yield vector("model.norm.weight", WIDTH, 1.0)
    yield "lm_head.weight", *embeddings[1:]


def main():
    header, data = {"__metadata__": {"format": "pt"}}, bytearray()
    for name, dtype, shape, content in tensors(Random(0x7A2E)):
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(sys.argv[1], "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


if __name__ == "__main__":
    main()
