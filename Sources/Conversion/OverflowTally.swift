import Synchronization

/// Counts of elements by tensor, each element once, however often and in whatever pieces it is read.
final class OverflowTally: Sendable {
  fileprivate struct Tensor {
    var count = 0
    /// The elements that were looked at: in order, apart from each other.
    var seen: [Range<Int>] = []
  }

  private let tensors = Mutex<[Int: Tensor]>([:])

  /// By tensor, those that have any.
  var counts: [Int: Int] { tensors.withLock { $0.mapValues(\.count) } }

  /// Adds what was counted in a range of elements, of which some may have been counted before.
  /// - Parameter recount: gives the count of a part of the range.
  func add(_ count: Int, of tensor: Int, _ range: Range<Int>, recount: (Range<Int>) -> Int) {
    let fresh = tensors.withLock { $0[tensor, default: Tensor()].take(range) }
    let added = fresh == [range] ? count : fresh.reduce(0) { $0 + recount($1) }
    tensors.withLock { $0[tensor]?.count += added }
  }
}

extension OverflowTally.Tensor {
  /// Marks a range as seen; returns the parts of it that were not, in order.
  fileprivate mutating func take(_ range: Range<Int>) -> [Range<Int>] {
    let first = seen.firstIndex { $0.upperBound >= range.lowerBound } ?? seen.count
    var end = first
    var fresh: [Range<Int>] = []
    var position = range.lowerBound
    while end < seen.count, seen[end].lowerBound <= range.upperBound {
      if position < seen[end].lowerBound { fresh.append(position..<seen[end].lowerBound) }
      position = max(position, seen[end].upperBound)
      end += 1
    }
    if position < range.upperBound { fresh.append(position..<range.upperBound) }
    let touched = seen[first..<end]
    let low = min(touched.first?.lowerBound ?? range.lowerBound, range.lowerBound)
    let high = max(touched.last?.upperBound ?? range.upperBound, range.upperBound)
    seen.replaceSubrange(first..<end, with: [low..<high])
    return fresh
  }
}
