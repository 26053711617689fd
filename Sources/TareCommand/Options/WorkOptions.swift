import ArgumentParser
import Glibc

/// How much of the machine a command may use.
struct WorkOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Worker threads. (default: all cores)", valueName: "n"),
    transform: { try wholeNumber($0, in: 1...1024) })
  var threads: Int?

  @Option(
    help: ArgumentHelp(
      "Ceiling of working memory, in bytes or with K, M or G for powers of 1024. (default: \(MemorySize.standard))",
      valueName: "size"),
    transform: MemorySize.init)
  var memory = MemorySize.standard

  /// The number of threads asked for, or of the cores that this process may use.
  var threadCount: Int { threads ?? Self.availableCores }

  /// The ceiling of working memory.
  var memoryBytes: Int { memory.byteCount }

  private static var availableCores: Int { max(1, AllowedCores.count ?? sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}

/// A number of bytes of memory, as it is given on the command line: `512M`.
struct MemorySize: Hashable, Sendable, CustomStringConvertible {
  let byteCount: Int

  static let standard = MemorySize(byteCount: 512 << 20)
  /// Less than this holds no chunks to work on.
  static let least = MemorySize(byteCount: 32 << 20)

  private init(byteCount: Int) { self.byteCount = byteCount }

  /// - Throws: `UsageError` where `text` is no size or less than `least`.
  init(_ text: String) throws {
    let units: [Character: Int] = ["K": 10, "M": 20, "G": 30, "T": 40]
    let shift = text.last.flatMap { units[Character($0.uppercased())] }
    let digits = shift == nil ? text[...] : text.dropLast()
    guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(digits),
      case let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << (shift ?? 0)), !overflow
    else { throw UsageError("expected a size such as 512M or 2G") }
    guard bytes >= Self.least.byteCount else { throw UsageError("expected at least \(Self.least)") }
    byteCount = bytes
  }

  var description: String {
    for (shift, unit) in [(30, "G"), (20, "M"), (10, "K")] where byteCount % (1 << shift) == 0 {
      return "\(byteCount >> shift)\(unit)"
    }
    return String(byteCount)
  }
}
