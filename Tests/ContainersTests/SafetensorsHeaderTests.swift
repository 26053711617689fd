internal import TensorModel
import Testing

@testable internal import Containers

@Suite struct SafetensorsHeaderTests {
  @Test func goldenFilesHoldWhatTheReferenceSawInThem() throws {
    for (path, rows) in Dictionary(grouping: try table("safetensors/expected.tsv"), by: { $0[0] }) {
      let file = try fileBytes("\(testdata)/safetensors/\(path)")
      let tensors = try parse(file).tensors
      let seen = tensors.map { tensor in
        let shape = tensor.info.shape.map(String.init).joined(separator: "x")
        return [
          path, tensor.info.dtype.name, shape.isEmpty ? "-" : shape, "\(tensor.range.lowerBound)",
          "\(tensor.range.count)", fnv1a64(file[tensor.range]),
        ]
      }
      #expect(seen == rows.map { [$0[0]] + $0[2...] })
      #expect(tensors.map { Array($0.info.name.utf8) } == (try rows.map { try Array(decoded($0[1]).utf8) }))
    }
  }

  @Test func theGoldenSetHasEveryDType() throws {
    let dtypes = Set(try table("safetensors/expected.tsv").map { $0[2] })
    #expect(dtypes == Set(DType.all.map(\.name)))
    #expect(dtypes.count == 22)
  }

  @Test func metadataKeepsItsOrder() throws {
    let header = try parse(fileBytes("\(testdata)/safetensors/names_and_metadata.safetensors"))
    #expect(header.metadata.map(\.key) == ["format", "a", "Z", "café", "_quantization"])
    #expect(header.metadata.map(\.value.string) == ["pt", "1", "", "😀 \"\\/\u{8}\u{C}\n\r\t", #"{"bits":4}"#])
  }

  @Test func theGalleryFailsAsItsTableSays() throws {
    for row in try table("hostile/safetensors/expected.tsv") {
      let (name, reference, verdict, message) = (row[0], row[1], row[2], row[3])
      let file = try fileBytes("\(testdata)/hostile/safetensors/\(name)")
      if verdict == "ok" {
        #expect(reference == "accepts" && (try? parse(file)) != nil, "\(name)")
      } else {
        let error = failure { _ = try parse(file) }
        #expect(error?.code.rawValue == verdict, "\(name)")
        #expect(error?.description.contains(message) == true, "\(name): \(error?.description ?? "")")
      }
    }
  }

  /// Where the reference is more lenient, it is by decision: `formats/safetensors.md` lists the same.
  @Test func theDifferencesFromTheReferenceAreTheDocumentedOnes() throws {
    let differences = try table("hostile/safetensors/expected.tsv")
      .filter { $0[1] == "accepts" && $0[2] != "ok" }.map { $0[0] }
    #expect(
      Set(differences.map { $0.prefix { $0 != "." } }) == [
        "space_before", "newline_before", "tensor_twice", "tensor_twice_escaped", "tensor_twice_empty",
        "metadata_key_twice", "tensor_array", "member_unknown", "dtype_object", "dimension_2_63", "rank_1025",
        "typed_no_json", "typed_no_list", "typed_contradicts", "typed_key_twice", "typed_later_type", "typed_deep",
        "typed_rank", "typed_tensor_missing", "typed_tensor_of_floats", "typed_tensor_no_json",
      ])
  }

  @Test func everyTruncationIsRefused() throws {
    for name in ["all_dtypes", "misaligned", "names_and_metadata", "scalars_and_empties"] {
      let file = try fileBytes("\(testdata)/safetensors/\(name).safetensors")
      for count in 0..<file.count {
        #expect(failure { _ = try parse(Array(file[..<count])) }?.code == .malformed, "\(name) cut to \(count)")
      }
    }
  }

  /// A byte of the header that changed gives an error, or a header that still tiles the same file.
  @Test(arguments: ["misaligned", "names_and_metadata", "scalars_and_empties"])
  func everyFlippedByteIsRefusedOrUnderstood(name: String) throws {
    var file = try fileBytes("\(testdata)/safetensors/\(name).safetensors")
    let headerBytes = try parse(file).dataStart
    for position in 0..<headerBytes {
      let original = file[position]
      for flip in [1, 2, 4, 8, 16, 32, 64, 128, 255] as [UInt8] {
        file[position] = original ^ flip
        do throws(ModelError) {
          let header = try parse(file)
          #expect(tiles(header, file.count))
        } catch {
          #expect(error.code == .malformed || error.code == .unsupported)
          #expect(error.byteOffset.map { $0 <= file.count } != false)
        }
      }
      file[position] = original
    }
  }

  @Test func randomDamageNeverCrashes() throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SplitMix64(state: seed)
    let file = try fileBytes("\(testdata)/safetensors/all_dtypes.safetensors")
    let headerBytes = try parse(file).dataStart
    for _ in 0..<2000 {
      var damaged = file
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let signs = Array(#"{}[]",:\ 0123456789u"#.utf8)
        damaged[Int.random(in: 8..<headerBytes, using: &random)] = signs.randomElement(using: &random)!
      }
      if let header = try? parse(damaged) { #expect(tiles(header, file.count), "seed \(seed)") }
    }
  }

  @Test func deepHeadersAreRefusedQuickly() {
    for depth in [200, 1_000_000] {
      let nest = String(repeating: "[", count: depth)
      let error = failure { _ = try parse(safetensors("{\"a\":" + nest)) }
      #expect(error?.description == "tensor 'a': expected an object for a tensor, found '[' (at byte 13)")
    }
    let objects = String(repeating: "{\"a\":", count: 1_000_000)
    #expect(failure { _ = try parse(safetensors(objects)) }?.code == .malformed)
  }

  @Test func limitsAreObeyed() throws {
    var limits = Limits()
    limits.headerBytes = 50
    limits.rank = 2
    let info = #"{"dtype":"U8","shape":[1,1,1],"data_offsets":[0,1]}"#
    let file = safetensors("{\"a\":\(info)}", data: [0])
    #expect(failure { _ = try parse(file, limits: limits) }?.message == "a header of 57 bytes, expected at most 50")
    limits.headerBytes = 57
    let error = failure { _ = try parse(file, limits: limits) }
    #expect(error?.description == "tensor 'a': a shape of more than 2 dimensions (at byte 40)")
    limits.rank = 3
    #expect(try parse(file, limits: limits).tensors.count == 1)
  }

  @Test func tensorsComeInFileOrderWhateverTheHeadersOrder() throws {
    func info(_ begin: Int, _ end: Int) -> String {
      #"{"dtype":"U8","shape":[\#(end - begin)],"data_offsets":[\#(begin),\#(end)]}"#
    }
    let header = try parse(
      safetensors(
        "{\"d\":\(info(3, 4)),\"z\":\(info(1, 1)),\"y\":\(info(1, 1)),\"c\":\(info(1, 3)),\"b\":\(info(0, 1))}",
        data: [1, 2, 3, 4]))
    #expect(header.tensors.map(\.info.name) == ["b", "z", "y", "c", "d"])
  }

  @Test func manyTensorsTakeLinearTime() throws {
    // 20,000 names that differ in their last letters, and as many claims on one place.
    let entries = (0..<20_000).map {
      #""\#(String(repeating: "n", count: 40))\#($0)":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}"#
    }
    let error = failure { _ = try parse(safetensors("{" + entries.joined(separator: ",") + "}", data: [0])) }
    #expect(error?.message == "data_offsets [0, 1], expected [1, 2]: overlaps the tensor before it")
  }

  @Test func recognitionTakesSafetensorsAndLeavesTheRest() throws {
    func recognises(_ bytes: [UInt8]) -> Bool { SafetensorsFile.recognises(bytes.rawSpan) }
    #expect(recognises(safetensors("{}")))
    #expect(recognises(safetensors("\n{}")))
    #expect(recognises(Array(safetensors("{\"a\":1}")[..<12])))
    #expect(!recognises(Array("{\"weight_map\": {}}".utf8)))
    #expect(!recognises(Array("GGUF".utf8) + [3, 0, 0, 0, 0, 0, 0, 0]))
    #expect(!recognises(safetensors("[]")))
    #expect(!recognises([]))
    #expect(!recognises([2, 0, 0, 0, 0, 0, 0, 0]))
  }

  /// Whether the tensors fill the file from `dataStart` to its end.
  private func tiles(_ header: SafetensorsHeader, _ fileByteCount: Int) -> Bool {
    var end = header.dataStart
    for tensor in header.tensors {
      guard tensor.range.lowerBound == end, tensor.range.count == tensor.info.byteCount else { return false }
      end = tensor.range.upperBound
    }
    return end == fileByteCount
  }

  private func decoded(_ quoted: String) throws -> String {
    let bytes = Array(quoted.utf8)
    var scanner = JSONScanner(bytes.rawSpan)
    return scanner.text(try scanner.string("a name"))
  }
}

/// A generator whose whole state is its seed.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
