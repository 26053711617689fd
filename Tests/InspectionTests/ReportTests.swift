import Inspection
import MemoryModel
import TensorModel
import Testing

@Suite struct ReportTests {
  /// A small model with pruned rows, an unstructured vector with −0 and NaN, integers and an empty tensor.
  private func model() throws -> MemoryModel {
    let weights = (0..<64 * 48).map { (element: Int) -> Float in
      element / 48 == 5 ? 0 : Float(element % 7 - 3) / 64 + 0.0009765625
    }
    let ids = try TensorInfo(name: "ids", dtype: .i64, shape: [2])
    return MemoryModel(
      [
        try floats("encoder.layer.0.attention.self.query.weight", [64, 48], weights),
        try floats("encoder.layer.0.bias", [4], [1, -0.0, 0, .nan]),
        (ids, [UInt8](repeating: 0xFF, count: 8) + [1, 0, 0, 0, 0, 0, 0, 0x80]),
        try floats("empty", [0, 4], []),
      ], chunkBytes: 500,
      metadata: [
        MetadataEntry(key: "format", value: "pt"),
        MetadataEntry(key: "notes", value: String(repeating: "long ", count: 30)),
      ])
  }

  private func report(_ adjust: (inout InspectionOptions) -> Void = { _ in }) throws -> ModelReport {
    var options = InspectionOptions()
    adjust(&options)
    return try ModelInspection.run(model(), options, estimator: TenthEstimating())
  }

  @Test func aWideTableShowsEverything() throws {
    let expected = """
      model.safetensors
      safetensors, 12.3 kB, 4 tensors
        format: pt
        notes: long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long 
      Slightly pruned: 1.6% of 3,078 elements are zero, 2.0% of them −0; zeros lie in 1 unstructured tensor and 1 tensor with zero rows.
      Packing would save about 90.1%: 12.3 kB to 1.2 kB.
      Beware: 1 NaN among the values.

      name                                         dtype  exact in  shape         size  zeros  structure            min      max        mean        std  distinct  bits  packed  saving
      ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
      encoder.layer.0.attention.self.query.weight  F32    BF16      64×48      12.3 kB   1.6%  rows 1/64        -0.0459  0.04785   0.0009359      0.031         8  2.88  1.2 kB   90.1%
      encoder.layer.0.bias                         F32    F8_E5M2   4             16 B  50.0%  unstructured           0        1      0.3333     0.4714         4  2.00     1 B   93.8%
      ids                                          I64              2             16 B     0%  dense         -9.223e+18       -1  -4.612e+18  4.612e+18         2  1.00     1 B   93.8%
      empty                                        F32              0×4            0 B     0%  empty                                                            0           0 B      0%
      ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
      total                                        mixed            4 tensors  12.3 kB   1.6%                                                                      2.88  1.2 kB   90.1%
      """
    #expect(try InspectionTable.text([report()], width: 200) == expected + "\n")
  }

  @Test func aNarrowTableLeavesOutColumnsAndShortensNames() throws {
    let expected = """
      model.safetensors
      safetensors, 12.3 kB, 4 tensors
        format: pt
        notes: long long long long long long long long long long long long long long …
      Slightly pruned: 1.6% of 3,078 elements are zero, 2.0% of them −0; zeros lie in
      1 unstructured tensor and 1 tensor with zero rows.
      Packing would save about 90.1%: 12.3 kB to 1.2 kB.
      Beware: 1 NaN among the values.

      name                         dtype     size  zeros  structure     packed  saving
      ────────────────────────────────────────────────────────────────────────────────
      encoder.layer….query.weight  F32    12.3 kB   1.6%  rows 1/64     1.2 kB   90.1%
      encoder.layer.0.bias         F32       16 B  50.0%  unstructured     1 B   93.8%
      ids                          I64       16 B     0%  dense            1 B   93.8%
      empty                        F32        0 B     0%  empty            0 B      0%
      ────────────────────────────────────────────────────────────────────────────────
      total                        mixed  12.3 kB   1.6%                1.2 kB   90.1%
      """
    #expect(try InspectionTable.text([report()], width: 80) == expected + "\n")
  }

  @Test func theNarrowestTableStillNamesTensors() throws {
    let expected = """
      model.safetensors
      safetensors, 12.3 kB, 4 tensors
        format: pt
        notes: long long long long long long …
      Slightly pruned: 1.6% of 3,078 elements
      are zero, 2.0% of them −0; zeros lie in
      1 unstructured tensor and 1 tensor with
      zero rows.
      Packing would save about 90.1%: 12.3 kB
      to 1.2 kB.
      Beware: 1 NaN among the values.

      name                         size  zeros
      ────────────────────────────────────────
      encoder.laye…uery.weight  12.3 kB   1.6%
      encoder.layer.0.bias         16 B  50.0%
      ids                          16 B     0%
      empty                         0 B     0%
      ────────────────────────────────────────
      total                     12.3 kB   1.6%
      """
    #expect(try InspectionTable.text([report()], width: 40) == expected + "\n")
  }

  @Test func histogramsAreBars() throws {
    let expected = """
      name                       dtype     size  zeros  structure     histogram
      ────────────────────────────────────────────────────────────────────────────────
      encoder.laye…query.weight  F32    12.3 kB   1.6%  rows 1/64     █ █  █  █ █  █ █
      encoder.layer.0.bias       F32       16 B  50.0%  unstructured                 █
      ids                        I64       16 B     0%  dense         █              █
      empty                      F32        0 B     0%  empty
      ────────────────────────────────────────────────────────────────────────────────
      total                      mixed  12.3 kB   1.6%
      """
    #expect(
      try InspectionTable.text([report { $0.wantsHistogram = true }], width: 80).split(separator: "\n").suffix(8)
        .joined(separator: "\n") == expected)
  }

  @Test func commaSeparatedValuesAddUp() throws {
    let expected = """
      path,layer,dtype,tensors,elements,bytes,zeros,negative_zeros,sparsity,nan,infinite,subnormals,min,max,mean,std,abs_max,entropy_bits,packed_bytes
      model.safetensors,encoder.layer.0,F32,2,3076,12304,50,1,0.016254876462938883,1,0,0,-0.0458984375,1.0,0.0012601626016260164,0.03583953619235627,1.0,2.8784601612690532,1217
      model.safetensors,ids,I64,1,2,16,0,0,0.0,0,0,0,-9223372036854775807,-1,-4.611686018427388e+18,4.611686018427388e+18,9223372036854775807,1.0,1
      model.safetensors,empty,F32,1,0,0,0,0,0.0,0,0,0,,,,,,,0
      """
    #expect(try InspectionCSV.text([report { $0.grouping = .layer }]) == expected + "\n")
  }

  @Test func namesOfAnyKindAreOneField() throws {
    let hostile = try MemoryModel([floats("a,\"b\"\nc", [1], [1])], path: "x")
    let text = try InspectionCSV.text([ModelInspection.run(hostile)])
    #expect(
      text.split(separator: "\n", maxSplits: 1)[1].hasPrefix("x,\"a,\"\"b\"\"\nc\",\"a,\"\"b\"\"\nc\",F32,1,1,4,0,"))
    #expect(
      try InspectionCSV.text([
        ModelInspection.run(
          hostile,
          {
            var o = InspectionOptions(); o.headerOnly = true; return o
          }())
      ])
      .hasPrefix("path,name,layer,dtype,shape,elements,bytes\n"))
  }

  @Test func markdownHoldsTheTable() throws {
    let expected = """
      ## model.safetensors

      safetensors, 12.3 kB, 4 tensors
      - format: pt
      - notes: long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long 

      Slightly pruned: 1.6% of 3,078 elements are zero, 2.0% of them −0; zeros lie in 1 unstructured tensor and 1 tensor with zero rows.

      Packing would save about 90.1%: 12.3 kB to 1.2 kB.

      Beware: 1 NaN among the values.

      | name | dtype | exact in | shape | size | zeros | structure | min | max | mean | std | distinct | bits | packed | saving |
      | :--- | :--- | :--- | :--- | ---: | ---: | :--- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
      | encoder.layer.0.attention.self.query.weight | F32 | BF16 | 64×48 | 12.3 kB | 1.6% | rows 1/64 | -0.0459 | 0.04785 | 0.0009359 | 0.031 | 8 | 2.88 | 1.2 kB | 90.1% |
      | encoder.layer.0.bias | F32 | F8\\_E5M2 | 4 | 16 B | 50.0% | unstructured | 0 | 1 | 0.3333 | 0.4714 | 4 | 2.00 | 1 B | 93.8% |
      | ids | I64 |  | 2 | 16 B | 0% | dense | -9.223e+18 | -1 | -4.612e+18 | 4.612e+18 | 2 | 1.00 | 1 B | 93.8% |
      | empty | F32 |  | 0×4 | 0 B | 0% | empty |  |  |  |  | 0 |  | 0 B | 0% |
      | **total** | **mixed** |  | **4 tensors** | **12.3 kB** | **1.6%** |  |  |  |  |  |  | **2.88** | **1.2 kB** | **90.1%** |
      """
    #expect(try InspectionTable.markdown([report()]) == expected + "\n")
  }

  @Test func noLineIsWiderThanTheTerminal() throws {
    for width in 40...200 {
      for line in try InspectionTable.text([report()], width: width).split(separator: "\n") {
        #expect(line.count <= width, "\(width)")
      }
    }
  }

  @Test func layersHaveATableOfTheirOwn() throws {
    let expected = """
      model.safetensors
      safetensors, 12.3 kB, 4 tensors
        format: pt
        notes: long long long long long long long long long long long long long long long long long long long long long long …
      Slightly pruned: 1.6% of 3,078 elements are zero, 2.0% of them −0; zeros lie in 1 unstructured tensor and 1 tensor with
      zero rows.
      Packing would save about 90.1%: 12.3 kB to 1.2 kB.
      Beware: 1 NaN among the values.

      layer            dtype  tensors     size  zeros         min  max        mean        std  bits  packed  saving
      ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
      encoder.layer.0  F32          2  12.3 kB   1.6%     -0.0459    1     0.00126    0.03584  2.88  1.2 kB   90.1%
      ids              I64          1     16 B     0%  -9.223e+18   -1  -4.612e+18  4.612e+18  1.00     1 B   93.8%
      empty            F32          1      0 B     0%                                                   0 B      0%
      ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
      total            mixed        4  12.3 kB   1.6%                                          2.88  1.2 kB   90.1%
      """
    #expect(try InspectionTable.text([report { $0.grouping = .layer }], width: 120) == expected + "\n")
  }

  @Test func aTableOfHeadersShowsWhatHeadersSay() throws {
    let expected = """
      model.safetensors
      safetensors, 12.3 kB, 4 tensors
        format: pt
        notes: long long long long long long long long long long long long long long long long long long …

      name                                         dtype  shape         size
      ──────────────────────────────────────────────────────────────────────
      encoder.layer.0.attention.self.query.weight  F32    64×48      12.3 kB
      encoder.layer.0.bias                         F32    4             16 B
      ids                                          I64    2             16 B
      empty                                        F32    0×4            0 B
      ──────────────────────────────────────────────────────────────────────
      total                                        mixed  4 tensors  12.3 kB
      """
    #expect(try InspectionTable.text([report { $0.headerOnly = true }], width: 100) == expected + "\n")
  }

  @Test func controlCharactersInNamesAreShownNotObeyed() throws {
    let hostile = try MemoryModel([floats("a\u{1B}[2J\nb", [1], [1])], path: "x\u{7}.safetensors")
    let text = try InspectionTable.text([ModelInspection.run(hostile)], width: 100)
    #expect(!text.unicodeScalars.contains { $0.value < 32 && $0 != "\n" })
    #expect(text.contains("a\\u{1b}[2J\\u{a}b"))
  }

  @Test func theDocumentHasTheKeysOfTheContractInOrder() throws {
    let expected = """
      {
        "tare": "0.1.0",
        "models": [
          {
            "path": "model.safetensors",
            "format": "safetensors",
            "bytes": 12320,
            "metadata": {
              "format": "pt",
              "notes": "long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long "
            },
            "totals": {
              "tensors": 3,
              "elements": 6,
              "bytes": 32,
              "zeros": 2,
              "negative_zeros": 1,
              "sparsity": 0.3333333333333333,
              "nan": 1,
              "infinite": 0,
              "entropy_bits": 1.6666666666666667,
              "packed_bytes": 2
            },
            "tensors": [
              {
                "name": "encoder.layer.0.bias",
                "layer": "encoder.layer.0",
                "dtype": "F32",
                "shape": [4],
                "elements": 4,
                "bytes": 16,
                "offset": 12288,
                "zeros": 2,
                "negative_zeros": 1,
                "sparsity": 0.5,
                "nan": 1,
                "infinite": 0,
                "subnormals": 0,
                "min": 0.0,
                "max": 1.0,
                "mean": 0.3333333333333333,
                "std": 0.4714045207910317,
                "abs_max": 1.0,
                "distinct": 4,
                "distinct_error": 0.0,
                "entropy_bits": 2.0,
                "entropy_fields": {
                  "sign": 0.8112781244591329,
                  "exponent": 1.5,
                  "mantissa": 0.8112781244591329
                },
                "quantiles": {
                  "0.01": 0.0,
                  "0.05": 0.0,
                  "0.25": 0.0,
                  "0.5": 0.0,
                  "0.75": 1.0,
                  "0.95": 1.0,
                  "0.99": 1.0
                },
                "quantile_error": 0.00390625,
                "sampled_elements": null,
                "outliers": 0,
                "outlier_share": 0.0,
                "row_norms": null,
                "column_norms": null,
                "structure": {
                  "kind": "unstructured"
                },
                "exact_in": "F8_E5M2",
                "grid": null,
                "encoding": "raw",
                "encodings": {
                  "raw": 1
                },
                "packed_bytes": 1,
                "sampled": false
              },
              {
                "name": "ids",
                "layer": "ids",
                "dtype": "I64",
                "shape": [2],
                "elements": 2,
                "bytes": 16,
                "offset": 12304,
                "zeros": 0,
                "negative_zeros": 0,
                "sparsity": 0.0,
                "nan": 0,
                "infinite": 0,
                "subnormals": 0,
                "min": -9223372036854775807,
                "max": -1,
                "mean": -4.611686018427388e+18,
                "std": 4.611686018427388e+18,
                "abs_max": 9223372036854775807,
                "distinct": 2,
                "distinct_error": 0.0,
                "entropy_bits": 1.0,
                "entropy_fields": null,
                "quantiles": {
                  "0.01": -9.223372036854776e+18,
                  "0.05": -9.223372036854776e+18,
                  "0.25": -9.223372036854776e+18,
                  "0.5": -9.223372036854776e+18,
                  "0.75": -1.0,
                  "0.95": -1.0,
                  "0.99": -1.0
                },
                "quantile_error": 0.001953125,
                "sampled_elements": null,
                "outliers": 0,
                "outlier_share": 0.0,
                "row_norms": null,
                "column_norms": null,
                "structure": {
                  "kind": "dense"
                },
                "exact_in": null,
                "grid": null,
                "encoding": "planes",
                "encodings": {
                  "planes": 1
                },
                "packed_bytes": 1,
                "sampled": false
              },
              {
                "name": "empty",
                "layer": "empty",
                "dtype": "F32",
                "shape": [0, 4],
                "elements": 0,
                "bytes": 0,
                "offset": 12320,
                "zeros": 0,
                "negative_zeros": 0,
                "sparsity": 0.0,
                "nan": 0,
                "infinite": 0,
                "subnormals": 0,
                "min": null,
                "max": null,
                "mean": null,
                "std": null,
                "abs_max": null,
                "distinct": 0,
                "distinct_error": 0.0,
                "entropy_bits": 0.0,
                "entropy_fields": {
                  "sign": 0.0,
                  "exponent": 0.0,
                  "mantissa": 0.0
                },
                "quantiles": null,
                "quantile_error": null,
                "sampled_elements": null,
                "outliers": null,
                "outlier_share": null,
                "row_norms": null,
                "column_norms": null,
                "structure": {
                  "kind": "empty",
                  "zero_rows": 0,
                  "zero_columns": 0
                },
                "exact_in": null,
                "grid": null,
                "encoding": null,
                "encodings": {},
                "packed_bytes": 0,
                "sampled": false
              }
            ]
          }
        ]
      }
      """
    let report = try report { $0.names.excluding = [GlobPattern("*weight")] }
    #expect(InspectionJSON.document([report], version: "0.1.0") == expected + "\n")
  }

  @Test func aDocumentOfHeadersHasNoKeyThatNeedsData() throws {
    let expected = """
      {
        "tare": "0.1.0",
        "models": [
          {
            "path": "model.safetensors",
            "format": "safetensors",
            "bytes": 12320,
            "metadata": {
              "format": "pt",
              "notes": "long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long "
            },
            "totals": {
              "tensors": 1,
              "elements": 2,
              "bytes": 16
            },
            "tensors": [
              {
                "name": "ids",
                "layer": "ids",
                "dtype": "I64",
                "shape": [2],
                "elements": 2,
                "bytes": 16,
                "offset": 12304
              }
            ]
          }
        ]
      }
      """
    let report = try report {
      $0.headerOnly = true
      $0.names.including = [GlobPattern("ids")]
    }
    #expect(InspectionJSON.document([report], version: "0.1.0") == expected + "\n")
  }

  @Test func aDocumentHoldsEveryModel() throws {
    let models = try [report { $0.grouping = .model }, report { $0.grouping = .layer }]
    let text = InspectionJSON.document(models, version: "0.1.0")
    #expect(text.components(of: "\"path\": \"model.safetensors\"") == 2)
    #expect(text.components(of: "\"layers\": [") == 1)
    #expect(text.components(of: "\"tensors\": [") == 0)
  }
}

extension String {
  /// How often `text` occurs.
  fileprivate func components(of text: String) -> Int {
    indices.count { self[$0...].hasPrefix(text) }
  }
}
