import Codecs
import Kernels

/// The ways in which a stream is made smaller, with what one worker needs for them.
@safe final class StreamMethods {
  let huffman = HuffmanFrame()
  private let zstd = ZstdCompressor()
  private let trial = ScratchBuffer()
  private let sample = ScratchBuffer()

  enum Method: Hashable {
    /// Huffman codes alone.
    case huffman
    /// A level of zstd, which searches for matches.
    case level(Int32)
  }

  /// A frame of the stream at a level of zstd, valid until the next one is made; nil where it would not be smaller.
  @unsafe func frame(of bytes: UnsafeRawBufferPointer, level: Int32) -> UnsafeRawBufferPointer? {
    let room = ZstdCompressor.bound(bytes.count)
    let target = unsafe UnsafeMutableRawBufferPointer(start: trial.raw(room), count: room)
    guard let size = unsafe zstd.compress(bytes, into: target, level: level), size < bytes.count else { return nil }
    return unsafe UnsafeRawBufferPointer(start: target.baseAddress, count: size)
  }

  /// The methods to try on a stream, in order; of long ones, what a sample says.
  @unsafe func worthTrying(
    on bytes: UnsafeRawBufferPointer, _ kind: ChunkWriter.StreamKind, levels: [Int32]
  ) -> [Method] {
    guard bytes.count >= 16 else { return [] }
    let all = [.huffman] + levels.map { Method.level($0) }
    if bytes.count < 4096 || kind == .symbols && levels.isEmpty { return all }
    // A sixteenth, in four pieces.
    let piece = max(2048, bytes.count / 64)
    guard bytes.count > 4 * piece else { return all }
    let copy = unsafe sample.raw(4 * piece)
    for number in 0..<4 {
      let from = unsafe bytes.baseAddress! + (bytes.count - piece) / 3 * number
      unsafe (copy + number * piece).copyMemory(from: from, byteCount: piece)
    }
    let source = unsafe UnsafeRawBufferPointer(start: copy, count: 4 * piece)
    let coded = unsafe huffmanBytes(of: source)
    var best = (method: Method.huffman, size: coded)
    for level in levels {
      // The slow levels find what the fast one has an idea of.
      if level > 4, best.method == .huffman, unsafe quick(source) > coded + coded / 20 { continue }
      let size = unsafe frame(of: source, level: level)?.count ?? source.count
      // A match search that gains next to nothing is not worth its time, at any level.
      if size < min(best.size, coded - coded / 200) { best = (.level(level), size) }
    }
    guard best.size < source.count - source.count / 100 else { return kind == .symbols ? [.huffman] : [] }
    return [best.method]
  }

  /// What a fast search for matches makes of a sample.
  private func quick(_ source: UnsafeRawBufferPointer) -> Int {
    unsafe frame(of: source, level: 3)?.count ?? source.count
  }

  /// About what Huffman codes take for a sample's bytes: their entropy, and what that of a sample is too small by.
  private func huffmanBytes(of source: UnsafeRawBufferPointer) -> Int {
    let counts = unsafe ByteHistogram.counts(of: source)
    let kinds = counts.count { $0 > 0 }
    return Int((Entropy.bits(counts) + 0.72 * Double(kinds - 1)) / 8)
  }
}
