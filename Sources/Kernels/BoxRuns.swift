/// A box of elements that two row-major arrays share: the runs of bytes that lie behind each other in both, in order.
package struct BoxRuns: Sendable {
  /// Runs along each dimension but those that a run goes through.
  private var counts: [Int]
  /// Bytes from one run to the next along each of them.
  private var sourceSteps: [Int]
  private var targetSteps: [Int]
  /// Of each run.
  package private(set) var runBytes: Int
  /// Bytes from the start of each array to the box.
  private var sourceStart = 0
  private var targetStart = 0

  /// - Parameters:
  ///   - count: the box's elements along each dimension. Where one is 0 there are no runs; without dimensions there is one
  ///     element.
  ///   - source, target: the shapes of the arrays, and where the box begins in them.
  package init(
    count: [Int], source: (shape: [Int], start: [Int]), target: (shape: [Int], start: [Int]), elementBytes: Int
  ) {
    var last = count.count - 1
    runBytes = (count.last ?? 1) * elementBytes
    // A dimension that is taken whole from both arrays continues the run.
    while last > 0, count[last] == source.shape[last], count[last] == target.shape[last] {
      last -= 1
      runBytes *= count[last]
    }
    counts = Array(count.prefix(Swift.max(last, 0)))
    sourceSteps = counts
    targetSteps = counts
    var (sourceStep, targetStep) = (elementBytes, elementBytes)
    for dimension in count.indices.reversed() {
      if dimension < last {
        sourceSteps[dimension] = sourceStep
        targetSteps[dimension] = targetStep
      }
      sourceStart += source.start[dimension] * sourceStep
      targetStart += target.start[dimension] * targetStep
      sourceStep *= source.shape[dimension]
      targetStep *= target.shape[dimension]
    }
  }

  private var isEmpty: Bool { runBytes == 0 || counts.contains(0) }

  /// The bytes of the source from the first to the last of the box.
  package var sourceBytes: Range<Int> {
    guard !isEmpty else { return sourceStart..<sourceStart }
    let steps = zip(counts, sourceSteps).reduce(0) { $0 + ($1.0 - 1) * $1.1 }
    return sourceStart..<(sourceStart + steps + runBytes)
  }

  /// Calls `body` with where each run begins in either array, in bytes. Runs may be a few bytes long, and many.
  @inline(__always) package func forEachRun<Failure: Error>(
    _ body: (_ source: Int, _ target: Int) throws(Failure) -> Void
  ) throws(Failure) {
    guard !isEmpty else { return }
    var place = [Int](repeating: 0, count: counts.count)
    var (source, target) = (sourceStart, targetStart)
    while true {
      try body(source, target)
      var dimension = counts.count - 1
      while dimension >= 0 {
        place[dimension] += 1
        source += sourceSteps[dimension]
        target += targetSteps[dimension]
        if place[dimension] < counts[dimension] { break }
        source -= counts[dimension] * sourceSteps[dimension]
        target -= counts[dimension] * targetSteps[dimension]
        place[dimension] = 0
        dimension -= 1
      }
      if dimension < 0 { return }
    }
  }
}

extension BoxRuns {
  /// Copies the box. Both arrays have room for it at the places that were said; each pointer lies its `origin` of bytes
  /// behind the start of its array.
  @unsafe package func copy(
    _ source: UnsafeRawPointer, origin sourceOrigin: Int, into target: UnsafeMutableRawPointer, origin: Int
  ) {
    forEachRun { sourcePlace, targetPlace in
      unsafe (target + (targetPlace - origin)).copyMemory(
        from: source + (sourcePlace - sourceOrigin), byteCount: runBytes)
    }
  }

  /// Fills the box with `pattern`, which repeats from the start of the array.
  @unsafe package func fill(_ target: UnsafeMutableRawPointer, origin: Int, with pattern: [UInt8]) {
    let isZero = pattern.allSatisfy { $0 == 0 }
    forEachRun { _, targetPlace in
      let run = unsafe UnsafeMutableRawBufferPointer(start: target + (targetPlace - origin), count: runBytes)
      if isZero {
        unsafe run.initializeMemory(as: UInt8.self, repeating: 0)
      } else {
        var place = targetPlace % pattern.count
        for index in run.indices {
          unsafe run[index] = pattern[place]
          place = place + 1 == pattern.count ? 0 : place + 1
        }
      }
    }
  }
}
