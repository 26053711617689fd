/// Finds the scale with which numbers are products of levels.
///
/// A scale is any number in the interval that rounding leaves open, the one of fewest significant bits: it need not be
/// the one that was multiplied with, since the products have the same bits.
public struct GridFitter: Sendable {
  /// What numbers are multiples of.
  public enum Book: Hashable, Sendable {
    /// Integers; the largest magnitude in a group is one of these, tried in order.
    case integers(largest: [Int])
    /// Levels, ascending and distinct.
    case listed([Float])
    /// Integers from 0 on, above an offset that is the least number of a group; the largest is one of these.
    case offset(largest: [Int])
  }

  public let kind: GridKind
  public let book: Book
  public let divides: Bool
  /// Whether a product may be corrected: it need only be near.
  public let corrects: Bool
  /// Where a listed level ends and the next begins.
  let edges: [Float]
  /// Listed levels by falling magnitude.
  let candidates: [Float]
  /// How far a number may be from its product, relative to itself, before the scale is known well.
  let tolerance: Float

  /// Multiples beyond this are not told apart by a scale that is known from one number.
  private let firmMultiple: Int

  private let set: InstructionSet

  public init(
    kind: GridKind, book: Book, divides: Bool = false, corrects: Bool = false, on set: InstructionSet = .best
  ) {
    self.set = set
    products = GridProducts(kind: kind, divides: divides)
    self.kind = kind
    self.book = book
    self.divides = divides
    self.corrects = corrects
    // Half a step of the number itself and half a step of the one that gave the scale.
    tolerance = Float(sign: .plus, exponent: -kind.fractionBits, significand: corrects ? 3 : 1) + 0x1p-21
    firmMultiple = kind == .bf16 ? 48 : .max
    if case .listed(let levels) = book {
      edges = zip(levels, levels.dropFirst()).map { ($0 + $1) / 2 }
      candidates = levels.filter { $0 != 0 }.sorted { ($0.magnitude, $0) > ($1.magnitude, $1) }
    } else {
      edges = []
      candidates = []
    }
  }

  /// The scale of a group, with a book without offsets, and how many numbers are off the grid. The
  /// scale is 0 where all numbers are zeros; nil is where the group is not on the grid.
  /// - Parameters:
  ///   - misfits: how many numbers may be off the grid.
  ///   - codes: the multiples of the scale, or the positions of the levels, or `GridProducts.exception`; where products
  ///     are corrected, the position of the nearest level for every number.
  public func scale(
    _ numbers: UnsafePointer<Float>, count: Int, misfits: Int, into codes: UnsafeMutablePointer<Int16>
  ) -> (scale: Float, exceptions: Int)? {
    let largest = unsafe largestNumber(numbers, count)
    switch book {
    case .integers(let tries):
      let magnitude = largest.magnitude
      for multiple in tries where magnitude > 0 {
        let unit = magnitude / Float(multiple)
        guard unit.isNormal, unsafe fits(numbers, count, unit: unit, misfits) else { continue }
        // A scale of the numbers' own kind is the likeliest.
        let guess = kind.value(kind.word(divides ? 1 / unit : unit))
        if unsafe products.multiples(of: numbers, count: count, scale: guess, largest: multiple, into: codes, on: set)
          == 0
        {
          return (guess, 0)
        }
        // Some numbers tell the scale most often; all do where they did not.
        for telling in count > 2 * Self.tellingNumbers ? [Self.tellingNumbers, count] : [count] {
          guard let scale = unsafe scaleOfMultiples(numbers, telling, magnitude, multiple, misfits) else { break }
          let off = unsafe products.multiples(
            of: numbers, count: count, scale: scale, largest: multiple, into: codes, on: set)
          if off <= misfits { return (scale, off) }
        }
      }
      guard magnitude == 0 else { return nil }
      let off = unsafe products.multiples(of: numbers, count: count, scale: 1, largest: 1, into: codes, on: set)
      return off <= misfits ? (0, off) : nil
    case .listed(let levels):
      return unsafe scale(of: levels, numbers, count, largest: largest, misfits, into: codes)
    case .offset: preconditionFailure("a scale without its offset")
    }
  }

  /// The number of largest magnitude among those that are finite, 0 where there is none but zeros.
  private func largestNumber(_ numbers: UnsafePointer<Float>, _ count: Int) -> Float {
    var highest: Float = 0
    var lowest: Float = 0
    if let kernel = unsafe set.kernels?.grid_extremes {
      unsafe kernel(numbers, count, &lowest, &highest)
      return -lowest > highest ? lowest : highest
    }
    var index = 0
    while index < count {
      let number = unsafe numbers[index]
      if number.magnitude < .infinity {
        highest = max(highest, number)
        lowest = min(lowest, number)
      }
      index &+= 1
    }
    return -lowest > highest ? lowest : highest
  }

  let products: GridProducts

  // MARK: integers

  /// Numbers of a group that are looked at for its scale before all are.
  static let tellingNumbers = 48

  /// Whether all but `misfits` numbers are near multiples of `unit`.
  private func fits(_ numbers: UnsafePointer<Float>, _ count: Int, unit: Float, _ misfits: Int) -> Bool {
    let inverse = 1 / unit
    if let kernel = unsafe set.kernels?.grid_misfits {
      return unsafe kernel(numbers, count, unit, inverse, tolerance, misfits) <= misfits
    }
    var bad: Int32 = 0
    var start = 0
    while start < count {
      let end = min(start &+ 32, count)
      while start < end {
        let magnitude = unsafe numbers[start].magnitude
        let multiple = Self.rounded(magnitude * inverse)
        let isNear = (magnitude - multiple * unit).magnitude <= magnitude * tolerance
        bad &+= isNear ? 0 : 1
        start &+= 1
      }
      if bad > misfits { return false }
    }
    return true
  }

  private func scaleOfMultiples(
    _ numbers: UnsafePointer<Float>, _ count: Int, _ magnitude: Float, _ multiple: Int, _ misfits: Int
  ) -> Float? {
    unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: multiple + 1) { room in
      let slots = room.baseAddress!
      var unit = Double(magnitude) / Double(multiple)
      // The better the scale is known, the larger are the multiples that can be told apart.
      var firm = min(multiple, firmMultiple)
      while true {
        guard unsafe collect(numbers, count, inverse: Float(1 / unit), of: firm, slots) <= misfits else { return nil }
        if firm < multiple { for later in (firm + 1)..<multiple { unsafe slots[later] = 0 } }
        unsafe slots[multiple] = magnitude
        let interval = unsafe open(slots, multiple)
        if firm == multiple || interval.isEmpty { return interval.shortest }
        unit = interval.middle
        firm = min(multiple, firm + firm / 2)
      }
    }
  }

  /// The first number seen of each multiple up to `limit`; returns how many numbers differ from that of theirs.
  private func collect(
    _ numbers: UnsafePointer<Float>, _ count: Int, inverse: Float, of limit: Int, _ slots: UnsafeMutablePointer<Float>
  ) -> Int {
    unsafe slots.update(repeating: 0, count: limit + 1)
    let bound = Float(limit) + 0.5
    var conflicts = 0
    var index = 0
    while index < count {
      let magnitude = unsafe numbers[index].magnitude
      let ratio = magnitude * inverse
      if ratio < bound {
        let rounded = Self.rounded(ratio)
        let multiple = Int(Int32(rounded))
        if unsafe slots[multiple] == 0, (ratio - rounded).magnitude <= ratio * tolerance {
          unsafe slots[multiple] = magnitude
        }
        conflicts &+= unsafe slots[multiple] == magnitude ? 0 : 1
      }
      index &+= 1
    }
    return conflicts
  }

  /// The scales with which the numbers in `slots` are their multiples.
  private func open(_ slots: UnsafePointer<Float>, _ largest: Int) -> GridInterval {
    var interval = GridInterval()
    var multiple = 1
    while multiple <= largest {
      if unsafe slots[multiple] != 0 { unsafe narrow(&interval, slots[multiple], level: Double(multiple)) }
      multiple &+= 1
    }
    return interval
  }

  /// Leaves the scales with which `level` gives `number`.
  func narrow(_ interval: inout GridInterval, _ number: Float, level: Double) {
    // What lies half way is rounded to the even word.
    let isEven = kind.word(number) & 1 == 0
    let (below, above) = kind.rounding(to: Double(number))
    let (low, high) = divides ? (level / above, level / below) : (below / level, above / level)
    interval.narrow(to: low, high, isClosed: isEven)
  }

  /// To the nearest integer; magnitudes below 2^22.
  @inline(__always)
  static func rounded(_ value: Float) -> Float { (value + 0x1.8p23) - 0x1.8p23 }
}
