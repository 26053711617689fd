import Glibc
import TensorModel

/// A program that was started to answer over a socket, its standard input and output. It may crash, hang and lie: whoever
/// asks it states how long the answer may take, and believes nothing of it.
///
/// Its environment is empty but for what the loader needs. It ends with its owner.
package final class HelperProcess {
  /// Why there is no answer.
  package enum Loss: Error, Hashable {
    case timedOut
    /// It was ended by a signal.
    case killed(signal: Int32)
    /// It ended by itself.
    case exited(code: Int32)
    /// The conversation failed.
    case failed(code: Int32)
  }

  private let process: pid_t
  private let socket: Int32
  private var hasEnded = false

  /// Starts the program at `path`.
  /// - Throws: `failed` where that is not possible.
  package init(path: String, arguments: [String]) throws(Loss) {
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard unsafe ends.withUnsafeMutableBufferPointer({ unsafe socketpair(AF_UNIX, kind, 0, $0.baseAddress) }) == 0
    else { throw .failed(code: errno) }
    defer { close(ends[1]) }
    do throws(Loss) {
      process = try Self.spawn(path, arguments, end: ends[1])
    } catch {
      close(ends[0])
      throw error
    }
    socket = ends[0]
  }

  deinit {
    close(socket)
    guard !hasEnded else { return }
    kill(process, SIGKILL)
    _ = Self.wait(process)
  }

  /// Says something. Where nobody listens any more, what was said before is there to `receive`, and then how it ended.
  package func send(_ bytes: [UInt8]) {
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.send(socket, $0.baseAddress! + done, bytes.count - done, Int32(MSG_NOSIGNAL))
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      done += count
    }
  }

  /// The next `count` bytes, all of which come before `deadline`.
  package func receive(_ count: Int, before deadline: ContinuousClock.Instant) throws(Loss) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      try awaitBytes(before: deadline)
      let got = unsafe bytes.withUnsafeMutableBytes { unsafe recv(socket, $0.baseAddress! + done, count - done, 0) }
      if got < 0 && errno == EINTR { continue }
      guard got > 0 else { throw loss() }
      done += got
    }
    return bytes
  }

  private func awaitBytes(before deadline: ContinuousClock.Instant) throws(Loss) {
    while true {
      let left = ContinuousClock.now.duration(to: deadline)
      guard left > .zero else {
        kill(process, SIGKILL)
        throw .timedOut
      }
      var wanted = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
      let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
      let count = unsafe poll(&wanted, 1, Int32(clamping: milliseconds + 1))
      if count > 0 { return }
      guard count == 0 || errno == EINTR else { throw .failed(code: errno) }
    }
  }

  /// How it ended, after its end of the socket was closed.
  private func loss() -> Loss {
    guard !hasEnded else { return .failed(code: EPIPE) }
    // What closes its socket and stays is not waited for.
    kill(process, SIGKILL)
    hasEnded = true
    let status = Self.wait(process)
    let signal = status & 0x7F
    return signal == 0 ? .exited(code: status >> 8 & 0xFF) : .killed(signal: signal)
  }

  private static func wait(_ process: pid_t) -> Int32 {
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) < 0 && errno == EINTR {}
    return status
  }

  /// What else would come of the environment is none of the helper's.
  private static let kept = ["LD_LIBRARY_PATH"]

  private static func spawn(_ path: String, _ arguments: [String], end: Int32) throws(Loss) -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, end, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, end, 1)
    unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    var environment = ["SWIFT_BACKTRACE=enable=no"]
    for name in kept {
      if let value = unsafe getenv(name) { unsafe environment.append(name + "=" + String(cString: value)) }
    }
    var process: pid_t = 0
    let status = unsafe withStrings([path] + arguments) { arguments in
      unsafe withStrings(environment) { unsafe posix_spawn(&process, path, &actions, nil, arguments, $0) }
    }
    guard status == 0 else { throw .failed(code: status) }
    return process
  }

  private static func withStrings<Result>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    var pointers = unsafe strings.map { unsafe strdup($0) } + [nil]
    defer { unsafe pointers.forEach { unsafe free($0) } }
    return unsafe pointers.withUnsafeMutableBufferPointer { unsafe body($0.baseAddress!) }
  }
}

/// The folder of the program that is running; nil where the system does not say.
package func folderOfProgram() -> String? {
  var path = [CChar](repeating: 0, count: 4096)
  let count = unsafe path.withUnsafeMutableBufferPointer {
    unsafe readlink("/proc/self/exe", $0.baseAddress!, $0.count - 1)
  }
  guard count > 0 else { return nil }
  let bytes = path.prefix(count).map { UInt8(bitPattern: $0) }
  guard let end = bytes.lastIndex(of: UInt8(ascii: "/")) else { return nil }
  return String(exactly: bytes[..<end])
}

/// Whether there is a file at `path` that may be run.
package func isProgram(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 }
