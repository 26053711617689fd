import Tare

extension DType {
  /// All that this build reads: plain types, then blocks.
  static var known: [DType] { all + blockTypes }

  /// Of one element; scales have their share.
  var bits: Double { Double(8 * blockBytes) / Double(blockElements) }

  /// What one element is, in a word or two.
  var kindText: String {
    switch values {
    case .boolean: "boolean"
    case .unsigned: "unsigned integer"
    case .signed: "signed integer"
    case .float: "float"
    case .complex: "complex"
    case .blocks: "blocks of \(blockElements)"
    case .opaque: "opaque"
    }
  }
}
