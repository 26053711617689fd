import Foundation
import Synchronization
import Testing

@testable import TareCommand

@Suite struct ProgressTests {
  private typealias Progress = TareCommand.Progress

  @Test func lineSaysBytesSpeedAndTimeLeft() {
    let status = ProgressStatus(doneBytes: 1_270_000_000, totalBytes: 3_020_000_000, seconds: 1.5)
    #expect(
      status.line("packing m.safetensors", columns: 100)
        == "packing m.safetensors  42 %  1.27 GB of 3.02 GB  847 MB/s  0:03 left")
  }

  @Test func lineFitsTheTerminal() {
    let status = ProgressStatus(doneBytes: 1 << 40, totalBytes: 1 << 42, seconds: 10_000)
    for columns in 1...200 {
      #expect(status.line(String(repeating: "x", count: 300), columns: columns).count <= max(0, columns - 1))
    }
    #expect(status.line("a-long-name", columns: 60) == "a-long-n…  25 %  1.10 TB of 4.40 TB  110 MB/s  8:20:00 left")
  }

  @Test func nothingDoneHasNoSpeed() {
    let status = ProgressStatus(doneBytes: 0, totalBytes: 1000, seconds: 0)
    #expect(status.line("a", columns: 80) == "a  0 %  0 B of 1.00 kB")
    #expect(ProgressStatus(doneBytes: 0, totalBytes: 0, seconds: 1).line("a", columns: 80) == "a  100 %  0 B of 0 B")
  }

  @Test(arguments: [
    (0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (9994, "9.99 kB"), (9996, "10.0 kB"), (99_960, "100 kB"),
    (999_499, "999 kB"), (999_600, "1.00 MB"), (90_868_376, "90.9 MB"), (Int.max, "9.22 EB"),
  ])
  func bytesHaveThreeDigits(byteCount: Int, text: String) {
    #expect(byteText(byteCount) == text)
  }

  /// Runs `body` on a progress whose clock stands where the body puts it; gives what was written.
  private func written(_ body: (Progress, (UInt64) -> Void) -> Void) throws -> String {
    let pipe = Pipe()
    let clock = Clock()
    do {
      let errors = StandardError(descriptor: pipe.fileHandleForWriting.fileDescriptor)
      let progress = Progress("work", totalBytes: 1000, columns: 80, on: errors, now: { clock.now })
      body(progress) { clock.advance(milliseconds: $0) }
    }
    try pipe.fileHandleForWriting.close()
    return String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  }

  private final class Clock: Sendable {
    private let nanoseconds = Atomic<UInt64>(5)
    var now: UInt64 { nanoseconds.load(ordering: .relaxed) }
    func advance(milliseconds: UInt64) { nanoseconds.wrappingAdd(milliseconds * 1_000_000, ordering: .relaxed) }
  }

  @Test func lineIsDrawnTenTimesASecondAtMost() throws {
    let text = try written { progress, pass in
      for _ in 0..<1000 {
        pass(1)
        progress.advance(by: 1)
      }
    }
    #expect((8...10).contains(text.components(separatedBy: "work").count - 1))
  }

  @Test func lineIsErasedAtTheEnd() throws {
    let text = try written { progress, pass in
      pass(500)
      progress.advance(by: 250)
    }
    #expect(text == "\rwork  25 %  250 B of 1.00 kB  500 B/s  0:02 left\u{1B}[K\r\u{1B}[K")
  }

  @Test func shortWorkShowsNothing() throws {
    let text = try written { progress, pass in
      pass(100)
      progress.advance(by: 1000)
      progress.finish()
    }
    #expect(text == "")
  }

  @Test func manyThreadsAreAllCounted() throws {
    let text = try written { progress, pass in
      DispatchQueue.concurrentPerform(iterations: 999) { _ in progress.advance(by: 1) }
      pass(1000)
      progress.advance(by: 1)
    }
    #expect(text.hasPrefix("\rwork  100 %  1.00 kB of 1.00 kB  1.00 kB/s  0:00 left"))
  }

  @Test func linesStandAboveTheStatus() throws {
    let pipe = Pipe()
    let errors = StandardError(descriptor: pipe.fileHandleForWriting.fileDescriptor)
    errors.line("one")
    errors.showStatus("status")
    errors.line("two")
    errors.eraseStatus()
    try pipe.fileHandleForWriting.close()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(text == "one\n\rstatus\u{1B}[K\r\u{1B}[Ktwo\n")
  }
}
