internal import TensorModel
import Testing

@testable internal import Containers

@Suite struct GGUFHeaderTests {
  private func header(_ file: [UInt8], limits: Limits = Limits()) throws(ModelError) -> GGUFHeader {
    try GGUFHeader.parse(file.rawSpan, fileByteCount: file.count, limits: limits)
  }

  private func golden(_ name: String) throws -> [UInt8] { try fileBytes("\(testdata)/gguf/\(name).gguf") }

  // MARK: Against gguf-py

  @Test func goldenFilesHoldWhatTheReferenceSawInThem() throws {
    for (path, rows) in Dictionary(grouping: try table("gguf/expected.tsv"), by: { $0[0] }) {
      let file = try fileBytes("\(testdata)/gguf/\(path)")
      let seen = try header(file).tensors.map { tensor in
        let shape = tensor.info.shape.map(String.init).joined(separator: "x")
        return [
          path, "\"\(tensor.info.name)\"", tensor.info.dtype.name, shape.isEmpty ? "-" : shape,
          "\(tensor.range.lowerBound)", "\(tensor.range.count)", fnv1a64(file[tensor.range]),
        ]
      }
      #expect(seen == rows)
    }
  }

  @Test func metadataHasTheOrderTypesAndValuesThatTheReferenceSees() throws {
    for row in try table("gguf/metadata.tsv") {
      let metadata = try header(fileBytes("\(testdata)/gguf/\(row[0])")).metadata
      #expect(String(decoding: MetadataText.write(metadata), as: UTF8.self) == row[1], "\(row[0])")
    }
  }

  @Test func theGoldenSetHasEveryTypeOfGGML() throws {
    let dtypes = Set(try table("gguf/expected.tsv").map { $0[2] })
    let known = (0..<64).compactMap { DType.ggml(id: $0) }
    #expect(dtypes == Set(known.map(\.name)))
    #expect(known.count == 35)
    for (id, dtype) in (0..<64).compactMap({ id in DType.ggml(id: id).map { (id, $0) } }) {
      #expect(dtype.ggmlID == id)
    }
  }

  @Test func versionOrderAndAlignmentAreRead() throws {
    #expect(try header(golden("version_2")).version == 2)
    let aligned = try header(golden("aligned_64"))
    #expect((aligned.version, aligned.byteOrder, aligned.alignment, aligned.dataStart) == (3, .little, 64, 192))
    let big = try header(golden("big_endian"))
    #expect((big.version, big.byteOrder, big.alignment) == (3, .big, 32))
  }

  @Test func arraysInArraysAndEmptyOnesAreRead() throws {
    let metadata = try header(golden("by_hand")).metadata
    let text = String(decoding: MetadataText.write(metadata), as: UTF8.self)
    #expect(
      text == #"[{"key":"nested","type":"array[]","value":[{"type":"u32[]","value":[5,6]},"#
        + #"{"type":"string[]","value":["x"]}]},{"key":"none","type":"u32[]","value":[]}]"#)
  }

  // MARK: Hostile

  @Test func theGalleryFailsAsItsTableSays() throws {
    let rows = try table("hostile/gguf/expected.tsv")
    for row in rows {
      let (name, verdict, message) = (row[0], row[1], row[2])
      let file = try fileBytes("\(testdata)/hostile/gguf/\(name)")
      do throws(ModelError) {
        _ = try header(file)
        #expect(verdict == "ok", "\(name)")
      } catch {
        #expect(error.code.rawValue == verdict && error.description.contains(message), "\(name): \(error)")
        #expect(error.byteOffset.map { $0 <= file.count } == true, "\(name)")
      }
    }
    #expect(rows.count > 100)
  }

  @Test(arguments: ["all_types", "metadata", "big_endian", "by_hand", "version_2"])
  func everyTruncationIsRefused(name: String) throws {
    let file = try golden(name)
    // The padding of the last tensor may be missing.
    let end = try #require(try header(file).tensors.map(\.range.upperBound).max())
    for count in 0..<end {
      #expect(failure { _ = try header(Array(file[..<count])) }?.code == .malformed, "cut to \(count)")
    }
    #expect(try header(Array(file[..<end])).tensors.count == header(file).tensors.count)
  }

  /// A byte of the header that changed gives an error, or a header whose tensors still lie in the file.
  @Test(arguments: ["metadata", "big_endian", "by_hand", "aligned_64"])
  func everyFlippedByteIsRefusedOrUnderstood(name: String) throws {
    var file = try golden(name)
    for position in 0..<(try header(file).dataStart) {
      let original = file[position]
      for flip in [1, 2, 4, 8, 16, 32, 64, 128, 255] as [UInt8] {
        file[position] = original ^ flip
        do throws(ModelError) {
          for tensor in try header(file).tensors {
            #expect(tensor.range.upperBound <= file.count && tensor.range.count == tensor.info.byteCount)
          }
        } catch {
          #expect(error.code == .malformed || error.code == .unsupported)
          #expect(error.byteOffset.map { $0 <= file.count } == true, "\(error)")
        }
      }
      file[position] = original
    }
  }

  @Test func manyArraysInAnArrayAreRefused() throws {
    let arrays = [UInt8](repeating: 0, count: 12 * 65_537)
    let file = gguf(pairs: 1) + text("a") + word(9) + word(9) + long(65_537) + arrays
    #expect(failure { _ = try header(file) }?.message == "arrays in arrays, expected at most 65536, 16 deep")
  }

  @Test func tiesThatClaimTooMuchTogetherAreRefused() throws {
    // As many tensors over all of one file: what is read grows with their number times its size.
    let count = 2000
    let infos = (0..<count).flatMap { number in
      text("\(10000 + number)") + word(1) + long(1 << 20) + word(24) + long(0)
    }
    let head = gguf(tensors: count) + infos
    let file = head + [UInt8](repeating: 0, count: (32 - head.count % 32) % 32 + 1 << 20)
    let error = failure { _ = try header(file) }
    #expect(error?.message.contains("more than 1000 times the bytes of the file") == true)
  }

  @Test func limitsAreObeyed() throws {
    var limits = Limits()
    limits.headerBytes = 100
    let file = gguf(pairs: 1) + text("a") + word(8) + text(String(repeating: "b", count: 100))
    let error = failure { _ = try header(file, limits: limits) }
    #expect(error?.description == "key 'a': the length of a string: 100 in a header of at most 100 bytes (at byte 37)")
    limits.headerBytes = 145
    #expect(try header(file, limits: limits).metadata.count == 1)
  }

  @Test func tensorsComeInFileOrderWhateverTheHeadersOrder() throws {
    func info(_ name: String, _ offset: Int) -> [UInt8] { text(name) + word(1) + long(1) + word(24) + long(offset) }
    let head = gguf(tensors: 4) + info("d", 3) + info("z", 1) + info("y", 1) + info("a", 0)
    let file = head + [UInt8](repeating: 0, count: (32 - head.count % 32) % 32 + 4)
    #expect(try header(file).tensors.map(\.info.name) == ["a", "z", "y", "d"])
  }

  // MARK: Files made here

  private func gguf(tensors: Int = 0, pairs: Int = 0) -> [UInt8] {
    Array("GGUF".utf8) + word(3) + long(tensors) + long(pairs)
  }

  private func word(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
  private func long(_ value: Int) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
  private func text(_ value: String) -> [UInt8] { long(value.utf8.count) + Array(value.utf8) }
}
