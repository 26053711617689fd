import Foundation
internal import TensorModel
import Testing

@testable internal import Containers

/// The repository's `testdata`.
let testdata = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../testdata").standardized.path

/// The lines of a table without its first, split at tabs.
func table(_ path: String) throws -> [[String]] {
  let text = try String(contentsOfFile: "\(testdata)/\(path)", encoding: .utf8)
  return text.split(separator: "\n").dropFirst().map { line in
    line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
  }
}

func fileBytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

/// The hash that the tables of golden files use.
func fnv1a64(_ bytes: ArraySlice<UInt8>) -> String {
  let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  let digits = String(hash, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}

/// A safetensors file with that header.
func safetensors(_ header: String, data: [UInt8] = []) -> [UInt8] {
  (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) } + Array(header.utf8) + data
}

/// The header of a whole file in memory, its metadata complete.
func parse(_ file: [UInt8], limits: Limits = Limits()) throws(ModelError) -> SafetensorsHeader {
  var header = try SafetensorsHeader.parse(file.rawSpan, fileByteCount: file.count, limits: limits)
  if let range = header.metadataTensor.map({ header.tensors[$0].range }) {
    try header.readMetadata(file.rawSpan.extracting(range), origin: range.lowerBound)
  }
  return header
}

extension [UInt8] {
  /// Every pattern of bits in them is an initialised byte, which is all that the loan could get wrong.
  var rawSpan: RawSpan {
    @_lifetime(borrow self) get { unsafe span.bytes }
  }
}

/// The error that `body` throws, which must be one of ours.
func failure(_ body: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation) -> ModelError? {
  do {
    try body()
    Issue.record("nothing was thrown", sourceLocation: sourceLocation)
  } catch let error as ModelError {
    return error
  } catch {
    Issue.record(error, sourceLocation: sourceLocation)
  }
  return nil
}

/// A folder that lives as long as the value.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/tare-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file, its folders made as needed.
  func write(_ name: String, _ bytes: [UInt8] = []) throws {
    let file = URL(filePath: "\(path)/\(name)")
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
  }

  func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: "\(path)/\(name)", withDestinationPath: target)
  }

  func copy(_ source: String, to name: String) throws {
    try FileManager.default.copyItem(atPath: source, toPath: "\(path)/\(name)")
  }
}
