import Glibc
import Synchronization

/// What is left to do when a signal ends the process: remove partial output, say one line, exit with the right code.
///
/// A library user's process keeps its own signal handling unless it calls `install`.
public enum FaultGuard {
  private static let maps = SignalSafeList(keepsOrder: false)
  private static let partialOutputs = SignalSafeList(keepsOrder: true)
  private static let nextToken = Atomic<UInt>(1)

  /// Handles SIGINT (exit 130), SIGTERM (143), SIGHUP (129), SIGPIPE (141) and SIGBUS: a mapped file that shrank or whose
  /// disk failed (74, with one line that names it).
  ///
  /// Signals that the caller had ignored stay so, as `nohup` expects; those that it had blocked get through. A limit on
  /// the size of files makes writing fail rather than the process.
  public static func install() {
    // The lists must exist before a handler can look at them.
    maps.remove(key: 0)
    partialOutputs.remove(key: 0)
    var unblocked = sigset_t()
    unsafe sigemptyset(&unblocked)
    _ = signal(SIGXFSZ, SIG_IGN)
    unsafe sigaddset(&unblocked, SIGXFSZ)
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGBUS] {
      unsafe sigaddset(&unblocked, signal)
      if signal != SIGPIPE && isIgnored(signal) { continue }
      var action = sigaction()
      action.sa_flags = SA_SIGINFO
      unsafe action.__sigaction_handler.sa_sigaction = { signal, info, _ in
        unsafe FaultGuard.endProcess(
          signal: signal, address: UInt(bitPattern: info?.pointee._sifields._sigfault.si_addr))
      }
      unsafe sigaction(signal, &action, nil)
    }
    unsafe pthread_sigmask(SIG_UNBLOCK, &unblocked, nil)
  }

  private static func isIgnored(_ signal: Int32) -> Bool {
    var action = sigaction()
    guard unsafe sigaction(signal, nil, &action) == 0 else { return false }
    return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1  // SIG_IGN
  }

  static func register(address: UInt, byteCount: Int, path: String) {
    maps.add(key: address, extent: byteCount, text: path)
  }

  static func unregister(address: UInt) { maps.remove(key: address) }

  /// Has `path` removed if a signal ends the process before `forget` is called with the token that comes back.
  static func willCreate(path: String, isFolder: Bool) -> UInt {
    let token = nextToken.wrappingAdd(1, ordering: .relaxed).oldValue
    partialOutputs.add(key: token, extent: isFolder ? 1 : 0, text: path)
    return token
  }

  static func forget(_ token: UInt) { partialOutputs.remove(key: token) }

  /// Only async-signal-safe calls from here on.
  @unsafe private static func endProcess(signal: Int32, address: UInt) -> Never {
    if signal == SIGBUS { unsafe reportFault(at: address) }
    _ = unsafe partialOutputs.firstNode { node in
      guard unsafe node.pointee.key != 0, let path = unsafe node.pointee.text else { return false }
      _ = unsafe node.pointee.extent == 1 ? rmdir(path) : unlink(path)
      return false
    }
    _exit(signal == SIGBUS ? 74 : 128 + signal)
  }

  @unsafe private static func reportFault(at address: UInt) {
    unsafe say("tare: ")
    let map = unsafe maps.firstNode {
      let start = unsafe $0.pointee.key
      return unsafe start != 0 && address >= start && address - start < UInt($0.pointee.extent)
    }
    if let path = unsafe map?.pointee.text {
      unsafe write(STDERR_FILENO, path, strlen(path))
      unsafe say(": ")
    }
    unsafe say("could not be read to its end: the file shrank or its disk failed\n")
  }

  @unsafe private static func say(_ text: StaticString) {
    _ = unsafe write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
  }
}
