public import TensorModel

/// The stored form of a chunk, taken apart: two stages and where the bodies of their streams lie. Nothing is decoded yet.
public struct StoredChunk: Sendable {
  public struct Stream: Sendable {
    /// The bytes of the body inside the chunk.
    public let body: Range<Int>
    /// The bytes that it decodes to.
    public let byteCount: Int
    public let isCompressed: Bool
  }

  public struct Stage: Sendable {
    /// Position in the file's list of encodings.
    public let encoding: Int
    public let parameters: [UInt8]
    public let streams: [Stream]
  }

  public let mask: Stage
  public let value: Stage

  /// The positions of the two encodings that a chunk names, and the parameters of the first, from its first bytes.
  static func encodings(_ start: RawSpan) throws(ModelError) -> (mask: Int, parameters: [UInt8], value: Int) {
    var cursor = ByteCursor(start)
    let mask = try record(&cursor)
    return (mask.encoding, mask.parameters, try cursor.varint("the encoding of a stage"))
  }

  /// Parses the records and proves that bodies lie inside, fill the chunk, and decode to no more than
  /// 3 × `denseBytes` + 64 KiB together.
  public init(_ bytes: RawSpan, denseBytes: Int) throws(ModelError) {
    var cursor = ByteCursor(bytes)
    let records = [try Self.record(&cursor), try Self.record(&cursor)]
    var position = cursor.position
    var decoded = 0
    let ceiling = 3 * denseBytes + 65536
    var stages: [Stage] = []
    for record in records {
      var streams: [Stream] = []
      for stream in record.streams {
        guard stream.stored <= bytes.byteCount - position else {
          throw ModelError(
            .malformed, "a stream of \(stream.stored) bytes in a chunk with \(bytes.byteCount - position) left")
        }
        guard stream.bytes <= ceiling - decoded else {
          throw ModelError(.malformed, "a stream claims to decode to \(stream.bytes) bytes in a chunk of \(denseBytes)")
        }
        decoded += stream.bytes
        streams.append(
          Stream(
            body: position..<(position + stream.stored), byteCount: stream.bytes, isCompressed: stream.isCompressed))
        position += stream.stored
      }
      stages.append(Stage(encoding: record.encoding, parameters: record.parameters, streams: streams))
    }
    guard position == bytes.byteCount else {
      throw ModelError(.malformed, "\(bytes.byteCount - position) bytes too many in a chunk")
    }
    mask = stages[0]
    value = stages[1]
  }

  private struct Record {
    var encoding: Int
    var parameters: [UInt8]
    var streams: [(bytes: Int, stored: Int, isCompressed: Bool)]
  }

  private static func record(_ cursor: inout ByteCursor) throws(ModelError) -> Record {
    let encoding = try cursor.varint("the encoding of a stage")
    let length = try cursor.count("the parameters of a stage")
    var parameters: [UInt8] = []
    for _ in 0..<length { parameters.append(try cursor.byte("a parameter")) }
    let count = try cursor.count("the streams of a stage", unit: 2)
    var streams: [(bytes: Int, stored: Int, isCompressed: Bool)] = []
    for _ in 0..<count {
      let kind = try cursor.byte("the kind of a stream")
      guard kind <= 1 else { throw ModelError(.malformed, "a stream of kind \(kind), expected 0 or 1") }
      let decoded = try cursor.varint("the size of a stream")
      streams.append((decoded, kind == 1 ? try cursor.varint("the stored size of a stream") : decoded, kind == 1))
    }
    return Record(encoding: encoding, parameters: parameters, streams: streams)
  }
}
