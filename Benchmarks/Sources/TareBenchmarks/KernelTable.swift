import Glibc
import Kernels
import Tare

/// Each kernel alone, on every instruction set of the processor, on a chunk of 1 MiB of made-up bf16 weights, half of
/// them zero, or of 2 MiB of dense f32 ones: bytes of the chunk that is read, a second, as a ratio to memcpy.
enum KernelTable {
  private static let elements = 1 << 19
  private static let repeats = 256

  static func run() {
    let memcpy = measureMemcpy()
    let sets = InstructionSet.available
    let widths = [30] + sets.map { _ in 11 }
    printRow(["kernels, ÷memcpy"] + sets.map(\.name), widths)
    for kernel in kernels() + numberKernels() {
      printRow(
        [kernel.name]
          + sets.map { set in
            let seconds = best { for _ in 0..<repeats { kernel.body(set) } }
            return decimal(Double(kernel.byteCount * repeats) / seconds / memcpy, digits: 2)
          }, widths)
    }
  }

  private struct Kernel {
    let name: String
    var byteCount = 2 * KernelTable.elements
    let body: (InstructionSet) -> Void
  }

  private static func memory(_ byteCount: Int) -> UnsafeMutablePointer<UInt8> {
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: byteCount)
    bytes.initialize(repeating: 0, count: byteCount)
    return bytes
  }

  /// Those that take elements as numbers.
  private static func numberKernels() -> [Kernel] {
    // Buffers live as long as the program.
    let (singles, halves, sparse) = (memory(4 * elements), memory(2 * elements), memory(2 * elements))
    Weights(kind: .f32, sparsity: 0).fill(singles, elements: elements)
    Weights(kind: .bf16, sparsity: 0).fill(halves, elements: elements)
    Weights(kind: .bf16, sparsity: 0.9).fill(sparse, elements: elements)
    let target = memory(4 * elements)
    func chunk(_ bytes: UnsafeMutablePointer<UInt8>, _ dtype: DType) -> UnsafeRawBufferPointer {
      UnsafeRawBufferPointer(start: bytes, count: elements * dtype.blockBytes)
    }
    func statistics(_ name: String, _ bytes: UnsafeMutablePointer<UInt8>, _ dtype: DType) -> Kernel {
      Kernel(name: "statistics, \(name)", byteCount: elements * dtype.blockBytes) {
        _ = ValueStatistics(of: chunk(bytes, dtype).bytes, dtype: dtype, on: $0)
      }
    }
    func conversion(_ bytes: UnsafeMutablePointer<UInt8>, _ from: DType, _ to: DType) -> Kernel {
      let conversion = FloatConversion(from: from, to: to)!
      return Kernel(name: "\(from.name) to \(to.name)", byteCount: elements * from.blockBytes) {
        _ = conversion.convert(chunk(bytes, from).bytes, into: target, on: $0)
      }
    }
    let order = MagnitudeOrder(.bf16)!
    let groups = PruneGroups(kept: 2, of: 4, stride: 1)
    var pruned = [UInt8](repeating: 0, count: 2 * elements)
    return [
      statistics("F32", singles, .f32),
      statistics("BF16", halves, .bf16),
      statistics("BF16, 90 % zeros", sparse, .bf16),
      conversion(singles, .f32, .bf16),
      conversion(singles, .f32, .f16),
      conversion(halves, .bf16, .f32),
      conversion(halves, .f16, .f32),
      Kernel(name: "prune, magnitude") { _ in
        PruneMagnitude.zero(chunk(halves, .bf16).bytes, upTo: 0x3C00, order, into: &pruned, at: 0)
      },
      Kernel(name: "prune, ties of a magnitude") {
        _ = PruneMagnitude.count(of: 0x3C00, in: chunk(halves, .bf16).bytes, order, on: $0)
      },
      Kernel(name: "prune, 2:4") { groups.zero(elements, order, in: &pruned, at: 0, on: $0) },
    ]
  }

  private static func kernels() -> [Kernel] {
    // Buffers live as long as the program.
    let dense = memory(2 * elements)
    let sparse = memory(2 * elements)
    Weights(kind: .bf16, sparsity: 0).fill(dense, elements: elements)
    Weights(kind: .bf16, sparsity: 0.5).fill(sparse, elements: elements)
    let (bitmap, packed, back) = (memory(elements / 8 + 8), memory(2 * elements + 64), memory(4 * elements + 64))
    _ = ZeroMask.split(sparse, elements: elements, width: 2, hasSign: true, bitmap: bitmap, packed: packed)
    let gaps = memory(elements + elements / 255 + 64)
    let gapCount = Gaps.encode(bitmap, elements: elements, into: gaps)
    let layout = FusedLayout(width: 2, exponentBits: 8, rankBits: 3)
    let exponents = Array(116..<UInt16(123))
    let (symbols, escapes, planes) = (memory(elements), memory(2 * elements + 64), memory(2 * elements))
    let fields = layout.fields.map { memory(BitFields.byteCount(elements: elements, bits: $0.bits) + 64) }
    let escapeWords = UnsafeMutableRawPointer(escapes).assumingMemoryBound(to: UInt16.self)
    let escapeCount = Fused.encode(
      dense, elements: elements, layout: layout, exponents: exponents, symbols: symbols, escapes: escapeWords,
      planes: planes, fields: fields)
    let halves = [UnsafePointer(planes), UnsafePointer(planes + elements)]
    let codes = symbols
    let table = (0..<256).map { HuffmanStreams.entry(code: UInt64($0), length: 8) }
    let stride = HuffmanStreams.bound(32768)
    let coded = memory(4 * stride)
    return [
      Kernel(name: "XXH3") {
        _ = XXH3.hash(RawSpan(_unsafeStart: UnsafeRawPointer(dense), byteCount: 2 * elements), on: $0)
      },
      Kernel(name: "count zeros") {
        _ = ZeroMask.count(sparse, elements: elements, width: 2, hasSign: true, on: $0)
      },
      Kernel(name: "bitmask, pack") {
        _ = ZeroMask.split(sparse, elements: elements, width: 2, hasSign: true, bitmap: bitmap, packed: packed, on: $0)
      },
      Kernel(name: "bitmask, expand") {
        ZeroMask.join(bitmap: bitmap, packed: packed, elements: elements, width: 2, into: back, on: $0)
      },
      Kernel(name: "gaps from a bitmask") { _ = Gaps.encode(bitmap, elements: elements, into: gaps, on: $0) },
      Kernel(name: "bitmask from gaps") { _ in
        bitmap.update(repeating: 0, count: elements / 8)
        _ = Gaps.decode(gaps, count: gapCount, elements: elements, into: bitmap)
      },
      Kernel(name: "fused, split (dense)") {
        _ = Fused.encode(
          dense, elements: elements, layout: layout, exponents: exponents, symbols: symbols, escapes: escapeWords,
          planes: planes, fields: fields, on: $0)
      },
      Kernel(name: "fused, join (dense)") {
        _ = Fused.decode(
          symbols: symbols, elements: elements, layout: layout, exponents: exponents, escapes: escapeWords,
          escapeCount: escapeCount, planes: [], fields: fields.map { UnsafePointer($0) }, into: back, on: $0)
      },
      Kernel(name: "planes, split (dense)") {
        BytePlanes.splitRotated(dense, elements: elements, width: 2, into: planes, on: $0)
      },
      Kernel(name: "planes, join (dense)") { set in
        halves.withUnsafeBufferPointer {
          BytePlanes.joinRotated($0.baseAddress!, elements: elements, width: 2, into: back, on: set)
        }
      },
      Kernel(name: "histogram of bytes", byteCount: elements) { _ in
        var counts = [UInt32](repeating: 0, count: 256)
        ByteHistogram.add(codes, count: elements, to: &counts)
      },
      Kernel(name: "Huffman codes of bytes", byteCount: elements) { set in
        var sizes = [0, 0, 0, 0]
        for block in 0..<(elements / 131072) {
          HuffmanStreams.encode4(
            codes + block * 131072, count: 32768, lastCount: 32768, table: table, longest: 8, into: coded,
            stride: stride,
            sizes: &sizes, on: set)
        }
      },
    ]
  }
}
