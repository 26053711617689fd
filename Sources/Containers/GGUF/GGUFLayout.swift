import TensorModel

/// What a header says of a tensor's place, before it is proved.
struct GGUFClaim {
  let info: TensorInfo
  /// From the start of the data.
  let begin: UInt64
  /// Where it stands in the file, for errors.
  let position: Int
}

/// The rule that every tensor lies inside the file, and all together are no more than a file of this size may claim.
enum GGUFLayout {
  /// - Returns: the tensors by their place in the file.
  /// - Throws: `malformed`, naming the tensor.
  static func prove(
    _ claims: [GGUFClaim], dataStart: Int, fileByteCount: Int, limits: Limits
  ) throws(ModelError) -> [GGUFHeader.Tensor] {
    var tensors: [GGUFHeader.Tensor] = []
    tensors.reserveCapacity(claims.count)
    var isOrdered = true
    var byteCount = 0
    for claim in claims {
      let range = try within("tensor '\(claim.info.name)'") { () throws(ModelError) in
        try place(of: claim, dataStart: dataStart, fileByteCount: fileByteCount)
      }
      isOrdered = isOrdered && range.lowerBound >= tensors.last?.range.lowerBound ?? 0
      // Each has less than 2^61 bytes, and of what they have together more is never added to.
      byteCount += range.count
      guard byteCount / max(1, limits.expansion) <= fileByteCount else {
        throw ModelError(
          .malformed,
          "tensors up to '\(claim.info.name)' have more than \(limits.expansion) times the bytes of the file",
          at: claim.position)
      }
      tensors.append(.init(info: claim.info, range: range))
    }
    guard !isOrdered else { return tensors }
    let order = tensors.indices.sorted { (tensors[$0].range.lowerBound, $0) < (tensors[$1].range.lowerBound, $1) }
    return order.map { tensors[$0] }
  }

  private static func place(
    of claim: GGUFClaim, dataStart: Int, fileByteCount: Int
  ) throws(ModelError) -> Range<Int> {
    let (begin, overflow) = claim.begin.addingReportingOverflow(UInt64(dataStart))
    // Both are at most 2^63 then.
    guard !overflow, begin <= UInt64(fileByteCount), UInt64(claim.info.byteCount) <= UInt64(fileByteCount) - begin
    else {
      throw ModelError(
        .malformed,
        "offset \(claim.begin) of \(claim.info.byteCount) bytes, but the file ends after "
          + "\(max(0, fileByteCount - dataStart)) bytes of data: it is truncated", at: claim.position)
    }
    return Int(begin)..<(Int(begin) + claim.info.byteCount)
  }
}
