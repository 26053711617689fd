import Codecs
import Kernels

/// Writes zstd frames of Huffman-coded literals and nothing else: the order-0 entropy of bytes, a few times faster than a
/// general compressor gets there, and the same bytes whatever libzstd is installed (RFC 8878).
///
/// Used again and again by one worker.
@safe final class HuffmanFrame {
  /// The most that a block decodes to.
  static let largestBlock = 128 << 10
  private let streams = ScratchBuffer()

  /// Room that a frame of `byteCount` bytes may take while it is written.
  static func bound(_ byteCount: Int) -> Int { byteCount + byteCount / 1024 + 64 }

  /// A code as it stands in a frame.
  private struct SentCode {
    let code: HuffmanCode
    let table: [UInt64]
    let longest: Int
    let description: [UInt8]

    init?(counts: [UInt32]) {
      guard let code = HuffmanCode(counts: counts), let description = HuffmanTreeDescription.bytes(of: code) else {
        return nil
      }
      self.code = code
      self.description = description
      table = code.table()
      longest = code.longest
    }
  }

  /// Writes a frame of `source` to `target`; nil where it would not be shorter than `limit` bytes.
  /// - Parameter blockBytes: the bytes of a block, each of which may have a code of its own; 4,096 to `largestBlock`.
  /// - Precondition: `target` holds `bound(source.count)` bytes.
  func compress(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawPointer, limit: Int,
    blockBytes: Int = HuffmanFrame.largestBlock
  ) -> Int? {
    let blocks = max(1, (source.count + blockBytes - 1) / blockBytes)
    let counts = (0..<blocks).map { unsafe ByteHistogram.counts(of: Self.block($0, blockBytes, of: source)) }
    var total = counts[0]
    for more in counts.dropFirst() { for value in 0..<256 { total[value] &+= more[value] } }
    let shared = SentCode(counts: total)
    let sharedBits = shared?.code.bits(total) ?? 0
    let expected = (shared?.description.count ?? 0) + sharedBits / 8
    // A code for each block saves a few in a hundred at most; what is further off is not tried.
    guard expected - expected / 16 < limit else { return nil }

    var size = unsafe writeHeader(source.count, to: target)
    var sent: SentCode?
    // What whole bits for each code cost beside the entropy. A single block has no better code than the shared one.
    let excess = blocks > 1 ? Double(sharedBits) / max(Entropy.bits(total), 1) : .infinity
    for block in 0..<blocks {
      unsafe size += append(
        Self.block(block, blockBytes, of: source), counts[block], shared, excess: excess, &sent,
        isLast: block == blocks - 1,
        to: target + size)
      guard size < limit else { return nil }
    }
    return size
  }

  private static func block(
    _ number: Int, _ blockBytes: Int, of source: UnsafeRawBufferPointer
  ) -> UnsafeRawBufferPointer {
    let start = number * blockBytes
    return unsafe UnsafeRawBufferPointer(rebasing: source[start..<min(start + blockBytes, source.count)])
  }

  /// The frame's header: one segment, the content's size, no checksum (RFC 8878, 3.1.1.1).
  private func writeHeader(_ byteCount: Int, to target: UnsafeMutableRawPointer) -> Int {
    unsafe target.storeBytes(of: UInt32(0xFD2F_B528).littleEndian, as: UInt32.self)
    let (code, width, value): (UInt8, Int, UInt64) =
      byteCount < 256
      ? (0, 1, UInt64(byteCount)) : byteCount < 65792 ? (1, 2, UInt64(byteCount - 256)) : (2, 4, UInt64(byteCount))
    unsafe target.storeBytes(of: code << 6 | 0x20, toByteOffset: 4, as: UInt8.self)
    unsafe store(value, width, to: target + 5)
    return 5 + width
  }

  /// Appends a block in the form that is shortest; returns its bytes.
  private func append(
    _ source: UnsafeRawBufferPointer, _ counts: [UInt32], _ shared: SentCode?, excess: Double,
    _ sent: inout SentCode?, isLast: Bool, to target: UnsafeMutableRawPointer
  ) -> Int {
    let last: UInt64 = isLast ? 1 : 0
    let size = UInt64(source.count)
    if source.count > 1, unsafe counts[Int(source[0])] == UInt32(source.count) {
      unsafe store(size << 3 | 1 << 1 | last, 3, to: target)
      unsafe target.storeBytes(of: source[0], toByteOffset: 3, as: UInt8.self)
      return 4
    }
    if let (code, isNew) = choose(counts, of: source.count, shared, excess: excess, sent) {
      let byteCount = unsafe appendLiterals(source, code, isNew: isNew, to: target + 3)
      if byteCount < source.count {
        unsafe store(UInt64(byteCount) << 3 | 2 << 1 | last, 3, to: target)
        if isNew { sent = code }
        return 3 + byteCount
      }
    }
    unsafe store(size << 3 | last, 3, to: target)
    if let base = source.baseAddress { unsafe (target + 3).copyMemory(from: base, byteCount: source.count) }
    return 3 + source.count
  }

  /// The code that makes a block smallest: the last one that was sent, that of all blocks, or one of its own; nil where
  /// bytes as they are take less.
  private func choose(
    _ counts: [UInt32], of byteCount: Int, _ shared: SentCode?, excess: Double, _ sent: SentCode?
  ) -> (code: SentCode, isNew: Bool)? {
    var best: (code: SentCode, isNew: Bool)?
    // What a block's own headers take beside the codes.
    var bestBits = 8 * (byteCount - 16)
    if let sent, let bits = sent.code.bits(counts), bits < bestBits { (best, bestBits) = ((sent, false), bits) }
    if let shared, let bits = shared.code.bits(counts), bits + 8 * shared.description.count < bestBits {
      (best, bestBits) = ((shared, true), bits + 8 * shared.description.count)
    }
    // A code of its own takes a while to make, so it must promise something.
    let promised = Entropy.bits(counts) * excess + Double(8 * (shared?.description.count ?? 0))
    guard promised + Double(bestBits) / 512 < Double(bestBits), let own = SentCode(counts: counts),
      let bits = own.code.bits(counts), bits + 8 * own.description.count < bestBits
    else { return best }
    return (own, true)
  }

  /// Literals and an empty section of sequences (RFC 8878, 3.1.1.3); returns their bytes, or `Int.max` where they
  /// certainly take more than the source.
  private func appendLiterals(
    _ source: UnsafeRawBufferPointer, _ code: SentCode, isNew: Bool, to target: UnsafeMutableRawPointer
  ) -> Int {
    let bytes = unsafe source.baseAddress!.assumingMemoryBound(to: UInt8.self)
    let isOneStream = source.count < 256
    let quarter = isOneStream ? source.count : (source.count + 3) / 4
    let stride = HuffmanStreams.bound(quarter)
    let room = unsafe streams.bytes(4 * stride)
    var sizes = [0, 0, 0, 0]
    unsafe code.table.withUnsafeBufferPointer { table in
      if isOneStream {
        sizes[0] = unsafe HuffmanStreams.encode(bytes, count: quarter, table: table.baseAddress!, into: room)
      } else {
        unsafe sizes.withUnsafeMutableBufferPointer {
          unsafe HuffmanStreams.encode4(
            bytes, count: quarter, lastCount: source.count - 3 * quarter, table: table.baseAddress!,
            longest: code.longest, into: room, stride: stride, sizes: $0.baseAddress!)
        }
      }
    }
    let streamBytes = sizes.reduce(0, +)
    let description = isNew ? code.description : []
    let literalBytes = description.count + (isOneStream ? 0 : 6) + streamBytes
    guard literalBytes + 6 < source.count else { return .max }

    var end = unsafe target
    let kind: UInt64 = isNew ? 2 : 3
    let (format, width): (UInt64, Int) =
      isOneStream ? (0, 10) : source.count < 1024 ? (1, 10) : source.count < 16384 ? (2, 14) : (3, 18)
    let header = kind | format << 2 | UInt64(source.count) << 4 | UInt64(literalBytes) << UInt64(4 + width)
    unsafe store(header, (4 + 2 * width) / 8, to: end)
    unsafe end += (4 + 2 * width) / 8
    for byte in description {
      unsafe end.storeBytes(of: byte, as: UInt8.self)
      unsafe end += 1
    }
    if !isOneStream {
      for stream in 0..<3 { unsafe store(UInt64(sizes[stream]), 2, to: end + 2 * stream) }
      unsafe end += 6
    }
    for stream in 0..<(isOneStream ? 1 : 4) {
      unsafe end.copyMemory(from: room + stream * stride, byteCount: sizes[stream])
      unsafe end += sizes[stream]
    }
    unsafe end.storeBytes(of: 0, as: UInt8.self)
    return unsafe end + 1 - target
  }

  /// The lowest `width` bytes of `value`, the least significant first.
  private func store(_ value: UInt64, _ width: Int, to target: UnsafeMutableRawPointer) {
    for byte in 0..<width {
      unsafe target.storeBytes(
        of: UInt8(truncatingIfNeeded: value >> UInt64(8 * byte)), toByteOffset: byte, as: UInt8.self)
    }
  }
}
