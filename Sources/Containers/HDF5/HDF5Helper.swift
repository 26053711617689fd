import ByteStore
import Glibc
import HDF5Protocol
import TensorModel

/// A running `tare-hdf5`, which has one file open. Used by one thread.
///
/// Nothing that it says is believed before it is proved; where it crashes, hangs or talks nonsense the file is malformed.
final class HDF5Helper {
  private let process: HelperProcess
  /// How long the next answer may take.
  private let patience: Duration
  /// How much processor time the catalogue is worth, and what was asked for last.
  private let catalogueSeconds: Int
  private var seconds = 0
  /// libhdf5's version.
  private let library: String

  /// Starts the helper for the file at `path`.
  /// - Parameters:
  ///   - byteCount: of the HDF5 file, by which the time is measured that answers may take: 10 seconds, and 5 more for each
  ///     GiB. Of processor time the catalogue of a small file gets less: a second, and one more for each 32 KiB.
  ///   - window: the part of the file at `path` that it is; nil for all of it.
  /// - Throws: `unsupported` where there is no helper, or one of another version.
  init(path: String, byteCount: Int, window: Range<Int>?) throws(ModelError) {
    let program = try HDF5HelperPath.find()
    patience = .seconds(10 + min(590, 5 * (byteCount >> 30)))
    catalogueSeconds = min(1 + byteCount >> 15, Int(patience.components.seconds))
    var hello: HDF5Hello
    do {
      process = try HelperProcess(
        path: program, arguments: [path] + (window.map { ["\($0.lowerBound)", "\($0.upperBound)"] } ?? []))
      hello = try Self.hello(of: process)
    } catch {
      throw Self.doesNotStart(program, error)
    }
    guard hello.version == HDF5Frame.version else {
      throw ModelError(
        .unsupported, "\(program) speaks version \(hello.version), expected \(HDF5Frame.version)",
        hint: "install the tare-hdf5 that came with this tare")
    }
    library = hello.library
  }

  private static func hello(of process: HelperProcess) throws -> HDF5Hello {
    let deadline = ContinuousClock.now + .seconds(10)
    let head = try process.receive(HDF5Frame.headBytes, before: deadline)
    let count = byteCount(head)
    guard head[0] == HDF5Frame.hello.rawValue, count <= 1024 else {
      throw ModelError(.unsupported, "another greeting")
    }
    let payload = try process.receive(count, before: deadline)
    var cursor = unsafe ByteCursor(payload.span.bytes)
    return try HDF5Hello(&cursor)
  }

  private static func doesNotStart(_ program: String, _ error: any Error) -> ModelError {
    let reason =
      switch error {
      case HelperProcess.Loss.failed(let code): systemMessage(code)
      case HelperProcess.Loss.exited(let code): "it ended with code \(code)"
      case HelperProcess.Loss.killed(let signal): "it ended by signal \(signal)"
      case HelperProcess.Loss.timedOut: "it says nothing"
      default: "it is no tare-hdf5"
      }
    return ModelError(
      .unsupported, "\(program), which reads HDF5, does not start: \(reason)",
      hint: "install libhdf5, and tare-hdf5 beside tare")
  }

  // MARK: Requests

  /// All that the file describes.
  /// - Throws: `malformed` or `unsupported` as the helper says, and `malformed` where it is lost or breaks the protocol.
  func catalogue() throws(ModelError) -> HDF5Catalogue {
    var request = ByteWriter()
    seconds = catalogueSeconds
    request.varint(seconds)
    send(.wantsCatalogue, request.bytes)
    let deadline = ContinuousClock.now + patience
    var catalogue = HDF5Catalogue()
    var left = HDF5Limits.catalogueBytes
    while true {
      let (kind, payload) = try receive(atMost: min(left, HDF5Limits.frameBytes), before: deadline)
      left -= payload.count
      switch kind {
      case .end: return catalogue
      case .failure: throw try failure(payload)
      default:
        try believing { () throws(ModelError) in try catalogue.take(kind, payload) }
      }
    }
  }

  /// The elements of a part of a dataset, row-major, in the file's own type.
  func elements(_ request: HDF5ChunkRequest, byteCount: Int) throws(ModelError) -> [UInt8] {
    var writer = ByteWriter()
    seconds = Int(patience.components.seconds)
    writer.varint(seconds)
    request.write(to: &writer)
    send(.wantsChunk, writer.bytes)
    let (kind, payload) = try receive(atMost: max(byteCount, 1 << 16), before: ContinuousClock.now + patience)
    switch kind {
    case .bytes where payload.count == byteCount: return payload
    case .failure: throw try failure(payload)
    default: throw nonsense("\(payload.count) bytes in a frame of kind \(kind), expected \(byteCount)")
    }
  }

  // MARK: Frames

  private func send(_ kind: HDF5Frame, _ payload: [UInt8]) {
    var writer = ByteWriter()
    writer.byte(kind.rawValue)
    writer.integer(UInt32(payload.count))
    writer.append(payload)
    process.send(writer.bytes)
  }

  private func receive(
    atMost limit: Int, before deadline: ContinuousClock.Instant
  ) throws(ModelError) -> (kind: HDF5Frame, payload: [UInt8]) {
    do throws(HelperProcess.Loss) {
      let head = try process.receive(HDF5Frame.headBytes, before: deadline)
      let count = Self.byteCount(head)
      if let kind = HDF5Frame(rawValue: head[0]), count <= limit {
        return (kind, try process.receive(count, before: deadline))
      }
      throw .failed(code: EPROTO)
    } catch .failed(EPROTO) {
      throw nonsense("a frame of no known kind, or too long a one")
    } catch {
      throw lost(error)
    }
  }

  /// The length of the payload behind a frame's head.
  private static func byteCount(_ head: [UInt8]) -> Int { head[1...].reversed().reduce(0) { $0 << 8 | Int($1) } }

  // MARK: Errors

  private func failure(_ payload: [UInt8]) throws(ModelError) -> ModelError {
    let failure = try believing { () throws(ModelError) in
      var cursor = unsafe ByteCursor(payload.span.bytes)
      return try HDF5Failure(&cursor)
    }
    let isUnsupported = failure.code == .unsupported
    let error = ModelError(
      isUnsupported ? .unsupported : .malformed, failure.message,
      hint: failure.message.contains("bad version number")
        ? "libhdf5 \(library) may be older than the program that wrote it" : nil)
    guard !failure.path.isEmpty else { return error }
    return error.inside("object '\(String(decoding: failure.path, as: UTF8.self))'")
  }

  private func lost(_ loss: HelperProcess.Loss) -> ModelError {
    switch loss {
    case .timedOut:
      ModelError(.malformed, "libhdf5 \(library) did not finish with it in \(patience.components.seconds) seconds")
    case .killed(SIGXCPU):
      ModelError(.malformed, "libhdf5 \(library) did not finish with it in \(seconds) s of processor time")
    case .killed(let signal): ModelError(.malformed, "libhdf5 \(library) crashed on it (signal \(signal))")
    case .exited(let code): ModelError(.malformed, "libhdf5 \(library) gave up on it (exit code \(code))")
    case .failed(let code): ModelError(.malformed, "libhdf5 \(library) gave no answer: \(systemMessage(code))")
    }
  }

  private func nonsense(_ what: String) -> ModelError {
    ModelError(.malformed, "tare-hdf5 answered what it must not: \(what)")
  }

  /// Where in an answer it breaks the protocol is no place of the file.
  private func believing<Result>(_ body: () throws(ModelError) -> Result) throws(ModelError) -> Result {
    do throws(ModelError) {
      return try body()
    } catch {
      throw nonsense(error.message)
    }
  }
}
