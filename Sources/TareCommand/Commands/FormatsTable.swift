import Tare

extension DType {
  /// What one element is, in a word or two.
  var kindText: String {
    switch values {
    case .boolean: "boolean"
    case .unsigned: "unsigned integer"
    case .signed: "signed integer"
    case .float: "float"
    case .complex: "complex"
    case .blocks: "blocks"
    case .opaque: "opaque"
    }
  }
}
