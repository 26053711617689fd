import TensorModel
import Testing

@Suite struct RenameTests {
  @Test(
    arguments: [
      ("a=b", "a", "b"), ("a=b", "ab", nil), ("model.*=*", "model.layers.0", "layers.0"),
      ("*.gamma=*.weight", "n.gamma", "n.weight"),
      ("*.a.*=*/*", "x.a.y.a.z", "x/y.a.z"),
      ("h.*.attn.*=layers.*.self_attn.*", "h.11.attn.c.w", "layers.11.self_attn.c.w"),
      ("*=x.*", "", "x."), ("ab*ba=*", "aba", nil), ("ab*ba=*", "abba", ""), ("*é*=*e*", "caf\u{E9}s", "cafes"),
      ("*é*=*e*", "cafe\u{301}s", nil), ("a==", "a", "="),
    ] as [(String, String, String?)])
  func ruleGivesTheName(rule: String, name: String, renamed: String?) throws {
    #expect(try RenameRule(rule).renamed(name) == renamed)
  }

  @Test(arguments: ["a", "=a", "*=a", "a=*", "*a*=*"])
  func ruleThatSaysNothingIsRefused(rule: String) {
    #expect(throws: ModelError.self) { try RenameRule(rule) }
  }
}
