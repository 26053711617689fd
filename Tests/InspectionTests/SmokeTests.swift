import Containers
import Inspection
import TensorModel
import Testing

@Suite struct SmokeTests {
  @Test func smoke() throws {
    var rows = (0..<64 * 48).map { Float($0 % 7 - 3) / 100 + 0.001 }
    for i in 0..<48 { rows[5 * 48 + i] = 0 }
    let m = MemoryModel([
      try floats("encoder.layer.0.attention.self.query.weight", [64, 48], rows),
      try floats("encoder.layer.0.bias", [4], [1, -0.0, 0, .nan]),
      try floats("empty", [0, 4], []),
    ], chunkBytes: 500, metadata: [MetadataEntry(key: "format", value: "pt")])
    let r = try ModelInspection.run(m, estimator: TenthEstimating())
    print(InspectionJSON.document([r], version: "0.1.0"))
    for w in [60, 80, 120, 160] { print(InspectionTable.text([r], width: w)) }
  }
}
