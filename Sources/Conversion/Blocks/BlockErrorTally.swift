import Kernels
import Synchronization

/// The errors that quantising made, by tensor: of each range of blocks once, however often it is read.
final class BlockErrorTally: Sendable {
  /// By tensor, what was found in the ranges that were read, by their first blocks.
  private let found = Mutex<[Int: [Int: QuantizationError]]>([:])

  /// Takes in the errors of the range of blocks that begins with `first`; ranges are cut in one way.
  func put(_ error: QuantizationError, of tensor: Int, from first: Int) {
    found.withLock { $0[tensor, default: [:]][first] = error }
  }

  /// Sums over the ranges of a tensor in their order, so that they do not depend on the number of threads.
  func error(of tensor: Int) -> QuantizationError {
    let parts = found.withLock { $0[tensor] ?? [:] }
    var sum = QuantizationError()
    for first in parts.keys.sorted() { sum.add(parts[first]!) }
    return sum
  }
}
