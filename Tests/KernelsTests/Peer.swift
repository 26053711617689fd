import Foundation
import Testing

/// The Python peers of `Tests/requirements.txt`, where `TARE_PYTHON` or `scripts/make-venv` provides them.
enum Peer {
  private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

  static let python: String? = {
    let made = tests.deletingLastPathComponent().appendingPathComponent(".venv/bin/python3").path
    let path = ProcessInfo.processInfo.environment["TARE_PYTHON"] ?? made
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }()

  /// A new folder in the system's temporary one.
  static func folder(_ name: String) throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tare-\(name)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  static func remove(_ folder: URL) { try? FileManager.default.removeItem(at: folder) }

  /// Runs a script of `Tests/Peers`; a failure of it is one of the test.
  static func run(_ script: String, _ arguments: String...) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(python))
    process.arguments = [tests.appendingPathComponent("Peers/\(script)").path] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(script) \(arguments): \(output)")
  }
}
