extension GridFitter {
  /// `scale` for a book of listed levels.
  /// - Parameter largest: the number of largest magnitude.
  func scale(
    of levels: [Float], _ numbers: UnsafePointer<Float>, _ count: Int, largest: Float, _ misfits: Int,
    into codes: UnsafeMutablePointer<Int16>
  ) -> (scale: Float, exceptions: Int)? {
    if largest == 0 {
      unsafe places(of: numbers, count: count, inverse: 0, into: codes)
      let off = unsafe mark(numbers, count, scale: 1, levels, codes)
      return off <= misfits ? (0, off) : nil
    }
    for level in candidates where (level < 0) == (largest < 0) {
      let unit = largest / level
      let telling = min(count, Self.tellingNumbers)
      guard unit.isNormal, unsafe isNear(numbers, telling, unit: unit, levels, misfits) else { continue }
      // Some numbers tell the scale most often; all do where they did not.
      for telling in count > 2 * telling ? [telling, count] : [count] {
        guard let scale = unsafe scale(numbers, telling, unit, levels, misfits) else { break }
        unsafe places(of: numbers, count: count, inverse: divides ? scale : 1 / scale, into: codes)
        if corrects {
          let off = unsafe numbersFar(numbers, count, inverse: divides ? scale : 1 / scale, levels, codes)
          guard off <= misfits else { break }
          return (scale, 0)
        }
        let off = unsafe mark(numbers, count, scale: scale, levels, codes)
        if off <= misfits { return (scale, off) }
      }
    }
    return nil
  }

  /// Writes the position of the listed level nearest to each number in units of the scale.
  public func places(
    of numbers: UnsafePointer<Float>, count: Int, inverse: Float, into codes: UnsafeMutablePointer<Int16>
  ) {
    guard edges.count < 32 else {
      for index in 0..<count { unsafe codes[index] = Int16(truncatingIfNeeded: nearest(numbers[index] * inverse)) }
      return
    }
    // Few edges: all of them, a block of numbers at a time.
    var start = 0
    while start < count {
      let end = min(start &+ 256, count)
      unsafe (codes + start).update(repeating: 0, count: end &- start)
      for edge in edges {
        var index = start
        while index < end {
          unsafe codes[index] &+= numbers[index] * inverse > edge ? 1 : 0
          index &+= 1
        }
      }
      start = end
    }
  }

  /// Makes exceptions of the codes whose products are other numbers; returns how many.
  private func mark(
    _ numbers: UnsafePointer<Float>, _ count: Int, scale: Float, _ levels: [Float], _ codes: UnsafeMutablePointer<Int16>
  ) -> Int {
    unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: levels.count) { room in
      let table = room.baseAddress!
      for place in levels.indices { unsafe table[place] = kind.value(products.word(levels[place], scale: scale)) }
      var exceptions = 0
      for index in 0..<count where unsafe table[Int(codes[index])] != numbers[index] {
        unsafe codes[index] = GridProducts.exception
        exceptions &+= 1
      }
      return exceptions
    }
  }

  /// Whether all but `misfits` numbers are near levels of `unit`.
  private func isNear(
    _ numbers: UnsafePointer<Float>, _ count: Int, unit: Float, _ levels: [Float], _ misfits: Int
  ) -> Bool {
    let inverse = 1 / unit
    var bad = 0
    for index in 0..<count {
      let ratio = unsafe numbers[index] * inverse
      if !((ratio - levels[nearest(ratio)]).magnitude <= ratio.magnitude * tolerance) {
        bad += 1
        if bad > misfits { return false }
      }
    }
    return true
  }

  /// How many numbers are not near the level at their position.
  private func numbersFar(
    _ numbers: UnsafePointer<Float>, _ count: Int, inverse: Float, _ levels: [Float], _ codes: UnsafePointer<Int16>
  ) -> Int {
    unsafe levels.withUnsafeBufferPointer { levels in
      var far = 0
      for index in 0..<count {
        let ratio = unsafe numbers[index] * inverse
        let rest = unsafe (ratio - levels[Int(codes[index])]).magnitude
        far &+= rest <= ratio.magnitude * tolerance ? 0 : 1
      }
      return far
    }
  }

  private func scale(
    _ numbers: UnsafePointer<Float>, _ count: Int, _ unit: Float, _ levels: [Float], _ misfits: Int
  ) -> Float? {
    unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: levels.count) { room in
      let slots = room.baseAddress!
      unsafe slots.update(repeating: 0, count: levels.count)
      let inverse = 1 / unit
      var conflicts = 0
      for index in 0..<count {
        let number = unsafe numbers[index]
        let ratio = number * inverse
        let place = nearest(ratio)
        if unsafe slots[place] == 0, (ratio - levels[place]).magnitude <= ratio.magnitude * tolerance {
          unsafe slots[place] = number
        }
        conflicts += unsafe slots[place] == number ? 0 : 1
      }
      guard conflicts <= misfits else { return nil }
      var interval = GridInterval()
      for place in levels.indices where unsafe slots[place] != 0 {
        unsafe narrow(&interval, slots[place].magnitude, level: Double(levels[place].magnitude))
      }
      // A product is rounded to f32 before it is rounded to less: not too near to where the second rounding turns.
      if kind != .f32, let scale = interval.inset(by: 0x1p-22).shortest { return scale }
      if let scale = interval.shortest { return scale }
      guard corrects else { return nil }
      // Only near: the shortest of those that give the largest number itself.
      let half = kind.halfStep(Double(unit)) / 2
      return GridInterval(low: Double(unit) - half, high: Double(unit) + half).shortest
    }
  }

  /// The position of the listed level nearest to `ratio`.
  @inline(__always)
  private func nearest(_ ratio: Float) -> Int {
    var (low, high) = (0, edges.count)
    while low < high {
      let middle = (low &+ high) / 2
      if edges[middle] < ratio { low = middle &+ 1 } else { high = middle }
    }
    return low
  }
}
