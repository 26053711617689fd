/// Zeroes elements group by group: of each group those that come first in the order of their keys, equal keys in the
/// order of their indices.
///
/// A unit is a matrix of `size` rows and `stride` columns, and each of its columns is a group; so with stride 1 groups
/// are runs of elements.
public struct PruneGroups: Sendable {
  /// Elements of one group.
  public let size: Int
  /// How many of them are kept; keys that are not finite count among these, and stay even where they are more.
  public let kept: Int
  /// The distance between the elements of a group.
  public let stride: Int

  public init(kept: Int, of size: Int, stride: Int) {
    precondition(kept > 0 && kept < size && stride > 0)
    self.size = size
    self.kept = kept
    self.stride = stride
  }

  /// Elements of one unit.
  public var unit: Int { size * stride }

  /// Zeroes in `elements`, which begin at byte `offset` and are whole units, by their magnitudes.
  public func zero(
    _ count: Int, _ order: MagnitudeOrder, in elements: inout [UInt8], at offset: Int, on set: InstructionSet = .best
  ) {
    let width = order.dtype.blockBytes
    precondition(count % unit == 0 && offset >= 0 && offset + count * width <= elements.count)
    unsafe elements.withUnsafeMutableBytes { elements in
      guard var start = unsafe elements.baseAddress.map({ unsafe $0 + offset }) else { return }
      var count = count
      let largest = order.largestFinite
      if size == 4, stride == 1, width == 2 || width == 4, let kernel = unsafe set.kernels?.zero_fours {
        let done = unsafe kernel(start, count, CInt(width), CInt(kept), largest)
        unsafe start += done * width
        count -= done
      }
      withWord(
        width: width,
        { unsafe zero(start, count, UInt8(largest), order.words(UInt8.self)) },
        { unsafe zero(start, count, UInt16(largest), order.words(UInt16.self)) },
        { unsafe zero(start, count, UInt32(largest), order.words(UInt32.self)) },
        { unsafe zero(start, count, largest, order.words(UInt64.self)) })
    }
  }

  private func zero<W: Word>(
    _ elements: UnsafeMutableRawPointer, _ count: Int, _ largest: W, _ order: WordOrder<W>
  ) {
    if size == 4 && stride == 1 { return unsafe zeroFours(elements, count, largest, order) }
    let width = MemoryLayout<W>.size
    zero(count, largest) {
      unsafe order(elements.loadUnaligned(fromByteOffset: $0 &* width, as: W.self))
    } zero: {
      unsafe elements.storeBytes(of: 0, toByteOffset: $0 &* width, as: W.self)
    }
  }

  /// Groups of four elements, without a branch: each pair is compared once.
  private func zeroFours<W: Word>(
    _ elements: UnsafeMutableRawPointer, _ count: Int, _ largest: W, _ order: WordOrder<W>
  ) {
    let zeroed = W(4 - kept)
    let width = MemoryLayout<W>.size
    for group in 0..<count / 4 {
      let words = unsafe elements + group &* 4 &* width
      @inline(__always) func word(_ member: Int) -> W {
        unsafe words.loadUnaligned(fromByteOffset: member &* width, as: W.self)
      }
      let (first, second, third, fourth) = (word(0), word(1), word(2), word(3))
      let (a, b, c, d) = (order(first), order(second), order(third), order(fourth))
      let (ab, ac, ad): (W, W, W) = (a <= b ? 1 : 0, a <= c ? 1 : 0, a <= d ? 1 : 0)
      let (bc, bd, cd): (W, W, W) = (b <= c ? 1 : 0, b <= d ? 1 : 0, c <= d ? 1 : 0)
      // How many come before a member, against how many go.
      @inline(__always) func store(_ member: Int, _ word: W, _ key: W, before: W) {
        let result = before < zeroed && key <= largest ? 0 : word
        unsafe words.storeBytes(of: result, toByteOffset: member &* width, as: W.self)
      }
      store(0, first, a, before: 3 &- ab &- ac &- ad)
      store(1, second, b, before: 2 &+ ab &- bc &- bd)
      store(2, third, c, before: 1 &+ ac &+ bc &- cd)
      store(3, fourth, d, before: ad &+ bd &+ cd)
    }
  }

  /// Zeroes in `elements`, which begin at byte `offset` and are whole units, by the first `count` of `keys`, one for each.
  ///
  /// Elements whose key is `UInt64.max` stay.
  public func zero(_ count: Int, by keys: [UInt64], width: Int, in elements: inout [UInt8], at offset: Int) {
    precondition(count % unit == 0 && count <= keys.count && offset >= 0 && offset + count * width <= elements.count)
    unsafe keys.withUnsafeBufferPointer { keys in
      unsafe elements.withUnsafeMutableBytes { elements in
        guard let start = unsafe elements.baseAddress.map({ unsafe $0 + offset }) else { return }
        zero(count, UInt64.max - 1) {
          unsafe keys[$0]
        } zero: {
          unsafe (start + $0 &* width).initializeMemory(as: UInt8.self, repeating: 0, count: width)
        }
      }
    }
  }

  @inline(__always)
  private func zero<Key: Word>(_ count: Int, _ largest: Key, key: (Int) -> Key, zero: (Int) -> Void) {
    unsafe withUnsafeTemporaryAllocation(of: Key.self, capacity: size) { group in
      var first = 0
      while first < count {
        for column in first..<first &+ stride {
          for member in 0..<size { unsafe group[member] = key(column &+ member &* stride) }
          unsafe zeroMembers(group, largest) { zero(column &+ $0 &* stride) }
        }
        first &+= unit
      }
    }
  }

  /// An element goes where fewer than `size − kept` others come before it.
  @inline(__always)
  private func zeroMembers<Key: Word>(
    _ group: UnsafeMutableBufferPointer<Key>, _ largest: Key, zero: (Int) -> Void
  ) {
    for member in 0..<size {
      let key = unsafe group[member]
      var before = 0
      for other in 0..<member { before &+= unsafe group[other] <= key ? 1 : 0 }
      for other in member &+ 1..<size { before &+= unsafe group[other] < key ? 1 : 0 }
      if before < size &- kept && key <= largest { zero(member) }
    }
  }
}
