/// The products of one group's scale with all levels: numbers to codes, and codes back to words.
///
/// One rule for reader and writer: `formats/encodings/grid.md`, "Decoding".
public struct GridProducts: Sendable {
  /// The code of a number that is no product.
  public static let exception = Int16.min

  public let kind: GridKind
  public let divides: Bool

  public init(kind: GridKind, divides: Bool) {
    self.kind = kind
    self.divides = divides
  }

  /// The word of `level` with `scale`, before any correction.
  @inline(__always)
  public func word(_ level: Float, scale: Float, offset: Float? = nil) -> UInt32 {
    guard let offset else { return level == 0 ? 0 : kind.word(divides ? level / scale : level * scale) }
    return kind.word((divides ? level / scale : level * scale) + offset)
  }

  /// Writes for each number the multiple of the scale that it is, or `exception`; returns how many are none.
  /// - Precondition: `largest` is at most 255.
  public func multiples(
    of numbers: UnsafePointer<Float>, count: Int, scale: Float, largest: Int, into codes: UnsafeMutablePointer<Int16>,
    on set: InstructionSet = .best
  ) -> Int {
    let inverse = divides ? scale : 1 / scale
    if let kernel = unsafe set.kernels?.grid_multiples {
      return unsafe kernel(
        numbers, count, Int32(kind.rawValue), scale, inverse, divides ? 1 : 0, Int32(largest), codes)
    }
    return unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: 256) { products in
      for multiple in 0...largest {
        unsafe products[multiple] = kind.value(word(Float(multiple), scale: scale))
      }
      let bound = Float(largest) + 0.5
      var exceptions = 0
      for index in 0..<count {
        let number = unsafe numbers[index]
        let ratio = number.magnitude * inverse
        let multiple = Int32(GridFitter.rounded(ratio < bound ? ratio : 0))
        let isProduct = unsafe products[Int(multiple)] == number.magnitude
        let signed = Int16(truncatingIfNeeded: number < 0 ? -multiple : multiple)
        unsafe codes[index] = isProduct ? signed : Self.exception
        exceptions &+= isProduct ? 0 : 1
      }
      return exceptions
    }
  }

  /// Writes for each number which multiple of the scale it is above the offset, or `exception`; returns how many are none.
  /// - Precondition: `largest` is at most 255.
  public func multiples(
    of numbers: UnsafePointer<Float>, count: Int, scale: Float, offset: Float, largest: Int,
    into codes: UnsafeMutablePointer<Int16>
  ) -> Int {
    unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: 256) { products in
      for multiple in 0...largest {
        unsafe products[multiple] = kind.value(word(Float(multiple), scale: scale, offset: offset))
      }
      let inverse = 1 / scale
      let bound = Float(largest) + 0.5
      var exceptions = 0
      for index in 0..<count {
        let number = unsafe numbers[index]
        let ratio = (number - offset) * inverse
        let multiple = ratio >= 0 && ratio < bound ? Int(Int32(GridFitter.rounded(ratio))) : 0
        let isProduct = unsafe products[multiple].bitPattern == number.bitPattern
        unsafe codes[index] = isProduct ? Int16(truncatingIfNeeded: multiple) : Self.exception
        exceptions &+= isProduct ? 0 : 1
      }
      return exceptions
    }
  }

  /// Writes the word of each code to `target`, from element `first` on.
  /// - Parameters:
  ///   - table: the words of all codes that occur.
  ///   - levels: how many they are.
  public static func look(
    up codes: UnsafePointer<UInt8>, count: Int, _ table: UnsafePointer<UInt32>, levels: Int, _ kind: GridKind,
    _ target: UnsafeMutableRawPointer, _ first: Int, on set: InstructionSet = .best
  ) {
    if let kernel = unsafe set.kernels?.grid_look_up {
      return unsafe kernel(codes, count, table, levels, Int32(kind.width), target + first * kind.width)
    }
    var index = 0
    if kind == .f32 {
      let out = unsafe (target + 4 * first).assumingMemoryBound(to: UInt32.self)
      while index < count {
        unsafe out[index] = table[Int(codes[index])]
        index &+= 1
      }
    } else {
      let out = unsafe (target + 2 * first).assumingMemoryBound(to: UInt16.self)
      while index < count {
        unsafe out[index] = UInt16(truncatingIfNeeded: table[Int(codes[index])])
        index &+= 1
      }
    }
  }
}
