internal import Containers
internal import Foundation
internal import TensorModel
internal import Testing

@testable internal import Packing

/// What is brought back of damaged packed files.
@Suite struct SalvageTests {
  /// A model of several chunks, some of zeros and some of noise, and a duplicate.
  private func model(_ folder: Folder) throws -> String {
    var noise: [UInt8] = []
    for index in 0..<2_200_000 { noise.append(UInt8(truncatingIfNeeded: index &* index >> 7 ^ index &* 31)) }
    return try folder.write(
      [
        ("noise", [1100, 1000], noise), ("zeros", [1000], [UInt8](repeating: 0, count: 2000)),
        ("few", [4, 8], Array(noise[..<64])), ("twin", [4, 8], Array(noise[..<64])),
      ], "m")
  }

  private func salvage(_ packed: String, _ folder: Folder) throws(ModelError) -> SalvageReport {
    let file = try PackedFile(path: packed, salvaging: true)
    return try Unpacker.salvage(file, to: folder.path("salvaged"), Unpacker.Options(threads: 2, overwrite: true))
  }

  @Test func whereverAByteIsFlippedTheRestComesBack() throws {
    let folder = try Folder()
    let original = try bytes(model(folder))
    let packed = try bytes(folder.pack(folder.path("m"), level: 1))
    let path = folder.path("damaged")
    var (salvaged, refused) = (0, 0)
    // Of the ends, where small structures lie, every 23rd byte, and some of the middle.
    let head = stride(from: 0, to: 300, by: 23)
    let middle = stride(from: 300, to: packed.count - 1500, by: 123_456)
    let tail = stride(from: packed.count - 1500, to: packed.count, by: 23)
    let places: [Int] = Array(head) + Array(middle) + Array(tail)
    for place in places {
      var damaged = packed
      damaged[place] ^= 0x55
      try Data(damaged).write(to: URL(fileURLWithPath: path))
      do throws(ModelError) {
        let report = try salvage(path, folder)
        salvaged += 1
        try check(report, of: original, folder, "byte \(place)")
      } catch {
        refused += 1
        #expect(error.code == .malformed || error.code == .unsupported, "byte \(place): \(error)")
      }
    }
    #expect(salvaged > 20 && refused > 10)
  }

  /// Something is said, and what is not said to be lost is there.
  private func check(
    _ report: SalvageReport, of original: [UInt8], _ folder: Folder, _ what: Comment
  ) throws(ModelError) {
    #expect(!report.losses.isEmpty || report.headerFailure != nil, what)
    if !report.rebuiltHeaders.isEmpty {
      let reader = try ContainerRegistry.open(path: folder.path("salvaged"))
      #expect(reader.catalog.tensors.map(\.info.name) == ["noise", "zeros", "few", "twin"], what)
      return
    }
    var expected = original
    for loss in report.losses {
      expected.replaceSubrange(loss.range, with: repeatElement(0, count: loss.range.count))
    }
    let salvaged = try? bytes(folder.path("salvaged"))
    #expect(salvaged == expected, what)
  }

  @Test func lossesAreTheSameForAnyNumberOfThreads() throws {
    let folder = try Folder()
    var packed = try bytes(folder.pack(model(folder), level: 1))
    for place in stride(from: 1000, to: packed.count - 5000, by: 200_000) { packed[place] ^= 1 }
    try Data(packed).write(to: URL(fileURLWithPath: folder.path("damaged")))
    let file = try PackedFile(path: folder.path("damaged"), salvaging: true)
    let reports = try [1, 2, 5].map {
      try Unpacker.salvage(file, to: folder.path("\($0)"), Unpacker.Options(threads: $0))
    }
    #expect(!reports[0].losses.isEmpty)
    for report in reports {
      #expect(report.losses.map(\.range) == reports[0].losses.map(\.range))
      #expect(report.losses.map(\.error) == reports[0].losses.map(\.error))
    }
    #expect(try bytes(folder.path("1")) == bytes(folder.path("5")))
  }

  @Test func anOutputThatCannotBeWrittenIsAnErrorAndNoLoss() throws {
    let folder = try Folder()
    let file = try PackedFile(path: folder.pack(model(folder)), salvaging: true)
    let error = #expect(throws: ModelError.self) {
      try Unpacker.salvage(file, to: "/proc/x", Unpacker.Options(threads: 1))
    }
    #expect(error?.code == .cannotCreate)
  }
}
