internal import Inspection
import TensorModel
import Testing

@Suite struct NameTests {
  @Test(arguments: [
    ("*", "", true), ("", "", true), ("", "a", false), ("a*c", "abc", true), ("a*c", "ac", true),
    ("a*c", "abcd", false),
    ("*.weight", "layers.0.attn.weight", true), ("layers.?.w", "layers.1.w", true),
    ("layers.?.w", "layers.10.w", false),
    ("a?", "a", false), ("*a*b*", "xxaxxbxx", true), ("*a*b*", "xxbxxaxx", false), ("[x]", "x", true),
    ("?", "é", true),
    ("**", "anything", true), ("*ab", "aab", true),
  ])
  func patterns(_ pattern: String, _ name: String, _ matches: Bool) {
    #expect(NameFilter(including: [GlobPattern(pattern)]).accepts(name) == matches)
    #expect(NameFilter(excluding: [GlobPattern(pattern)]).accepts(name) != matches)
  }

  @Test func aHostilePatternTakesNoLongTime() {
    let pattern = String(repeating: "a*", count: 200) + "b"
    #expect(!NameFilter(including: [GlobPattern(pattern)]).accepts(String(repeating: "a", count: 2000)))
  }

  @Test(arguments: [
    ("encoder.layer.0.attention.self.query.weight", "encoder.layer.0"), ("weight", "weight"), ("a.b", "a"),
    ("embeddings.word_embeddings.weight", "embeddings.word_embeddings"), ("layers.0", "layers"),
    ("blk.12.attn_q.weight", "blk.12"), ("model/layer_1/kernel", "model/layer_1"), ("0.weight", "0"), ("", ""),
    ("h.1x.w", "h.1x"), ("experts.3.7.w", "experts.3"),
  ])
  func layersAreCutAfterTheFirstNumber(_ tensor: String, _ layer: String) {
    #expect(layerName(of: tensor) == layer)
  }
}
