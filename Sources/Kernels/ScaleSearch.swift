/// Searches for the scale of a few numbers, and their codes, that make a weighted error small: what ggml's types of two
/// levels of scales are made with. The order of every operation counts for the last bit.
enum ScaleSearch {
  /// Below it a run is taken for zeros.
  static let smallest: Float = 1e-15

  /// To the nearest whole number, ties to even, of magnitudes below 2^22.
  @inline(__always)
  static func nearest(_ number: Float) -> Int32 {
    Int32(bitPattern: (number + 0x1.8p23).bitPattern & 0x7F_FFFF) &- 0x40_0000
  }

  @inline(__always)
  private static func clamp(_ code: Int32, _ range: ClosedRange<Int32>) -> Int32 {
    max(range.lowerBound, min(range.upperBound, code))
  }

  /// The element of largest magnitude, the first of equals.
  static func leading(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
    var leading: Float = 0
    var index = 0
    while index < count {
      if unsafe abs(x[index]) > abs(leading) { leading = unsafe x[index] }
      index &+= 1
    }
    return leading
  }

  /// Codes −range to range − 1 without a minimum, squares weighted by squares: nineteen scales around that which puts the
  /// leading element on the lowest code, each with the scale that is best for its codes.
  /// - Returns: the scale; `codes` are moved by `range`.
  static func symmetric(
    _ x: UnsafePointer<Float>, _ count: Int, range: Int32, into codes: UnsafeMutablePointer<Int32>
  ) -> Float {
    let leading = unsafe leading(x, count)
    guard abs(leading) >= smallest else {
      unsafe codes.update(repeating: 0, count: count)
      return 0
    }
    let levels = -range...(range - 1)
    func sums(_ inverse: Float) -> (products: Float, squares: Float) {
      var (products, squares): (Float, Float) = (0, 0)
      var index = 0
      while index < count {
        let number = unsafe x[index]
        let code = Float(clamp(nearest(inverse * number), levels))
        let weight = number * number
        products += weight * number * code
        squares += weight * code * code
        index &+= 1
      }
      return (products, squares)
    }
    func setCodes(_ inverse: Float) {
      var index = 0
      while index < count {
        unsafe codes[index] = clamp(nearest(inverse * x[index]), levels) &+ range
        index &+= 1
      }
    }
    let first = Float(-range) / leading
    var found = sums(first)
    setCodes(first)
    var scale = found.squares != 0 ? found.products / found.squares : 0
    var best = scale * found.products
    for step in -9...9 where step != 0 {
      let inverse = -(Float(range) + 0.1 * Float(step)) / leading
      found = sums(inverse)
      guard found.squares > 0, found.products * found.products > best * found.squares else { continue }
      setCodes(inverse)
      scale = found.products / found.squares
      best = scale * found.products
    }
    return scale
  }

  /// Codes −range to range − 1 without a minimum, squares weighted by squares: from the codes of one scale, in up to five
  /// rounds each code moves to where it fits the best scale of the others, as long as that lessens the error.
  /// - Returns: the scale; `codes` are moved by `range`, but 0 of a run of zeros.
  static func descending(
    _ x: UnsafePointer<Float>, _ count: Int, range: Int32, into codes: UnsafeMutablePointer<Int32>
  ) -> Float {
    let leading = unsafe leading(x, count)
    guard abs(leading) >= smallest else {
      unsafe codes.update(repeating: 0, count: count)
      return 0
    }
    let levels = -range...(range - 1)
    let inverse = Float(-range) / leading
    var (products, squares): (Float, Float) = (0, 0)
    for index in 0..<count {
      let number = unsafe x[index]
      let code = clamp(nearest(inverse * number), levels)
      unsafe codes[index] = code
      let weight = number * number
      products += weight * number * Float(code)
      squares += weight * Float(code) * Float(code)
    }
    for _ in 0..<5 {
      var hasMoved = false
      for index in 0..<count {
        let (number, old) = unsafe (x[index], Float(codes[index]))
        let weight = number * number
        var otherProducts = products - weight * number * old
        guard otherProducts > 0 else { continue }
        var otherSquares = squares - weight * old * old
        let code = clamp(nearest(number * otherSquares / otherProducts), levels)
        guard unsafe code != codes[index] else { continue }
        otherProducts += weight * number * Float(code)
        otherSquares += weight * Float(code) * Float(code)
        guard otherSquares > 0,
          otherProducts * otherProducts * squares > products * products * otherSquares
        else { continue }
        unsafe codes[index] = code
        (products, squares) = (otherProducts, otherSquares)
        hasMoved = true
      }
      if !hasMoved { break }
    }
    for index in 0..<count { unsafe codes[index] &+= range }
    return squares > 0 ? products / squares : 0
  }

  /// What `withMinimum` looks at beside the scale that spans the numbers: so many steps of `step` from `first` on, added to
  /// the largest code.
  struct Range {
    let largest: Int32
    let first: Float
    let step: Float
    let steps: Int
    /// Whether errors count by their magnitudes, not by their squares.
    let isAbsolute: Bool
  }

  /// Codes 0 to `largest` with a minimum that is subtracted, at least 0: of several scales, each with the scale and minimum
  /// that are best for its codes, that with the smallest weighted error.
  static func withMinimum(
    _ x: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, _ count: Int, _ range: Range,
    into codes: UnsafeMutablePointer<Int32>, trial: UnsafeMutablePointer<Int32>
  ) -> (scale: Float, minimum: Float) {
    var (least, most) = unsafe (x[0], x[0])
    var sumOfWeights = unsafe weights[0]
    var sum = unsafe sumOfWeights * x[0]
    for index in 1..<count {
      let number = unsafe x[index]
      if number < least { least = number }
      if number > most { most = number }
      unsafe sumOfWeights += weights[index]
      unsafe sum += weights[index] * number
    }
    if least > 0 { least = 0 }
    guard most != least else {
      unsafe codes.update(repeating: 0, count: count)
      return (0, -least)
    }
    // The minimum of the best scale so far is where the next one starts.
    func setTrial(_ inverse: Float) {
      var index = 0
      while index < count {
        unsafe trial[index] = clamp(nearest(inverse * (x[index] - least)), 0...range.largest)
        index &+= 1
      }
    }
    func error(_ scale: Float, _ minimum: Float) -> Float {
      var error: Float = 0
      var index = 0
      while index < count {
        let difference = unsafe scale * Float(trial[index]) + minimum - x[index]
        unsafe error += weights[index] * (range.isAbsolute ? abs(difference) : difference * difference)
        index &+= 1
      }
      return error
    }
    let inverse = Float(range.largest) / (most - least)
    setTrial(inverse)
    unsafe codes.update(from: trial, count: count)
    var scale = 1 / inverse
    var best = error(scale, least)
    for step in 0...range.steps {
      setTrial((range.first + range.step * Float(step) + Float(range.largest)) / (most - least))
      guard let fit = unsafe fit(x, weights, trial, count, sumOfWeights, sum) else { continue }
      let found = error(fit.scale, fit.minimum)
      guard found < best else { continue }
      unsafe codes.update(from: trial, count: count)
      (best, scale, least) = (found, fit.scale, fit.minimum)
    }
    return (scale, -least)
  }

  /// The scale and the minimum, at most 0, with the least squares for some codes; nil where these do not determine them.
  private static func fit(
    _ x: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, _ codes: UnsafePointer<Int32>, _ count: Int,
    _ sumOfWeights: Float, _ sum: Float
  ) -> (scale: Float, minimum: Float)? {
    var (ofCodes, ofSquares, ofProducts): (Float, Float, Float) = (0, 0, 0)
    var index = 0
    while index < count {
      let weighted = unsafe weights[index] * Float(codes[index])
      ofCodes += weighted
      unsafe ofSquares += weighted * Float(codes[index])
      unsafe ofProducts += weighted * x[index]
      index &+= 1
    }
    let determinant = sumOfWeights * ofSquares - ofCodes * ofCodes
    guard determinant > 0 else { return nil }
    let minimum = (ofSquares * sum - ofCodes * ofProducts) / determinant
    if minimum > 0 { return (ofProducts / ofSquares, 0) }
    return ((sumOfWeights * ofProducts - sum * ofCodes) / determinant, minimum)
  }
}
