/// Numbers names in the order in which they come, and finds them again; told apart by their UTF-8 bytes.
///
/// `String` takes canonically equivalent texts for equal (é as one scalar and as two); in a file they are two names.
/// Lookup and insertion take constant time, also for names that were chosen to collide: the hash has a secret.
public struct NameIndex: Sendable {
  private struct Slot {
    var hash: UInt64
    /// Negative where the slot is free.
    var number: Int
  }

  /// A power of two of them, at most half taken. A name's first slot is given by the low bits of its hash.
  private var slots: [Slot] = []
  public private(set) var names: [String] = []

  public init() {}

  public var count: Int { names.count }

  /// Gives `name` the next number.
  /// - Returns: the number that the name had already, which it keeps; nil where the name is new.
  public mutating func insert(_ name: String) -> Int? {
    if names.count * 2 >= slots.count { grow() }
    let hash = NameHash.of(name)
    let slot = slot(of: name, hash)
    guard slots[slot].number < 0 else { return slots[slot].number }
    slots[slot] = Slot(hash: hash, number: names.count)
    names.append(name)
    return nil
  }

  /// The number of `name`.
  public subscript(name: String) -> Int? {
    guard !slots.isEmpty else { return nil }
    let number = slots[slot(of: name, NameHash.of(name))].number
    return number < 0 ? nil : number
  }

  /// The slot that holds `name`, or else the free one where it belongs.
  private func slot(of name: String, _ hash: UInt64) -> Int {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while slots[slot].number >= 0 {
      if slots[slot].hash == hash, names[slots[slot].number].utf8.elementsEqual(name.utf8) { break }
      slot = (slot + 1) & mask
    }
    return slot
  }

  private mutating func grow() {
    let taken = slots.filter { $0.number >= 0 }
    slots = Array(repeating: Slot(hash: 0, number: -1), count: max(16, slots.count * 2))
    for entry in taken {
      var slot = Int(truncatingIfNeeded: entry.hash) & (slots.count - 1)
      while slots[slot].number >= 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = entry
    }
  }
}

/// A hash of a string's UTF-8, eight bytes at a time, keyed by a secret of this process.
private enum NameHash {
  private static let seed = UInt64.random(in: .min ... .max)
  private static let multiplier = UInt64.random(in: .min ... .max) | 1

  static func of(_ name: String) -> UInt64 {
    var name = name
    let (seed, multiplier) = (seed, multiplier)
    return name.withUTF8 { bytes in
      var state = seed &+ UInt64(bytes.count)
      let raw = UnsafeRawBufferPointer(bytes)
      var index = 0
      while index + 8 <= raw.count {
        let word = unsafe raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        state = folded(state ^ word, multiplier)
        index += 8
      }
      var tail: UInt64 = 0
      while index < raw.count {
        tail = unsafe tail << 8 | UInt64(raw[index])
        index += 1
      }
      return folded(folded(state ^ tail, multiplier), multiplier)
    }
  }

  /// The two halves of a full product, xored.
  private static func folded(_ value: UInt64, _ multiplier: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: multiplier)
    return product.high ^ product.low
  }
}

/// A name that equals another only if their UTF-8 bytes do, and is ordered by them.
public struct ExactName: Hashable, Comparable, Sendable {
  public let text: String

  public init(_ text: String) { self.text = text }

  public static func == (left: ExactName, right: ExactName) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

  public static func < (left: ExactName, right: ExactName) -> Bool {
    left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
  }

  public func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
