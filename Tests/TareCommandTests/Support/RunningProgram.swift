import Foundation
import Glibc
import Synchronization

/// A program under way, and the ends of its streams that the test holds.
final class RunningProgram {
  /// What a stream of the program is connected to.
  enum Stream: Sendable {
    /// A file that is read when the program has ended.
    case captured
    /// A terminal of that many columns; what is written there is captured. At most one stream of a program.
    case terminal(columns: UInt16)
    /// A file of that path, opened for writing.
    case file(String)
    /// A pipe whose reader has gone away.
    case pipeWithoutReader
    /// Nothing: the descriptor is closed.
    case closed
  }

  let process: pid_t
  private let output: Connection
  private let errors: Connection

  /// Descriptors that are not yet marked as closing themselves must not reach a program that another test starts.
  private static let starting = Mutex<Void>(())

  init(
    path: String, arguments: [String], output: Stream, errors: Stream, environment: [String: String], folder: String?
  ) throws {
    // What the developer's own terminal is like must not matter.
    var variables = ProcessInfo.processInfo.environment
    for name in ["COLUMNS", "NO_COLOR", "TERM"] { variables[name] = nil }
    variables.merge(environment) { _, new in new }
    var command = [path] + arguments
    if let folder { command = ["/bin/sh", "-c", #"cd "$0" && exec "$@""#, folder] + command }
    (self.output, self.errors, process) = try Self.starting.withLock { _ in
      let output = try Connection(output)
      let errors = try Connection(errors)
      let process = try Self.spawn(
        command, variables.map { "\($0)=\($1)" }, output: output.programEnd, errors: errors.programEnd)
      output.closeProgramEnd()
      errors.closeProgramEnd()
      return (output, errors, process)
    }
  }

  private static func spawn(
    _ command: [String], _ variables: [String], output: Int32?, errors: Int32?
  ) throws -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    for (end, number) in [(output, STDOUT_FILENO), (errors, STDERR_FILENO)] {
      if let end {
        unsafe posix_spawn_file_actions_adddup2(&actions, end, number)
      } else {
        unsafe posix_spawn_file_actions_addclose(&actions, number)
      }
    }
    let commandTexts = unsafe command.map { unsafe strdup($0) }
    let variableTexts = unsafe variables.map { unsafe strdup($0) }
    defer { unsafe (commandTexts + variableTexts).forEach { unsafe free($0) } }
    var process: pid_t = 0
    let failure = unsafe posix_spawn(&process, command[0], &actions, nil, commandTexts + [nil], variableTexts + [nil])
    guard failure == 0 else { throw POSIXError(POSIXErrorCode(rawValue: failure) ?? .EINVAL) }
    return process
  }

  func send(signal: Int32) { kill(process, signal) }

  /// Waits for the end.
  func wait() -> ProgramResult {
    // A terminal holds little: it is read while the program runs.
    let outputOnTerminal = output.readTerminal()
    let errorsOnTerminal = errors.readTerminal()
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) == -1 && errno == EINTR {}
    let wasSignalled = status & 0x7F != 0
    return ProgramResult(
      exitCode: wasSignalled ? nil : status >> 8 & 0xFF, outputBytes: outputOnTerminal ?? output.readFile(),
      errorBytes: errorsOnTerminal ?? errors.readFile())
  }
}

/// Both ends of a stream. Every descriptor closes itself in other programs that are started meanwhile.
private final class Connection {
  private(set) var programEnd: Int32?
  private var testEnd: Int32?
  private let isTerminal: Bool

  init(_ stream: RunningProgram.Stream) throws {
    if case .terminal = stream { isTerminal = true } else { isTerminal = false }
    switch stream {
    case .captured:
      let path = NSTemporaryDirectory() + "tare-stream-" + UUID().uuidString
      let file = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      unsafe unlink(path)
      programEnd = file
      testEnd = fcntl(file, F_DUPFD_CLOEXEC, 3)
    case .terminal(let columns):
      let (test, program) = try Self.openTerminal(columns: columns)
      testEnd = test
      programEnd = program
    case .file(let path):
      programEnd = unsafe open(path, O_WRONLY | O_CLOEXEC)
    case .pipeWithoutReader:
      var ends: [Int32] = [0, 0]
      unsafe pipe(&ends)
      close(ends[0])
      _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
      programEnd = ends[1]
    case .closed:
      break
    }
    if let programEnd, programEnd < 0 { throw POSIXError(.EIO) }
  }

  /// Opens a terminal by the ioctls of Linux: unlock it, ask for its number.
  private static func openTerminal(columns: UInt16) throws -> (test: Int32, program: Int32) {
    let test = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var isLocked: Int32 = 0
    var number: Int32 = 0
    var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    guard unsafe ioctl(test, UInt(0x4004_5431), &isLocked) == 0, unsafe ioctl(test, UInt(0x8004_5430), &number) == 0,
      unsafe ioctl(test, UInt(TIOCSWINSZ), &size) == 0
    else { throw POSIXError(.EIO) }
    return (test, unsafe open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC))
  }

  deinit {
    closeProgramEnd()
    if let testEnd { close(testEnd) }
  }

  func closeProgramEnd() {
    if let programEnd { close(programEnd) }
    programEnd = nil
  }

  /// What is written to the terminal until the program has closed it; nil where the stream is no terminal.
  func readTerminal() -> [UInt8]? { isTerminal ? readRest() : nil }

  func readFile() -> [UInt8] {
    guard let testEnd else { return [] }
    lseek(testEnd, 0, SEEK_SET)
    return readRest()
  }

  private func readRest() -> [UInt8] {
    guard let testEnd else { return [] }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe read(testEnd, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return bytes }
      bytes += buffer[..<count]
    }
  }
}
