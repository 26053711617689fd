"""What the filters of HDF5 chunks undo: ../hdf5-filters.md, filter by filter."""

import struct
import zlib

import numpy as np
import zstandard

from recoding import fletcher32


class Filters:
    """The filters of one tensor, in the order in which a writer applies them; `need(condition, message)` reports what
    does not hold, `Unknown` is raised for a filter that is not had."""

    def __init__(self, filters, need, Unknown):
        need(len(filters) <= 32, "a chunk has more than 32 filters")
        self.filters, self.need, self.Unknown = filters, need, Unknown

    def undo(self, data, size, mask):
        """The `size` bytes of a chunk that did not go through the filters of `mask`."""
        sizes, exact = [], True                # what each filter was given: how many bytes, or how many at most
        applied = [f for n, f in enumerate(self.filters) if not mask >> n & 1]
        at = size
        for number, parameters in applied:
            sizes.append((at, exact))
            if number == 3:
                at += 4
            elif number != 2 and not (number == 32008 and not any(parameters[4:5])):
                at, exact = 2 * at + 65536, False
        for (number, parameters), (expected, exact) in reversed(list(zip(applied, sizes))):
            data = self.undone(number, parameters, data, expected)
            self.need(len(data) == expected if exact else len(data) <= expected,
                      f"filter {number} gives another number of bytes")
        self.need(len(data) == size, "a chunk has another number of bytes")
        return data

    def undone(self, number, parameters, data, size):
        if number == 1:
            return self.inflated(data, size)
        if number == 2:
            self.need(parameters and 0 < parameters[0] < 1 << 31, "shuffle: no size of an element")
            return unshuffled(data, parameters[0])
        if number == 3:
            return self.summed(data)
        if number == 32000:
            return self.lzf(data, size)
        if number == 32004:
            return self.framed(data, lambda block, n: self.lz4_block(block, n), size)
        if number == 32008:
            return self.bitshuffle(data, parameters, size)
        if number == 32015:
            return self.zstd(data, size)
        raise self.Unknown(f"a chunk went through filter {number}, which is not known")

    def inflated(self, data, size):
        stream = zlib.decompressobj()
        try:
            out = stream.decompress(data, size + 1)
        except zlib.error as error:
            self.need(False, f"gzip: {error}")
        self.need(stream.eof and not stream.unused_data and len(out) <= size, "gzip: not one stream of that size")
        return out

    def summed(self, data):
        self.need(len(data) >= 4, "fletcher32: no checksum")
        found, sums = fletcher32(data[:-4]), struct.unpack("<I", data[-4:])[0]
        halves = (found & 0xFF00FF00) >> 8 | (found & 0x00FF00FF) << 8
        self.need(sums in (found, halves), "fletcher32: the checksum does not hold")
        return data[:-4]

    def lzf(self, data, size):
        out, at = bytearray(), 0
        while at < len(data):
            control = data[at]
            at += 1
            if control < 32:
                self.need(at + control < len(data), "lzf: it ends in literals")
                out += data[at:at + control + 1]
                at += control + 1
            else:
                more = control >> 5 == 7
                self.need(at + more < len(data), "lzf: it ends in a match")
                length = (control >> 5) + 2 + (data[at] if more else 0)
                distance = ((control & 31) << 8 | data[at + more]) + 1
                at += more + 1
                self.copy(out, distance, length)
            self.need(len(out) <= size, "lzf: too many bytes")
        return bytes(out)

    def copy(self, out, distance, length):
        """Append a match, which may reach into itself."""
        self.need(0 < distance <= len(out), "a match lies before the chunk")
        start = len(out) - distance
        piece = bytes(out[start:start + length])
        out += (piece * (length // len(piece) + 1))[:length]

    def lz4_block(self, data, size):
        out, at = bytearray(), 0

        def length(first):
            nonlocal at
            more = 255 if first == 15 else 0
            while more == 255:
                self.need(at < len(data), "lz4: it ends in a length")
                more = data[at]
                at += 1
                first += more
            return first
        while True:
            self.need(at < len(data), "lz4: it ends in front of a token")
            token = data[at]
            at += 1
            literals = length(token >> 4)
            self.need(at + literals <= len(data), "lz4: it ends in literals")
            out += data[at:at + literals]
            at += literals
            if at == len(data):
                break
            self.need(at + 2 <= len(data), "lz4: it ends in a match")
            distance = data[at] | data[at + 1] << 8
            at += 2
            count = length(token & 15) + 4
            self.need(len(out) + count <= size, "lz4: too many bytes")
            self.copy(out, distance, count)
        self.need(len(out) == size, "lz4: another number of bytes")
        return bytes(out)

    def framed(self, data, block, size):
        """The frame of lz4, whose blocks `block` decodes."""
        self.need(len(data) >= 12, "lz4: no frame")
        total, step = struct.unpack(">QI", data[:12])
        self.need(total <= size and step > 0, "lz4: another number of bytes")
        out, at = [], 12
        for start in range(0, total, step):
            self.need(at + 4 <= len(data), "lz4: it ends in front of a block")
            stored, expected = struct.unpack(">I", data[at:at + 4])[0], min(step, total - start)
            at += 4
            self.need(at + stored <= len(data), "lz4: it ends in a block")
            piece = data[at:at + stored]
            out.append(piece if stored == expected else block(piece, expected))
            at += stored
        self.need(at == len(data), "lz4: bytes behind the last block")
        return b"".join(out)

    def bitshuffle(self, data, parameters, size):
        self.need(len(parameters) >= 3, "bitshuffle: no size of an element")
        width, step, codec = parameters[2], (*parameters, 0, 0)[3], (*parameters, 0, 0)[4]
        self.need(width > 0 and step % 8 == 0, "bitshuffle: wrong parameters")
        if codec not in (0, 2, 3):
            raise self.Unknown(f"bitshuffle with codec {codec} is not known")
        step = step or max(8192 // width // 8 * 8, 128)
        at = 0
        if codec:
            self.need(len(data) >= 12, "bitshuffle: no frame")
            total, block_bytes = struct.unpack(">QI", data[:12])
            self.need(total <= size, "bitshuffle: another number of bytes")
            size = total
            self.need(block_bytes and block_bytes % (8 * width) == 0, "bitshuffle: blocks of another size")
            step, at = block_bytes // width, 12
        out, left = [], size // width // 8 * 8
        while left:
            count = min(step, left)
            left -= count
            expected = count * width
            if codec:
                self.need(at + 4 <= len(data), "bitshuffle: it ends in front of a block")
                stored = struct.unpack(">I", data[at:at + 4])[0]
                at += 4
                self.need(at + stored <= len(data), "bitshuffle: it ends in a block")
                planes = (self.lz4_block if codec == 2 else self.zstd)(data[at:at + stored], expected)
                at += stored
            else:
                planes = data[at:at + expected]
                at += expected
            self.need(len(planes) == expected, "bitshuffle: a block has another number of bytes")
            bits = np.unpackbits(np.frombuffer(planes, np.uint8).reshape(8 * width, count // 8), axis=1, bitorder="little")
            out.append(np.packbits(bits.T.reshape(count, width, 8), axis=2, bitorder="little").tobytes())
        return b"".join(out) + data[at:]

    def zstd(self, data, size):
        try:
            declared = zstandard.frame_content_size(data)
            self.need(0 <= declared <= size, "zstd: another number of bytes")
            return zstandard.ZstdDecompressor().decompress(data, max_output_size=size, allow_extra_data=False) if size else b""
        except zstandard.ZstdError as error:
            self.need(False, f"zstd: {error}")


def unshuffled(data, width):
    whole = len(data) // width * width
    return np.frombuffer(data[:whole], np.uint8).reshape(width, -1).T.tobytes() + data[whole:]
