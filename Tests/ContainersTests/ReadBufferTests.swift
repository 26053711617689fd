import ByteStore
import Foundation
import TensorModel
import Testing

/// Reading through a buffer is reading the map.
@Suite struct ReadBufferTests {
  private static let byteCount = 300_000

  private func withFile(_ body: (borrowing MappedFile, String) throws -> Void) throws {
    let path = NSTemporaryDirectory() + "tare-read-\(UUID().uuidString)"
    defer { unsafe unlink(path) }
    let bytes = (0..<Self.byteCount).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    try body(MappedFile(path: path), path)
  }

  private func copy(_ span: RawSpan) -> [UInt8] { unsafe span.withUnsafeBytes { unsafe [UInt8]($0) } }

  @Test(arguments: [0..<0, 0..<byteCount, 1..<byteCount, 3..<100, 65_537..<262_144, 299_999..<300_000])
  func bytesAreThoseOfTheMap(range: Range<Int>) throws {
    try withFile { file, _ in
      let buffer = ReadBuffer()
      let read = try file.withBytes(range, through: buffer) { copy($0) }
      #expect(try file.withBytes(range) { copy($0) } == read)
    }
  }

  @Test func aLentRangeStaysWhileAnotherIsRead() throws {
    try withFile { file, _ in
      let buffer = ReadBuffer()
      let expected = try file.withBytes(0..<100_000) { copy($0) }
      try file.withBytes(0..<100_000, through: buffer) { (first) throws(ModelError) in
        try file.withBytes(100_000..<200_000, through: buffer) { second in
          #expect(copy(first) == expected)
          #expect(copy(second) != expected)
        }
      }
    }
  }

  @Test func aFileThatBecomesShorterIsAnError() throws {
    try withFile { file, path in
      unsafe truncate(path, 150_000)
      let error = #expect(throws: ModelError.self) {
        try file.withBytes(0..<Self.byteCount, through: ReadBuffer()) { _ in }
      }
      #expect(error?.code == .inputOutput)
    }
  }
}
