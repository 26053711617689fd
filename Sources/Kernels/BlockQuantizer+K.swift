/// Types of 256 elements: a scale, and where there is one a minimum, is searched for each part; those of all parts are put
/// on a grid of their own; the codes are those of the scales on it.
extension BlockQuantizer {
  @inline(__always)
  static func q2_k(_ x: UnsafePointer<Float>, _ block: UnsafeMutablePointer<UInt8>) {
    let range = ScaleSearch.Range(largest: 3, first: -0.5, step: 0.1, steps: 15, isAbsolute: true)
    unsafe withMinima(
      x, parts: 16, range,
      weights: { _, part, weights in
        for index in 0..<16 { unsafe weights[index] = abs(part[index]) }
      }
    ) { scales, minima, codes in
      let (largestScale, largestMinimum) = unsafe (scales.max()!, minima.max()!)
      for part in 0..<16 {
        let scale = largestScale > 0 ? unsafe ScaleSearch.nearest(15 / largestScale * scales[part]) : 0
        let minimum = largestMinimum > 0 ? unsafe ScaleSearch.nearest(15 / largestMinimum * minima[part]) : 0
        unsafe block[part] = UInt8(truncatingIfNeeded: scale | minimum &<< 4)
      }
      unsafe store(max(largestScale, 0) / 15, block + 80)
      unsafe store(max(largestMinimum, 0) / 15, block + 82)
      let (d, dmin) = unsafe (Dequantize.half(block, 80), Dequantize.half(block, 82))
      for part in 0..<16 {
        let six = unsafe block[part]
        unsafe recode(
          x + 16 * part, codes + 16 * part, 16, scale: d * Float(six & 15), minimum: dmin * Float(six >> 4), 0...3,
          moved: 0)
      }
      unsafe pairs(block + 16) { unsafe codes[$0] }
    }
  }

  @inline(__always)
  static func fourOrFiveK(_ x: UnsafePointer<Float>, _ block: UnsafeMutablePointer<UInt8>, isFive: Bool) {
    let range =
      isFive
      ? ScaleSearch.Range(largest: 31, first: -0.5, step: 0.1, steps: 15, isAbsolute: false)
      : ScaleSearch.Range(largest: 15, first: -1, step: 0.1, steps: 20, isAbsolute: false)
    unsafe withMinima(
      x, parts: 8, range,
      weights: { count, part, weights in
        var squares: Float = 0
        for index in 0..<count { unsafe squares += part[index] * part[index] }
        let mean = (squares / 32).squareRoot()
        for index in 0..<count { unsafe weights[index] = mean + abs(part[index]) }
      }
    ) { scales, minima, codes in
      unsafe storeSixBits(scales, minima, block)
      unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { six in
        unsafe BlockScales.unpack(.q4_k, block + 4, into: six.baseAddress!)
        let (d, dmin) = unsafe (Dequantize.half(block), Dequantize.half(block, 2))
        for part in 0..<8 {
          let (scale, minimum) = unsafe (d * Float(six[part]), dmin * Float(six[8 + part]))
          unsafe recode(
            x + 32 * part, codes + 32 * part, 32, scale: scale, minimum: minimum, 0...range.largest, moved: 0)
        }
      }
      if isFive {
        unsafe withBytes(codes) { unsafe BlockSymbols.joinFiveK($0, block + 16) }
      } else {
        for place in 0..<128 {
          let first = 64 * (place / 32) + place % 32
          unsafe block[16 + place] = UInt8(truncatingIfNeeded: codes[first] | codes[first + 32] << 4)
        }
      }
    }
  }

  /// Scales and minima in six bits, and what they are multiples of.
  private static func storeSixBits(
    _ scales: UnsafeMutableBufferPointer<Float>, _ minima: UnsafeMutableBufferPointer<Float>,
    _ block: UnsafeMutablePointer<UInt8>
  ) {
    let (largestScale, largestMinimum) = unsafe (max(scales.max()!, 0), max(minima.max()!, 0))
    unsafe store(largestScale / 63, block)
    unsafe store(largestMinimum / 63, block + 2)
    func six(_ number: Float, _ largest: Float) -> UInt8 {
      min(63, UInt8(truncatingIfNeeded: ScaleSearch.nearest((largest > 0 ? 63 / largest : 0) * number)))
    }
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { target in
      for part in 0..<8 {
        unsafe target[part] = unsafe six(scales[part], largestScale)
        unsafe target[8 + part] = unsafe six(minima[part], largestMinimum)
      }
      unsafe BlockScales.pack(.q4_k, target.baseAddress!, into: block + 4)
    }
  }

  @inline(__always)
  static func q3_k(_ x: UnsafePointer<Float>, _ block: UnsafeMutablePointer<UInt8>) {
    unsafe withScales(x, search: { unsafe ScaleSearch.descending($0, 16, range: 4, into: $1) }) { scales, codes in
      let leading = unsafe ScaleSearch.leading(scales.baseAddress!, scales.count)
      let inverse: Float = leading != 0 ? -32 / leading : 0
      unsafe store(leading != 0 ? 1 / inverse : 0, block + 108)
      let d = unsafe Dequantize.half(block, 108)
      unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { six in
        for part in 0..<16 {
          let code = Int32(Int8(truncatingIfNeeded: unsafe ScaleSearch.nearest(inverse * scales[part])))
          // Without a scale the bits are 0, as those of the least one are.
          let scale = leading != 0 ? max(-32, min(31, code)) : -32
          unsafe six[part] = UInt8(scale + 32)
          unsafe recode(
            x + 16 * part, codes + 16 * part, 16, scale: d * Float(scale), minimum: 0, -4...3, moved: 4)
        }
        unsafe BlockScales.pack(.q3_k, six.baseAddress!, into: block + 96)
      }
      for place in 0..<32 {
        let bits = (0..<8).reduce(Int32(0)) { unsafe $0 | (codes[32 * $1 + place] >> 2) << Int32($1) }
        unsafe block[place] = UInt8(truncatingIfNeeded: bits)
      }
      unsafe pairs(block + 32) { unsafe codes[$0] & 3 }
    }
  }

  @inline(__always)
  static func q6_k(_ x: UnsafePointer<Float>, _ block: UnsafeMutablePointer<UInt8>) {
    unsafe withScales(x, search: { unsafe ScaleSearch.symmetric($0, 16, range: 32, into: $1) }) { scales, codes in
      let leading = unsafe ScaleSearch.leading(scales.baseAddress!, scales.count)
      guard abs(leading) >= ScaleSearch.smallest else {
        return unsafe block.update(repeating: 0, count: 210)
      }
      let inverse = -128 / leading
      unsafe store(1 / inverse, block + 208)
      let d = unsafe Dequantize.half(block, 208)
      for part in 0..<16 {
        let scale = Int8(truncatingIfNeeded: min(127, unsafe ScaleSearch.nearest(inverse * scales[part])))
        unsafe block[192 + part] = UInt8(bitPattern: scale)
        unsafe recode(
          x + 16 * part, codes + 16 * part, 16, scale: d * Float(scale), minimum: 0, -32...31, moved: 32)
      }
      unsafe withBytes(codes) { unsafe BlockSymbols.joinSix($0, block) }
    }
  }

  /// The codes of one part for the scale that is stored; those of the search stay where that is 0.
  @inline(__always)
  private static func recode(
    _ x: UnsafePointer<Float>, _ codes: UnsafeMutablePointer<Int32>, _ count: Int, scale: Float, minimum: Float,
    _ range: ClosedRange<Int32>, moved: Int32
  ) {
    guard scale != 0 else { return }
    var index = 0
    while index < count {
      let code = unsafe ScaleSearch.nearest((x[index] + minimum) / scale)
      unsafe codes[index] = max(range.lowerBound, min(range.upperBound, code)) &+ moved
      index &+= 1
    }
  }

  private static func withBytes(_ codes: UnsafePointer<Int32>, _ body: (UnsafePointer<UInt8>) -> Void) {
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { bytes in
      for index in 0..<256 { unsafe bytes[index] = UInt8(truncatingIfNeeded: codes[index]) }
      unsafe body(bytes.baseAddress!)
    }
  }

  /// Searches a scale for each of sixteen parts.
  private static func withScales(
    _ x: UnsafePointer<Float>, search: (UnsafePointer<Float>, UnsafeMutablePointer<Int32>) -> Float,
    _ body: (UnsafeMutableBufferPointer<Float>, UnsafeMutablePointer<Int32>) -> Void
  ) {
    unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: 256) { codes in
      unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: 16) { scales in
        let codes = codes.baseAddress!
        for part in 0..<16 { unsafe scales[part] = unsafe search(x + 16 * part, codes + 16 * part) }
        unsafe body(scales, codes)
      }
    }
  }

  /// Searches a scale and a minimum for each part.
  private static func withMinima(
    _ x: UnsafePointer<Float>, parts: Int, _ range: ScaleSearch.Range,
    weights setWeights: (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void,
    _ body: (UnsafeMutableBufferPointer<Float>, UnsafeMutableBufferPointer<Float>, UnsafeMutablePointer<Int32>) -> Void
  ) {
    let count = 256 / parts
    unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: 256 + count) { codes in
      unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * parts + count) { numbers in
        let (codes, weights) = unsafe (codes.baseAddress!, numbers.baseAddress! + 2 * parts)
        for part in 0..<parts {
          let first = unsafe x + count * part
          unsafe setWeights(count, first, weights)
          let found = unsafe ScaleSearch.withMinimum(
            first, weights, count, range, into: codes + count * part, trial: codes + 256)
          unsafe (numbers[part], numbers[parts + part]) = (found.scale, found.minimum)
        }
        unsafe body(
          UnsafeMutableBufferPointer(rebasing: numbers[..<parts]),
          UnsafeMutableBufferPointer(rebasing: numbers[parts..<(2 * parts)]), codes)
      }
    }
  }
}
