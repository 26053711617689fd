import Kernels
import MemoryModel
import Synchronization
import TensorModel
import Testing
import Verification

@Suite struct ModelComparisonTests {
  typealias Tensor = MemoryModel.Tensor

  private func compare(
    _ a: MemoryModel, _ b: MemoryModel, _ tolerance: Tolerance = .exact, threads: Int = 2
  ) throws(ModelError) -> ComparisonReport {
    var comparison = ModelComparison()
    comparison.tolerance = tolerance
    comparison.threads = threads
    return try comparison.run(a, b)
  }

  private func floats(_ values: [Float]) -> [UInt8] {
    values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * $0)) } }
  }

  @Test func aModelIsIdenticalToItselfInAnyOrderAndAnyGrid() throws {
    var random = SeededRandom("identical")
    let x = Tensor("x", .bf16, [7, 11], random.bytes(154))
    let y = Tensor("y", .i64, [], random.bytes(8))
    let empty = Tensor("empty", .f32, [0, 3], [])
    let report = try compare(MemoryModel([x, y, empty], chunkBytes: 22), MemoryModel([empty, y, x], chunkBytes: 40))
    #expect(report.verdict == .identical)
    #expect(report.tensors.map(\.verdict) == [.identical, .identical, .identical])
    #expect(report.tensors.map(\.differing) == [0, 0, 0])
    #expect(report.text() == "identical: 3 tensors, same names, dtypes, shapes and bits\n")
  }

  @Test(arguments: DType.all) func theFirstDifferenceIsFoundAtEveryElement(dtype: DType) throws {
    let shape = [3, 2, 2 * dtype.blockElements]
    let info = try TensorInfo(name: "x", dtype: dtype, shape: shape)
    let a = [UInt8](repeating: 0x11, count: info.byteCount)
    for element in 0..<info.elementCount {
      var b = a
      // The lowest bit of the element: never the sign of zero.
      b[element * dtype.elementBits / 8] ^= 1 << UInt8(element * dtype.elementBits % 8)
      for (chunkBytes, tolerance) in [(dtype.blockBytes, Tolerance.exact), (3 * dtype.blockBytes, .value)] {
        let report = try compare(
          MemoryModel([Tensor("x", dtype, shape, a)], chunkBytes: chunkBytes),
          MemoryModel([Tensor("x", dtype, shape, b)]), tolerance)
        let found = report.tensors[0]
        let last = shape[2]
        #expect(found.first?.index == [element / last / 2, element / last % 2, element % last])
        #expect(found.differing == 1 && found.verdict == .different && report.verdict == .different)
      }
    }
  }

  @Test(arguments: [1, 2, 3]) func countsAndTheFirstDifferenceDoNotDependOnThreads(threads: Int) throws {
    var random = SeededRandom("threads")
    let a = random.bytes(40_000)
    var b = a
    for place in [39_999, 20_000, 12_345] { b[place] ^= 0xFF }
    let report = try compare(
      MemoryModel([Tensor("x", .u8, [400, 100], a)], chunkBytes: 300),
      MemoryModel([Tensor("x", .u8, [400, 100], b)], chunkBytes: 1000), threads: threads)
    #expect(report.tensors[0].differing == 3)
    #expect(report.tensors[0].first?.index == [123, 45])
  }

  @Test func negativeZeroAndNaNAreDifferentBitsButEqualValues() throws {
    let a = MemoryModel([Tensor("x", .f32, [4], floats([0, 1, .nan, 2]))])
    let b = MemoryModel([Tensor("x", .f32, [4], floats([-0.0, 1, -.nan, 2]))])
    let exact = try compare(a, b)
    #expect(exact.verdict == .different && exact.tensors[0].differing == 2)
    #expect(
      exact.text() == """
        x: 2 of 4 elements differ, first at [0]: 0.0 against -0.0
        different: 1 of 1 tensor differs, all in the sign of zero or the kind of NaN alone (--tolerance value lets that pass)

        """)
    let value = try compare(a, b, .value)
    #expect(value.verdict == .equal && value.tensors[0].differing == 0 && value.tensors[0].first == nil)
    #expect(
      value.text() == "equal: 1 tensor; in 1 of them bits differ, in the sign of zero or the kind of NaN\n")
  }

  @Test func numbersThatLookTheSameAreToldApartByTheirBits() throws {
    let a = MemoryModel([Tensor("x", .bf16, [2, 2], [0, 0, 0, 0, 0, 0, 0xC1, 0x7F])])
    let b = MemoryModel([Tensor("x", .bf16, [2, 2], [0, 0, 0, 0, 0, 0, 0xC0, 0x7F])])
    let report = try compare(a, b)
    #expect(
      report.text().hasPrefix(
        "x: 1 of 4 elements differs, first at [1, 1]: nan against nan (bits 0x7fc1 against 0x7fc0)\n"))
  }

  @Test func missingExtraAndChangedTensorsAreNamedAsSuch() throws {
    let a = MemoryModel(
      [
        Tensor("gone", .u8, [1], [1]), Tensor("dtype", .u8, [2], [1, 2]), Tensor("shape", .u8, [2, 1], [1, 2]),
        Tensor("size", .u8, [3], [1, 2, 3]), Tensor("same", .u8, [1], [1]),
      ], path: "a")
    let b = MemoryModel(
      [
        Tensor("new\u{1B}[2J", .u8, [1], [2]), Tensor("dtype", .i8, [2], [1, 2]),
        Tensor("shape", .u8, [1, 2], [1, 2]), Tensor("size", .u8, [2], [1, 2]),
        Tensor("same", .u8, [1], [1]),
      ], path: "b")
    let report = try compare(a, b)
    #expect(report.verdict == .different)
    #expect(report.onlyInA == ["gone"] && report.onlyInB == ["new\u{1B}[2J"])
    #expect(report.tensors.map(\.differing) == [0, 0, nil, 0])
    #expect(
      report.text() == """
        gone: only in a
        new\\u{1b}[2J: only in b
        shape: reshaped, [2, 1] against [1, 2], the same elements in the same order
        size: shape [3] against [2]
        dtype: dtype U8 against I8, every value survives
        different: 3 of 4 tensors differ, 1 only in a, 1 only in b

        """)
  }

  @Test func theWorstComesFirstAndTheRestIsCounted() throws {
    func model(_ changed: [Int]) -> MemoryModel {
      MemoryModel(
        changed.enumerated().map { place, count in
          Tensor("t\(place)", .u8, [10], (0..<10).map { $0 < count ? 1 : 0 })
        })
    }
    let report = try compare(model([0, 0, 0, 0]), model([1, 5, 0, 3]))
    #expect(
      report.text(maxDifferences: 2) == """
        t1: 5 of 10 elements differ, first at [0]: 0 against 1
          largest error 1 at [0]: 0 against 1, MSE 0.5, SQNR -inf dB
        t3: 3 of 10 elements differ, first at [0]: 0 against 1
          largest error 1 at [0]: 0 against 1, MSE 0.3, SQNR -inf dB
        … and 1 more
        different: 3 of 4 tensors differ

        """)
  }

  @Test func damageOfEitherSideIsReportedAndTheOthersAreCompared() throws {
    var damaged = Tensor("x", .u8, [100], [UInt8](repeating: 1, count: 100))
    let whole = damaged
    damaged.damage = 50..<51
    let other = Tensor("y", .u8, [1], [1])
    for (a, b) in [(damaged, whole), (whole, damaged)] {
      let report = try compare(
        MemoryModel([a, other], path: "a", chunkBytes: 10), MemoryModel([b, other], path: "b", chunkBytes: 10))
      let place = a.damage == nil ? "b" : "a"
      #expect(report.tensors.map(\.verdict) == [.different, .identical])
      #expect(
        report.text() == """
          x: cannot be read in \(place): a checksum does not hold (at byte 50)
          different: 1 cannot be read to the end

          """)
    }
  }

  @Test func aRepeatedBlockOfAnySizeTakesConstantTimeAndNoBytes() throws {
    let huge = [1 << 20, 1 << 20, 1 << 18]
    let zeros = MemoryModel([Tensor("x", .f32, huge, repeating: [0, 0, 0, 0])])
    let negative = MemoryModel([Tensor("x", .f32, huge, repeating: [0, 0, 0, 0x80])])
    let ones = MemoryModel([Tensor("x", .f32, huge, repeating: [0, 0, 0x80, 0x3F])])
    #expect(try compare(zeros, zeros).verdict == .identical)
    #expect(try compare(zeros, negative, .value).verdict == .equal)
    let report = try compare(zeros, ones)
    #expect(report.tensors[0].differing == 1 << 58)
    #expect(report.tensors[0].first?.index == [0, 0, 0])
    #expect(zeros.bytesRead == 0)
  }

  @Test func aRepeatedBlockOnOneSideIsComparedWithTheBytesOfTheOther() throws {
    let block = MemoryModel([Tensor("x", .u8, [50], repeating: [7])])
    var bytes = [UInt8](repeating: 7, count: 50)
    #expect(try compare(block, MemoryModel([Tensor("x", .u8, [50], bytes)])).verdict == .identical)
    bytes[49] = 8
    #expect(try compare(MemoryModel([Tensor("x", .u8, [50], bytes)]), block).tensors[0].first?.index == [49])
  }

  @Test func sameNamesInSeveralFilesMatchByFileThenByOrder() throws {
    let a = MemoryModel(
      [Tensor("x", .u8, [1], [1]), Tensor("x", .u8, [1], [2], file: 1)], files: ["one", "two"])
    let swapped = MemoryModel(
      [Tensor("x", .u8, [1], [2], file: 0), Tensor("x", .u8, [1], [1], file: 1)], files: ["two", "one"])
    #expect(try compare(a, swapped).verdict == .identical)
    let single = MemoryModel([Tensor("x", .u8, [1], [1])])
    let report = try compare(a, single)
    #expect(report.tensors.map(\.label) == ["one:x"] && report.tensors[0].verdict == .identical)
    #expect(report.onlyInA == ["two:x"])
  }

  @Test func aCheckpointCutIntoOtherShardsMatchesByName() throws {
    let x = Tensor("x", .u8, [1], [1])
    let y = Tensor("y", .u8, [1], [2], file: 1)
    var moved = x
    moved.file = 2
    let a = MemoryModel([x, y], files: ["1-of-2", "2-of-2"])
    let b = MemoryModel([y, moved], files: ["1-of-3", "2-of-3", "3-of-3"])
    #expect(try compare(a, b).verdict == .identical)
  }

  @Test func canonicallyEquivalentNamesAreTwoNames() throws {
    let composed = MemoryModel([Tensor("caf\u{E9}", .u8, [1], [1])])
    let decomposed = MemoryModel([Tensor("cafe\u{301}", .u8, [1], [1])])
    let report = try compare(composed, decomposed)
    #expect(report.tensors.isEmpty && report.onlyInA.count == 1 && report.onlyInB.count == 1)
  }

  @Test func metadataIsReportedButDoesNotTouchTheVerdict() throws {
    let tensor = Tensor("x", .u8, [1], [1])
    func entry(_ key: String, _ value: String) -> MetadataEntry { MetadataEntry(key: key, value: value) }
    let a = MemoryModel([tensor], metadata: [entry("same", "1"), entry("other", "1"), entry("gone", "1")])
    let b = MemoryModel([tensor], metadata: [entry("other", "2"), entry("new", "1"), entry("same", "1")])
    let report = try compare(a, b)
    #expect(report.verdict == .identical)
    #expect(report.metadataDifferences.map(\.key) == ["other", "gone", "new"])
    #expect(report.metadataDifferences.map(\.a?.string) == ["1", "1", nil])
    #expect(report.metadataDifferences.map(\.b?.string) == ["2", nil, "1"])
    #expect(
      report.text().hasPrefix(
        "note: the metadata differs in 'other', 'gone', 'new'; this does not touch the verdict\nidentical: 1 tensor"))
  }

  @Test func aFilterLimitsBothSidesAndMustLetSomethingThrough() throws {
    let a = MemoryModel([Tensor("x", .u8, [1], [1]), Tensor("y", .u8, [1], [1])])
    let b = MemoryModel([Tensor("x", .u8, [1], [1]), Tensor("z", .u8, [1], [1])])
    var comparison = ModelComparison()
    comparison.includes = { $0 == "x" }
    #expect(try comparison.run(a, b).verdict == .identical)
    comparison.includes = { $0 == "w" }
    #expect(throws: ModelError(.usage, "no tensor of either model is selected")) { try comparison.run(a, b) }
    #expect(try compare(MemoryModel([]), MemoryModel([])).verdict == .identical)
  }

  @Test func progressCountsEveryByteOnceAndInOrder() throws {
    let model = MemoryModel([Tensor("x", .u8, [100], [UInt8](repeating: 1, count: 100))], chunkBytes: 30)
    let calls = Mutex<[Int]>([])
    var comparison = ModelComparison()
    comparison.threads = 3
    comparison.progress = { done, total in calls.withLock { $0.append(done * 1000 + total) } }
    _ = try comparison.run(model, model)
    #expect(calls.withLock { $0 } == [30_100, 60_100, 90_100, 100_100])
    #expect(model.bytesRead == 200)
  }

  @Test func jsonHasTheKeysThatScriptsRelyOn() throws {
    let a = MemoryModel(
      [Tensor("x", .f32, [2, 2], floats([0, 1, .infinity, 2])), Tensor("y", .u8, [1], [1])], path: "a.safetensors")
    let b = MemoryModel(
      [Tensor("x", .f32, [2, 2], floats([0, 1.5, 3, 2])), Tensor("z", .u8, [1], [2])], path: "b.safetensors")
    #expect(
      try compare(a, b).json(version: "0.1.0") == """
        {
          "tare": "0.1.0",
          "verdict": "different",
          "tolerance": "exact",
          "a": {
            "path": "a.safetensors",
            "format": "memory",
            "digest": null
          },
          "b": {
            "path": "b.safetensors",
            "format": "memory",
            "digest": null
          },
          "tensors": [
            {
              "name": "x",
              "verdict": "different",
              "elements": 4,
              "differing": 2,
              "first_difference": {
                "index": [0, 1],
                "a": 1.0,
                "b": 1.5
              },
              "max_abs_error": "inf",
              "max_abs_error_at": {
                "index": [1, 0],
                "a": "inf",
                "b": 3.0
              },
              "mean_squared_error": 0.08333333333333333,
              "sqnr_db": 13.010299956639813,
              "cosine": 0.9838699100999074
            }
          ],
          "only_in_a": [
            "y"
          ],
          "only_in_b": [
            "z"
          ],
          "renamed": [],
          "metadata_differences": []
        }
        """)
  }
}
