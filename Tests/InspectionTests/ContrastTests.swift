import Inspection
import MemoryModel
import TensorModel
import Testing

@Suite struct ContrastTests {
  private func contrast(_ adjust: (inout InspectionOptions) -> Void = { _ in }) throws -> ModelContrast {
    var options = InspectionOptions()
    adjust(&options)
    let half = try TensorInfo(name: "layer.0.w", dtype: .bf16, shape: [4])
    let a = MemoryModel(
      [try floats("layer.0.w", [4], [0.5, 1, 1.5, -2]), try floats("layer.1.gone", [1], [1])], path: "a.safetensors")
    let b = MemoryModel(
      [(half, [0, 0, 0x80, 0x3F, 0xC0, 0x3F, 0, 0xC0]), try floats("layer.2.\u{1B}new", [2], [1, 1])],
      path: "b.safetensors")
    return try ModelContrast(
      ModelInspection.run(a, options, estimator: TenthEstimating()),
      ModelInspection.run(b, options, estimator: TenthEstimating()))
  }

  @Test func tensorsStandSideBySide() throws {
    let expected = """
      A: a.safetensors (safetensors, 20 B)
      B: b.safetensors (safetensors, 16 B)
      1 only in A, 1 only in B

      name               dtype      size A  size B  zeros A  zeros B  max A  max B  std A  std B  bits A  bits B  packed A  packed B
      ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
      layer.0.w          F32→BF16     16 B     8 B       0%    25.0%    1.5    1.5  1.346   1.34    2.00    2.00       1 B       0 B
      layer.1.gone       F32           4 B       –       0%        –      1      –      0      –    0.00       –       0 B         –
      layer.2.\\u{1b}new  F32             –     8 B        –       0%      –      1      –      0       –    0.00         –       0 B
      ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
      total              F32→mixed    20 B    16 B       0%    16.7%    1.5    1.5  1.241   1.17    1.60    1.33       1 B       0 B
      """
    #expect(try ContrastTable.text(contrast(), width: 200) == expected + "\n")
  }

  @Test func aNarrowTableLeavesOutPairs() throws {
    let expected = """
      A: a.safetensors (safetensors, 20 B)
      B: b.safetensors (safetensors, 16 B)
      1 only in A, 1 only in B

      name               size A  size B  zeros A  zeros B
      ───────────────────────────────────────────────────
      layer.0.w            16 B     8 B       0%    25.0%
      layer.1.gone          4 B       –       0%        –
      layer.2.\\u{1b}new       –     8 B        –       0%
      ───────────────────────────────────────────────────
      total                20 B    16 B       0%    16.7%
      """
    #expect(try ContrastTable.text(contrast(), width: 60) == expected + "\n")
  }

  @Test func layersStandSideBySideToo() throws {
    let expected = """
      - A: a.safetensors (safetensors, 20 B)
      - B: b.safetensors (safetensors, 16 B)
      - 1 only in A, 1 only in B

      | layer | dtype | size A | size B | zeros A | zeros B | max A | max B | std A | std B | bits A | bits B | packed A | packed B |
      | :--- | :--- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
      | layer.0 | F32→BF16 | 16 B | 8 B | 0% | 25.0% | 1.5 | 1.5 | 1.346 | 1.34 | 2.00 | 2.00 | 1 B | 0 B |
      | layer.1 | F32 | 4 B | – | 0% | – | 1 | – | 0 | – | 0.00 | – | 0 B | – |
      | layer.2 | F32 | – | 8 B | – | 0% | – | 1 | – | 0 | – | 0.00 | – | 0 B |
      | **total** | **F32→mixed** | **20 B** | **16 B** | **0%** | **16.7%** | **1.5** | **1.5** | **1.241** | **1.17** | **1.60** | **1.33** | **1 B** | **0 B** |
      """
    #expect(try ContrastTable.markdown(contrast { $0.grouping = .layer }) == expected + "\n")
  }

  @Test func commaSeparatedValuesHoldBothAndTheChange() throws {
    let lines = try contrast().csv.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    #expect(lines.allSatisfy { $0.count == lines[0].count })
    let zeros = try #require(lines[0].firstIndex(of: "zeros_a"))
    #expect(lines[0][zeros...(zeros + 2)] == ["zeros_a", "zeros_b", "zeros_change"])
    #expect(
      lines.map { $0[..<4].joined(separator: ",") + ":" + $0[zeros...(zeros + 2)].joined(separator: ",") } == [
        "name,in,dtype_a,dtype_b:zeros_a,zeros_b,zeros_change", "layer.0.w,both,F32,BF16:0,1,1",
        "layer.1.gone,a,F32,:0,,", "layer.2.\u{1B}new,b,,F32:,0,",
      ])
    #expect(try contrast { $0.grouping = .model }.csv.split(separator: "\n").count == 2)
  }

  @Test func theDocumentHoldsBothAndTheChange() throws {
    let contrast = try contrast { $0.grouping = .layer }
    let text = InspectionJSON.document([contrast.a, contrast.b], contrast: contrast, version: "0.1.0")
    for part in [
      """
            "sparsity": {
              "a": 0.0,
              "b": 0.16666666666666666,
              "change": 0.16666666666666666
            },
      """,
      """
              "layer": "layer.1",
              "in": "a",
              "dtype": {
                "a": "F32",
                "b": null
              },
      """,
      """
              "bytes": {
                "a": 16,
                "b": 8,
                "change": -8
              },
      """,
    ] {
      #expect(text.contains(part))
    }
  }
}
