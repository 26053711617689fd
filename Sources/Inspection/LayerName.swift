/// The layer that a tensor belongs to, from its name: the name without its last component, cut after the first component
/// that is a whole number. `encoder.layer.0.attention.self.query.weight` belongs to `encoder.layer.0`; `weight`, a name of
/// one component, to itself. Components end at `.` and `/`.
public func layerName(of tensor: String) -> String {
  let name = tensor.utf8
  guard let end = name.lastIndex(where: isSeparator) else { return tensor }
  var start = name.startIndex
  while start < end {
    let componentEnd = name[start..<end].firstIndex(where: isSeparator) ?? end
    let component = name[start..<componentEnd]
    if !component.isEmpty, component.allSatisfy(isDigit) { return String(tensor[..<componentEnd]) }
    guard componentEnd < end else { break }
    start = name.index(after: componentEnd)
  }
  return String(tensor[..<end])
}

private func isSeparator(_ byte: UInt8) -> Bool { byte == UInt8(ascii: ".") || byte == UInt8(ascii: "/") }

private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
