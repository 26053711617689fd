import Glibc
import HDF5Protocol
import TensorModel

/// The helper's end of the conversation: requests come from standard input, answers go to standard output.
///
/// What goes wrong with it ends the process: there is nobody left to tell.
struct Channel {
  /// The next request; nil where the parent has no more.
  func next() -> (kind: HDF5Frame, payload: [UInt8])? {
    guard let head = read(HDF5Frame.headBytes) else { return nil }
    let count = head[1...].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard let kind = HDF5Frame(rawValue: head[0]), count <= HDF5Limits.frameBytes, let payload = read(count) else {
      exit(EX_PROTOCOL)
    }
    return (kind, payload)
  }

  func send(_ kind: HDF5Frame, _ payload: [UInt8]) {
    var head = ByteWriter()
    head.byte(kind.rawValue)
    head.integer(UInt32(payload.count))
    write(head.bytes)
    write(payload)
  }

  func send(_ failure: HDF5Failure) {
    var writer = ByteWriter()
    failure.write(to: &writer)
    send(.failure, writer.bytes)
  }

  private func read(_ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let got = unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(0, $0.baseAddress! + done, count - done) }
      if got < 0 && errno == EINTR { continue }
      guard got > 0 else { return nil }
      done += got
    }
    return bytes
  }

  private func write(_ bytes: [UInt8]) {
    var done = 0
    while done < bytes.count {
      let put = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(1, $0.baseAddress! + done, bytes.count - done) }
      if put < 0 && errno == EINTR { continue }
      guard put > 0 else { exit(EX_IOERR) }
      done += put
    }
  }
}
