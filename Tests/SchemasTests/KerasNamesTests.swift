import TensorModel
import Testing

@testable import Schemas

@Suite struct KerasNamesTests {
  private func catalog(_ names: [String], _ attributes: [(String, [String]?)] = [], config: String? = nil) throws
    -> Catalog
  {
    var metadata = try attributes.map { key, texts in
      // A list of nothing is of numbers.
      let texts = try texts.map { try MetadataArray(.strings(MetadataStrings($0))) }
      return MetadataEntry(key: key, value: .array(try texts ?? MetadataArray(.numbers(.f64, []))))
    }
    if let config { metadata.append(MetadataEntry(key: "model_config", value: .string(Array(config.utf8)))) }
    return Catalog(
      files: [Catalog.File(path: "x", byteCount: 0, metadata: metadata)],
      tensors: try names.map { .init(info: try TensorInfo(name: $0, dtype: .u8, shape: [0]), file: 0, offset: nil) })
  }

  /// `LAYER CLASS VARIABLE` in the model's order.
  private func described(_ catalog: Catalog) throws -> [String] {
    let names = try #require(KerasNames(catalog))
    return names.inModelOrder(Array(catalog.tensors.indices)).map { tensor in
      guard let variable = names.variables[tensor] else { return "- " + catalog.tensors[tensor].info.name }
      return "\(variable.layer) \(variable.className ?? "-") \(variable.name)"
    }
  }

  @Test func otherModelsAreNoneOfKeras() throws {
    #expect(KerasNames(try catalog([])) == nil)
    #expect(KerasNames(try catalog(["a/vars/0", "b"])) == nil)
    #expect(KerasNames(try catalog(["layers.0.weight", "layers.1.weight"])) == nil)
    #expect(KerasNames(try catalog(["a/b/0"])) == nil)
    #expect(KerasNames(try catalog(["a/vars/b"])) == nil)
  }

  @Test func listsSayLayersAndOrderOfLegacyFiles() throws {
    let model = try catalog(
      [
        "model_weights/a/a/bias:0", "model_weights/a/a/kernel:0", "model_weights/z/s/z/kernel:0",
        "model_weights/a/stray",
      ],
      [
        ("model_weights@layer_names", ["z", "a", "flat"]), ("model_weights/z@weight_names", ["s/z/kernel:0"]),
        ("model_weights/a@weight_names", ["a/kernel:0", "a/bias:0", "a/missing"]),
        ("model_weights/flat@weight_names", nil),
      ])
    #expect(try described(model) == ["z - kernel", "a - kernel", "a - bias", "- model_weights/a/stray"])
  }

  @Test func listsInPartsAreOneList() throws {
    let model = try catalog(
      ["b/b/w", "a/a/w"],
      [
        ("layer_names0", ["b"]), ("layer_names1", ["a"]), ("layer_names3", ["never"]), ("a@weight_names0", ["a/w"]),
        ("b@weight_names", ["b/w"]),
      ])
    #expect(try described(model) == ["b - w", "a - w"])
  }

  private static let config = """
    {"class_name": "Functional", "config": {"name": "m", "layers": [
      {"class_name": "InputLayer", "config": {"name": "in"}},
      {"class_name": "Dense", "config": {"name": "second"}},
      {"class_name": "Sequential", "config": {"name": "box", "layers": [
        {"class_name": "Dense", "config": {"name": "inner"}}]}},
      {"class_name": "BatchNormalization", "config": {"name": "norm", "scale": false, "center": true}},
      {"class_name": "Dense", "config": {"name": "first"}}]}}
    """

  @Test func theConfigurationNamesAndOrdersPaths() throws {
    let model = try catalog(
      [
        "layers/batch_normalization/vars/0", "layers/batch_normalization/vars/1", "layers/batch_normalization/vars/2",
        "layers/dense/vars/1", "layers/dense/vars/0", "layers/dense_1/vars/0", "layers/sequential/layers/dense/vars/0",
        "layers/stranger/vars/0", "optimizer/vars/10", "optimizer/vars/2", "vars/0",
      ], config: Self.config)
    #expect(
      try described(model) == [
        "m - 0", "second Dense kernel", "second Dense bias", "box/inner Dense kernel",
        "norm BatchNormalization beta", "norm BatchNormalization moving_mean",
        "norm BatchNormalization moving_variance", "first Dense kernel", "stranger - 0", "optimizer - 2",
        "optimizer - 10",
      ])
  }

  @Test func withoutAConfigurationGroupsAreNamedByTheirAttributes() throws {
    var model = try catalog([
      "layers/dense_10/vars/0", "layers/dense_2/vars/0", "layers/my_layer/vars/0",
      "layers/multi_head_attention/query_dense/vars/1", "layers/batch_normalization/vars/0", "block/vars/0",
    ])
    for (path, name) in [
      ("layers/dense_2/vars", "b"), ("layers/multi_head_attention/vars", "attend"),
      ("layers/multi_head_attention/query_dense/vars", "query"), ("block/vars", "stem"),
    ] {
      model.files[0].metadata.append(MetadataEntry(key: "\(path)@name", value: .string(Array(name.utf8))))
    }
    #expect(
      try described(model) == [
        "batch_normalization BatchNormalization 0", "stem - 0", "b Dense kernel", "dense_10 Dense kernel",
        "attend MultiHeadAttention query/1", "my_layer - 0",
      ])
  }

  @Test(arguments: [
    "", "[]", "{", #"{"class_name": 1}"#, #"{"config": {"layers": [1, null, {"config": [[]]}]}}"#,
    #"{"config": {"name": {}, "layers": {}, "scale": "x"}}"#, String(repeating: "[", count: 200),
  ])
  func aConfigurationThatSaysNothingKeepsNobodyFromTheNames(config: String) throws {
    #expect(try described(catalog(["layers/dense/vars/0"], config: config)) == ["dense Dense kernel"])
  }

  @Test(arguments: [
    ("Dense", "dense"), ("Conv2D", "conv2d"), ("MultiHeadAttention", "multi_head_attention"), ("PReLU", "p_re_lu"),
    ("LSTM", "lstm"), ("ConvLSTM2D", "conv_lstm2d"), ("My>Layer", "my_layer"), ("A_Layer", "a__layer"), ("", ""),
  ])
  func classesAreNamedAsKerasNamesThemInPaths(className: String, name: String) {
    #expect(snakeCase(className) == name)
  }
}
