import Containers
import Foundation
import MemoryModel
import TensorModel

/// All bytes of a tensor, read in pieces of at most `pieceBytes`.
func bytes(
  of tensor: Int, _ model: any ContainerReader, pieceBytes: Int = .max
) throws(ModelError) -> [UInt8] {
  let session = model.makeSession()
  let count = model.catalog.tensors[tensor].info.byteCount
  var content: [UInt8] = []
  while content.count < count {
    let range = content.count..<(content.count + min(pieceBytes, count - content.count))
    try session.withBytes(of: tensor, range) { span in
      unsafe span.withUnsafeBytes { unsafe content.append(contentsOf: $0) }
    }
    session.release(of: tensor, range)
  }
  return content
}

func littleEndian<W: FixedWidthInteger>(_ words: [W]) -> [UInt8] {
  words.flatMap { word in (0..<(W.bitWidth / 8)).map { UInt8(truncatingIfNeeded: word >> W(8 * $0)) } }
}

/// A folder of its own for one test, gone with the last reference.
final class Folder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "tare-conversion-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func path(_ name: String) -> String { path + "/" + name }
  func read(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name)))) }
  var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}
