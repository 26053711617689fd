extension DoubleWidening {
  /// Writes the scores |w| · norm of elements, which are consecutive columns of one row, as bits of doubles, which order
  /// as the scores do; `UInt64.max` for elements that are not finite.
  ///
  /// The products of all types up to f32 with norms that are f32 are exact.
  /// - Parameters:
  ///   - norms: of all columns; none is negative or NaN.
  ///   - column: of the first element.
  ///   - keys: room for the elements from `offset` on.
  public func scores(
    _ source: RawSpan, norms: [Double], column: Int, into keys: inout [UInt64], at offset: Int
  ) {
    let count = source.byteCount / elementBytes
    precondition(column >= 0 && column + count <= norms.count && offset >= 0 && offset + count <= keys.count)
    unsafe source.withUnsafeBytes { source in
      unsafe norms.withUnsafeBufferPointer { norms in
        unsafe keys.withUnsafeMutableBufferPointer { keys in
          unsafe forEachBlock(source) { values, first in
            for index in 0..<values.count {
              let value = unsafe values[index]
              let score = unsafe (value.magnitude * norms[column &+ first &+ index]).bitPattern
              unsafe keys[offset &+ first &+ index] = value - value == 0 ? score : .max
            }
          }
        }
      }
    }
  }
}

/// Zeroes the elements that come first in the order of keys of their own.
public enum PruneKeys {
  /// Zeroes `number` of `count` elements, which begin at byte `offset`: those of the smallest keys, equal keys in the order
  /// of their indices. Elements whose key is `UInt64.max` stay. O(n).
  /// - Parameter keys: the first `count` are the elements'.
  public static func zero(
    _ number: Int, of count: Int, by keys: [UInt64], width: Int, in elements: inout [UInt8], at offset: Int
  ) {
    precondition(number <= count && count <= keys.count && offset >= 0 && offset + count * width <= elements.count)
    guard number > 0 else { return }
    var selection = RadixSelection(keyBits: 64, rank: number, digitBits: 11)
    repeat { selection.count(keys, count) } while !selection.advance()
    let threshold = selection.key
    var ties = selection.ties.taken
    unsafe keys.withUnsafeBufferPointer { keys in
      unsafe elements.withUnsafeMutableBytes { elements in
        for index in 0..<count {
          let key = unsafe keys[index]
          guard key <= threshold && key != .max else { continue }
          if key == threshold {
            guard ties > 0 else { continue }
            ties -= 1
          }
          unsafe (elements.baseAddress! + offset + index &* width).initializeMemory(
            as: UInt8.self, repeating: 0, count: width)
        }
      }
    }
  }
}
