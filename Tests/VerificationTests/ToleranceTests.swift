import Kernels
import MemoryModel
import TensorModel
import Testing
import Verification

/// What each tolerance lets pass, and how tensors of other names, shapes and dtypes are reported.
@Suite struct ToleranceTests {
  /// f32 0.1 is no bf16; its nearest is 0x3DCD.
  @Test func roundingIsNamedWhereItIsAllThereIs() throws {
    let wide: [UInt8] = [0xCD, 0xCC, 0xCC, 0x3D, 0, 0, 0x80, 0x7F, 1, 0, 0xC0, 0x7F]
    let a = MemoryModel([.init("x", .f32, [3], wide)])
    func b(_ first: UInt8) -> MemoryModel {
      MemoryModel([.init("x", .bf16, [3], [first, 0x3D, 0x80, 0x7F, 0xC0, 0xFF])])
    }
    let rounded = try ModelComparison().run(a, b(0xCD))
    #expect(rounded.verdict == .different)
    let text = rounded.text()
    #expect(text.contains("\n  B is A rounded to BF16, each value to the nearest\n"))
    #expect(
      text.hasSuffix(
        "different: 1 of 1 tensor differs, all in the dtype alone: B is A rounded to BF16, each value to the nearest\n")
    )
    // A tensor that rounding did not change is no exception; one that differs otherwise is.
    func withSecond(_ model: MemoryModel, _ dtype: DType, _ bytes: [UInt8]) -> MemoryModel {
      MemoryModel([
        .init("x", model.catalog.tensors[0].info.dtype, [3], model.bytes), .init("y", dtype, [1], bytes),
      ])
    }
    let exact = try ModelComparison().run(
      withSecond(a, .f32, [0, 0, 0x80, 0x3F]), withSecond(b(0xCD), .bf16, [0x80, 0x3F]))
    #expect(
      exact.text().hasSuffix(
        "2 of 2 tensors differ, all in the dtype alone: B is A rounded to BF16, each value to the nearest\n"))
    let other = try ModelComparison().run(
      withSecond(a, .f32, [0, 0, 0x80, 0x3F]), withSecond(b(0xCD), .bf16, [0, 0x40]))
    #expect(other.text().hasSuffix("2 of 2 tensors differ\n"))
    #expect(rounded.json(version: "1").contains("\"rounded\": \"b\""))
    // The other way round, and a pattern beside the nearest.
    #expect(
      try ModelComparison().run(b(0xCD), a).text().contains("  A is B rounded to BF16, each value to the nearest\n"))
    let cut = try ModelComparison().run(a, b(0xCC))
    #expect(!cut.text().contains("rounded") && !cut.json(version: "1").contains("rounded"))
  }

  @Test(arguments: [BlockType.q8_0, .q4_1, .q6_k, .mxfp4])
  func quantisingIsNamedWhereItIsAllThereIs(type: BlockType) throws {
    let (rows, columns) = (3, 512)
    let numbers = (0..<rows * columns).map { Float(($0 * 7919) % 2003) / 1000 - 1 }
    let wide = numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * $0)) } }
    var blocks = [UInt8](
      repeating: 0, count: rows * columns / type.layout.elements * type.layout.byteCount)
    let special = unsafe blocks.withUnsafeMutableBytes { target in
      unsafe BlockQuantizer(type)!.quantize(wide.span.bytes, into: target.baseAddress!)
    }
    #expect(special == nil)
    let dtype = try #require(DType.blockTypes.first { $0.blockType == type })
    let a = MemoryModel([.init("x", .f32, [rows, columns], wide)])
    func text(_ blocks: [UInt8]) throws -> String {
      try ModelComparison().run(a, MemoryModel([.init("x", dtype, [rows, columns], blocks)])).text()
    }
    #expect(
      try text(blocks).contains("B is A quantised to \(dtype.name), block by block as ggml's reference does it"))
    blocks[blocks.count - 3] ^= 1
    #expect(try !text(blocks).contains("quantised"))
  }

  /// A tensor of many chunks is rounded only if all of it is.
  @Test func oneValueBesideTheNearestIsNoRounding() throws {
    let count = 300_000
    let a = [UInt8](repeatElement([0xCD, 0xCC, 0xCC, 0x3D], count: count).joined())
    var b = [UInt8](repeatElement([0xCD, 0x3D], count: count).joined())
    func text() throws -> String {
      var comparison = ModelComparison()
      comparison.threads = 3
      return try comparison.run(
        MemoryModel([.init("x", .f32, [count], a)]), MemoryModel([.init("x", .bf16, [count], b)])
      ).text()
    }
    #expect(try text().contains("rounded to BF16"))
    b[2 * 200_000] = 0xCC
    #expect(try !text().contains("rounded"))
  }

  typealias Tensor = MemoryModel.Tensor

  private func floats(_ name: String, _ values: [Float], _ shape: [Int]? = nil) -> Tensor {
    let bytes = values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * $0)) }
    }
    return Tensor(name, .f32, shape ?? [values.count], bytes)
  }

  /// The leading halves of floats.
  private func bfloats(_ name: String, _ values: [Float]) -> Tensor {
    let bytes = values.flatMap { value in (2..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * $0)) }
    }
    return Tensor(name, .bf16, [values.count], bytes)
  }

  private func compare(
    _ a: [Tensor], _ b: [Tensor], _ tolerance: Tolerance = .exact, _ renaming: [String] = [], chunkBytes: Int = 1 << 20,
    threads: Int = 2
  ) throws -> ComparisonReport {
    var comparison = ModelComparison()
    comparison.tolerance = tolerance
    comparison.threads = threads
    comparison.renaming = try renaming.map { try RenameRule($0) }
    return try comparison.run(
      MemoryModel(a, path: "a", chunkBytes: chunkBytes), MemoryModel(b, path: "b", chunkBytes: chunkBytes))
  }

  @Test func anErrorAtTheBoundPassesAndOneAboveDoesNot() throws {
    let (a, b) = ([floats("x", [1, 2, 100])], [floats("x", [1, 2.5, 104])])
    #expect(try compare(a, b, .absolute(4)).verdict == .withinTolerance)
    #expect(try compare(a, b, .absolute(3.999)).tensors[0].first?.index == [2])
    #expect(try compare(a, b, .relative(0.2)).verdict == .withinTolerance)
    let relative = try compare(a, b, .relative(0.199))
    #expect(relative.verdict == .different && relative.tensors[0].differing == 1)
    #expect(
      relative.text() == """
        x: 1 of 3 elements differs by more than rel=0.199, first at [1]: 2.0 against 2.5
          largest error 4 at [2]: 100.0 against 104.0, MSE 5.41667, SQNR 27.8936 dB, cosine 0.999992
        different: 1 of 1 tensor differs

        """)
  }

  @Test func aRatioOfSignalToNoiseIsThatOfTheWholeTensor() throws {
    // Σa² = 10⁴, Σ(a − b)² = 1: 40 dB.
    let (a, b) = ([floats("x", [60, 80, 0, 0])], [floats("x", [60, 80, 1, 0])])
    #expect(try compare(a, b, .signalToNoise(40)).verdict == .withinTolerance)
    #expect(try compare(a, b, .signalToNoise(40.001)).verdict == .different)
    #expect(try compare(a, b).tensors[0].signalToNoise == 40)
    let report = try compare(a, b, .signalToNoise(40), chunkBytes: 4)
    #expect(report.tensors[0].signalToNoise == 40, "chunks that are the same are part of the signal")
    #expect(
      report.text()
        == "within tolerance: 1 tensor; in 1 of them values differ, at most by 1 (x), SQNR 40 dB or more (x)\n")
  }

  @Test(arguments: [Tolerance.absolute(1e30), .relative(10), .signalToNoise(-1000)])
  func noToleranceLetsNaNOrInfinityBecomeANumber(tolerance: Tolerance) throws {
    let report = try compare([floats("x", [.infinity, 2])], [floats("x", [1, 2])], tolerance)
    #expect(report.verdict == .different)
    #expect(report.tensors[0].largestError == .infinity && report.tensors[0].worst?.index == [0])
    let same = try compare([floats("x", [.nan, .infinity, 2])], [floats("x", [-.nan, .infinity, 2.5])], tolerance)
    #expect(same.verdict == .withinTolerance && same.tensors[0].largestError == 0.5)
  }

  @Test(arguments: ["", "abs", "abs=", "abs=-1", "rel=nan", "abs=inf", "sqnr=x", "Exact", "mse=1", "abs=1=2"])
  func whatIsNoToleranceIsRefused(text: String) {
    #expect(throws: ModelError.self) { try Tolerance(text) }
  }

  @Test(arguments: ["exact", "value", "abs=0.001", "rel=1e-05", "sqnr=40.0", "sqnr=-3.0"])
  func aToleranceReadsWhatItSays(text: String) throws {
    #expect(try Tolerance(text).description == text)
  }

  @Test func anotherDtypeIsDifferentOnlyToTheExact() throws {
    let (wide, narrow) = ([floats("x", [1, -0.0, .nan, 0.5])], [bfloats("x", [1, 0, .nan, 0.5])])
    let exact = try compare(wide, narrow)
    #expect(exact.verdict == .different && exact.tensors[0].differing == 0)
    #expect(
      exact.text() == """
        x: dtype F32 against BF16, every value survives
        different: 1 of 1 tensor differs, all in the dtype alone: every value survives (--tolerance value lets that pass)

        """)
    let value = try compare(wide, narrow, .value)
    #expect(value.verdict == .equal)
    #expect(value.text() == "equal: 1 tensor; 1 of them of another dtype, in which every value survives\n")
    let rounded = try compare([floats("x", [1.001, 2])], [bfloats("x", [1.001, 2])], .value)
    #expect(rounded.verdict == .different && rounded.tensors[0].differing == 1)
    #expect(
      try compare([floats("x", [1.001, 2])], [bfloats("x", [1.001, 2])], .absolute(0.01)).verdict == .withinTolerance)
  }

  @Test func dtypesOfAnyWidthsAreComparedInWholeBlocksOfBoth() throws {
    var random = SeededRandom("widths")
    let codes = (0..<400_000).map { _ in UInt8(random.next() % 16) }
    let packed = stride(from: 0, to: codes.count, by: 2).map { codes[$0] | codes[$0 + 1] << 4 }
    let values: [Float] = [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6]
    var wide = codes.map { values[Int($0)] }
    let narrow = [Tensor("x", .f4, [1000, 400], packed)]
    #expect(try compare(narrow, [floats("x", wide, [1000, 400])], .value, chunkBytes: 100).verdict == .equal)
    #expect(try compare([floats("x", wide, [1000, 400])], narrow, .value).verdict == .equal)
    wide[399_999] += 0.25
    wide[262_144] += 0.25
    let report = try compare([floats("x", wide, [1000, 400])], narrow, .value)
    #expect(report.tensors[0].differing == 2 && report.tensors[0].first?.index == [655, 144])
  }

  @Test func repeatedBlocksOfTwoDtypesTakeConstantTime() throws {
    let shape = [1 << 40, 12]
    let codes = [Tensor("x", .f4, shape, repeating: [0x22])]
    let others = [Tensor("x", .f6e2m3, shape, repeating: [0x08, 0x82, 0x20])]
    let report = try compare(codes, others, .value)
    #expect(report.verdict == .equal, "1.0 is 2 in F4 and 8 in F6_E2M3")
    let wrong = try compare(codes, [Tensor("x", .f32, shape, repeating: [0, 0, 0, 0x40])], .value)
    #expect(wrong.tensors[0].differing == 12 << 40 && wrong.tensors[0].largestError == 1)
    #expect(wrong.tensors[0].meanSquaredError == 1 && wrong.tensors[0].signalToNoise == 0)
  }

  @Test func aReshapedTensorIsDifferentWhateverTheTolerance() throws {
    let report = try compare([floats("x", [1, 2, 3, 4], [2, 2])], [floats("x", [1, 2, 3, 5], [4])], .absolute(10))
    #expect(report.verdict == .different)
    #expect(report.text().hasPrefix("x: reshaped, [2, 2] against [4], no element differs by more than abs=10.0\n"))
    let exact = try compare([floats("x", [1, 2, 3, 4], [2, 2])], [floats("x", [1, 2, 3, 5], [4])])
    #expect(
      exact.text().hasPrefix(
        "x: reshaped, [2, 2] against [4], 1 of 4 elements differs, first at [1, 1]: 4.0 against 5.0\n"))
  }

  @Test func renamedTensorsAreComparedUnderTheirNewNames() throws {
    let a = [floats("layer.0.w", [1]), floats("layer.1.w", [2]), floats("norm", [3])]
    let b = [floats("h.0.weight", [1]), floats("h.1.weight", [2]), floats("norm", [3])]
    let report = try compare(a, b, .exact, ["layer.*.w=h.*.weight"])
    #expect(report.verdict == .identical)
    #expect(report.text() == "identical: 3 tensors, same dtypes, shapes and bits\n")
    #expect(report.json(version: "1").contains(#""name_in_b": "h.1.weight""#))
    #expect(throws: ModelError(.usage, "--rename 'x=y' fits no tensor")) { try compare(a, b, .exact, ["x=y"]) }
    #expect(throws: ModelError(.usage, "tensors 'layer.1.w' and 'norm' would both be named 'layer.1.w'")) {
      try compare(a, b, .exact, ["norm=layer.1.w"])
    }
  }

  @Test func tensorsUnderOtherNamesAreFoundByTheirBits() throws {
    let a = [floats("p", [1, 2]), floats("q", [3, 4]), floats("twin", [3, 4]), floats("gone", [5, 6])]
    let b = [floats("new", [7, 8]), floats("Q", [3, 4]), floats("P", [1, 2]), floats("Twin", [3, 4])]
    let report = try compare(a, b, .value, chunkBytes: 4)
    #expect(report.renamed.map { "\($0.a) \($0.b)" } == ["p P", "q Q", "twin Twin"])
    #expect(report.onlyInA.count == 4 && report.onlyInB.count == 4)
    #expect(
      report.text() == """
        gone: only in a
        new: only in b
        p: named P in b, with the same bits
        q: named Q in b, with the same bits
        twin: named Twin in b, with the same bits
        different: 3 have other names, 1 only in a, 1 only in b

        """)
    #expect(
      try compare([a[0]], [b[2]]).text() == """
        p: named P in b, with the same bits
        different: 1 has another name (--rename OLD=NEW says what B calls the tensors of A)

        """)
  }

  @Test func aHugeRepeatedBlockIsFoundUnderAnotherNameWithoutItsBytes() throws {
    let huge = [1 << 40, 1 << 16]
    let (zeros, other) = ([UInt8](repeating: 0, count: 4), [UInt8](repeating: 1, count: 4))
    func model(_ name: String, _ block: [UInt8]) -> [Tensor] { [Tensor(name, .f32, huge, repeating: block)] }
    #expect(try compare(model("x", zeros), model("y", zeros)).renamed.count == 1)
    #expect(try compare(model("x", zeros), model("y", other)).renamed.isEmpty)
  }

  @Test func theLowestRatioOfSignalToNoiseComesFirst() throws {
    let a = [floats("fine", [100, 1]), floats("wild", [.nan, 1]), floats("noisy", [1, 1])]
    let b = [floats("fine", [100, 2]), floats("wild", [1, 1]), floats("noisy", [1, 2])]
    let lines = try compare(a, b).text().split(separator: "\n").filter { !$0.hasPrefix(" ") }
    #expect(lines.map { $0.prefix(5) } == ["wild:", "noisy", "fine:", "diffe"])
  }

  @Test func sumsAreTheSameForAnyNumberOfThreads() throws {
    var random = SeededRandom("threads")
    let values = (0..<200_000).map { _ in Float.random(in: -1...1, using: &random) }
    var others = values
    for place in stride(from: 0, to: 90_000, by: 7) { others[place] += Float.random(in: -0.1...0.1, using: &random) }
    let reports = try [1, 2, 3, 8].map {
      try compare([floats("x", values)], [floats("x", others)], chunkBytes: 10_000, threads: $0).tensors[0]
    }
    for report in reports {
      #expect(report.errors == reports[0].errors)
      #expect(report.errors.pairs == 200_000)
    }
  }
}
