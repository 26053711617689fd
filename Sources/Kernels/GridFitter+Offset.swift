extension GridFitter {
  /// The scale and the offset of a group, with a book of integers above an offset; nil where it is not on the grid.
  ///
  /// The offset is the least number, so that a group in which every code occurs gives the offset it was made with.
  /// - Parameters:
  ///   - codes: the multiples of the scale above the offset, or `GridProducts.exception`; nothing where `isExact` is false.
  ///   - isExact: false where it is enough that numbers are near the grid: those of a part of a group, whose least number
  ///     is not the offset.
  public func scaleAndOffset(
    _ numbers: UnsafePointer<Float>, count: Int, into codes: UnsafeMutablePointer<Int16>, isExact: Bool = true
  ) -> (scale: Float, offset: Float)? {
    guard case .offset(let tries) = book else { return nil }
    var (low, high) = unsafe (numbers[0], numbers[0])
    for index in 0..<count {
      let number = unsafe numbers[index]
      guard number.isFinite else { return nil }
      low = min(low, number)
      high = max(high, number)
    }
    guard high > low else {
      _ = unsafe products.multiples(of: numbers, count: count, scale: 1, offset: low, largest: 1, into: codes)
      return (1, low)
    }
    let span = high - low
    for multiple in tries {
      let unit = span / Float(multiple)
      guard unit.isNormal, unsafe areNear(numbers, count, unit: unit, low: low, high: high) else { continue }
      if !isExact { return (unit, low) }
      if let scale = unsafe scaleAbove(low, numbers, count, unit: unit, multiple, into: codes) { return (scale, low) }
    }
    return nil
  }

  /// Whether all numbers are near the offset and multiples of `unit`.
  private func areNear(
    _ numbers: UnsafePointer<Float>, _ count: Int, unit: Float, low: Float, high: Float
  ) -> Bool {
    let inverse = 1 / unit
    // Half a step of each of three numbers.
    let ends = max(low.magnitude, high.magnitude)
    var index = 0
    while index < count {
      let end = min(index &+ 16, count)
      var bad: Int32 = 0
      while index < end {
        let number = unsafe numbers[index]
        let height = number - low
        let rest = height - Self.rounded(height * inverse) * unit
        bad &+= rest.magnitude <= (ends + number.magnitude) * tolerance * 0.75 ? 0 : 1
        index &+= 1
      }
      if bad > 0 { return false }
    }
    return true
  }

  private func scaleAbove(
    _ low: Float, _ numbers: UnsafePointer<Float>, _ count: Int, unit: Float, _ multiple: Int,
    into codes: UnsafeMutablePointer<Int16>
  ) -> Float? {
    func exceptions(_ scale: Float) -> Int {
      unsafe products.multiples(of: numbers, count: count, scale: scale, offset: low, largest: multiple, into: codes)
    }
    // A scale of the numbers' own kind is the likeliest.
    let guess = kind.value(kind.word(unit))
    if guess.isNormal, exceptions(guess) == 0 { return guess }
    var interval = GridInterval()
    let inverse = 1 / unit
    for index in 0..<count {
      let number = unsafe numbers[index]
      let code = Double(Self.rounded((number - low) * inverse))
      if code == 0 { continue }
      let (below, above) = number == 0 ? (-0x1p-150, 0x1p-150) : kind.rounding(to: Double(number))
      // What lies half way is rounded to the even word.
      interval.narrow(
        to: (below - Double(low)) / code, (above - Double(low)) / code, isClosed: kind.word(number) & 1 == 0)
    }
    guard let scale = interval.shortest else { return nil }
    _ = exceptions(scale)
    return scale
  }
}
