import CKernels

/// Doubles of two sides, to be compared with each other: a block that stays in the first-level cache.
@safe struct NumberBlock {
  private let a: UnsafeMutablePointer<Double>
  private let b: UnsafeMutablePointer<Double>
  /// Doubles on each side.
  private let count: Int
  /// Doubles of an element: 2 where they are complex.
  private let parts: Int

  /// Both sides have room for `count` rounded up to a multiple of 8.
  init(_ a: UnsafeMutablePointer<Double>, _ b: UnsafeMutablePointer<Double>, _ count: Int, parts: Int) {
    unsafe self.a = a
    unsafe self.b = b
    self.count = count
    self.parts = parts
  }

  /// Whether a double of a side is so large that it may stand for several integers.
  var leavesExactIntegersInA: Bool { unsafe leavesExactIntegers(a) }
  var leavesExactIntegersInB: Bool { unsafe leavesExactIntegers(b) }

  private func leavesExactIntegers(_ side: UnsafeMutablePointer<Double>) -> Bool {
    var largest = 0.0
    var index = 0
    while index < count {
      largest = unsafe max(largest, abs(side[index]))
      index &+= 1
    }
    return largest >= 0x1p53
  }

  /// The errors of the block; indices count elements from its start.
  func errors(_ bound: ErrorBound?, on set: InstructionSet) -> ElementErrors {
    let sums = sums(on: set)
    // A NaN or an infinity on either side is found in the sums.
    guard sums.isFinite else { return errorsOfEach(bound) }
    var result = ElementErrors()
    result.pairs = count / parts
    result.energyOfA = sums.energy_of_a
    result.energyOfB = sums.energy_of_b
    result.product = sums.product
    result.noise = sums.noise
    guard sums.largest > 0 else { return result }
    if parts == 2 {
      // The largest of the parts is not the largest of the moduli.
      let each = errorsOfEach(bound)
      (result.largest, result.largestAt) = (each.largest, each.largestAt)
      (result.beyond, result.firstBeyond) = (each.beyond, each.firstBeyond)
    } else {
      result.largest = sums.largest
      result.largestAt = first { $0 == sums.largest }
      countBeyond(bound, &result)
    }
    return result
  }

  private func sums(on set: InstructionSet) -> ErrorSums {
    let whole = (count + 7) & ~7
    for index in count..<whole {
      unsafe a[index] = 0
      unsafe b[index] = 0
    }
    guard let kernel = unsafe set.kernels?.error_sums else { return unsafe ErrorSums(a, b, whole) }
    var sums = ErrorSums()
    unsafe kernel(a, b, whole, &sums)
    return sums
  }

  /// One element after the other, whatever the numbers are.
  private func errorsOfEach(_ bound: ErrorBound?) -> ElementErrors {
    var result = ElementErrors()
    var index = 0
    while index < count {
      if parts == 2 {
        let (left, right) = unsafe ((a[index], a[index &+ 1]), (b[index], b[index &+ 1]))
        result.add(left, right, (left.0 - right.0, left.1 - right.1), at: index / 2, bound)
      } else {
        let (left, right) = unsafe (a[index], b[index])
        result.add(left, right, difference: left - right, at: index, bound)
      }
      index &+= parts
    }
    return result
  }

  /// The first error for which `holds`; there is one.
  @inline(__always)
  private func first(_ holds: (Double) -> Bool) -> Int {
    var index = 0
    while unsafe !holds(abs(a[index] - b[index])) { index &+= 1 }
    return index
  }

  /// Counts the errors beyond the bound; all numbers are finite.
  private func countBeyond(_ bound: ErrorBound?, _ result: inout ElementErrors) {
    switch bound {
    case nil: break
    case .absolute(let limit):
      guard result.largest > limit else { return }
      count(&result) { error, _, _ in error > limit }
    case .relative(let share): count(&result) { error, a, b in error > share * max(abs(a), abs(b)) }
    }
  }

  @inline(__always)
  private func count(_ result: inout ElementErrors, _ isBeyond: (Double, Double, Double) -> Bool) {
    var beyond = 0
    var index = 0
    while index < count {
      let (left, right) = unsafe (a[index], b[index])
      beyond &+= isBeyond(abs(left - right), left, right) ? 1 : 0
      index &+= 1
    }
    result.beyond = beyond
    guard beyond > 0 else { return }
    index = 0
    while unsafe !isBeyond(abs(a[index] - b[index]), a[index], b[index]) { index &+= 1 }
    result.firstBeyond = index
  }
}

/// Σ a², Σ b², Σ a·b, Σ (a − b)² and the largest |a − b| of a block.
typealias ErrorSums = tare_error_sums

extension ErrorSums {
  /// In 8 lanes, lane = index mod 8, that are folded in order.
  /// - Precondition: `count` is a multiple of 8.
  init(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int) {
    self.init()
    var (energyOfA, energyOfB, product, noise, largest) = (Lanes(), Lanes(), Lanes(), Lanes(), Lanes())
    var index = 0
    while index < count {
      let (left, right) = unsafe (Self.lanes(a, index), Self.lanes(b, index))
      let difference = left - right
      energyOfA += left * left
      energyOfB += right * right
      product += left * right
      noise += difference * difference
      let error = unsafe unsafeBitCast(
        unsafeBitCast(difference, to: SIMD8<UInt64>.self) & SIMD8(repeating: UInt64.max >> 1), to: Lanes.self)
      largest.replace(with: error, where: error .> largest)
      index &+= 8
    }
    energy_of_a = Self.folded(energyOfA)
    energy_of_b = Self.folded(energyOfB)
    self.product = Self.folded(product)
    self.noise = Self.folded(noise)
    self.largest = largest.max()
  }

  private typealias Lanes = SIMD8<Double>

  @inline(__always)
  private static func lanes(_ values: UnsafePointer<Double>, _ index: Int) -> Lanes {
    unsafe UnsafeRawPointer(values + index).loadUnaligned(as: Lanes.self)
  }

  private static func folded(_ lanes: Lanes) -> Double {
    var sum = 0.0
    for lane in 0..<8 { sum += lanes[lane] }
    return sum
  }

  var isFinite: Bool { energy_of_a.isFinite && energy_of_b.isFinite && product.isFinite && noise.isFinite }
}
