import Foundation
import Glibc
import Testing

extension TemporaryFolder {
  /// A folder with `m`, a model of random bytes that takes a second or more to pack.
  static func withLargeModel() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let count = 64 << 20
    let header = #"{"w":{"dtype":"F16","shape":[\#(count / 2)],"data_offsets":[0,\#(count)]}}"#
    var data = Data([UInt8(header.utf8.count)] + [UInt8](repeating: 0, count: 7) + Array(header.utf8))
    data.append(try #require(FileHandle(forReadingAtPath: "/dev/urandom")).readData(ofLength: count))
    try data.write(to: URL(fileURLWithPath: folder.path("m")))
    return folder
  }
}

extension RunningProgram {
  /// Waits until the program has written to an output in `folder`; false where it ended before that was seen.
  ///
  /// An output has no name, or one that does not last, until it is whole: it is looked for among the open files.
  func waitForOutput(in folder: TemporaryFolder) -> Bool {
    let files = "/proc/\(process)/fd"
    for _ in 0..<10_000 {
      for name in (try? FileManager.default.contentsOfDirectory(atPath: files)) ?? [] {
        let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: files + "/" + name)) ?? ""
        guard target.hasPrefix(folder.path), target.hasSuffix(" (deleted)") || target.hasSuffix(".partial") else {
          continue
        }
        var status = stat()
        if unsafe stat(files + "/" + name, &status) == 0, status.st_blocks > 64 { return true }
      }
      usleep(1000)
    }
    return false
  }
}
