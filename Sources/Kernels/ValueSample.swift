/// The elements by which quantiles and entropies of a large tensor of wide elements are told: lines of 16 elements, one of
/// every `period` of them.
///
/// Which one is drawn by its place in the tensor alone, so the sample is the same however the tensor is cut, and favours no
/// column. At least 65,536 elements are taken of a tensor that has twice as many.
package struct ValueSample: Hashable, Sendable {
  /// A power of two; 1 takes all lines.
  package let period: Int

  package static let all = ValueSample(period: 1)

  private static let lineElements = 16
  private static let smallestCount = 1 << 16
  private static let largestPeriod = 64

  private init(period: Int) { self.period = period }

  package init(elementCount: Int) {
    var period = 1
    while period < Self.largestPeriod, elementCount / (2 * period) >= Self.smallestCount { period *= 2 }
    self.init(period: period)
  }

  /// Copies the elements of the sample that lie in `source`, in their order. O(elements / period).
  /// - Parameters:
  ///   - width: bytes of an element.
  ///   - firstElement: the place of the first one of `source` in its tensor.
  ///   - target: grows as it must, and keeps its size.
  /// - Returns: the bytes that were copied.
  func gather(
    _ source: UnsafeRawBufferPointer, width: Int, firstElement: Int, into target: inout [UInt8]
  ) -> Int {
    guard source.count > 0, let base = source.baseAddress else { return 0 }
    let elements = firstElement..<firstElement + source.count / width
    let groupElements = Self.lineElements * period
    let groups = elements.lowerBound / groupElements...(elements.upperBound - 1) / groupElements
    let room = groups.count * Self.lineElements * width
    if target.count < room { target = [UInt8](repeating: 0, count: room) }
    return unsafe target.withUnsafeMutableBytes { target in
      var copied = 0
      for group in groups {
        let line = group * groupElements + drawnLine(group) * Self.lineElements
        let taken = (line..<line + Self.lineElements).clamped(to: elements)
        let byteCount = taken.count * width
        unsafe (target.baseAddress! + copied).copyMemory(
          from: base + (taken.lowerBound - elements.lowerBound) * width, byteCount: byteCount)
        copied += byteCount
      }
      return copied
    }
  }

  private func drawnLine(_ group: Int) -> Int {
    Int(truncatingIfNeeded: WordHash.hash(UInt64(group))) & (period - 1)
  }
}
