internal import ByteStore
internal import Encodings
internal import Foundation
internal import TensorModel

@testable internal import Packing

let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().path
let demo = repository + "/testdata/demo/model.safetensors"

/// The sound single-file models of `testdata`.
let goldenModels: [String] = {
  let folder = repository + "/testdata/safetensors"
  let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  return [demo] + names.filter { $0.hasSuffix(".safetensors") }.sorted().map { folder + "/" + $0 }
}()

func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

/// A folder that goes away with its owner.
final class Folder {
  private let root: String

  init() throws {
    root = NSTemporaryDirectory() + "tare-packing-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  func path(_ name: String) -> String { root + "/" + name }

  /// Packs the model at `model`; returns the path of the packed file.
  func pack(_ model: String, level: Int = 3, threads: Int = 2) throws -> String {
    let output = path(UUID().uuidString + ".tare")
    let options = PackOptions(effort: Effort(level: level), threads: threads)
    _ = try Packer.pack(PackSource.open(path: model), into: OutputFile(path: output), options)
    return output
  }

  /// Writes a safetensors file of BF16 tensors.
  func write(_ tensors: [(name: String, shape: [Int], bytes: [UInt8])], _ name: String) throws -> String {
    var entries: [String] = []
    var body: [UInt8] = []
    for tensor in tensors {
      let end = body.count + tensor.bytes.count
      entries.append(
        "\"\(tensor.name)\":{\"dtype\":\"BF16\",\"shape\":\(tensor.shape),\"data_offsets\":[\(body.count),\(end)]}")
      body += tensor.bytes
    }
    let header = "{" + entries.joined(separator: ",") + "}"
    var writer = ByteWriter()
    writer.integer(UInt64(header.utf8.count))
    writer.append(header.utf8)
    writer.append(body)
    try Data(writer.bytes).write(to: URL(fileURLWithPath: path(name)))
    return path(name)
  }
}
