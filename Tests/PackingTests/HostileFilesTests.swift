internal import ByteStore
internal import Containers
internal import Encodings
internal import Foundation
internal import Kernels
internal import MemoryModel
internal import TensorModel
internal import Testing

@testable internal import Packing

/// Packed files that lie, and packed files that are damaged under checksums that hold.
struct HostileFilesTests {
  private static let gallery = repository + "/testdata/hostile/packed"

  /// What the whole command says is compared in `HostileGalleryTests`; here a crash is found by a sanitizer too.
  /// What the files that are differences are differences from.
  private static func base(of name: String) throws(ModelError) -> BaseModel? {
    guard name.hasPrefix("delta_") else { return nil }
    return try BaseModel(ContainerRegistry.open(path: gallery + "/base.safetensors"))
  }

  @Test func theGalleryFailsInProcessAsItsTableSays() throws {
    let folder = try Folder()
    let table = try String(contentsOfFile: Self.gallery + "/expected.tsv", encoding: .utf8)
    for line in table.split(separator: "\n").dropFirst() {
      let row = line.split(separator: "\t").map(String.init)
      guard row[2] != "inspect" else { continue }
      let outcome = outcome { () throws(ModelError) in
        let file = try PackedFile(path: Self.gallery + "/" + row[0], base: Self.base(of: row[0]))
        if row[2] == "unpack" {
          try Unpacker.unpack(file, to: folder.path(row[0]), .init(threads: 1))
        } else {
          let findings = try PackedCheck.run(file, threads: 1, memory: 64 << 20)
          if findings.contains(where: { $0.failure != nil }) { throw ModelError(.damaged, "") }
        }
      }
      let isRefused = row[3] != "0"
      #expect((outcome != nil) == isRefused, "\(row)")
      if row[3] == "69" { #expect(outcome?.code == .unsupported, "\(row)") }
    }
  }

  @Test(arguments: ["sound_folder", "sound_compressed_index"])
  func everyFlippedByteAndEveryTruncationOfASmallFileIsNoticed(name: String) throws {
    let folder = try Folder()
    let sound = try bytes("\(Self.gallery)/\(name).tare")
    let broken = folder.path("broken.tare")
    #expect(try !isDamaged(sound, at: broken))
    for index in sound.indices {
      for flip in [UInt8(0xFF), 1 << (index % 8)] {
        var damaged = sound
        damaged[index] ^= flip
        #expect(try isDamaged(damaged, at: broken), "byte \(index) ^ \(flip)")
      }
      #expect(try isDamaged(Array(sound.prefix(index)), at: broken), "cut at \(index)")
    }
    #expect(try isDamaged(sound + [0], at: broken))
  }

  /// Damage under mended checksums: whatever decodes is what was packed, for the chunks' own checksum still guards it.
  @Test(arguments: [3, 9])
  func damageUnderMendedChecksumsIsAnErrorOrHarmless(level: Int) throws {
    let folder = try Folder()
    let model = try folder.write(Self.tensors(), "model.safetensors")
    let sound = try MendableFile(bytes(folder.pack(model, level: level)))
    let path = folder.path("mutant.tare")
    let want = try contents(sound.bytes, at: path)
    #expect(want.allSatisfy { $0 != nil } && want.count > 6)
    var random = SeededRandom("mended damage", seed: 17)
    var refused = 0
    for round in 0..<1500 {
      let (mutant, region) = sound.mutant(&random)
      guard let got = try? contents(mutant, at: path) else {
        refused += 1
        continue
      }
      // A changed index may call things by other names, shapes and types; there only a crash is wrong.
      guard region != .index else { continue }
      for (entry, content) in got.enumerated() {
        if content == nil { refused += 1 } else { #expect(content == want[entry], "round \(round), entry \(entry)") }
      }
    }
    #expect(refused > 500)
  }

  /// What breaks one tensor leaves the others readable.
  @Test func aBrokenChunkBlocksItsTensorAlone() throws {
    for name in ["chunk_encoding_unknown", "chunk_constant_of_0", "chunk_stream_claims_2_60", "chunk_stored_hash"] {
      let model = try PackedModel(PackedFile(path: "\(Self.gallery)/\(name).tare"))
      let session = model.makeSession()
      let size = model.catalog.tensors[0].info.byteCount
      #expect(throws: ModelError.self, "\(name)") { try session.withBytes(of: 0, 0..<size) { _ in } }
      let sound = try session.withBytes(of: 1, 0..<5) { unsafe $0.withUnsafeBytes { unsafe [UInt8]($0) } }
      #expect(sound == Array("sound".utf8), "\(name)")
    }
  }

  // MARK: What happens to a file

  private func outcome(_ body: () throws(ModelError) -> Void) -> ModelError? {
    do throws(ModelError) {
      try body()
      return nil
    } catch {
      return error
    }
  }

  private func isDamaged(_ content: [UInt8], at path: String) throws -> Bool {
    try Data(content).write(to: URL(fileURLWithPath: path))
    return outcome { () throws(ModelError) in
      let findings = try PackedCheck.run(PackedFile(path: path), threads: 1, memory: 64 << 20)
      if findings.contains(where: { $0.failure != nil }) { throw ModelError(.damaged, "") }
    } != nil
  }

  /// The bytes of each entry, nil where they can't be had; the check runs too, for the sake of its own code.
  private func contents(_ content: [UInt8], at path: String) throws -> [[UInt8]?] {
    try Data(content).write(to: URL(fileURLWithPath: path))
    let file = try PackedFile(path: path)
    _ = try PackedCheck.run(file, threads: 1, memory: 64 << 20)
    _ = outcome { () throws(ModelError) in _ = try PackedModel(file) }
    let reader = EntryReader(file)
    return file.index.entries.indices.map { number in
      let entry = file.index.entries[number]
      guard entry.info.byteCount < 1 << 20 else { return nil }
      return try? reader.withBytes(of: entry.holder, 0..<entry.info.byteCount) {
        unsafe $0.withUnsafeBytes { unsafe [UInt8]($0) }
      }
    }
  }

  /// Small tensors that take every mask and most value stages.
  private static func tensors() -> [(name: String, shape: [Int], bytes: [UInt8])] {
    var random = SeededRandom("hostile", seed: 5)
    func values(_ count: Int, zerosOf256 zeros: UInt64, sign: UInt8) -> [UInt8] {
      (0..<count).flatMap { _ -> [UInt8] in
        let bits = random.next()
        if bits >> 56 < zeros { return [0, bits & 1 == 0 ? sign : 0] }
        return [UInt8(truncatingIfNeeded: bits), 0x3C | UInt8(truncatingIfNeeded: bits >> 8) & 0x81]
      }
    }
    let half = values(600, zerosOf256: 128, sign: 0x80)
    return [
      ("dense", [30, 20], values(600, zerosOf256: 0, sign: 0)), ("half", [600], half), ("same", [600], half),
      ("few", [2000], values(2000, zerosOf256: 253, sign: 0)), ("constant", [64], [UInt8](repeating: 3, count: 128)),
      ("noise", [100], random.bytes(200)), ("empty", [0, 7], []),
    ]
  }
}

/// A packed file whose index is stored as it is, so that each checksum can be found and made to fit damage.
private struct MendableFile {
  enum Region: CaseIterable { case chunk, directory, index, header }

  let bytes: [UInt8]
  private let footer: PackedFormat.Footer
  private let index: PackedIndex
  private let directories: [(entry: Int, directory: EntryDirectory)]

  init(_ packed: [UInt8]) throws {
    let tail = Array(packed.suffix(PackedFormat.Footer.byteCount))
    var footer = try unsafe PackedFormat.Footer.parse(tail.span.bytes, fileByteCount: packed.count)
    let stored = Array(packed[footer.indexOffset..<(footer.indexOffset + footer.indexStored)])
    var plain = stored
    if footer.indexBytes != footer.indexStored {
      plain = try unsafe FrameCodec.decompressed(stored.span.bytes, byteCount: footer.indexBytes)
    }
    footer.indexStored = plain.count
    footer.indexBytes = plain.count
    footer.indexHash = unsafe XXH3.hash(plain.span.bytes)
    bytes = Array(packed[..<footer.indexOffset]) + plain + footer.encoded()
    self.footer = footer
    let index = try unsafe PackedIndex.parse(
      plain.span.bytes, origin: footer.indexOffset, body: footer.headerBytes..<footer.indexOffset, needsBase: false,
      limits: Limits())
    self.index = index
    var directories: [(Int, EntryDirectory)] = []
    for (number, entry) in index.entries.enumerated() where entry.role != .alias {
      let place = entry.place.directory
      let stored = Array(packed[place])
      directories.append(
        (number, try unsafe EntryDirectory.parse(stored.span.bytes, of: entry, origin: place.lowerBound)))
    }
    self.directories = directories
  }

  /// The file with one to three bytes of one region changed, and the checksums above them made to fit.
  func mutant(_ random: inout SeededRandom) -> ([UInt8], Region) {
    let region = Region.allCases[Int(random.next() % 4)]
    var mutant = bytes
    switch region {
    case .header:
      spoil(&mutant, 8..<footer.headerBytes, &random)
      return (sealed(mutant, indexBytes: footer.indexBytes), region)
    case .index:
      var index = Array(bytes[footer.indexOffset..<(footer.indexOffset + footer.indexBytes)])
      spoil(&index, 0..<index.count, &random)
      // Records that are too long or too short come about here.
      if random.next() % 4 == 0 { index.remove(at: Int(random.next() % UInt64(index.count))) }
      if random.next() % 4 == 0 { index.insert(UInt8(truncatingIfNeeded: random.next()), at: index.count / 2) }
      return (sealed(Array(bytes[..<footer.indexOffset]) + index, indexBytes: index.count), region)
    case .directory, .chunk:
      let (number, directory) = directories[Int(random.next() % UInt64(directories.count))]
      let place = index.entries[number].place
      let before = Array(bytes[place.directory])
      if region == .directory || directory.grid.count == 0 {
        spoil(&mutant, place.directory, &random)
      } else {
        let chunk = Int(random.next() % UInt64(directory.grid.count))
        let stored = directory.storedBytes(ofChunk: chunk)
        let range = (place.offset + stored.lowerBound)..<(place.offset + stored.upperBound)
        // What steers decoding stands in front.
        spoil(&mutant, random.next() % 2 == 0 ? range : range.prefix(12), &random)
        let at = place.directory.upperBound - 12 * directory.grid.count + 4 * chunk
        let content = Array(mutant[range])
        write(UInt64(unsafe EntryDirectory.storedHash(content.span.bytes)), bytes: 4, at: at, &mutant)
      }
      // The hash of the directory stands in the index.
      let after = Array(mutant[place.directory])
      let old = (0..<8).map { UInt8(truncatingIfNeeded: unsafe XXH3.hash(before.span.bytes) >> UInt64(8 * $0)) }
      for at in footer.indexOffset..<(footer.indexOffset + footer.indexBytes - 7)
      where Array(bytes[at..<(at + 8)]) == old {
        write(unsafe XXH3.hash(after.span.bytes), bytes: 8, at: at, &mutant)
      }
      return (sealed(mutant, indexBytes: footer.indexBytes), region)
    }
  }

  private func spoil(_ content: inout [UInt8], _ range: Range<Int>, _ random: inout SeededRandom) {
    guard !range.isEmpty else { return }
    for _ in 0...(random.next() % 3) {
      let at = range.lowerBound + Int(random.next() % UInt64(range.count))
      switch random.next() % 4 {
      case 0: content[at] ^= 1 << UInt8(random.next() % 8)
      case 1: content[at] = [0, 1, 2, 0x7F, 0x80, 0xFF][Int(random.next() % 6)]
      case 2: content[at] &+= 1
      default: content[at] = UInt8(truncatingIfNeeded: random.next())
      }
    }
  }

  private func write(_ value: UInt64, bytes count: Int, at: Int, _ content: inout [UInt8]) {
    for byte in 0..<count { content[at + byte] = UInt8(truncatingIfNeeded: value >> UInt64(8 * byte)) }
  }

  /// Header, entries and a plain index with a footer whose checksums hold.
  private func sealed(_ content: [UInt8], indexBytes: Int) -> [UInt8] {
    let body = Array(content[..<(footer.indexOffset + indexBytes)])
    var footer = footer
    footer.indexStored = indexBytes
    footer.indexBytes = indexBytes
    footer.headerHash = unsafe XXH3.hash(body.span.bytes.extracting(first: footer.headerBytes))
    footer.indexHash = unsafe XXH3.hash(body.span.bytes.extracting(footer.indexOffset..<body.count))
    return body + footer.encoded()
  }
}
