import ByteStore
import Codecs
import Containers
import Synchronization
import TensorModel

/// An archive of Keras on its way to the disk: what is written to it becomes the weights, the other members lie around them.
///
/// Checksums of what is written are taken where it is written, and put together in the end.
final class KerasArchiveOutput: PositionalOutput {
  private let base: any PositionalOutput
  private let assets: [KerasEnvelope.Member]
  private let front: [ZipStoredMember]
  private let frontBytes: [UInt8]
  private let weights: ZipStoredMember
  /// Where the weights begin.
  private let start: Int
  private let state = Mutex(State())

  fileprivate struct State {
    /// What was written of the weights.
    var pieces: [(range: Range<Int>, crc32: UInt32)] = []
    var byteCount = 0
    /// Of the archive, when it is finished.
    var total = 0
  }

  var path: String { base.path }
  var freeBytes: Int? { base.freeBytes }
  /// Of the archive, when it is finished.
  var byteCount: Int { state.withLock { $0.total } }

  /// - Parameter most: how many bytes the weights have where they are not compressed.
  init(_ base: any PositionalOutput, _ envelope: KerasEnvelope, most: Int) {
    var (members, bytes): ([ZipStoredMember], [UInt8]) = ([], [])
    for member in envelope.front { members.append(Self.append(member, to: &bytes, at: 0)) }
    // Compressed, what does not shrink may grow a little: its header lists chunks, and edges are filled up.
    let weights = ZipStoredMember(name: KerasEnvelope.weights, offset: bytes.count, isWide: most >= 1 << 31)
    self.base = base
    self.weights = weights
    assets = envelope.assets
    front = members
    frontBytes = bytes
    start = bytes.count + weights.localHeader.count
  }

  /// Puts a member behind what is there.
  /// - Parameter place: where `bytes` begin in the archive.
  private static func append(_ member: KerasEnvelope.Member, to bytes: inout [UInt8], at place: Int) -> ZipStoredMember
  {
    var sum = CRC32()
    sum.update(unsafe member.bytes.span.bytes)
    var stored = ZipStoredMember(name: member.name, offset: place + bytes.count, isWide: false)
    (stored.crc32, stored.byteCount) = (sum.value, member.bytes.count)
    bytes += stored.localHeader + member.bytes
    return stored
  }

  func write(_ bytes: RawSpan, at offset: Int) throws(ModelError) {
    var sum = CRC32()
    sum.update(bytes)
    let piece = (offset..<(offset + bytes.byteCount), sum.value)
    state.withLock { $0.pieces.append(piece) }
    try base.write(bytes, at: start + offset)
  }

  func setByteCount(_ count: Int) throws(ModelError) {
    state.withLock { $0.byteCount = count }
    try base.setByteCount(start + count)
  }

  func finish() throws(ModelError) {
    var member = weights
    (member.byteCount, member.crc32) = state.withLock { ($0.byteCount, $0.crc32) }
    var back: [UInt8] = []
    let end = start + member.byteCount
    let others = assets.map { Self.append($0, to: &back, at: end) }
    back += ZipText.directory(front + [member] + others, at: end + back.count)
    try base.write(frontBytes + member.localHeader, at: 0)
    try base.write(back, at: end)
    state.withLock { $0.total = end + back.count }
    try base.finish()
  }
}

extension KerasArchiveOutput.State {
  /// Of the weights; what was not written is zeros.
  fileprivate var crc32: UInt32 {
    var sum = CRC32()
    var end = 0
    for piece in pieces.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
      sum.appendZeros(piece.range.lowerBound - end)
      sum.append(piece.crc32, byteCount: piece.range.count)
      end = piece.range.upperBound
    }
    sum.appendZeros(byteCount - end)
    return sum.value
  }
}
