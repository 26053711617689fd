import TensorModel

/// The rule that the tensors tile the data: the first begins at 0, each where the one before it ends, the last ends with
/// the file. So nothing is shared, hidden or missing.
enum SafetensorsLayout {
  /// - Returns: the tensors by their place in the file.
  /// - Throws: `malformed`, naming the first tensor in file order that is not where it must be.
  static func prove(
    _ claims: [SafetensorsClaim], dataStart: Int, fileByteCount: Int
  ) throws(ModelError) -> [SafetensorsHeader.Tensor] {
    var tensors: [SafetensorsHeader.Tensor] = []
    tensors.reserveCapacity(claims.count)
    let dataByteCount = fileByteCount - dataStart
    var end = 0
    for index in fileOrder(claims) {
      let claim = claims[index]
      try within("tensor '\(claim.info.name)'") { () throws(ModelError) in
        try demandPlace(claim, at: end, dataByteCount: dataByteCount)
      }
      // Both ends are at most `dataByteCount`, so nothing overflows.
      let begin = dataStart + end
      end += claim.info.byteCount
      tensors.append(.init(info: claim.info, range: begin..<(dataStart + end)))
    }
    guard end == dataByteCount else {
      throw ModelError(
        .malformed, "\(dataByteCount - end) bytes too many after the last tensor", at: dataStart + end)
    }
    return tensors
  }

  private static func demandPlace(
    _ claim: SafetensorsClaim, at begin: Int, dataByteCount: Int
  ) throws(ModelError) {
    // At most 2^63 - 1 + 2^61.
    let end = UInt64(begin) + UInt64(claim.info.byteCount)
    guard claim.begin == begin, claim.end == end else {
      throw ModelError(
        .malformed, "\(offsets(claim)), expected [\(begin), \(end)]\(reason(claim, begin: UInt64(begin)))",
        at: claim.position)
    }
    guard end <= dataByteCount else {
      throw ModelError(
        .malformed, "\(offsets(claim)), but the file ends after \(dataByteCount) bytes of data: it is truncated",
        at: claim.position)
    }
  }

  private static func offsets(_ claim: SafetensorsClaim) -> String { "data_offsets [\(claim.begin), \(claim.end)]" }

  private static func reason(_ claim: SafetensorsClaim, begin: UInt64) -> String {
    if claim.end < claim.begin { return "" }
    if claim.begin < begin { return ": overlaps the tensor before it" }
    if claim.begin > begin { return ": leaves a hole before it" }
    return " for \(claim.info.dtype.name) \(claim.info.shape)"
  }

  /// The indices of `claims` sorted by (begin, end); empty tensors at one place keep their order.
  private static func fileOrder(_ claims: [SafetensorsClaim]) -> [Int] {
    let places = claims.indices.map { (begin: claims[$0].begin, end: claims[$0].end, index: $0) }
    if zip(places, places.dropFirst()).allSatisfy({ $0 <= $1 }) { return Array(claims.indices) }
    return places.sorted { $0 < $1 }.map(\.index)
  }
}
