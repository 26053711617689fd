import Export
import MemoryModel
import TensorModel
import Testing

@Suite struct TensorLookupTests {
  private func catalog(_ names: [(String, file: Int)], files: [String] = ["one", "two"]) -> Catalog {
    MemoryModel(names.map { .init($0.0, .u8, [1], [1], file: $0.file) }, files: files).catalog
  }

  @Test func anExactNameIsFound() throws {
    let catalog = catalog([("a", 0), ("b", 0), ("one:c", 0), ("c", 1)])
    #expect(try catalog.tensor(named: "b") == 1)
    #expect(try catalog.tensor(named: "one:c") == 2)
    #expect(try catalog.tensor(named: "two:c") == 3)
  }

  @Test func aNameInSeveralFilesNeedsItsFile() throws {
    let catalog = catalog([("a", 0), ("a", 1)])
    #expect(try catalog.tensor(named: "two:a") == 1)
    let error = #expect(throws: ModelError.self) { try catalog.tensor(named: "a") }
    #expect(error?.message == "tensor 'a' is in 2 files" && error?.hint == "one of them is 'one:a'")
  }

  @Test func aMissingNameHintsAtTheNearest() {
    let catalog = catalog([
      ("encoder.layer.0.query.weight", 0), ("encoder.layer.1.query.weight", 0), ("encoder.layer.0.query.bias", 0),
      ("pooler", 0), ("encoder.layer.2.query.weight", 0),
    ])
    let error = #expect(throws: ModelError.self) { try catalog.tensor(named: "encoder.layers.1.query.weight") }
    #expect(error?.code == .usage)
    #expect(
      error?.hint == """
        near to it: 'encoder.layer.1.query.weight', 'encoder.layer.0.query.weight', 'encoder.layer.2.query.weight'
        """)
    let part = #expect(throws: ModelError.self) { try catalog.tensor(named: "QUERY.bias") }
    #expect(part?.hint == "near to it: 'encoder.layer.0.query.bias'")
    let typo = #expect(throws: ModelError.self) { try catalog.tensor(named: "1.query.weigth") }
    #expect(typo?.hint?.hasPrefix("near to it: 'encoder.layer.1.query.weight'") == true)
    let nothing = #expect(throws: ModelError.self) { try catalog.tensor(named: "zzzzzzzz") }
    #expect(nothing?.hint == nil)
  }

  @Test func aVeryLongNameCostsNoTime() {
    let catalog = catalog([(String(repeating: "a", count: 1_000_000), 0), ("b", 0)])
    #expect(throws: ModelError.self) { try catalog.tensor(named: String(repeating: "a", count: 999_999)) }
    #expect(throws: ModelError.self) { try catalog.tensor(named: String(repeating: "a", count: 200)) }
  }
}
