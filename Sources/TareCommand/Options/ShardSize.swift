/// A number of bytes on disk, as it is given on the command line: `2G`, or `5GB` as model hubs write it.
struct ShardSize: Hashable, Sendable {
  let byteCount: Int

  /// K, M, G and T are powers of 1024, as for memory; KB, MB, GB and TB are powers of 1000.
  /// - Throws: `UsageError` where `text` is no size, or is 0.
  init(_ text: String) throws {
    var digits = text.uppercased()[...]
    let isDecimal = digits.hasSuffix("B")
    if isDecimal { digits.removeLast() }
    var unit = 1
    if let place = "KMGT".firstIndex(of: digits.last ?? "0") {
      let power = "KMGT".distance(from: "KMGT".startIndex, to: place) + 1
      unit = (0..<power).reduce(1) { product, _ in product * (isDecimal ? 1000 : 1024) }
      digits.removeLast()
    }
    guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(digits), number > 0,
      case (let bytes, false) = number.multipliedReportingOverflow(by: unit)
    else { throw UsageError("expected a size such as 2G, or 5GB for powers of 1000") }
    byteCount = bytes
  }
}
