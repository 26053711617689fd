import Foundation

/// A program that tests run as a whole: with arguments, and everything it says captured exactly.
struct Program: Sendable {
  let path: String

  /// The `tare` that was built along with the tests.
  static let tare = Program(path: buildFolder + "/tare")

  /// The interpreter with the peers of `Tests/requirements.txt`: `TARE_PYTHON`, else the one that `scripts/make-venv`
  /// makes; nil where there is none.
  static let python: Program? = {
    let path = ProcessInfo.processInfo.environment["TARE_PYTHON"] ?? Repository.path(".venv/bin/python3")
    return FileManager.default.isExecutableFile(atPath: path) ? Program(path: path) : nil
  }()

  /// The folder of the test bundle.
  private static let buildFolder: String = {
    let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(fileURLWithPath: executable ?? CommandLine.arguments[0]).deletingLastPathComponent().path
  }()

  /// Runs the program to its end.
  func run(
    _ arguments: [String], output: RunningProgram.Stream = .captured, errors: RunningProgram.Stream = .captured,
    environment: [String: String] = [:], in folder: String? = nil
  ) throws -> ProgramResult {
    try start(arguments, output: output, errors: errors, environment: environment, in: folder).wait()
  }

  /// Starts the program; `wait` must be called on what comes back.
  func start(
    _ arguments: [String], output: RunningProgram.Stream = .captured, errors: RunningProgram.Stream = .captured,
    environment: [String: String] = [:], in folder: String? = nil
  ) throws -> RunningProgram {
    try RunningProgram(
      path: path, arguments: arguments, output: output, errors: errors, environment: environment, folder: folder)
  }
}

/// How a program ended and what it said.
struct ProgramResult: Sendable {
  /// nil where a signal ended it.
  let exitCode: Int32?
  let outputBytes: [UInt8]
  let errorBytes: [UInt8]

  var output: String { String(decoding: outputBytes, as: UTF8.self) }
  var errors: String { String(decoding: errorBytes, as: UTF8.self) }
  /// The lines on standard error, without their ends.
  var errorLines: [String] {
    errors.split(separator: "\n", omittingEmptySubsequences: false).dropLast(errors.hasSuffix("\n") ? 1 : 0).map(
      String.init)
  }
}

/// The models of `testdata` that whole commands are run on.
enum Sample {
  static let demo = Repository.path("testdata/demo/model.safetensors")
  static let names = Repository.path("testdata/safetensors/names_and_metadata.safetensors")
  static let low = Repository.path("testdata/safetensors/low_precision.safetensors")
  static let empties = Repository.path("testdata/safetensors/scalars_and_empties.safetensors")
  static let sharded = Repository.path("testdata/safetensors/sharded")

  /// A folder with the demo model `m`, its packed form `m.tare`, and `other`, in which a byte of a tensor is changed.
  static func demoAndChanged() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: demo, toPath: folder.path("m"))
    _ = try Program.tare.run(["pack", "m"], in: folder.path)
    var bytes = try folder.read("m")
    bytes[100_000] ^= 1
    try folder.write(bytes, to: "other")
    return folder
  }
}

/// The folder of this package.
enum Repository {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  static func path(_ relative: String) -> String { root + "/" + relative }
}

/// A folder of its own for one test, gone with the last reference.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "tare-test-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func path(_ name: String) -> String { path + "/" + name }

  /// The names of what lies in the folder, hidden files too, in order.
  var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }

  func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
  }

  func read(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
  }
}
