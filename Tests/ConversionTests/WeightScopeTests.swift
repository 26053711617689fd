import MemoryModel
import TensorModel
import Testing

@testable import Conversion

/// How a pruning is written, and which tensors it concerns.
@Suite struct WeightScopeTests {
  @Test func methodsAreParsed() throws {
    #expect(try PruningSpec("magnitude:0.5").method == .magnitude(share: 0.5))
    #expect(try PruningSpec("global:1").method == .global(share: 1))
    #expect(try PruningSpec("2:4").method == .groups(kept: 2, size: 4))
    #expect(try PruningSpec("1:1024").method == .groups(kept: 1, size: 1024))
    #expect(try PruningSpec("block16x8:.75").method == .blocks(rows: 16, columns: 8, share: 0.75))
    #expect(try PruningSpec("rows:0.25").method == .rows(share: 0.25))
    #expect(try PruningSpec("wanda:0.5").method == .wanda(share: 0.5))
    #expect(try PruningSpec("wanda:2:4").method == .wandaGroups(kept: 2, size: 4))
  }

  @Test(arguments: [
    ("magnitude", "'magnitude' is no way to prune"),
    ("size:0.5", "'size:0.5' is no way to prune"),
    ("magnitude:1.5", "'magnitude:1.5' has the share '1.5', expected a number from 0 to 1 such as 0.5"),
    ("global:-0.5", "'global:-0.5' has the share '-0.5', expected a number from 0 to 1 such as 0.5"),
    ("rows:nan", "'rows:nan' has the share 'nan', expected a number from 0 to 1 such as 0.5"),
    ("wanda:0x1p-1", "'wanda:0x1p-1' has the share '0x1p-1', expected a number from 0 to 1 such as 0.5"),
    ("4:2", "'4:2', expected N:M such as 2:4: N of M elements are kept, N from 1, M at most 1024"),
    ("0:4", "'0:4', expected N:M such as 2:4: N of M elements are kept, N from 1, M at most 1024"),
    ("2:4096", "'2:4096', expected N:M such as 2:4: N of M elements are kept, N from 1, M at most 1024"),
    ("wanda:2:4:8", "'wanda:2:4:8', expected N:M such as 2:4: N of M elements are kept, N from 1, M at most 1024"),
    ("block16:0.5", "'block16:0.5', expected blocks of rows x columns such as block16x16:0.75"),
    ("block0x4:0.5", "'block0x4:0.5', expected blocks of rows x columns such as block16x16:0.75"),
    ("block1x3:0.5", "'block1x3:0.5' has blocks of 3 elements, expected at least 4"),
    ("block99999999x9:1", "'block99999999x9:1', expected blocks of rows x columns such as block16x16:0.75"),
  ])
  func whatIsNoMethodIsRefused(_ text: String, _ message: String) {
    let error = #expect(throws: ModelError.self) { try PruningSpec(text) }
    #expect(error?.code == .usage)
    #expect(error?.description == message)
  }

  @Test(
    arguments: [
      ("model.layers.0.self_attn.q_proj.weight", nil),
      ("model.layers.0.mlp.gate_proj.weight", nil),
      ("encoder.layer.0.attention.output.dense.weight", nil),
      ("transformer.h.0.attn.c_attn.weight", nil),
      ("blk.0.ffn_gate_exps.weight", nil),
      ("model.embed_tokens.weight", .embedding),
      ("embeddings.word_embeddings.weight", .embedding),
      ("transformer.wte.weight", .embedding),
      ("token_embd.weight", .embedding),
      ("shared.weight", .embedding),
      ("model.layers.0.mlp.shared_experts.up_proj.weight", nil),
      ("lm_head.weight", .head),
      ("output.weight", .head),
      ("cls.predictions.decoder.weight", .head),
      ("model.layers.0.input_layernorm.weight", .norm),
      ("transformer.ln_f.weight", .norm),
      ("h.0.attn.bias", .bias),
      ("decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", .bias),
      ("model.layers.3.mlp.gate.weight", .router),
      ("model.layers.0.mlp.down_proj.weight_scale_inv", .scale),
      ("backbone.layers.0.mixer.A_log", .state),
      ("vit.embeddings.cls_token", .embedding),
    ] as [(String, WeightScope.Exemption?)])
  func whatIsCustomarilyDenseIsLeftAloneByItsName(_ name: String, _ exemption: WeightScope.Exemption?) throws {
    let info = try TensorInfo(name: name, dtype: .bf16, shape: [8, 8])
    #expect(WeightScope().exemption(of: info) { _ in false } == exemption)
    let named = WeightScope(NameFilter(including: [GlobPattern("*")]))
    #expect(named.exemption(of: info) { _ in false } == nil)
    let skipped = WeightScope(NameFilter(including: [GlobPattern("*")], excluding: [GlobPattern(name)]))
    #expect(skipped.exemption(of: info) { _ in false } == .skipped)
    let others = WeightScope(NameFilter(including: [GlobPattern("other")]))
    #expect(others.exemption(of: info) { _ in false } == .notNamed)
  }

  @Test func whatCannotBePrunedIsLeftAloneEvenWhereItIsNamed() throws {
    let scope = WeightScope(NameFilter(including: [GlobPattern("*")]))
    func exemption(_ dtype: DType, _ shape: [Int]) throws -> WeightScope.Exemption? {
      scope.exemption(of: try TensorInfo(name: "w", dtype: dtype, shape: shape)) { _ in false }
    }
    #expect(try exemption(.i32, [2, 2]) == .notFloat)
    #expect(try exemption(.f4, [2, 2]) == .notFloat)
    #expect(try exemption(.f8e8m0, [2, 2]) == .notFloat)
    #expect(try exemption(.f32, [0, 2]) == .empty)
    #expect(try exemption(.f32, [7]) == nil)
    #expect(try exemption(.f32, []) == nil)
  }

  @Test func storedValuesWithScalesAreLeftAlone() throws {
    let info = try TensorInfo(name: "mlp.weight", dtype: .f8e4m3, shape: [8, 8])
    #expect(WeightScope().exemption(of: info) { $0 == "mlp.weight_scale_inv" } == .scaled)
    #expect(WeightScope().exemption(of: info) { _ in false } == nil)
  }

  @Test func shapesThatDoNotFitAreLeftAlone() throws {
    let tensors = [
      MemoryModel.Tensor("a", .f32, [4, 3], [UInt8](repeating: 1, count: 48)),
      MemoryModel.Tensor("b", .f32, [3, 4], [UInt8](repeating: 1, count: 48)),
      MemoryModel.Tensor("depthwise", .f32, [4, 1, 5], [UInt8](repeating: 1, count: 80)),
      MemoryModel.Tensor("wide", .f16, [1, 4, 1 << 30], repeating: [0, 0]),
    ]
    let plan = try PruningPlan.make(MemoryModel(tensors), PruningRequest(PruningSpec("2:4"), threads: 1))
    #expect(plan.outcomes[0] == .left(.shortRows))
    #expect(plan.outcomes[1] != .left(.shortRows))
    #expect(plan.outcomes[2] == .left(.shortRows))
    #expect(plan.outcomes[3] == .left(.longRows))
    let error = #expect(throws: ModelError.self) {
      try PruningPlan.make(MemoryModel([tensors[0]]), PruningRequest(PruningSpec("2:4"), threads: 1))
    }
    #expect(error?.code == .usage)
    #expect(error?.description == "memory: no tensor is pruned: 1 with fewer inputs than a group")
  }

  @Test func normsThatDoNotFitAreRefused() throws {
    let weight = MemoryModel.Tensor("w", .f32, [2, 2], [UInt8](repeating: 1, count: 16))
    func message(_ norms: [MemoryModel.Tensor]) throws -> String? {
      let activations = ActivationNorms(MemoryModel(norms, path: "norms"))
      let request = PruningRequest(try PruningSpec("wanda:0.5"), activations: activations, threads: 1)
      return #expect(throws: ModelError.self) { try PruningPlan.make(MemoryModel([weight]), request) }?.description
    }
    #expect(try message([]) == "norms: holds no norms for 'w'")
    let long = MemoryModel.Tensor("w", .f32, [3], [UInt8](repeating: 0, count: 12))
    #expect(try message([long]) == "norms: tensor 'w': F32 of shape [3], expected floats of shape [2]")
    let integers = MemoryModel.Tensor("w", .i32, [2], [UInt8](repeating: 0, count: 8))
    #expect(try message([integers]) == "norms: tensor 'w': I32 of shape [2], expected floats of shape [2]")
    for (wrong, text) in [(Float(-1), "-1.0"), (.nan, "nan"), (.infinity, "inf")] {
      let norms = MemoryModel.Tensor("w.input_norm", .f32, [2], littleEndian(1) + littleEndian(wrong))
      let text = "norms: tensor 'w.input_norm': norm 1 is \(text), expected a finite number of 0 or more"
      #expect(try message([norms]) == text)
    }
  }
}
