/// The layer that a tensor belongs to, from its name: the name without its last component, cut after the first component
/// that is a whole number. `encoder.layer.0.attention.self.query.weight` belongs to `encoder.layer.0`; `weight`, a name of
/// one component, to itself. Components end at `.` and `/`.
public func layerName(of tensor: String) -> String {
  let isSeparator: (Character) -> Bool = { $0 == "." || $0 == "/" }
  guard let end = tensor.lastIndex(where: isSeparator) else { return tensor }
  let parent = tensor[..<end]
  for component in parent.split(omittingEmptySubsequences: true, whereSeparator: isSeparator)
  where component.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) {
    return String(parent[..<component.endIndex])
  }
  return String(parent)
}
