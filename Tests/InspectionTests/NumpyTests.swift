import Foundation
import Inspection
import MemoryModel
import TensorModel
import Testing

/// Every number against numpy's, where `TARE_PYTHON` names a Python that has numpy and ml_dtypes, or `scripts/make-venv`
/// has made one.
@Suite struct NumpyTests {
  private static let python: String? = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..").path
    let path = ProcessInfo.processInfo.environment["TARE_PYTHON"] ?? root + "/.venv/bin/python3"
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }()

  @Test(.enabled(if: python != nil, "scripts/make-venv makes the Python that this needs"))
  func everyNumberAgreesWithNumpy() throws { try compare(seed: UInt64.random(in: 0...UInt64.max)) }

  /// Seeds of F64 whose sums, or sums of squares, leave the doubles while mean and deviation don't.
  @Test(
    .enabled(if: python != nil, "scripts/make-venv makes the Python that this needs"),
    arguments: [14_696_106_089_829_343_543, 1, 2, 3])
  func sumsBeyondTheDoublesAgreeWithNumpy(_ seed: UInt64) throws { try compare(seed: seed) }

  private func compare(seed: UInt64) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tare-numpy-\(seed)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let model = try Self.model(seed: seed, path: folder.appendingPathComponent("model.bin").path)
    try Data(model.bytes).write(to: URL(fileURLWithPath: model.path))
    let inspection = folder.appendingPathComponent("inspection.json")
    try Data(InspectionJSON.document([ModelInspection.run(model)], version: "test").utf8).write(to: inspection)
    let (status, output) = try Self.run("check_inspection.py", inspection.path)
    #expect(status == 0, "seed \(seed): \(output)")
    #expect(output.hasSuffix("tensors compared with numpy, 0 disagreements\n"))
  }

  /// Of every dtype matrices small and long, a vector and an empty tensor; and floats as trained weights have them.
  private static func model(seed: UInt64, path: String) throws -> MemoryModel {
    var generator = SeededGenerator(seed: seed)
    var tensors: [(info: TensorInfo, bytes: [UInt8])] = []
    for dtype in DType.all {
      for (rows, columns) in [(3, 8), (37, 96), (1, 6000), (6000, 4)] {
        let matrix = try RandomMatrix("\(dtype.name).\(rows)", dtype, rows: rows, columns: columns, using: &generator)
        tensors.append((matrix.info, matrix.bytes))
      }
      tensors.append((try TensorInfo(name: "\(dtype.name).empty", dtype: dtype, shape: [0, 3]), []))
    }
    let weights = (0..<50_000).map { _ in
      (0..<4).reduce(Float(0.001)) { sum, _ in sum + Float.random(in: -0.02...0.02, using: &generator) }
    }
    tensors.append(try floats("weights", [500, 100], weights))
    // So many that a sample tells of them, and rows that differ.
    let large = (0..<600_000).map { index -> Float in weights[index % 50_000] * Float(index / 600 % 7 + 1) }
    tensors.append(try floats("large", [1000, 600], large))
    tensors.append(try floats("offset", [50_000], weights.map { $0 + 1e6 }))
    return MemoryModel(tensors, chunkBytes: 10_000, path: path)
  }

  private static func run(_ script: String, _ argument: String) throws -> (status: Int32, output: String) {
    let scripts = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../Peers")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python ?? "")
    process.arguments = [scripts.appendingPathComponent(script).path, argument]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, output)
  }
}
