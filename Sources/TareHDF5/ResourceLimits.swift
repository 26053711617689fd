import Glibc

/// What the process may use, so that a hostile file ends it and nothing else.
enum ResourceLimits {
  /// Bytes of memory beyond what the process has when it starts.
  private static let memoryBytes: UInt = 768 << 20

  /// No memory without bound, no core, no byte written to a file.
  static func apply() {
    let taken = addressSpaceBytes()
    set(RLIMIT_AS, taken + memoryBytes)
    set(RLIMIT_CORE, 0)
    set(RLIMIT_FSIZE, 0)
    signal(SIGXFSZ, SIG_IGN)
  }

  /// Gives what comes next so many seconds of processor time: a hang ends even where nobody is left to end it.
  static func allow(seconds: Int) {
    var usage = rusage()
    guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return }
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_CPU.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = min(
      limit.rlim_max, UInt(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + UInt(max(1, seconds)))
    unsafe setrlimit(__rlimit_resource_t(RLIMIT_CPU.rawValue), &limit)
  }

  private static func set(_ resource: __rlimit_resource, _ value: UInt) {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = min(limit.rlim_max, value)
    limit.rlim_max = limit.rlim_cur
    unsafe setrlimit(__rlimit_resource_t(resource.rawValue), &limit)
  }

  /// What the process has mapped already: a sanitizer maps a great deal.
  private static func addressSpaceBytes() -> UInt {
    let descriptor = unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return 0 }
    defer { close(descriptor) }
    var text = [UInt8](repeating: 0, count: 32)
    let count = unsafe text.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
    let digits = text.prefix(max(0, count)).prefix { $0 >= 48 && $0 <= 57 }
    return digits.reduce(0) { $0 &* 10 &+ UInt($1 - 48) } &* 4096
  }
}
