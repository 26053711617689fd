import MemoryModel
import TensorModel
import Testing
import Verification

@Suite struct ModelCheckTests {
  typealias Tensor = MemoryModel.Tensor

  /// FNV-1a, so that these tests need no other part.
  private static let hash: @Sendable (RawSpan) -> UInt64 = { bytes in
    var state: UInt64 = 0xCBF2_9CE4_8422_2325
    for index in 0..<bytes.byteCount {
      state = (state ^ UInt64(unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))) &* 0x100_0000_01B3
    }
    return state
  }

  private func digest(_ model: MemoryModel, threads: Int = 2) throws(ModelError) -> String? {
    var check = ModelCheck()
    check.threads = threads
    check.hash = Self.hash
    return try check.run(model).model.digest
  }

  @Test func anIntactModelIsReadOnce() throws {
    let model = MemoryModel([Tensor("x", .u8, [10, 10], .init(repeating: 1, count: 100))], chunkBytes: 20)
    let report = try ModelCheck().run(model)
    #expect(report.verdict == .intact && report.model.digest == nil)
    #expect(model.bytesRead == 100)
    #expect(report.text() == "intact: 1 tensor, 100 bytes read\n")
  }

  @Test func damagedTensorsAreNamedAndTheOthersAreRead() throws {
    var damaged = Tensor("x", .u8, [10, 10], .init(repeating: 1, count: 100))
    damaged.damage = 42..<43
    var check = ModelCheck()
    check.threads = 2
    let report = try check.run(MemoryModel([damaged, Tensor("y", .u8, [1], [1])], path: "m", chunkBytes: 20))
    #expect(report.tensors.map(\.verdict) == [.damaged, .intact])
    #expect(
      report.text() == """
        x: damaged: a checksum does not hold (at byte 42)
        damaged: 1 of 2 tensors

        """)
    #expect(
      report.json(version: "0.1.0") == """
        {
          "tare": "0.1.0",
          "verdict": "damaged",
          "a": {
            "path": "m",
            "format": "memory",
            "digest": null
          },
          "errors": [],
          "tensors": [
            {
              "name": "x",
              "verdict": "damaged",
              "elements": 100,
              "error": "a checksum does not hold (at byte 42)"
            },
            {
              "name": "y",
              "verdict": "intact",
              "elements": 1
            }
          ]
        }
        """)
  }

  @Test func faultsOutsideTheTensorsDamageTheModel() {
    let summary = OperandSummary(path: "m", format: "memory")
    let report = CheckReport(model: summary, failures: [ModelError(.damaged, "the index's checksum does not hold")])
    #expect(report.verdict == .damaged)
    #expect(report.text() == "the index's checksum does not hold\ndamaged: 1 fault outside the tensors\n")
  }

  @Test func theDigestIsTheContentsAlone() throws {
    var random = SeededRandom("digest")
    let x = Tensor("x", .u8, [30, 100], random.bytes(3000))
    let y = Tensor("y", .u8, [2], [1, 2])
    var moved = x
    moved.file = 1
    let first = try #require(try digest(MemoryModel([x, y])))
    #expect(try first == digest(MemoryModel([y, moved], files: ["a", "b"], chunkBytes: 700), threads: 3))
    let others = [
      MemoryModel([x, Tensor("y", .u8, [2], [1, 3])]), MemoryModel([x, Tensor("z", .u8, [2], [1, 2])]),
      MemoryModel([x, Tensor("y", .i8, [2], [1, 2])]), MemoryModel([x, Tensor("y", .u8, [2, 1], [1, 2])]),
      MemoryModel([x]),
    ]
    #expect(try Set(others.map { try digest($0) } + [first]).count == 6)
  }

  @Test func aRepeatedBlockIsNotExpandedWithoutADigest() throws {
    let model = MemoryModel([Tensor("x", .u8, [1 << 24], repeating: [0])])
    #expect(try ModelCheck().run(model).verdict == .intact)
    #expect(model.bytesRead == 0)
  }
}
