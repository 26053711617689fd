import Glibc
import Synchronization

/// Bytes done, speed and time left, on one line of a terminal: at most ten times a second, gone at the end.
///
/// `advance` may be called from any thread and costs an atomic addition.
final class Progress: Sendable {
  private let label: String
  private let totalBytes: Int
  private let columns: Int
  private let errors: StandardError?
  private let now: @Sendable () -> UInt64
  private let start: UInt64
  private let done = Atomic<Int>(0)
  private let nextDrawing: Atomic<UInt64>

  static let nanosecondsBetweenDrawings: UInt64 = 100_000_000

  /// - Parameters:
  ///   - label: what is being done, such as `packing model.safetensors`.
  ///   - totalBytes: the sum of what `advance` will be told.
  ///   - errors: where the line is drawn; nil draws nothing.
  ///   - now: a clock in nanoseconds.
  init(
    _ label: String, totalBytes: Int, columns: Int, on errors: StandardError?,
    now: @escaping @Sendable () -> UInt64 = { clock_gettime_nsec(CLOCK_MONOTONIC) }
  ) {
    self.label = label
    self.totalBytes = totalBytes
    self.columns = columns
    self.errors = errors
    self.now = now
    start = now()
    // Short work shows nothing.
    nextDrawing = Atomic(start + 2 * Self.nanosecondsBetweenDrawings)
  }

  deinit { finish() }

  /// Counts `byteCount` more bytes as done.
  func advance(by byteCount: Int) { show(done.wrappingAdd(byteCount, ordering: .relaxed).newValue) }

  /// Says that so many bytes are done.
  func set(_ byteCount: Int) {
    done.store(byteCount, ordering: .relaxed)
    show(byteCount)
  }

  private func show(_ doneBytes: Int) {
    guard let errors else { return }
    let time = now()
    let due = nextDrawing.load(ordering: .relaxed)
    guard time >= due else { return }
    let claimed = nextDrawing.compareExchange(
      expected: due, desired: time + Self.nanosecondsBetweenDrawings, ordering: .relaxed)
    guard claimed.exchanged else { return }
    let status = ProgressStatus(
      doneBytes: doneBytes, totalBytes: totalBytes, seconds: Double(time - start) / 1e9)
    errors.showStatus(status.line(label, columns: columns))
  }

  /// Erases the line.
  func finish() { errors?.eraseStatus() }
}

/// One state of the progress, in words.
struct ProgressStatus {
  var doneBytes: Int
  var totalBytes: Int
  /// Since the start.
  var seconds: Double

  /// At most `columns - 1` characters, so that the cursor stays on the line.
  func line(_ label: String, columns: Int) -> String {
    let speed = seconds > 0 ? Double(doneBytes) / seconds : 0
    let percent = totalBytes > 0 ? Int(100 * min(1, Double(doneBytes) / Double(totalBytes))) : 100
    var parts = ["\(percent) %", "\(byteText(doneBytes)) of \(byteText(totalBytes))"]
    if speed > 0 {
      parts.append("\(byteText(Int(speed)))/s")
      let secondsLeft = Double(max(0, totalBytes - doneBytes)) / speed
      if secondsLeft < 360_000 { parts.append("\(clockText(Int(secondsLeft.rounded(.up)))) left") }
    }
    let figures = parts.joined(separator: "  ")
    let room = columns - 1 - figures.count - 2
    guard room >= 8 else { return String(figures.prefix(max(0, columns - 1))) }
    return (label.count <= room ? label : label.prefix(room - 1) + "…") + "  " + figures
  }

  private func clockText(_ seconds: Int) -> String {
    func twoDigits(_ value: Int) -> String { (value < 10 ? "0" : "") + String(value) }
    let minutes = "\(seconds / 60 % 60):" + twoDigits(seconds % 60)
    return seconds < 3600 ? minutes : "\(seconds / 3600):" + (seconds / 60 % 60 < 10 ? "0" : "") + minutes
  }
}

/// A count of bytes in three digits and a decimal unit: `999 B`, `1.27 GB`.
func byteText(_ byteCount: Int) -> String {
  var value = Double(byteCount)
  var unit = 0
  // 999.5 would be shown as 1000.
  while value >= 999.5 && unit < 6 {
    value /= 1000
    unit += 1
  }
  let digits = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return decimal(value, digits: digits) + " " + ["B", "kB", "MB", "GB", "TB", "PB", "EB"][unit]
}

/// A non-negative number with a fixed number of decimals, rounded to the nearest.
func decimal(_ value: Double, digits: Int) -> String {
  var scale = 1
  for _ in 0..<digits { scale *= 10 }
  let scaled = Int((value * Double(scale)).rounded())
  guard digits > 0 else { return String(scaled) }
  let fraction = String(scaled % scale)
  return "\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
}

private func clock_gettime_nsec(_ clock: clockid_t) -> UInt64 {
  var time = timespec()
  unsafe clock_gettime(clock, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
