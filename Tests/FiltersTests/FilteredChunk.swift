internal import Filters
internal import Foundation
internal import MemoryModel
internal import TensorModel
internal import Testing

/// A row of the files that `testdata/filters/generate.py` writes: a chunk as HDF5 stores it.
struct FilteredChunk: CustomTestStringConvertible {
  let name: String
  let filters: [ChunkFilter]
  let mask: UInt32
  let byteCount: Int
  let hash: String
  let stored: [UInt8]

  var testDescription: String { name }

  init(row: Substring) throws {
    let fields = row.split(separator: "\t").map(String.init)
    name = fields[0]
    filters = fields[1] == "-" ? [] : fields[1].split(separator: ";").map(Self.filter)
    mask = try #require(UInt32(fields[2]))
    byteCount = try #require(Int(fields[3]))
    hash = fields[4]
    stored = [UInt8](try #require(Data(base64Encoded: fields[5])))
  }

  private static func filter(_ text: Substring) -> ChunkFilter {
    let numbers = text.split(separator: ",").map { Int($0)! }
    return ChunkFilter(id: numbers[0], isOptional: numbers[1] & 1 == 1, parameters: numbers[2...].map { UInt32($0) })
  }

  static func read(_ path: String) throws -> [FilteredChunk] {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    return try text.split(separator: "\n").dropFirst().map(FilteredChunk.init)
  }

  static let golden: [FilteredChunk] = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try! read(root.appendingPathComponent("testdata/filters/chunks.tsv").path)
  }()

  func decoded() throws(ModelError) -> [UInt8] {
    try undo(FilterPipeline(filters), stored, byteCount: byteCount, mask: mask)
  }
}

/// The content of a chunk, decoded into memory that ends where it must end.
func undo(
  _ pipeline: FilterPipeline, _ stored: [UInt8], byteCount: Int, mask: UInt32 = 0, at offset: Int = 0
) throws(ModelError) -> [UInt8] {
  var workspace = FilterWorkspace()
  let source = GuardedBytes(stored, alignment: 1)
  let target = GuardedBytes(byteCount, alignment: 1)
  try unsafe pipeline.undo(
    RawSpan(_unsafeStart: source.start, byteCount: stored.count), at: offset, skipping: mask,
    into: UnsafeMutableRawBufferPointer(start: target.start, count: byteCount), &workspace)
  #expect(target.isIntact)
  return target.content
}

/// FNV-1a of 64 bits.
func fnv1a64(_ bytes: [UInt8]) -> String {
  let hash = bytes.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  let digits = String(hash, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}
